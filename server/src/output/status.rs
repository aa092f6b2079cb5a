use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::outbox::{Cursor, OutboxLevel};

/// How an output does; counters only grow.
#[derive(Debug)]
pub struct Status {
    name: String,
    cursor: Arc<Cursor>,
    level: Arc<OutboxLevel>,
    pub(super) delivered: AtomicU64,
    pub(super) filtered: AtomicU64,
    pub(super) retried: AtomicU64,
    pub(super) dead: AtomicU64,
    pub(super) damaged: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) lost_bytes: AtomicU64,
    pub(super) dead_discarded: AtomicU64,
    pub(super) ended: AtomicBool,
    reason: Mutex<Option<String>>,
}

/// What [`Status`] was at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutputStatus {
    /// The output.
    pub name: String,
    /// Findings that it got.
    pub delivered: u64,
    /// Findings that its filter left out.
    pub filtered: u64,
    /// Attempts that failed and were made again.
    pub retried: u64,
    /// Findings in the dead-letter file.
    pub dead: u64,
    /// Records of the outbox that are no findings; they are in the dead-letter file too.
    pub damaged: u64,
    /// Findings that not even the dead-letter file took.
    pub lost: u64,
    /// Bytes of the outbox that were given up or unreadable before this output came to them.
    pub lost_bytes: u64,
    /// Dead letters that were overwritten because there were too many.
    pub dead_discarded: u64,
    /// Bytes of the outbox before it.
    pub lag_bytes: u64,
    /// Why it does not work, if it does not.
    pub reason: Option<String>,
    /// Whether its thread has ended.
    pub ended: bool,
}

impl Status {
    pub(super) fn new(name: &str, cursor: Arc<Cursor>, level: Arc<OutboxLevel>) -> Self {
        Self {
            name: name.to_owned(),
            cursor,
            level,
            delivered: AtomicU64::new(0),
            filtered: AtomicU64::new(0),
            retried: AtomicU64::new(0),
            dead: AtomicU64::new(0),
            damaged: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            lost_bytes: AtomicU64::new(0),
            dead_discarded: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            reason: Mutex::new(None),
        }
    }

    /// How it is now.
    pub fn snapshot(&self) -> OutputStatus {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        OutputStatus {
            name: self.name.clone(),
            delivered: read(&self.delivered),
            filtered: read(&self.filtered),
            retried: read(&self.retried),
            dead: read(&self.dead),
            damaged: read(&self.damaged),
            lost: read(&self.lost),
            lost_bytes: read(&self.lost_bytes),
            dead_discarded: read(&self.dead_discarded),
            lag_bytes: self.level.bytes_after(self.cursor.position()),
            reason: self.lock_reason().clone(),
            ended: self.ended.load(Ordering::Acquire),
        }
    }

    /// Says why it does not work, or that it does again; what is new goes to the log too.
    pub(super) fn set_reason(&self, reason: Option<String>) {
        let mut current = self.lock_reason();
        if *current == reason {
            return;
        }
        if let Some(reason) = &reason {
            tracing::warn!(output = self.name, "{reason}");
        } else {
            tracing::info!(output = self.name, "works again");
        }
        *current = reason;
    }

    fn lock_reason(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.reason.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn count(counter: &AtomicU64, more: usize) {
    counter.fetch_add(more as u64, Ordering::Relaxed);
}
