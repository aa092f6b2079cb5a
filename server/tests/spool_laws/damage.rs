//! Bytes that rot, files that shrink or vanish: what cannot be read must be said.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use yagura_server::spool::{Damage, Item, LostReason, Options, Position, Reader, Spool};
use yagura_server::storage::Storage;
use yagura_server::storage::simulated::{Random, Simulated};

use super::model;
use super::process::SPOOL;

const RECORDS: usize = 60;

/// A spool of several segments, all of it durable; the positions of its records, and its end.
fn filled(storage: &Arc<dyn Storage>, options: &Options) -> (Vec<Position>, Position) {
    let (mut spool, _) = Spool::open(storage.clone(), Path::new(SPOOL), options.clone()).unwrap();
    let positions = (0..RECORDS).map(|number| {
        let position = spool
            .append(&model::record(number, &model::payload(number)))
            .unwrap();
        if number % 3 == 0 {
            spool.commit().unwrap();
        }
        position
    });
    let positions = positions.collect();
    (positions, spool.commit().unwrap())
}

type Range = (Position, Position);

/// The numbers of all that can be read, and what is said to be lost.
fn read_all(reader: &mut Reader, positions: &[Position]) -> (Vec<usize>, Vec<Range>) {
    let (mut numbers, mut lost) = (Vec::new(), Vec::new());
    while let Some(item) = reader.next().unwrap() {
        match item {
            Item::Record {
                position, record, ..
            } => {
                let number = positions
                    .binary_search(&position)
                    .expect("a position that was given");
                assert_eq!(record, model::record(number, &model::payload(number)));
                numbers.push(number);
            }
            Item::Lost(range) => lost.push((range.from, range.to)),
        }
    }
    (numbers, lost)
}

fn damage(simulated: &Simulated, segments: &[PathBuf], random: &mut Random) -> String {
    let which = random.below(segments.len() as u64) as usize;
    let path = &segments[which];
    let is_last = which + 1 == segments.len();
    let name = path.display();
    if !is_last && random.per_mille(200) {
        simulated.remove(path).unwrap();
        return format!("{name}: removed");
    }
    let mut told = String::new();
    simulated.damage(path, |bytes| {
        let at = random.below(bytes.len() as u64) as usize;
        let to = bytes.len().min(at + 1 + random.below(400) as usize);
        match random.below(4) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at..to].fill(0),
            2 => bytes[at..to]
                .iter_mut()
                .for_each(|byte| *byte = random.number() as u8),
            // What a cut takes from the last segment leaves no trace.
            _ if !is_last => bytes.truncate(at),
            _ => {}
        }
        told = format!("{name}: {at}..{to} of {}", bytes.len());
    });
    told
}

#[test]
fn damage_is_said_or_does_no_harm() {
    let (mut lost_records, mut damages) = (0, 0);
    for seed in 0..super::histories() {
        let mut random = Random::new(seed);
        let simulated = Simulated::new(seed);
        let storage: Arc<dyn Storage> = Arc::new(simulated.clone());
        let options = Options {
            segment_bytes: 3000,
            limit_bytes: 1 << 20,
            ..Options::default()
        };
        let (positions, end) = filled(&storage, &options);
        let segments: Vec<_> = simulated
            .paths()
            .into_iter()
            .filter(|path| path.starts_with(SPOOL))
            .collect();
        let told: Vec<_> = (0..=random.below(3))
            .filter_map(|_| {
                let there = simulated.paths();
                let rest: Vec<_> = segments
                    .iter()
                    .filter(|path| there.contains(path))
                    .cloned()
                    .collect();
                (rest.len() > 1).then(|| damage(&simulated, &rest, &mut random))
            })
            .collect();
        damages += told.len();

        let (mut spool, recovery) =
            Spool::open(storage, Path::new(SPOOL), options).expect("damage is no obstacle");
        let (numbers, mut lost) = read_all(&mut spool.reader(Position::START), &positions);
        assert!(
            numbers.is_sorted_by(|a, b| a < b),
            "seed {seed}: {numbers:?}"
        );
        lost.extend(
            recovery
                .damaged
                .iter()
                .map(|Damage { from, to, .. }| (*from, *to)),
        );
        for number in (0..RECORDS).filter(|number| numbers.binary_search(number).is_err()) {
            lost_records += 1;
            let at = positions[number];
            let is_said = lost.iter().any(|(from, to)| *from <= at && at < *to);
            assert!(
                is_said,
                "seed {seed}: {number} at {at} is lost in silence, {told:?}, {lost:?}"
            );
        }

        let payload = model::payload(RECORDS);
        let position = spool
            .append(&model::record(RECORDS, &payload))
            .expect("goes on");
        assert!(
            position >= end,
            "seed {seed}: {position} was used before {end}"
        );
    }
    println!("{damages} damages, {lost_records} records lost and said to be");
}

/// A block in the middle of a segment that the disk does not give, read once the spool was
/// opened again; `which` counts segments from the newest.
fn with_a_bad_block(which: usize) {
    let simulated = Simulated::new(1);
    let storage: Arc<dyn Storage> = Arc::new(simulated.clone());
    let options = Options {
        segment_bytes: 12_000,
        limit_bytes: 1 << 20,
        ..Options::default()
    };
    let (mut positions, _) = filled(&storage, &options);
    let paths = simulated.paths();
    let is_segment = |path: &&PathBuf| path.starts_with(SPOOL);
    let bad = paths
        .iter()
        .filter(is_segment)
        .rev()
        .nth(which)
        .expect("as many segments");
    simulated.set_unreadable(bad, 4096..8192);

    let (mut spool, _) = Spool::open(storage, Path::new(SPOOL), options).expect("no obstacle");
    let payload = model::payload(RECORDS);
    positions.push(
        spool
            .append(&model::record(RECORDS, &payload))
            .expect("goes on"),
    );
    spool.commit().expect("a sound disk for what is new");
    let mut reader = spool.reader(Position::START);
    let (mut numbers, mut lost) = (Vec::new(), Vec::new());
    loop {
        match reader.next() {
            Ok(None) => break,
            Ok(Some(Item::Record { position, .. })) => {
                numbers.push(positions.binary_search(&position).expect("given"));
            }
            Ok(Some(Item::Lost(range))) => lost.push((range.from, range.to)),
            Err(_) => {
                let range = reader.skip_unreadable().expect("something to skip");
                lost.push((range.from, range.to));
            }
        }
    }
    let gone: Vec<_> = (0..=RECORDS)
        .filter(|number| !numbers.contains(number))
        .collect();
    assert!((1..40).contains(&gone.len()), "{gone:?}");
    for number in gone {
        let at = positions[number];
        let is_said = lost.iter().any(|(from, to)| *from <= at && at < *to);
        assert!(is_said, "{number} at {at} is lost in silence: {lost:?}");
    }
}

#[test]
fn a_bad_block_costs_no_more_than_itself() {
    with_a_bad_block(1);
}

#[test]
fn a_bad_block_in_the_last_segment_is_no_obstacle_to_opening() {
    with_a_bad_block(0);
}

#[test]
fn a_segment_that_vanishes_while_the_spool_is_open_is_said() {
    let simulated = Simulated::new(1);
    let storage: Arc<dyn Storage> = Arc::new(simulated.clone());
    let options = Options {
        segment_bytes: 3000,
        limit_bytes: 1 << 20,
        ..Options::default()
    };
    drop(filled(&storage, &options));
    let (spool, _) = Spool::open(storage, Path::new(SPOOL), options).expect("a spool");
    let paths = simulated.paths();
    simulated.remove(&paths[2]).expect("removed");
    let mut reader = spool.reader(Position::START);
    let mut lost = Vec::new();
    while let Some(item) = reader.next().expect("readable") {
        if let Item::Lost(range) = item {
            lost.push(range.reason);
        }
    }
    assert_eq!(lost, [LostReason::Missing]);
}
