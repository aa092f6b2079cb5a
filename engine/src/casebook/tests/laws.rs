//! What holds whatever matches come.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::snapshot::seal;
use super::{BEGIN, Casebook, Found, Limits, NANOS, Options, RULES, Rules, Told, found};

/// What is behind the magic and the version.
const HEAD_BYTES: usize = 7;
const CHECKSUM_BYTES: usize = 8;

pub(super) fn stream() -> impl Strategy<Value = Vec<Found>> {
    let rules = vec!["failed", "failed", "failed", "logon", "service", "cleared"];
    let pause = prop_oneof![
        6 => 0..4_i64,
        3 => -5..30_i64,
        1 => prop::sample::select(vec![90, 700, 90_000]),
    ];
    let one = (
        prop::sample::select(rules),
        pause,
        prop::sample::select(vec!["web01", "web02", "db01.corp.example", "db01"]),
        prop::sample::select(vec!["anna", "Anna", "ben", "SYSTEM"]),
    );
    prop::collection::vec(one, 1..60).prop_map(|all| {
        let mut seconds = 0;
        let one = |(rule, pause, host, user)| {
            seconds += pause;
            found(rule, seconds, host, user)
        };
        all.into_iter().map(one).collect()
    })
}

fn filled(rules: &Rules, stream: &[Found]) -> Vec<u8> {
    let mut told = Told::new(rules);
    for of in stream {
        told.push(of);
    }
    told.casebook.snapshot()
}

proptest! {
    #[test]
    fn a_restored_casebook_goes_on_as_if_nothing_had_been(
        stream in stream(),
        restores in prop::collection::vec(prop::bool::weighted(0.2), 60),
        advances in prop::collection::vec(prop::bool::weighted(0.2), 60),
    ) {
        let rules = Rules::of(RULES);
        let (mut whole, mut parts) = (Told::new(&rules), Told::new(&rules));
        let steps = stream.iter().zip(restores).zip(advances);
        for ((of, restore), advance) in steps {
            if restore {
                parts.restore();
            }
            for told in [&mut whole, &mut parts] {
                told.push(of);
                if advance {
                    told.advance(told.high_water - Options::default().lateness);
                }
            }
        }
        prop_assert_eq!(whole.casebook.incident_counters(), parts.casebook.incident_counters());
        prop_assert_eq!(
            whole.casebook.correlator_counters(),
            parts.casebook.correlator_counters()
        );
        prop_assert_eq!(whole.finish(), parts.finish());
    }

    #[test]
    fn advancing_more_often_changes_nothing(
        stream in stream(),
        advances in prop::collection::vec(any::<bool>(), 60),
    ) {
        let rules = Rules::of(RULES);
        let (mut seldom, mut often) = (Told::new(&rules), Told::new(&rules));
        for (of, advance) in stream.iter().zip(advances) {
            seldom.push(of);
            if advance {
                // No further than the next match says itself.
                let high_water = often.high_water.max(of.time);
                often.advance(high_water - Options::default().lateness);
            }
            often.push(of);
        }
        prop_assert_eq!(seldom.finish(), often.finish());
    }

    // The checksum is made right again, so that what is behind it meets the damage.
    #[test]
    fn hostile_bytes_are_refused_or_taken(
        stream in stream(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::weighted(0.3, any::<prop::sample::Index>()),
    ) {
        let rules = Rules::of(RULES);
        let mut bytes = filled(&rules, &stream);
        bytes.truncate(bytes.len() - CHECKSUM_BYTES);
        for (place, byte) in changes {
            let place = HEAD_BYTES + place.index(bytes.len() - HEAD_BYTES);
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(HEAD_BYTES + cut.index(bytes.len() - HEAD_BYTES));
        }
        let compiled = Arc::clone(&rules.compiled);
        let taken = Casebook::restore(compiled, Options::default(), Limits::default(), &seal(bytes));
        if let Ok(taken) = taken {
            let mut told = Told::new(&rules);
            told.casebook = taken.casebook;
            told.push(&found("service", 100, "web01", "anna"));
            told.advance(BEGIN + 86_400 * NANOS);
            told.finish();
        }
    }

    #[test]
    fn anything_at_all_is_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let rules = Rules::of("");
        let head = b"YGCASE\x01".to_vec();
        for bytes in [bytes.clone(), seal([head, bytes].concat())] {
            let rules = Arc::clone(&rules.compiled);
            let taken = Casebook::restore(rules, Options::default(), Limits::default(), &bytes);
            prop_assert!(taken.is_err());
        }
    }
}
