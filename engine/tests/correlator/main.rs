//! The correlator finds exactly what the naive reference finds, whatever the rules and events.

#![allow(
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    clippy::needless_pass_by_value,
    clippy::too_many_arguments,
    reason = "the numbers of tests are small and whole"
)]

mod adversary;
mod budget;
mod cases;
mod cost;
mod generate;
mod reference;

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use yagura_engine::alert::{AlertId, AlertRecord};
use yagura_engine::correlator::{Correlator, Match, Options, Plan};
use yagura_rules::Detection;

use generate::{Scenario, detections};
use reference::Event;

fn plan(scenario: &Scenario, detections: &[Arc<Detection>]) -> Arc<Plan> {
    let (correlations, sequences) = (&scenario.correlations, &scenario.sequences);
    Arc::new(Plan::compile(correlations, sequences, detections))
}

/// Hands the matches of an event to the correlator.
fn push(
    correlator: &mut Correlator,
    n: usize,
    event: &Event,
    high: i64,
    out: &mut Vec<AlertRecord>,
) {
    let plan = Arc::clone(correlator.plan());
    for detection in &event.detections {
        let wanted = plan.wanted(*detection).iter();
        let values: Vec<Option<&[u8]>> = wanted
            .map(|name| event.fields.get(name).map(String::as_bytes))
            .collect();
        let extras: Vec<(u8, &[u8])> = event.extra.iter().map(|e| (7, e.as_bytes())).collect();
        let found = Match {
            detection: *detection,
            time: event.time,
            sequence: n as u64,
            high_water: high,
            event: n as u64 + 1000,
            values: &values,
            extras: &extras,
        };
        correlator.push(found, &mut |record| out.push(record.clone()));
    }
}

/// How the events are handed over: nothing of it may change the records.
struct Handing {
    /// Says how far the watermark is after every so many events.
    advance_every: usize,
    /// Goes over to another correlator, by way of a snapshot, before this event.
    restore_before: usize,
}

fn engine(scenario: &Scenario, handing: &Handing) -> Vec<AlertRecord> {
    let detections = detections();
    let options = Options {
        lateness: scenario.lateness,
        records: scenario.records,
        ..Options::default()
    };
    let mut correlator = Correlator::new(plan(scenario, &detections), options);
    let (mut out, mut high) = (Vec::new(), i64::MIN);
    for (n, event) in scenario.events.iter().enumerate() {
        high = high.max(event.time);
        if n == handing.restore_before {
            let bytes = correlator.snapshot();
            let before = (
                correlator.keys(),
                correlator.waiting(),
                correlator.counters().clone(),
            );
            let plan = Arc::clone(correlator.plan());
            let restored = Correlator::restore(plan, options, &bytes).expect("it was just written");
            assert_eq!(
                (restored.forgotten_rules, restored.forgotten_matches),
                (0, 0)
            );
            correlator = restored.correlator;
            let after = (
                correlator.keys(),
                correlator.waiting(),
                correlator.counters().clone(),
            );
            assert_eq!(before, after);
        }
        push(&mut correlator, n, event, high, &mut out);
        if n % handing.advance_every == 0 && !event.detections.is_empty() {
            let watermark = high - scenario.lateness;
            correlator.advance(watermark, &mut |record| out.push(record.clone()));
        }
    }
    correlator.finish(&mut |record| out.push(record.clone()));
    assert_eq!(correlator.counters().opened, correlator.counters().closed);
    // What was counted for a key is given back with it, to the byte.
    correlator.advance(i64::MAX / 2, &mut |_| ());
    assert_eq!((correlator.keys(), correlator.bytes()), (0, 0));
    out
}

/// Ids are compared by what they must tell apart.
fn without_ids(records: &[AlertRecord]) -> Result<Vec<AlertRecord>, TestCaseError> {
    let mut ids: BTreeMap<AlertId, String> = BTreeMap::new();
    let mut out = Vec::new();
    for record in records {
        let key = record.key.iter();
        let key: Vec<_> = key
            .map(|(name, v)| (name, v.to_ascii_lowercase()))
            .collect();
        let what = format!("{:?} {:?} {:?}", record.rule, key, record.opened);
        let known = ids.entry(record.id).or_insert_with(|| what.clone());
        prop_assert_eq!(&*known, &what);
        out.push(AlertRecord {
            id: AlertId(0),
            ..record.clone()
        });
    }
    Ok(out)
}

fn compare(scenario: &Scenario) -> Result<(), TestCaseError> {
    let handing = |advance_every, restore_before| Handing {
        advance_every,
        restore_before,
    };
    let found = engine(scenario, &handing(7, usize::MAX));
    let expected = reference::run(
        &scenario.correlations,
        &scenario.sequences,
        &scenario.events,
        scenario.lateness,
        scenario.records,
    );
    let ours = without_ids(&found)?;
    for (place, (ours, expected)) in ours.iter().zip(&expected).enumerate() {
        prop_assert_eq!(ours, expected, "record {}", place);
    }
    let (more, missing) = (ours.get(expected.len()), expected.get(ours.len()));
    prop_assert!(
        more.is_none() && missing.is_none(),
        "more {more:?}, missing {missing:?}"
    );
    prop_assert_eq!(&found, &engine(scenario, &handing(1, usize::MAX)));
    prop_assert_eq!(&found, &engine(scenario, &handing(1000, scenario.cut)));
    Ok(())
}

fn config() -> Config {
    let cases = std::env::var("YAGURA_CASES")
        .ok()
        .and_then(|n| n.parse().ok());
    Config {
        cases: cases.unwrap_or(100),
        max_shrink_iters: 20_000,
        failure_persistence: None,
        ..Config::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn correlations_agree(scenario in generate::correlations_only()) {
        compare(&scenario)?;
    }

    #[test]
    fn sequences_agree(scenario in generate::one_sequence()) {
        compare(&scenario)?;
    }

    #[test]
    fn everything_agrees(scenario in generate::anything()) {
        compare(&scenario)?;
    }
}
