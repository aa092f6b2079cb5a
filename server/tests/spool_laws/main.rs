//! The promises of the spool and the checkpoints, kept against a file system that loses all it may.
//!
//! A history is a seeded sequence of appends, commits, reads, checkpoints and releases, in which
//! the process is killed or the power lost at any operation, and the disk fails now and then.
//! At its end everything acknowledged must have been processed once, in order, unaltered.

mod damage;
mod history;
mod lies;
mod model;
mod process;

use std::sync::LazyLock;

use history::{Mistake, Plan, run, search};
use lies::Lie;
use yagura_server::storage::simulated::{End, Faults};

const FAULTS: Faults = Faults {
    write: 20,
    sync: 60,
    names: 20,
};

/// Tells the story of one history, for whoever looks for the cause of a broken promise:
/// `YAGURA_SEED=7 cargo test -p yagura-server --test spool_laws one_history -- --nocapture`.
fn tell(story: impl FnOnce() -> String) {
    static IS_ASKED: LazyLock<bool> = LazyLock::new(|| seed_asked().is_some());
    if *IS_ASKED {
        eprintln!("{}", story());
    }
}

fn seed_asked() -> Option<u64> {
    std::env::var("YAGURA_SEED").ok()?.parse().ok()
}

#[test]
fn one_history_in_words() {
    let Some(seed) = seed_asked() else { return };
    for plan in [crashes(), failing_disk(), damaged_checkpoints()] {
        tell(|| format!("=== {plan:?}"));
        run(seed, &plan).unwrap_or_else(|broken| panic!("seed {seed}: {broken}"));
    }
}

fn crashes() -> Plan {
    Plan::default()
}

fn failing_disk() -> Plan {
    Plan {
        faults: FAULTS,
        changes_storage: true,
        ..Plan::default()
    }
}

fn damaged_checkpoints() -> Plan {
    Plan {
        damages_newest_checkpoint: true,
        ..Plan::default()
    }
}

/// How many histories of each kind; `YAGURA_HISTORIES` asks for more.
fn histories() -> u64 {
    std::env::var("YAGURA_HISTORIES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1500)
}

#[test]
fn histories_with_crashes_keep_the_promises() {
    for seed in 0..histories() {
        run(seed, &crashes()).unwrap_or_else(|broken| panic!("seed {seed}: {broken}"));
    }
}

#[test]
fn histories_with_a_failing_disk_keep_the_promises() {
    for seed in 0..histories() {
        let plan = failing_disk();
        run(seed, &plan).unwrap_or_else(|broken| panic!("seed {seed}: {broken}"));
    }
}

#[test]
fn histories_with_damaged_newest_checkpoints_keep_the_promises() {
    for seed in 0..histories() {
        let plan = damaged_checkpoints();
        run(seed, &plan).unwrap_or_else(|broken| panic!("seed {seed}: {broken}"));
    }
}

/// Short histories, cut at each of their operations in both ways, several survivals each.
#[test]
fn every_operation_of_short_histories_can_be_the_last() {
    for seed in 0..12 {
        let whole = Plan {
            steps: 25,
            crashes: false,
            ..Plan::default()
        };
        let operations = run(seed, &whole)
            .expect("a history without crashes")
            .operations;
        for crash_at in 1..=operations {
            for end in [End::Kill, End::PowerLoss] {
                for survival in 0..6 {
                    let first_crash = Some((crash_at, end));
                    let plan = Plan {
                        first_crash,
                        survival,
                        ..whole.clone()
                    };
                    run(seed, &plan).unwrap_or_else(|broken| {
                        panic!("seed {seed}, {end:?} at {crash_at}, survival {survival}: {broken}")
                    });
                }
            }
        }
    }
}

/// Tests that never fail prove nothing: each of these mistakes must be found.
#[test]
fn planted_mistakes_are_found() {
    let with = |mistake| Plan {
        mistake: Some(mistake),
        ..Plan::default()
    };
    let mistakes = [
        with(Mistake::Storage(Lie::NoFileSync)),
        with(Mistake::Storage(Lie::NoFolderSync)),
        Plan {
            faults: FAULTS,
            ..with(Mistake::Storage(Lie::SyncTriedAgain))
        },
        with(Mistake::AcknowledgesBeforeCommit),
        Plan {
            damages_newest_checkpoint: true,
            ..with(Mistake::ReleasesToNewestCheckpoint)
        },
    ];
    for plan in mistakes {
        assert!(search(&plan, 3000).is_some(), "not found: {plan:?}");
    }
}

#[test]
fn work_gets_done_in_histories() {
    let (mut consumed, mut restarts, mut released, mut full, mut failed) = (0, 0, 0, 0, 0);
    for seed in 0..200 {
        let plan = failing_disk();
        let told = run(seed, &plan).expect("kept promises");
        consumed += told.consumed;
        restarts += told.restarts;
        released += told.released;
        full += told.full;
        failed += told.failed;
    }
    println!(
        "200 histories: {consumed} records processed, {restarts} restarts, {released} releases, {full} times full, {failed} failures"
    );
    assert!(consumed > 1000 && restarts > 200 && released > 50 && full > 50 && failed > 100);
}
