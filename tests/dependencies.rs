//! `docs/dependencies.md` names every dependency, and no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn each_is_explained() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).expect("readable");
    let manifests = [".", "engine", "parsers", "rules", "server"];
    let texts: Vec<String> = manifests
        .iter()
        .map(|folder| read(&format!("{folder}/Cargo.toml")))
        .collect();
    let used: BTreeSet<&str> = texts
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| line.split_once(".workspace = true"))
        .map(|(name, _)| name)
        .filter(|name| !name.starts_with("yagura-") && !PACKAGE_KEYS.contains(name))
        .collect();
    let document = read("docs/dependencies.md");
    let explained: BTreeSet<&str> = document
        .lines()
        .filter_map(|line| line.strip_prefix("| "))
        .filter_map(|row| row.split(" |").next())
        .flat_map(|cell| cell.split(", "))
        .filter_map(|name| name.strip_prefix('`')?.strip_suffix('`'))
        .collect();
    assert_eq!(explained, used);
}

/// What members take from the workspace that is no dependency.
const PACKAGE_KEYS: [&str; 5] = [
    "version",
    "edition",
    "rust-version",
    "license",
    "repository",
];
