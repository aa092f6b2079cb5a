//! `docs/incident.schema.json` knows the keys that the reader knows, and the policy that ships
//! is what it should be.

use super::{IncidentPolicy, OpenAt, SHIPPED, read};
use crate::placeholder::Placeholders;
use crate::rule_file;
use crate::strict_mapping::schema::{Schema, assert_keys};

#[test]
fn the_schema_has_the_keys_of_the_reader() {
    let schema = Schema::read("incident.schema.json");
    assert_keys(&schema, "incident", &read::FORM);
    assert_keys(&schema, "risk", &read::RISK);
    assert_keys(&schema, "open_at", &read::OPEN_AT);
}

#[test]
fn the_shipped_policy_is_read_without_findings() {
    let path = std::path::Path::new("default.yml");
    let file = rule_file::parse(path, SHIPPED.to_owned(), &Placeholders::default());
    assert!(file.diagnostics.is_empty(), "{:?}", file.diagnostics);
}

#[test]
fn the_shipped_policy_says_the_defaults() {
    let policy = IncidentPolicy::shipped();
    let kinds: Vec<&str> = policy.entities.iter().map(|k| k.name.as_str()).collect();
    assert_eq!(kinds, ["host", "user", "address", "file"]);
    assert_eq!(policy.join_within_seconds, 86_400);
    assert_eq!(policy.crowded, 50);
    assert_eq!(
        policy.open_at,
        OpenAt {
            risk: Some(100.0),
            tactics: Some(3)
        }
    );
}

#[test]
fn the_shipped_policy_ignores_what_all_machines_share() {
    let policy = IncidentPolicy::shipped();
    let ignored: Vec<String> = policy
        .entities
        .iter()
        .filter(|kind| kind.name == "user")
        .flat_map(|kind| kind.ignore.iter().map(ToString::to_string))
        .collect();
    for value in ["SYSTEM", "root", "*$", "-", "", r"NT AUTHORITY\\*"] {
        assert!(ignored.iter().any(|pattern| pattern == value), "{value}");
    }
}
