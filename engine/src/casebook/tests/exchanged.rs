//! What is left when other rules take the place of those in force.

use std::sync::Arc;

use proptest::prelude::*;

use super::laws::stream;
use super::restored::moved;
use super::{Casebook, Entry, Found, Limits, Options, RULES, Rules, Told, found, text};

/// The same rules the other way round, so that each has another number.
fn reversed() -> String {
    let mut documents: Vec<&str> = RULES.split("---\n").collect();
    documents.reverse();
    documents.join("---\n")
}

/// With other meanings of a correlation and of a detection.
fn changed() -> String {
    let count = (
        "timespan: 1m\n  condition: {gte: 3}",
        "timespan: 1m\n  condition: {gte: 4}",
    );
    moved()
        .replace(count.0, count.1)
        .replace("EventID: 104}", "EventID: 1102}")
}

impl<'r> Told<'r> {
    /// Goes over to other rules by moving, and says what was forgotten.
    fn exchange(&mut self, rules: &'r Rules) -> (usize, usize) {
        let compiled = Arc::clone(&rules.compiled);
        let said = &mut self.said;
        let forgotten = self
            .casebook
            .exchange(compiled, Limits::default(), &mut |entry| {
                said.push(text(&entry));
            });
        let forgotten = forgotten.expect("the same kinds of entities");
        self.rules = rules;
        (forgotten.rules, forgotten.matches)
    }

    /// Goes over to other rules by way of a snapshot.
    fn restore_with(&mut self, rules: &'r Rules) -> (usize, usize) {
        let bytes = self.casebook.snapshot();
        let compiled = Arc::clone(&rules.compiled);
        let restored = Casebook::restore(compiled, Options::default(), Limits::default(), &bytes);
        let restored = restored.expect("it was just written");
        self.casebook = restored.casebook;
        self.rules = rules;
        (restored.forgotten_rules, restored.forgotten_matches)
    }
}

/// Two casebooks that go over to other rules after `at` matches, each in its own way.
fn two_ways<'r>(before: &'r Rules, after: &'r Rules, stream: &[Found], at: usize) -> [Told<'r>; 2] {
    let [mut moved, mut copied] = [Told::new(before), Told::new(before)];
    for (number, of) in stream.iter().enumerate() {
        if number == at {
            assert_eq!(moved.exchange(after), copied.restore_with(after));
            moved.said.clear();
            copied.said.clear();
        }
        moved.push(of);
        copied.push(of);
    }
    [moved, copied]
}

proptest! {
    #[test]
    fn rules_at_other_places_go_on_as_if_nothing_had_been(
        stream in stream(),
        at in any::<prop::sample::Index>(),
        is_reversed: bool,
    ) {
        let after = if is_reversed { reversed() } else { moved() };
        let (before, after) = (Rules::of(RULES), Rules::of(&after));
        let [moved, copied] = two_ways(&before, &after, &stream, at.index(stream.len()));
        prop_assert_eq!(moved.casebook.keys(), copied.casebook.keys());
        prop_assert_eq!(
            moved.casebook.correlator_counters(),
            copied.casebook.correlator_counters()
        );
        prop_assert_eq!(
            moved.casebook.incident_counters(),
            copied.casebook.incident_counters()
        );
        prop_assert_eq!(moved.finish(), copied.finish());
    }

    #[test]
    fn there_and_back_changes_nothing(
        stream in stream(),
        exchanges in prop::collection::vec(prop::bool::weighted(0.2), 60),
    ) {
        let (here, there) = (Rules::of(RULES), Rules::of(&reversed()));
        let (mut whole, mut parts) = (Told::new(&here), Told::new(&here));
        for (of, exchange) in stream.iter().zip(exchanges) {
            if exchange {
                prop_assert_eq!(parts.exchange(&there), (0, 0));
                prop_assert_eq!(parts.exchange(&here), (0, 0));
            }
            whole.push(of);
            parts.push(of);
        }
        prop_assert_eq!(whole.finish(), parts.finish());
    }

    #[test]
    fn nothing_is_left_of_rules_that_are_gone(stream in stream()) {
        let (before, after) = (Rules::of(RULES), Rules::of(""));
        let mut told = Told::new(&before);
        for of in &stream {
            told.push(of);
        }
        told.exchange(&after);
        prop_assert_eq!((told.casebook.keys(), told.casebook.bytes()), (0, 0));
    }
}

#[test]
fn what_means_something_else_is_forgotten_and_counted() {
    let (before, after) = (Rules::of(RULES), Rules::of(&changed()));
    let mut told = Told::new(&before);
    for seconds in [0, 1, 2] {
        told.push(&found("failed", seconds, "web01", "anna"));
    }
    told.push(&found("cleared", 8, "web01", "anna"));
    assert_eq!(told.exchange(&after), (3, 2));
}

#[test]
fn alerts_of_rules_that_are_gone_are_closed() {
    let (before, after) = (Rules::of(RULES), Rules::of(&changed()));
    let mut told = Told::new(&before);
    for seconds in [0, 1, 2] {
        told.push(&found("failed", seconds, "web01", "anna"));
    }
    told.advance(super::BEGIN + 5 * super::NANOS);
    let opened = told.said.iter().any(|said| said.contains("state: Open"));
    assert!(opened, "{:#?}", told.said);
    told.said.clear();
    told.exchange(&after);
    let said = told.said.join("\n");
    assert!(
        said.contains("state: Close") && said.contains("count: 3"),
        "{said}"
    );
}

#[test]
fn other_kinds_of_entities_are_refused_and_nothing_changes() {
    let policy = include_str!("../../../../rules/policies/default.yml");
    let policy = policy.replace("\n    host: [Comp", "\n    machine: [Comp");
    let policy = policy.replace("\n    host: ['',", "\n    machine: ['',");
    let (before, after) = (
        Rules::of(RULES),
        Rules::of(&format!("{RULES}---\n{policy}")),
    );
    let mut told = Told::new(&before);
    told.push(&found("failed", 0, "web01", "anna"));
    let was = told.casebook.snapshot();
    let mut nothing = |_: Entry<'_>| panic!("nothing is said");
    let compiled = Arc::clone(&after.compiled);
    let refused = told
        .casebook
        .exchange(compiled, Limits::default(), &mut nothing);
    assert_eq!(refused, Err(super::super::RestoreError::Policy));
    assert_eq!(told.casebook.snapshot(), was);
}
