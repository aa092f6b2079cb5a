//! What contributions cost, for people to read: `cargo test --release -p yagura-engine --test
//! incident -- --ignored --nocapture`. Nothing is asserted on time.

use std::sync::Arc;
use std::time::Instant;

use yagura_engine::incident::{Builder, Contribution, IncidentRecord, Limits, RuleFacts, Source};
use yagura_parsers::Timestamp;
use yagura_rules::Level;

use crate::script::{BEGIN, NANOS, meta, policy};

/// Resident bytes, where the system tells.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap_or_default() * 1024
}

fn builder() -> Builder {
    let rules = (0..200).map(|at| {
        let level = Level::ALL[at % 3];
        RuleFacts::from_meta(&meta(&format!("rule {at}"), level, &["attack.discovery"]))
    });
    Builder::new(Arc::new(policy()), rules.collect(), Limits::default())
}

fn detection<'a>(at: u64, entities: &'a [(u8, &'a [u8])], samples: &'a [u64]) -> Contribution<'a> {
    let time = Timestamp(BEGIN + i64::try_from(at).expect("small") * NANOS / 100);
    Contribution {
        id: at.into(),
        source: Source::Detection,
        rule: (at.wrapping_mul(2_654_435_761) >> 7) as u32 % 200,
        time,
        count: 1,
        first: time,
        last: time,
        key: &[],
        stages: &[],
        entities,
        own_address: None,
        partial: false,
        samples,
    }
}

fn run(what: &str, count: u64, hosts: u64, users: u64) {
    let mut builder = builder();
    let mut records = 0_u64;
    let mut sink = |_: &IncidentRecord| records += 1;
    let names = |what: &str, count: u64| -> Vec<String> {
        (0..count)
            .map(|at| format!("{what}{at:05}.corp.example"))
            .collect()
    };
    let (hosts, users) = (names("Host", hosts), names("user", users));
    let (memory, began) = (resident_bytes(), Instant::now());
    for at in 0..count {
        let random = at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let host = &hosts[random as usize % hosts.len()];
        let user = &users[random as usize % users.len()];
        let entities: [(u8, &[u8]); 2] = [(0, host.as_bytes()), (1, user.as_bytes())];
        builder.add(&detection(at, &entities, &[at]), &mut sink);
    }
    let elapsed = began.elapsed();
    let per_one = elapsed.as_nanos() / u128::from(count);
    let grown = resident_bytes().saturating_sub(memory) >> 20;
    let (candidates, incidents) = builder.live();
    eprintln!(
        "{what}: {per_one} ns each, {grown} MiB, {candidates} candidates, {incidents} incidents, \
         {records} records"
    );
}

#[test]
#[ignore = "a measurement"]
fn cost_of_the_known() {
    run("one host, one user", 3_000_000, 1, 1);
}

#[test]
#[ignore = "a measurement"]
fn cost() {
    run("2,000 hosts and users", 1_000_000, 2_000, 2_000);
    run("2,000 hosts, shared users", 1_000_000, 2_000, 500);
    run("100,000 hosts", 1_000_000, 100_000, 100_000);
    run("1,000,000 hosts", 1_000_000, 1_000_000, 1_000_000);
}
