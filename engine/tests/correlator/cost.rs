//! What a key and a match cost. Not run by default: `cargo test --release --test correlator
//! -- --ignored --nocapture cost`.

use std::sync::Arc;

use yagura_engine::correlator::{Correlator, Match, Options, Plan};
use yagura_rules::correlation::{Comparison, Condition, Correlation, Kind, Reference, Target};

use super::generate::{detections, meta};

/// Nanoseconds that the process was on a core: others may use the machine as well.
fn on_core() -> u64 {
    let status = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = status.split(' ').next().and_then(|n| n.parse().ok());
    first.unwrap_or(0)
}

/// Bytes of memory that the process holds.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = status
        .split(' ')
        .nth(1)
        .and_then(|n| n.parse::<usize>().ok());
    pages.unwrap_or(0) * 4096
}

pub fn count(bound: f64) -> Correlation {
    Correlation {
        meta: meta("cost"),
        kind: Kind::EventCount,
        rules: vec![Reference {
            written: "logon failed".to_owned(),
            target: Target::Detection(0),
        }],
        group_by: vec!["a".to_owned()],
        aliases: Vec::new(),
        timespan_seconds: 3600,
        condition: Condition::Bounds(vec![(Comparison::GreaterOrEqual, bound)]),
        fields: Vec::new(),
        percentile: None,
        generate: false,
    }
}

fn measure(keys: u64) {
    let plan = Arc::new(Plan::compile(&[count(10.0)], &[], &detections()));
    let options = Options {
        memory_bytes: usize::MAX,
        ..Options::default()
    };
    let before = resident();
    let mut correlator = Correlator::new(plan, options);
    let mut out = 0;
    let mut key = String::new();
    let start = 1_700_000_000_000_000_000_i64;
    for round in 0..2u64 {
        let began = on_core();
        for number in 0..keys {
            use std::fmt::Write;
            // In another order each time, as addresses come.
            let address = number * (7_919 + 4 * round) % keys;
            let address = (address * 0x9e37_79b1) as u32;
            key.clear();
            let [a, b, c, d] = address.to_le_bytes();
            let _ = write!(key, "{a}.{b}.{c}.{d}");
            let sequence = round * keys + number;
            let time = start + sequence as i64 * 100_000;
            let found = Match {
                detection: 0,
                time,
                sequence,
                high_water: time,
                event: sequence,
                values: &[Some(key.as_bytes())],
                extras: &[],
            };
            correlator.push(found, &mut |_| out += 1);
        }
        let ns = (on_core() - began) as f64 / keys as f64;
        let bytes = (resident() - before) / correlator.keys().max(1);
        let told = correlator.bytes() / correlator.keys().max(1);
        println!(
            "{keys} keys, round {round}: {ns:.0} ns a match with its key's text, {} keys, \
             {bytes} bytes a key ({told} accounted)",
            correlator.keys()
        );
    }
    assert_eq!(out, 0);
}

#[test]
#[ignore = "measures, decides nothing"]
fn cost_of_a_million_keys() {
    measure(1_000_000);
}

#[test]
#[ignore = "measures, decides nothing; needs 2 GB"]
fn cost_of_ten_million_keys() {
    measure(10_000_000);
}
