//! Followed files: growth, rotation, restart.

#[allow(dead_code, reason = "files have no listener")]
mod inputs;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use inputs::{Disk, PATIENCE};
use yagura_server::input::file::{self, FileSettings, Positions};

fn append(path: &Path, text: &str) {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.unwrap().write_all(text.as_bytes()).unwrap();
}

struct Follower<'a> {
    disk: &'a Disk,
    task: tokio::task::JoinHandle<()>,
}

impl<'a> Follower<'a> {
    fn of(disk: &'a Disk, folder: &Path, positions: &Positions) -> Self {
        let settings = FileSettings {
            paths: vec![folder.join("*.log*").to_string_lossy().into_owned()],
            ..FileSettings::default()
        };
        let run = file::run(disk.context.clone(), settings, positions.clone());
        let task = tokio::spawn(run);
        Self { disk, task }
    }

    async fn stored(&self, expected: &str) {
        let wait = async {
            while self.disk.stored() != expected {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        assert!(waited.is_ok(), "stored is {:?}", self.disk.stored());
    }

    async fn stop(self) {
        self.disk.context.stop.cancel();
        tokio::time::timeout(PATIENCE, self.task)
            .await
            .unwrap()
            .unwrap();
    }
}

#[tokio::test]
async fn growth_and_both_rotations() {
    let (disk, folder) = (Disk::new(Ok(())), tempfile::tempdir().unwrap());
    let log = folder.path().join("app.log");
    append(&log, "one\ntwo\ntorn");
    let follower = Follower::of(&disk, folder.path(), &Positions::default());
    follower.stored("one\ntwo\n").await;
    fs::rename(&log, folder.path().join("app.log.1")).unwrap();
    append(&folder.path().join("app.log.1"), " no more\n");
    follower.stored("one\ntwo\ntorn no more\n").await;
    append(&log, "new\n");
    follower.stored("one\ntwo\ntorn no more\nnew\n").await;
    fs::write(&log, "x\n").unwrap();
    follower.stored("one\ntwo\ntorn no more\nnew\nx\n").await;
    follower.stop().await;
}

#[tokio::test]
async fn a_restart_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("app.log");
    append(&log, "one\n");
    let before = (Disk::new(Ok(())), Positions::default());
    let follower = Follower::of(&before.0, folder.path(), &before.1);
    follower.stored("one\n").await;
    follower.stop().await;
    append(&log, "two\n");
    let after = (Disk::new(Ok(())), Positions::new(before.1.all()));
    let follower = Follower::of(&after.0, folder.path(), &after.1);
    follower.stored("two\n").await;
    follower.stop().await;
}

#[tokio::test]
async fn standard_input_is_read_to_its_end() {
    use yagura_server::input::stdin::{self, StdinSettings};

    let disk = Disk::new(Ok(()));
    let reader = std::io::Cursor::new(b"one\ntwo\nlast".to_vec());
    let run = stdin::run(reader, disk.context.clone(), StdinSettings::default());
    tokio::time::timeout(PATIENCE, run).await.unwrap().unwrap();
    assert_eq!(disk.stored(), "one\ntwo\nlast\n");
}
