//! What holds whatever is said. `YAGURA_CASES` sets how many streams are tried.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use proptest::prelude::*;
use yagura_engine::incident::{Builder, IncidentRecord, Limits, RuleFacts, Source};
use yagura_parsers::Timestamp;
use yagura_rules::incident_policy::OpenAt;
use yagura_rules::{IncidentPolicy, Level};

use crate::reference::{Reference, Wrote};
use crate::script::{BEGIN, KINDS, NANOS, Said, meta, policy};

fn tries() -> ProptestConfig {
    let cases = std::env::var("YAGURA_CASES").ok();
    ProptestConfig::with_cases(cases.and_then(|n| n.parse().ok()).unwrap_or(400))
}

fn rules() -> Vec<RuleFacts> {
    let rules: [(&str, Level, &[&str]); 5] = [
        ("guess", Level::Low, &["attack.credential-access"]),
        (
            "login",
            Level::Medium,
            &["attack.initial-access", "attack.t1078"],
        ),
        (
            "service",
            Level::High,
            &["attack.persistence", "attack.execution"],
        ),
        ("dump", Level::Critical, &["attack.credential-access"]),
        ("note", Level::Informational, &[]),
    ];
    let facts = rules
        .into_iter()
        .map(|(title, level, tags)| RuleFacts::from_meta(&meta(title, level, tags)));
    facts.collect()
}

fn policies() -> impl Strategy<Value = IncidentPolicy> {
    let within = prop_oneof![Just(3_600_u64), Just(108_000), Just(30)];
    let risk = prop::option::of(prop_oneof![Just(1.0), Just(22.0), Just(60.0)]);
    (within, 1_u64..4, risk, prop::option::of(1_usize..4)).prop_map(
        |(join_within_seconds, crowded, risk, tactics)| IncidentPolicy {
            join_within_seconds,
            crowded,
            open_at: OpenAt { risk, tactics },
            ..policy()
        },
    )
}

fn entity() -> impl Strategy<Value = (u8, String)> {
    let hosts = [
        "a", "A.x", "a.y", "b", "b.x", "c", "d", "10.0.0.1", "system",
    ];
    let users = ["anna", "Anna", "ben", "root", "C$", ""];
    let addresses = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "127.0.0.1"];
    prop_oneof![
        4 => prop::sample::select(hosts.to_vec()).prop_map(|v| (0, v.to_owned())),
        3 => prop::sample::select(users.to_vec()).prop_map(|v| (1, v.to_owned())),
        3 => prop::sample::select(addresses.to_vec()).prop_map(|v| (2, v.to_owned())),
        1 => Just((3, "hash".to_owned())),
    ]
}

fn own() -> impl Strategy<Value = (String, String)> {
    let host = prop::sample::select(vec!["a", "a.x", "a.y", "b", "b.x", "c"]);
    let address = prop::sample::select(vec!["10.0.0.1", "10.0.0.2", "127.0.0.1"]);
    (host, address).prop_map(|(h, a)| (h.to_owned(), a.to_owned()))
}

/// Steps of time around everything that is a limit.
fn pause() -> impl Strategy<Value = i64> {
    let seconds = prop_oneof![
        6 => prop::sample::select(vec![0, 1, 20, 30, 60]),
        2 => prop::sample::select(vec![3_600, 43_200, -10]),
        1 => prop::sample::select(vec![86_400, 108_000]),
    ];
    let nanos = prop_oneof![3 => Just(0), 1 => Just(1)];
    (seconds, nanos).prop_map(|(seconds, nanos): (i64, i64)| seconds * NANOS + nanos)
}

fn stream() -> impl Strategy<Value = Vec<Said>> {
    let source = prop_oneof![
        2 => Just(None),
        1 => (0_u128..4).prop_map(Some),
    ];
    let quiet = prop_oneof![4 => Just(0), 1 => Just(40 * NANOS), 1 => Just(4_000 * NANOS)];
    let one = (
        source,
        0_u32..5,
        pause(),
        prop_oneof![Just(1_u64), 0..1_000_u64],
        quiet,
        prop::collection::vec(entity(), 0..4),
        prop::option::weighted(0.15, own()),
    );
    prop::collection::vec(one, 1..40).prop_map(|all| {
        let mut time = BEGIN;
        let said = all.into_iter().enumerate().map(|(at, one)| {
            let (alert, rule, pause, count, quiet, entities, own) = one;
            time += pause;
            Said {
                id: alert.unwrap_or(1_000 + at as u128),
                source: alert.map_or(Source::Detection, |_| Source::Alert),
                rule: alert.map_or(rule, |id| id as u32),
                time,
                count: alert.map_or(1, |_| count),
                first: time - quiet,
                last: time - quiet,
                key: Vec::new(),
                stages: Vec::new(),
                entities,
                own,
                samples: vec![at as u64],
            }
        });
        said.collect()
    })
}

fn records(policy: &IncidentPolicy, limits: Limits, stream: &[Said]) -> Vec<IncidentRecord> {
    let mut builder = Builder::new(Arc::new(policy.clone()), rules(), limits);
    let mut out = Vec::new();
    let mut sink = |record: &IncidentRecord| out.push(record.clone());
    for said in stream {
        said.with(|contribution| builder.add(contribution, &mut sink));
    }
    builder.finish(&mut sink);
    out
}

fn expected(policy: &IncidentPolicy, stream: &[Said]) -> Vec<Wrote> {
    let rules = rules();
    let ignored = |kind: u8, value: &str| match kind {
        0 => ["system", "root"].contains(&value),
        1 => ["system", "root", "-"].contains(&value) || value.ends_with('$'),
        2 => value == "127.0.0.1",
        _ => false,
    };
    let mut reference = Reference::new(policy, &rules, &KINDS, &ignored);
    for said in stream {
        reference.add(said);
    }
    reference.finish();
    reference.wrote
}

/// Ids are given numbers in the order in which they turn up, on both sides.
#[derive(Default)]
struct Numbers<T>(HashMap<T, usize>);

impl<T: std::hash::Hash + Eq> Numbers<T> {
    fn of(&mut self, id: T) -> usize {
        let next = self.0.len();
        *self.0.entry(id).or_insert(next)
    }
}

fn plain(records: &[IncidentRecord]) -> Vec<Wrote> {
    let mut numbers = Numbers::default();
    let one = |record: &IncidentRecord| {
        let host = |key: &[(String, String)]| {
            key.first()
                .map_or_else(String::new, |(_, host)| host.to_lowercase())
        };
        let rows = record.alerts.iter().map(|row| {
            let subject = row
                .alert
                .map_or_else(|| host(&row.key), |id| id.to_string());
            (row.rule.title.to_string(), subject, row.count)
        });
        let entities = record.entities.iter().map(|entity| {
            let name = (entity.kind.clone(), entity.value.to_lowercase());
            (name, entity.count)
        });
        #[expect(clippy::cast_possible_truncation, reason = "small")]
        let risk = (record.risk * 1000.0).round() as i64;
        Wrote {
            state: record.state.name(),
            incident: numbers.of(record.id),
            merged_into: record.merged_into.map(|id| numbers.of(id)),
            risk,
            title: record.title.to_string(),
            first: record.first.0,
            last: record.last.0,
            tactics: record.tactics.iter().map(|(t, _)| t.to_string()).collect(),
            entities: entities.collect::<BTreeSet<_>>(),
            rows: rows.collect::<BTreeSet<_>>(),
        }
    };
    records.iter().map(one).collect()
}

fn numbered(mut wrote: Vec<Wrote>) -> Vec<Wrote> {
    let mut numbers = Numbers::default();
    for one in &mut wrote {
        one.incident = numbers.of(one.incident);
        one.merged_into = one.merged_into.map(|id| numbers.of(id));
    }
    wrote
}

/// Everything shown, and hardly any room.
fn narrow() -> (IncidentPolicy, Limits) {
    let open_at = OpenAt {
        risk: None,
        tactics: None,
    };
    let limits = Limits {
        candidates: 2,
        incidents: 2,
        entities: 12,
        rows: 4,
        incident_rows: 2,
        incident_entities: 3,
        contribution_entities: 3,
        value_bytes: 8,
    };
    (
        IncidentPolicy {
            open_at,
            ..policy()
        },
        limits,
    )
}

/// The checksum of a snapshot made to fit again.
fn sealed(mut body: Vec<u8>) -> Vec<u8> {
    let sum = body.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    body.extend_from_slice(&sum.to_le_bytes());
    body
}

proptest! {
    #![proptest_config(tries())]

    #[test]
    fn same_as_the_reference(policy in policies(), stream in stream()) {
        let got = plain(&records(&policy, Limits::default(), &stream));
        prop_assert_eq!(got, numbered(expected(&policy, &stream)));
    }

    #[test]
    fn advancing_more_often_changes_nothing(
        policy in policies(),
        stream in stream(),
        steps in prop::collection::vec(any::<bool>(), 40),
    ) {
        let mut builder = Builder::new(Arc::new(policy.clone()), rules(), Limits::default());
        let mut got = Vec::new();
        let mut sink = |record: &IncidentRecord| got.push(record.clone());
        let mut high = i64::MIN;
        for (said, step) in stream.iter().zip(steps) {
            if step {
                // To the time itself and to the middle of the pause before it.
                builder.advance(Timestamp(high.max(said.time - NANOS)), &mut sink);
                builder.advance(Timestamp(high.max(said.time)), &mut sink);
            }
            high = high.max(said.time);
            said.with(|contribution| builder.add(contribution, &mut sink));
        }
        builder.finish(&mut sink);
        prop_assert_eq!(got, records(&policy, Limits::default(), &stream));
    }

    #[test]
    fn a_snapshot_goes_on_where_it_was_taken(
        policy in policies(),
        stream in stream(),
        cut in any::<prop::sample::Index>(),
        roomy in any::<bool>(),
    ) {
        let (policy, limits) = if roomy { (policy, Limits::default()) } else { narrow() };
        let whole = records(&policy, limits, &stream);
        let policy = Arc::new(policy);
        let mut builder = Builder::new(Arc::clone(&policy), rules(), limits);
        let mut got = Vec::new();
        let mut sink = |record: &IncidentRecord| got.push(record.clone());
        for (at, said) in stream.iter().enumerate() {
            if at == cut.index(stream.len()) {
                let snapshot = builder.snapshot();
                // A reload brought the rules in another order.
                let mut turned = rules();
                turned.reverse();
                builder = Builder::restore(Arc::clone(&policy), turned.clone(), limits, &snapshot)
                    .expect("restores");
                let again = builder.snapshot();
                builder = Builder::restore(Arc::clone(&policy), rules(), limits, &again)
                    .expect("restores");
                prop_assert_eq!(builder.snapshot(), snapshot);
            }
            said.with(|contribution| builder.add(contribution, &mut sink));
        }
        builder.finish(&mut sink);
        prop_assert_eq!(got, whole);
    }

    #[test]
    fn no_match_is_lost_for_want_of_room(mut stream in stream()) {
        // An alert that was let go counts again when it comes back.
        for said in &mut stream {
            said.source = Source::Detection;
        }
        let (policy, limits) = narrow();
        let mut builder = Builder::new(Arc::new(policy), rules(), limits);
        let mut counted = 0;
        let mut sink = |record: &IncidentRecord| {
            if record.state.name() == "closed" && record.merged_into.is_none() {
                counted += record.alerts.iter().map(|row| row.count).sum::<u64>();
                counted += record.summarised.iter().map(|sum| sum.count).sum::<u64>();
            }
        };
        let mut said_in_all = 0;
        for said in &stream {
            let before = builder.counters().contributions;
            said.with(|contribution| builder.add(contribution, &mut sink));
            if builder.counters().contributions > before {
                said_in_all += said.count;
            }
            let (candidates, incidents) = builder.live();
            prop_assert!(candidates <= limits.candidates && incidents <= limits.incidents);
        }
        builder.finish(&mut sink);
        prop_assert_eq!(counted, said_in_all);
    }

    #[test]
    fn hostile_snapshots_are_refused_or_harmless(
        stream in stream(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::weighted(0.3, any::<prop::sample::Index>()),
    ) {
        let (policy, limits) = narrow();
        let policy = Arc::new(policy);
        let mut builder = Builder::new(Arc::clone(&policy), rules(), limits);
        let mut sink = |_: &IncidentRecord| {};
        for said in &stream {
            said.with(|contribution| builder.add(contribution, &mut sink));
        }
        let mut bytes = builder.snapshot();
        prop_assert!(Builder::restore(Arc::clone(&policy), rules(), limits, &bytes[1..]).is_err());
        bytes.truncate(bytes.len() - 8);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let restored = Builder::restore(policy, rules(), limits, &sealed(bytes));
        if let Ok(mut builder) = restored {
            for said in &stream {
                said.with(|contribution| builder.add(contribution, &mut sink));
            }
            builder.finish(&mut sink);
        }
    }
}
