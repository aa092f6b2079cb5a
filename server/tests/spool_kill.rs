//! A real process, killed at any moment: what it said was durable is there.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use yagura_server::spool::{
    Item, Options, Outcome, OwnedRecord, Position, Spool, Writer, WriterOptions,
};
use yagura_server::storage::Disk;

/// Names the spool's folder to the process that is killed.
const FOLDER: &str = "YAGURA_TEST_KILLED_SPOOL";

fn open(folder: &Path) -> Spool {
    let options = Options {
        segment_bytes: 20_000,
        reserve_bytes: 0,
        ..Options::default()
    };
    Spool::open(Arc::new(Disk), folder, options)
        .expect("a spool")
        .0
}

/// Not a test of its own: what runs in the process that is killed. Says each position once it is
/// durable, and does so until it is killed.
#[test]
fn process_that_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let writer =
        Writer::start(open(Path::new(&folder)), WriterOptions::default()).expect("started");
    let sender = writer.sender();
    for number in 0_usize.. {
        let payload = vec![number as u8; number % 700];
        let record = OwnedRecord {
            received_ns: 0,
            source: 0,
            kind: 0,
            format: 0,
            payload,
        };
        sender.send(record, |outcome: Outcome| {
            let position = outcome.expect("a sound disk");
            // One write, so that the end does not cut a line in two.
            let _ = std::io::stdout().write_all(format!("durable {position}\n").as_bytes());
        });
    }
}

#[test]
fn what_a_killed_process_acknowledged_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut durable: Vec<Position> = Vec::new();
    for acknowledged in [1, 30, 200, 555] {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "process_that_is_killed", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let said = BufReader::new(child.stdout.take().expect("piped")).lines();
        let positions = said.map_while(Result::ok).filter_map(|line| {
            let number = line.split_once("durable ")?.1.parse().ok()?;
            Some(Position::new(number))
        });
        for (count, position) in positions.enumerate() {
            durable.push(position);
            if count + 1 == acknowledged {
                child.kill().expect("killed");
            }
        }
        child.wait().expect("ended");
    }
    assert!(
        durable.is_sorted_by(|a, b| a < b),
        "a position was given twice"
    );
    let spool = open(folder.path());
    let mut reader = spool.reader(Position::START);
    let mut read = Vec::new();
    while let Some(item) = reader.next().expect("readable") {
        match item {
            Item::Record { position, .. } => read.push(position),
            Item::Lost(lost) => panic!("{lost:?}"),
        }
    }
    assert!(read.is_sorted_by(|a, b| a < b));
    let lost: Vec<_> = durable
        .iter()
        .filter(|at| read.binary_search(at).is_err())
        .collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
}
