//! What is left when rules changed between snapshot and restore.

use std::sync::Arc;

use super::super::{RestoreError, Restored};
use super::{Casebook, Limits, Options, RULES, Rules, Told, found};

fn restore(rules: &Rules, bytes: &[u8]) -> Result<Restored, RestoreError> {
    let rules = Arc::clone(&rules.compiled);
    Casebook::restore(rules, Options::default(), Limits::default(), bytes)
}

/// Two failed logons behind it and a cleared log that waits.
fn snapshot() -> Vec<u8> {
    let rules = Rules::of(RULES);
    let mut told = Told::new(&rules);
    for of in [
        found("failed", 0, "web01", "anna"),
        found("failed", 1, "web01", "anna"),
        found("cleared", 8, "web01", "anna"),
    ] {
        told.push(&of);
    }
    told.casebook.snapshot()
}

/// The same rules, with one before them, so that all have other numbers.
pub(super) fn moved() -> String {
    let first = "title: Account\nname: account\nlogsource: {product: windows}\n\
                 detection: {s: {EventID: 4720}, condition: s}\nlevel: low\n---\n";
    format!("{first}{RULES}")
}

#[test]
fn rules_are_found_at_other_places() {
    let rules = Rules::of(&moved());
    let restored = restore(&rules, &snapshot()).expect("taken");
    assert_eq!(restored.forgotten_rules, 0);
    assert_eq!(restored.forgotten_matches, 0);
    let mut told = Told::new(&rules);
    told.casebook = restored.casebook;
    told.push(&found("failed", 9, "web01", "anna"));
    let said = told.finish().join("\n");
    assert!(said.contains("count: 3"), "the third of three:\n{said}");
    assert!(said.contains("Log cleared"), "what waited:\n{said}");
}

#[test]
fn what_means_something_else_is_forgotten_and_counted() {
    let changed = RULES
        .replace(
            "timespan: 1m\n  condition: {gte: 3}",
            "timespan: 1m\n  condition: {gte: 4}",
        )
        .replace("EventID: 104}", "EventID: 1102}");
    let rules = Rules::of(&changed);
    let restored = restore(&rules, &snapshot()).expect("taken");
    // "Guessing", "Taken over", which is about it, and "Spraying", which is about the log.
    assert_eq!(restored.forgotten_rules, 3);
    // The cleared log waited for "Spraying" and for itself.
    assert_eq!(restored.forgotten_matches, 2);
}

#[test]
fn says_why_it_refuses() {
    let rules = Rules::of(RULES);
    let refused = |bytes: &[u8]| restore(&rules, bytes).map(|_| ()).unwrap_err();
    let whole = snapshot();
    assert_eq!(refused(b""), RestoreError::NotASnapshot);
    assert_eq!(refused(b"YGCORR\x01"), RestoreError::NotASnapshot);
    assert_eq!(refused(&whole[..6]), RestoreError::Damaged);
    assert_eq!(refused(&whole[..whole.len() - 1]), RestoreError::Damaged);
    let mut newer = whole.clone();
    newer[6] = 2;
    assert_eq!(refused(&newer), RestoreError::Version);
    let policy = include_str!("../../../../rules/policies/default.yml");
    let policy = policy.replace("\n    host: [Comp", "\n    machine: [Comp");
    let policy = policy.replace("\n    host: ['',", "\n    machine: ['',");
    let rules = Rules::of(&format!("{RULES}---\n{policy}"));
    let error = restore(&rules, &whole).map(|_| ()).unwrap_err();
    assert_eq!(error, RestoreError::Policy);
}
