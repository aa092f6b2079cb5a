//! An outbox in a folder that outlives it, and outputs that do as they are told.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use yagura_parsers::Timestamp;
use yagura_rules::Level;
use yagura_server::Finding;
use yagura_server::finding::{Kind, State};
use yagura_server::outbox::{Options, Outbox, Subscription};
use yagura_server::output::{
    Filter, Output, OutputStatus, Queued, Running, RunningOptions, Undelivered,
};
use yagura_server::storage::Disk;

pub struct World {
    folder: TempDir,
    pub options: Options,
}

impl World {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            options: Options {
                reserve_bytes: 0,
                ..Options::default()
            },
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn open(&self, names: &[&str]) -> (Outbox, Vec<Subscription>) {
        let outputs: Vec<_> = names.iter().map(|name| (*name, None)).collect();
        let (outbox, subscriptions, _) = Outbox::open(
            Arc::new(Disk),
            &self.path().join("outbox"),
            &self.path().join("outputs"),
            &outputs,
            &self.options,
        )
        .expect("an outbox");
        (outbox, subscriptions)
    }

    pub fn start(&self, subscription: Subscription, output: impl Output + 'static) -> Running {
        Running::start(
            subscription,
            Box::new(output),
            everything(),
            &self.path().join("outputs"),
            &quick(),
        )
        .expect("a thread")
    }

    pub fn dead_letters(&self, name: &str) -> Vec<serde_json::Value> {
        let path = self
            .path()
            .join("outputs")
            .join(format!("{name}.dead.jsonl"));
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }
}

pub fn everything() -> Filter {
    Filter {
        kinds: vec![Kind::Detection, Kind::Alert, Kind::Incident],
        min_level: Level::Informational,
        states: vec![State::Open, State::Update, State::Closed],
    }
}

pub fn quick() -> RunningOptions {
    RunningOptions {
        batch_max: 7,
        linger: Duration::from_millis(1),
        retry_first: Duration::from_millis(1),
        retry_longest: Duration::from_millis(20),
        save_every: Duration::from_millis(10),
        ..RunningOptions::default()
    }
}

/// The `number`th state of an alert.
pub fn alert(id: u128, number: u32) -> Finding {
    let (state, name) = match number {
        0 => (State::Open, "open"),
        _ => (State::Update, "update"),
    };
    let time = Timestamp(1_700_000_000_000_000_000 + i64::from(number) * 1_000_000_000);
    Finding {
        kind: Kind::Alert,
        state: Some(state),
        id,
        time,
        level: Level::High,
        rule: "r-1".to_owned(),
        title: "Many failures".to_owned(),
        json: format!(
            r#"{{"kind":"alert","id":"{id:032x}","state":"{name}","time":"{time}","count":{number},"entities":{{"host":["WS{id}"]}}}}"#
        )
        .into_bytes(),
    }
}

/// Appends and makes durable.
pub fn publish(outbox: &mut Outbox, findings: &[Finding]) {
    for finding in findings {
        outbox.append(finding).expect("appended");
    }
    outbox.commit().expect("durable");
}

/// Stops it after what is there was delivered; says how it was then.
pub fn finish(running: Running) -> OutputStatus {
    let status = Arc::clone(running.status());
    let until = Instant::now() + Duration::from_secs(20);
    running.begin_stop(until);
    assert!(running.join(until + Duration::from_secs(20)), "did not end");
    status.snapshot()
}

/// Stops it at once, as it is.
pub fn break_off(running: Running) {
    running.begin_stop(Instant::now());
    assert!(
        running.join(Instant::now() + Duration::from_secs(20)),
        "did not end"
    );
}

pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < until, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

type Rule = Box<dyn FnMut(&Queued) -> Result<(), Undelivered> + Send>;

/// Keeps what it is given, if its rule says so.
#[derive(Clone)]
pub struct Told {
    pub got: Arc<Mutex<Vec<Queued>>>,
    rule: Arc<Mutex<Rule>>,
}

impl Told {
    pub fn new(rule: impl FnMut(&Queued) -> Result<(), Undelivered> + Send + 'static) -> Self {
        Self {
            got: Arc::default(),
            rule: Arc::new(Mutex::new(Box::new(rule))),
        }
    }

    pub fn follow(&self, rule: impl FnMut(&Queued) -> Result<(), Undelivered> + Send + 'static) {
        *self.rule.lock().expect("unpoisoned") = Box::new(rule);
    }

    pub fn findings(&self) -> Vec<Finding> {
        let got = self.got.lock().expect("unpoisoned");
        got.iter().map(|queued| queued.finding.clone()).collect()
    }
}

impl Output for Told {
    fn deliver(&mut self, batch: &[Queued]) -> Result<(), Undelivered> {
        for (at, queued) in batch.iter().enumerate() {
            let mut rule = self.rule.lock().expect("unpoisoned");
            rule(queued).map_err(|undelivered| Undelivered {
                delivered: at,
                ..undelivered
            })?;
            self.got.lock().expect("unpoisoned").push(queued.clone());
        }
        Ok(())
    }
}
