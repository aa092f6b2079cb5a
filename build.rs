//! Tells cargo that the demo's logs and rules are part of the program.

fn main() {
    println!("cargo::rerun-if-changed=demo/logs");
    println!("cargo::rerun-if-changed=rules/packs/demo");
}
