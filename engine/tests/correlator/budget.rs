//! Limits: what is let go is counted, and said.

use std::sync::Arc;

use yagura_engine::alert::{AlertRecord, AlertState};
use yagura_engine::correlator::{Correlator, Match, Options, Plan, RestoreError};

use super::cost::count;
use super::generate::detections;

const SECOND: i64 = 1_000_000_000;

fn push(correlator: &mut Correlator, n: u64, key: &str, out: &mut Vec<AlertRecord>) {
    let time = n as i64 * SECOND / 100;
    let found = Match {
        detection: 0,
        time,
        sequence: n,
        high_water: time,
        event: n,
        values: &[Some(key.as_bytes())],
        extras: &[],
    };
    correlator.push(found, &mut |record| out.push(record.clone()));
}

#[test]
fn keys_are_let_go_within_the_budget() {
    let plan = Arc::new(Plan::compile(&[count(3.0)], &[], &detections()));
    let options = Options {
        memory_bytes: 100_000,
        ..Options::default()
    };
    let mut correlator = Correlator::new(plan, options);
    let mut out = Vec::new();
    for n in 0..20_000 {
        // One key in ten is a busy one that comes again and again.
        let key = if n % 10 == 0 {
            "busy".to_owned()
        } else {
            format!("key {n}")
        };
        push(&mut correlator, n, &key, &mut out);
        assert!(correlator.bytes() <= 100_000);
    }
    correlator.finish(&mut |record| out.push(record.clone()));
    let counters = correlator.counters();
    assert!(counters.evicted_keys > 15_000, "{counters:?}");
    assert_eq!((counters.opened, counters.closed), (1, 1));
    let closed = out.iter().find(|record| record.state == AlertState::Close);
    assert_eq!(closed.map(|record| record.count), Some(2_000));
}

#[test]
fn an_alert_behind_an_eviction_is_partial() {
    let plan = Arc::new(Plan::compile(&[count(3.0)], &[], &detections()));
    let options = Options {
        memory_bytes: 20_000,
        ..Options::default()
    };
    let mut correlator = Correlator::new(plan, options);
    let mut out = Vec::new();
    for n in 0..1_000 {
        push(&mut correlator, n, &format!("key {n}"), &mut out);
    }
    for n in 1_000..1_003 {
        push(&mut correlator, n, "key 1", &mut out);
    }
    correlator.finish(&mut |record| out.push(record.clone()));
    assert_eq!(out.len(), 2);
    assert!(out.iter().all(|record| record.partial));
}

#[test]
fn state_of_changed_rules_is_left_behind() {
    let old = [count(3.0), count(4.0)];
    let plan = Arc::new(Plan::compile(&old, &[], &detections()));
    let mut correlator = Correlator::new(plan, Options::default());
    let mut out = Vec::new();
    push(&mut correlator, 0, "key", &mut out);
    push(&mut correlator, 10_000, "key", &mut out);
    let bytes = correlator.snapshot();
    let new = [count(4.0), count(5.0)];
    let plan = Arc::new(Plan::compile(&new, &[], &detections()));
    let restored = Correlator::restore(plan, Options::default(), &bytes).expect("intact");
    assert_eq!(restored.forgotten_rules, 1);
    assert_eq!(restored.correlator.keys(), 1);
    assert_eq!(restored.correlator.waiting(), 1);
}

#[test]
fn damage_is_noticed() {
    let plan = Arc::new(Plan::compile(&[count(3.0)], &[], &detections()));
    let bytes = Correlator::new(Arc::clone(&plan), Options::default()).snapshot();
    let restore = |bytes: &[u8]| {
        let result = Correlator::restore(Arc::clone(&plan), Options::default(), bytes);
        result.map(|_| ()).expect_err("it is damaged")
    };
    assert_eq!(restore(b""), RestoreError::NotASnapshot);
    assert_eq!(restore(b"YGCORR\x09"), RestoreError::Version(9));
    for length in 7..bytes.len() {
        assert_eq!(restore(&bytes[..length]), RestoreError::Damaged);
    }
    for place in 7..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 0x10;
        assert_eq!(restore(&changed), RestoreError::Damaged);
    }
}
