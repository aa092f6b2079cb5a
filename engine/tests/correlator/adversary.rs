//! An adversary who opens as many keys as there are: memory stays within the budget at all
//! times, what is let go is counted, and the totals of a key that is not let go are exact.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use yagura_engine::alert::{AlertRecord, AlertState};
use yagura_engine::correlator::{Correlator, Options, Plan};
use yagura_rules::LoadOptions;
use yagura_rules::correlation::Target;

use super::push;
use super::reference::{Event, SECOND};

const BUDGET_BYTES: usize = 4 << 20;
/// Every so many keys a busy address is refused once more.
const BUSY_EVERY: u64 = 100;
/// A millisecond between two events.
const STEP: i64 = SECOND / 1000;

/// `adversary.yml` in order.
const FAILED: usize = 0;
const ENTRY: usize = 1;
const SERVICE: usize = 2;

fn keys() -> u64 {
    if cfg!(debug_assertions) {
        200_000
    } else {
        1_000_000
    }
}

struct Attack {
    correlator: Correlator,
    records: Vec<AlertRecord>,
    pushed: usize,
}

impl Attack {
    fn new() -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/correlator/adversary.yml");
        let loaded = yagura_rules::load(&[file], &LoadOptions::default());
        assert!(loaded.refused.is_empty(), "{:?}", loaded.refused);
        let plan = Plan::compile(&loaded.correlations, &loaded.sequences, &loaded.detections);
        let options = Options {
            memory_bytes: BUDGET_BYTES,
            ..Options::default()
        };
        Self {
            correlator: Correlator::new(Arc::new(plan), options),
            records: Vec::new(),
            pushed: 0,
        }
    }

    fn push(&mut self, detection: usize, time: i64, fields: &[(&str, String)]) {
        let fields = fields.iter();
        let fields = fields.map(|(name, value)| ((*name).to_owned(), value.clone()));
        let event = Event {
            time,
            fields: fields.collect(),
            extra: Some(format!("host {}", self.pushed)),
            detections: [detection].into(),
        };
        let (correlator, records) = (&mut self.correlator, &mut self.records);
        push(correlator, self.pushed, &event, time, records);
        self.pushed += 1;
        let bytes = correlator.bytes();
        assert!(bytes <= BUDGET_BYTES, "{bytes} after {}", self.pushed);
        // Only the address that is watched matters here, and there may be many of the others.
        records.retain(is_busy);
    }

    fn finish(mut self) -> (Vec<AlertRecord>, Correlator) {
        let (correlator, records) = (&mut self.correlator, &mut self.records);
        correlator.finish(&mut |record| records.extend(Some(record.clone()).filter(is_busy)));
        (self.records, self.correlator)
    }
}

fn is_busy(record: &AlertRecord) -> bool {
    record.key.iter().any(|(_, value)| value == b"busy")
}

fn refused(address: &str, user: u64) -> [(&'static str, String); 2] {
    [
        ("address", address.to_owned()),
        ("user", format!("user {user}")),
    ]
}

/// What the closing records say, by rule.
fn totals(records: &[AlertRecord]) -> BTreeMap<String, (u64, bool)> {
    let closed = records.iter().filter(|r| r.state == AlertState::Close);
    let name = |target: Target| format!("{target:?}");
    let totals = closed.map(|record| (name(record.rule), (record.count, record.partial)));
    totals.collect()
}

#[test]
fn keys_that_come_once() {
    let mut attack = Attack::new();
    let mut busy = 0;
    for n in 0..keys() {
        let time = n as i64 * STEP;
        attack.push(FAILED, time, &refused(&format!("address {n}"), n));
        if n % BUSY_EVERY == 0 {
            attack.push(FAILED, time, &refused("busy", busy % 30));
            busy += 1;
        }
    }
    let (records, correlator) = attack.finish();
    let counters = correlator.counters();
    // Each match makes keys for three rules.
    assert!(counters.evicted_keys > 2 * keys(), "{counters:?}");
    assert_eq!(counters.opened, counters.closed);
    let totals = totals(&records);
    assert_eq!(totals["Correlation(0)"], (busy, false));
    assert_eq!(totals["Correlation(1)"].0, busy);
}

#[test]
fn keys_that_collect_and_alert() {
    let mut attack = Attack::new();
    let mut busy = 0;
    for n in 0..keys() / 10 {
        let time = n as i64 * STEP;
        let address = format!("address {n} {}", "x".repeat(n as usize % 300));
        // Three refusals open an alert and the first stage; an entry and services take it on.
        for _ in 0..3 {
            attack.push(FAILED, time, &refused(&address, n));
        }
        attack.push(ENTRY, time, &refused(&address, n));
        for name in 0..5 {
            let service = [
                ("address", address.clone()),
                ("name", format!("{n} {name}")),
            ];
            attack.push(SERVICE, time, &service);
        }
        if n % BUSY_EVERY == 0 {
            attack.push(FAILED, time, &refused("busy", 0));
            busy += 1;
        }
    }
    let (records, correlator) = attack.finish();
    let counters = correlator.counters();
    assert!(counters.evicted_keys > keys() / 10, "{counters:?}");
    assert_eq!(counters.opened, counters.closed);
    assert_eq!(totals(&records)["Correlation(0)"].0, busy);
}
