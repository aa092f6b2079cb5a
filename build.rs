//! Tells cargo that the demo's logs and rules are part of the program, and the program how it
//! was built: a benchmark has to say so.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=demo/logs");
    println!("cargo::rerun-if-changed=rules/packs/demo");
    println!("cargo::rerun-if-changed=rules/packs/defence-contractor");
    for (name, of) in [
        ("YAGURA_PROFILE", "PROFILE"),
        ("YAGURA_OPT_LEVEL", "OPT_LEVEL"),
    ] {
        let value = env::var(of).unwrap_or_default();
        println!("cargo::rustc-env={name}={value}");
    }
}
