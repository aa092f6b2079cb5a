//! The same on a real file system.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use yagura_server::checkpoint::{self, Store};
use yagura_server::spool::{
    DamageKind, Item, OpenError, Options, Position, Record, Recovery, Spool,
};
use yagura_server::storage::{Disk, Storage};

fn open(folder: &Path) -> (Spool, Recovery) {
    let storage: Arc<dyn Storage> = Arc::new(Disk);
    let options = Options {
        segment_bytes: 4_000,
        reserve_bytes: 0,
        ..Options::default()
    };
    Spool::open(storage, folder, options).expect("a spool")
}

fn fill(spool: &mut Spool, records: u32) {
    for source in 0..records {
        let payload = [source as u8; 100];
        let record = Record {
            received_ns: 1,
            source,
            kind: 0,
            format: 0,
            payload: &payload,
        };
        spool.append(&record).expect("room");
    }
    spool.commit().expect("a sound disk");
}

fn sources(spool: &Spool, from: Position) -> Vec<u32> {
    let mut reader = spool.reader(from);
    let mut sources = Vec::new();
    while let Some(item) = reader.next().expect("readable") {
        if let Item::Record { record, .. } = item {
            sources.push(record.source);
        }
    }
    sources
}

#[test]
fn what_was_committed_is_there_after_a_restart_until_it_is_released() {
    let folder = tempfile::tempdir().expect("a folder");
    let spool_folder = folder.path().join("a/b/spool");
    let (mut spool, recovery) = open(&spool_folder);
    assert_eq!(recovery.segments, 0);
    fill(&mut spool, 100);
    let middle = spool.durable();
    fill(&mut spool, 100);
    drop(spool);

    let (mut spool, recovery) = open(&spool_folder);
    assert!(recovery.damaged.is_empty(), "{recovery:?}");
    assert_eq!(sources(&spool, Position::START).len(), 200);
    assert_eq!(sources(&spool, middle).len(), 100);
    let used = spool.used_bytes();
    spool.release(middle).expect("a sound disk");
    assert!(spool.used_bytes() < used * 2 / 3);
    assert_eq!(sources(&spool, middle).len(), 100);
}

#[test]
fn a_torn_tail_is_cut_set_aside_and_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut spool, _) = open(folder.path());
    fill(&mut spool, 10);
    let end = spool.durable();
    drop(spool);
    let last = folder.path().join("00000000000000000000.segment");
    let mut bytes = fs::read(&last).expect("a segment");
    bytes.extend_from_slice(b"half a record");
    fs::write(&last, bytes).expect("written");

    let (mut spool, recovery) = open(folder.path());
    let [damage] = recovery.damaged.as_slice() else {
        panic!("{recovery:?}")
    };
    assert_eq!((damage.from, damage.kind), (end, DamageKind::TornTail));
    let kept = damage.kept.as_ref().expect("set aside");
    assert_eq!(fs::read(kept).expect("readable"), b"half a record");
    assert_eq!(recovery.records_read, 10);
    fill(&mut spool, 5);
    assert_eq!(sources(&spool, Position::START).len(), 15);
    drop(spool);
    // It is cut off for good: the next start has nothing to say.
    let (spool, recovery) = open(folder.path());
    assert!(recovery.damaged.is_empty(), "{recovery:?}");
    assert_eq!(sources(&spool, Position::START).len(), 15);
}

#[test]
fn many_restarts_leave_no_trace() {
    let folder = tempfile::tempdir().expect("a folder");
    for _ in 0..20 {
        let (spool, recovery) = open(folder.path());
        assert!(recovery.damaged.is_empty(), "{recovery:?}");
        assert_eq!(spool.segments(), 1);
    }
    let (mut spool, _) = open(folder.path());
    fill(&mut spool, 1);
    drop(spool);
    for _ in 0..20 {
        assert_eq!(open(folder.path()).0.segments(), 2);
    }
}

#[test]
fn two_processes_cannot_share_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_first, _) = open(folder.path());
    let second = Spool::open(Arc::new(Disk), folder.path(), Options::default());
    assert!(matches!(second.err(), Some(OpenError::InUse { .. })));
}

#[test]
fn checkpoints_come_back_and_the_older_one_steps_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || {
        let options = checkpoint::Options::default();
        Store::open(Arc::new(Disk), folder.path(), options).expect("a store")
    };
    let (mut store, loaded) = open();
    assert!(loaded.newest.is_none() && loaded.rejected.is_empty());
    for (position, state) in [(100, "one"), (200, "two"), (300, "three")] {
        store
            .save(Position::new(position), 7, state.as_bytes())
            .expect("a sound disk");
    }
    assert_eq!(store.releasable(), Position::new(200));
    drop(store);

    let (store, loaded) = open();
    let newest = loaded.newest.expect("a checkpoint");
    assert_eq!((newest.position, newest.format), (Position::new(300), 7));
    assert_eq!(newest.state, b"three");
    assert_eq!(store.newest(), Position::new(300));
    assert_eq!(
        store.releasable(),
        Position::START,
        "not before this process saved twice"
    );
    drop(store);

    let path = folder.path().join("00000000000000000003.checkpoint");
    let mut bytes = fs::read(&path).expect("a checkpoint");
    *bytes.last_mut().expect("a byte") ^= 1;
    fs::write(&path, bytes).expect("written");
    let (mut store, loaded) = open();
    assert_eq!(loaded.newest.expect("the older one").state, b"two");
    let [rejected] = loaded.rejected.as_slice() else {
        panic!("{loaded:?}", loaded = loaded.rejected)
    };
    assert_eq!(rejected.reason, checkpoint::RejectedReason::State);
    assert!(rejected.path.ends_with("00000000000000000003.damaged"));
    assert!(store.fall_back().expect("readable").newest.is_none());
}
