use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::receipt::{Receipt, Refused};
use super::{Health, OwnedRecord, Position, Room};

/// Counted for a record beside its payload.
const RECORD_BYTES: u64 = 128;

/// A record on its way to the spool, and who waits for it.
pub(super) struct Submission {
    pub(super) record: OwnedRecord,
    pub(super) receipt: Box<dyn Receipt>,
}

impl Submission {
    fn bytes(&self) -> u64 {
        self.record.payload.len() as u64 + RECORD_BYTES
    }
}

/// What the thread that writes is to do next.
#[derive(Default)]
pub(super) struct Work {
    pub(super) submissions: Vec<Submission>,
    pub(super) release: Option<Position>,
    /// Nothing comes after this.
    pub(super) is_last: bool,
}

type Watcher = Box<dyn Fn() + Send + Sync>;

/// Between many producers and the thread that writes: bounded by bytes, emptied all at once.
pub(super) struct Queue {
    inner: Mutex<Inner>,
    /// For the thread that writes.
    filled: Condvar,
    /// For producers: there is room in the queue, or the spool's room changed.
    changed: Condvar,
    watchers: Mutex<Vec<Watcher>>,
    bytes_max: u64,
}

#[derive(Default)]
struct Inner {
    submissions: Vec<Submission>,
    bytes: u64,
    release: Option<Position>,
    closed: bool,
    /// A producer was turned away and waits to be told when to come again.
    turned_away: bool,
    health: Health,
}

impl Queue {
    pub(super) fn new(bytes_max: u64, health: Health) -> Self {
        Self {
            inner: Mutex::new(Inner {
                health,
                ..Inner::default()
            }),
            filled: Condvar::new(),
            changed: Condvar::new(),
            watchers: Mutex::default(),
            bytes_max,
        }
    }

    /// No code panics while it holds the lock, so a poisoned one is as good as any.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One submission is always taken, however large.
    fn is_full_for(&self, inner: &Inner, bytes: u64) -> bool {
        !inner.closed && inner.bytes > 0 && inner.bytes.saturating_add(bytes) > self.bytes_max
    }

    /// Waits until there is room in the queue.
    pub(super) fn push(&self, submission: Submission) {
        let bytes = submission.bytes();
        let inner = self
            .changed
            .wait_while(self.inner(), |inner| self.is_full_for(inner, bytes))
            .unwrap_or_else(PoisonError::into_inner);
        self.push_into(inner, submission);
    }

    /// Gives the submission back if there is no room in the queue.
    pub(super) fn try_push(&self, submission: Submission) -> Result<(), Submission> {
        let mut inner = self.inner();
        if self.is_full_for(&inner, submission.bytes()) {
            inner.turned_away = true;
            return Err(submission);
        }
        self.push_into(inner, submission);
        Ok(())
    }

    fn push_into(&self, mut inner: MutexGuard<'_, Inner>, submission: Submission) {
        if inner.closed {
            inner.health.refused.closed += 1;
            drop(inner);
            submission.receipt.done(Err(Refused::Closed));
            return;
        }
        inner.bytes += submission.bytes();
        inner.submissions.push(submission);
        drop(inner);
        self.filled.notify_one();
    }

    pub(super) fn release(&self, up_to: Position) {
        let mut inner = self.inner();
        inner.release = inner.release.max(Some(up_to));
        drop(inner);
        self.filled.notify_one();
    }

    /// Waits for work, or until it is time to look after a spool that takes nothing. Once there
    /// is some, waits `linger` for more, unless there are `batch_bytes` already.
    pub(super) fn take(&self, limit: Option<Duration>, linger: Duration, batch_bytes: u64) -> Work {
        let is_idle = |inner: &mut Inner| {
            inner.submissions.is_empty() && inner.release.is_none() && !inner.closed
        };
        let inner = self.inner();
        let mut inner = match limit {
            None => self
                .filled
                .wait_while(inner, is_idle)
                .unwrap_or_else(PoisonError::into_inner),
            Some(limit) => {
                let waited = self.filled.wait_timeout_while(inner, limit, is_idle);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        if !inner.submissions.is_empty() && !linger.is_zero() {
            let is_short = |inner: &mut Inner| inner.bytes < batch_bytes && !inner.closed;
            let waited = self.filled.wait_timeout_while(inner, linger, is_short);
            inner = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let work = Work {
            submissions: std::mem::take(&mut inner.submissions),
            release: inner.release.take(),
            is_last: inner.closed,
        };
        inner.bytes = 0;
        let is_awaited = std::mem::take(&mut inner.turned_away);
        drop(inner);
        self.changed.notify_all();
        if is_awaited {
            self.tell_watchers();
        }
        work
    }

    pub(super) fn close(&self) {
        self.inner().closed = true;
        self.filled.notify_all();
        self.changed.notify_all();
    }

    /// Refuses all that is still waiting, after the thread that writes has ended.
    pub(super) fn refuse_rest(&self) {
        let mut inner = self.inner();
        inner.closed = true;
        let rest = std::mem::take(&mut inner.submissions);
        inner.bytes = 0;
        inner.health.refused.closed += rest.len() as u64;
        drop(inner);
        self.changed.notify_all();
        for submission in rest {
            submission.receipt.done(Err(Refused::Closed));
        }
        self.tell_watchers();
    }

    pub(super) fn health(&self) -> Health {
        self.inner().health.clone()
    }

    pub(super) fn set_health(&self, mut health: Health) {
        let mut inner = self.inner();
        let is_news = inner.health.room != health.room;
        // Counted here, by the producers themselves.
        health.refused.closed = inner.health.refused.closed;
        inner.health = health;
        drop(inner);
        if is_news {
            self.changed.notify_all();
            self.tell_watchers();
        }
    }

    pub(super) fn wait_for_room(&self, limit: Duration) -> Room {
        let is_shut = |inner: &mut Inner| inner.health.room != Room::Open && !inner.closed;
        let waited = self
            .changed
            .wait_timeout_while(self.inner(), limit, is_shut);
        waited.unwrap_or_else(PoisonError::into_inner).0.health.room
    }

    pub(super) fn watch(&self, watcher: Watcher) {
        self.watchers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(watcher);
    }

    fn tell_watchers(&self) {
        for watcher in self
            .watchers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            watcher();
        }
    }
}
