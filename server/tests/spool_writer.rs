//! Many producers, one thread that writes: receipts, room, failures.

use std::path::Path;
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use yagura_server::spool::{
    AppendError, Item, Options, Outcome, OwnedRecord, Position, Refused, Room, Spool, Writer,
    WriterOptions,
};
use yagura_server::storage::Storage;
use yagura_server::storage::simulated::{End, Faults, Simulated};

const FOLDER: &str = "/spool";
/// So long that only a hang reaches it.
const LIMIT: Duration = Duration::from_secs(60);

fn open(simulated: &Simulated, options: Options) -> Spool {
    let storage: Arc<dyn Storage> = Arc::new(simulated.clone());
    Spool::open(storage, Path::new(FOLDER), options)
        .expect("a spool")
        .0
}

fn small() -> Options {
    Options {
        segment_bytes: 4_000,
        limit_bytes: 40_000,
        reserve_bytes: 0,
        ..Options::default()
    }
}

fn start(simulated: &Simulated, options: Options) -> Writer {
    let writer_options = WriterOptions {
        queue_bytes: 10_000,
        ..WriterOptions::default()
    };
    Writer::start(open(simulated, options), writer_options).expect("a thread")
}

fn record(source: u32, number: usize, payload_bytes: usize) -> OwnedRecord {
    let payload = vec![number as u8; payload_bytes];
    OwnedRecord {
        received_ns: 1,
        source,
        kind: 0,
        format: 0,
        payload,
    }
}

/// Sends one and waits for what became of it.
fn send(writer: &Writer, record: OwnedRecord) -> Outcome {
    let (told, outcome) = mpsc::channel();
    writer.sender().send(record, move |outcome| {
        let _ = told.send(outcome);
    });
    outcome.recv_timeout(LIMIT).expect("a receipt")
}

fn read_all(writer: &Writer) -> Vec<(Position, u32, usize)> {
    let mut reader = writer.reader(Position::START);
    let mut records = Vec::new();
    while let Some(item) = reader.next().expect("readable") {
        match item {
            Item::Record {
                position, record, ..
            } => {
                records.push((position, record.source, record.payload.len()));
            }
            Item::Lost(lost) => panic!("{lost:?}"),
        }
    }
    records
}

#[test]
fn receipts_of_many_producers_survive_a_loss_of_power() {
    const PRODUCERS: u32 = 4;
    const RECORDS: usize = 200;
    let simulated = Simulated::new(1);
    let options = Options {
        limit_bytes: 10 << 20,
        ..small()
    };
    let writer = start(&simulated, options.clone());
    let told = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
    thread::scope(|scope| {
        for source in 0..PRODUCERS {
            let (sender, told) = (writer.sender(), told.clone());
            scope.spawn(move || {
                for number in 0..RECORDS {
                    let told = told.clone();
                    sender.send(record(source, number, number), move |outcome: Outcome| {
                        let position = outcome.expect("durable");
                        told.0.lock().unwrap().push((position, source, number));
                        told.1.notify_all();
                    });
                }
            });
        }
    });
    let all = PRODUCERS as usize * RECORDS;
    let waiting = told.0.lock().unwrap();
    let (told, waited) = told
        .1
        .wait_timeout_while(waiting, LIMIT, |told| told.len() < all)
        .unwrap();
    assert!(!waited.timed_out(), "{} of {all} receipts", told.len());
    let health = writer.health();
    assert_eq!((health.records, health.failures), (all as u64, 0));
    assert!(health.commits <= all as u64);

    simulated.restart(End::PowerLoss);
    drop(writer);
    let again = start(&simulated, options);
    assert_eq!(read_all(&again), *told);
    for source in 0..PRODUCERS {
        let sent_in_order = told.iter().filter(|(_, from, _)| *from == source);
        assert!(sent_in_order.map(|(_, _, number)| *number).eq(0..RECORDS));
    }
}

#[test]
fn full_means_wait_and_a_release_makes_room() {
    let simulated = Simulated::new(2);
    let writer = start(&simulated, small());
    let sender = writer.sender();
    let (told, changes) = mpsc::channel();
    let told = Mutex::new(told);
    sender.watch(move || {
        let _ = told.lock().unwrap().send(());
    });
    let mut taken = 0;
    let refused = loop {
        match send(&writer, record(1, taken, 1_000)) {
            Ok(_) => taken += 1,
            Err(refused) => break refused,
        }
    };
    assert!(
        matches!(refused, Refused::NotTaken(AppendError::Full { .. })),
        "{refused}"
    );
    assert!(refused.is_temporary());
    assert_eq!(sender.room(), Room::Full);
    changes.recv_timeout(LIMIT).expect("told that it is full");
    assert_eq!(writer.health().refused.full, 1);
    assert_eq!(
        read_all(&writer).len(),
        taken,
        "nothing was dropped to make room"
    );

    writer.release(writer.health().durable);
    assert_eq!(sender.wait_for_room(LIMIT), Room::Open);
    changes
        .recv_timeout(LIMIT)
        .expect("told that there is room");
    send(&writer, record(1, 0, 1_000)).expect("room again");
}

#[test]
fn one_large_record_after_the_other_fits_once_the_last_was_processed() {
    let simulated = Simulated::new(3);
    let writer = start(&simulated, small());
    for number in 0..20 {
        let outcome = send(&writer, record(1, number, 30_000));
        let outcome = outcome.or_else(|_| {
            writer.release(writer.health().durable);
            writer.sender().wait_for_room(LIMIT);
            send(&writer, record(1, number, 30_000))
        });
        outcome.unwrap_or_else(|refused| panic!("{number}: {refused}"));
    }
    let outcome = send(&writer, record(1, 0, 60_000));
    let refused = outcome.expect_err("larger than the spool");
    assert!(!refused.is_temporary(), "{refused}");
}

#[test]
fn read_only_storage_is_said_and_got_over() {
    let simulated = Simulated::new(4);
    let kept = {
        let writer = start(&simulated, small());
        send(&writer, record(1, 1, 10)).expect("durable")
    };
    simulated.set_read_only(true);
    let writer = start(&simulated, small());
    assert_eq!(writer.sender().room(), Room::Failing);
    let reason = writer.health().last_failure.expect("a reason").to_string();
    assert!(reason.contains("mounted read-only"), "{reason}");
    assert_eq!(
        read_all(&writer),
        [(kept, 1, 10)],
        "what is there can be read"
    );
    send(&writer, record(1, 2, 10)).expect_err("cannot be written");

    simulated.set_read_only(false);
    assert_eq!(writer.sender().wait_for_room(LIMIT), Room::Open);
    send(&writer, record(1, 3, 10)).expect("written again");
}

#[test]
fn a_full_disk_keeps_what_checkpoints_need() {
    let simulated = Simulated::new(5);
    simulated.set_capacity(20_000);
    let options = Options {
        reserve_bytes: 10_000,
        limit_bytes: 1 << 20,
        ..small()
    };
    let writer = start(&simulated, options);
    let refused = loop {
        if let Err(refused) = send(&writer, record(1, 1, 1_000)) {
            break refused;
        }
    };
    assert!(
        matches!(refused, Refused::NotTaken(AppendError::NoSpace { .. })),
        "{refused}"
    );
    assert_eq!(writer.sender().room(), Room::Full);
    let left = simulated.space_left(Path::new(FOLDER)).expect("known");
    assert!(left >= 10_000, "{left}");

    simulated.set_capacity(usize::MAX);
    assert_eq!(writer.sender().wait_for_room(LIMIT), Room::Open);
    send(&writer, record(1, 1, 1_000)).expect("taken again");
}

#[test]
fn a_failed_sync_is_not_believed_later_and_costs_no_space() {
    let simulated = Simulated::new(9);
    simulated.set_capacity(100_000);
    let writer = start(&simulated, small());
    let kept = send(&writer, record(1, 1, 100)).expect("durable");
    let before = simulated.space_left(Path::new(FOLDER)).expect("known");
    simulated.set_faults(Faults {
        sync: 1000,
        ..Faults::default()
    });
    let outcome = send(&writer, record(1, 2, 3_000));
    assert!(matches!(outcome, Err(Refused::Unknown(_))), "{outcome:?}");
    assert_eq!(
        read_all(&writer),
        [(kept, 1, 100)],
        "what is not known to be durable is not read"
    );
    let after = simulated.space_left(Path::new(FOLDER)).expect("known");
    assert!(
        after + 100 > before,
        "{before} bytes were left before, {after} after"
    );

    simulated.set_faults(Faults::default());
    assert_eq!(writer.sender().wait_for_room(LIMIT), Room::Open);
    let again = send(&writer, record(1, 2, 3_000)).expect("durable");
    simulated.restart(End::PowerLoss);
    drop(writer);
    let writer = start(&simulated, small());
    assert_eq!(read_all(&writer), [(kept, 1, 100), (again, 1, 3_000)]);
}

#[test]
fn who_sends_after_the_end_is_told() {
    let simulated = Simulated::new(6);
    let writer = start(&simulated, small());
    let sender = writer.sender();
    let mut reader = writer.reader(Position::START);
    send(&writer, record(1, 1, 10)).expect("durable");
    drop(writer);
    let (told, outcome) = mpsc::channel();
    sender.send(record(1, 2, 10), move |outcome| {
        let _ = told.send(outcome);
    });
    let outcome = outcome.recv_timeout(LIMIT).expect("a receipt");
    assert!(matches!(outcome, Err(Refused::Closed)));
    assert!(
        matches!(reader.next(), Ok(Some(Item::Record { .. }))),
        "what is there can be read"
    );
    assert!(!reader.wait(LIMIT), "the spool is closed");
}

#[test]
fn a_receipt_that_panics_leaves_nobody_waiting() {
    let simulated = Simulated::new(7);
    let writer = start(&simulated, small());
    let sender = writer.sender();
    let (told, outcome) = mpsc::channel();
    sender.send(record(1, 1, 10), |_| {
        panic!("a receipt that should not panic does")
    });
    for number in 0..100 {
        let told = told.clone();
        sender.send(record(1, number, 1_000), move |outcome: Outcome| {
            let _ = told.send(outcome.is_ok());
        });
    }
    drop((told, writer));
    // All receipts are told or dropped, so this ends.
    assert!(outcome.iter().count() <= 100);
}

/// Sends until it is taken: what an input with back-pressure does.
fn send_until_taken(writer: &Writer, source: u32, number: usize) {
    let payload_bytes = 50 + number % 400;
    while send(writer, record(source, number, payload_bytes)).is_err() {
        writer.sender().wait_for_room(LIMIT);
    }
}

#[test]
fn is_read_and_released_while_it_is_written() {
    const PRODUCERS: u32 = 3;
    const RECORDS: usize = 1_000;
    let simulated = Simulated::new(8);
    let writer = start(&simulated, small());
    let mut next_of = vec![0; PRODUCERS as usize];
    thread::scope(|scope| {
        for source in 0..PRODUCERS {
            let writer = &writer;
            scope.spawn(move || {
                (0..RECORDS).for_each(|number| send_until_taken(writer, source, number));
            });
        }
        let mut reader = writer.reader(Position::START);
        let mut read = 0;
        while read < PRODUCERS as usize * RECORDS {
            match reader.next().expect("readable") {
                Some(Item::Record { next, record, .. }) => {
                    let number = &mut next_of[record.source as usize];
                    assert_eq!(record.payload, vec![*number as u8; 50 + *number % 400]);
                    *number += 1;
                    read += 1;
                    if read % 16 == 0 {
                        writer.release(next);
                    }
                }
                Some(Item::Lost(lost)) => panic!("{lost:?}"),
                None => {
                    // Nothing more comes if the spool is full of what was read.
                    writer.release(reader.position());
                    assert!(reader.wait(Duration::from_millis(100)), "closed");
                }
            }
        }
    });
    assert_eq!(next_of, [RECORDS; PRODUCERS as usize]);
    let health = writer.health();
    assert_eq!(health.records, u64::from(PRODUCERS) * RECORDS as u64);
    assert!(health.used_bytes <= health.limit_bytes);
}
