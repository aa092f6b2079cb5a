use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::queue::{Queue, Submission};
use super::receipt::{Outcome, Receipt, Refused};
use super::{
    AppendError, Health, OwnedRecord, Position, Reader, Readers, RefusedCounts, Room, Spool,
};
use crate::storage::Failure;

const RETRY_AFTER_MIN: Duration = Duration::from_millis(100);
const RETRY_AFTER_MAX: Duration = Duration::from_secs(10);
/// How often a full spool looks whether the file system has space again.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// How a [`Writer`] gathers records.
#[derive(Debug, Clone)]
pub struct WriterOptions {
    /// Bytes that may wait to be written; as many may be under way.
    pub queue_bytes: u64,
    /// How long a batch waits for more records before it is written. Zero: not at all; those that
    /// come during a sync make the next batch.
    pub linger: Duration,
    /// A batch of so many bytes waits no longer.
    pub batch_bytes: u64,
}

impl Default for WriterOptions {
    /// 32 MiB, no waiting.
    fn default() -> Self {
        Self {
            queue_bytes: 32 << 20,
            linger: Duration::ZERO,
            batch_bytes: 1 << 20,
        }
    }
}

/// A thread that owns a spool and makes records of many producers durable, as many as there are
/// with one sync. Dropping it writes what waits and ends the thread.
pub struct Writer {
    queue: Arc<Queue>,
    readers: Readers,
    thread: Option<JoinHandle<()>>,
}

/// Hands records to a [`Writer`]; one for each producer.
#[derive(Clone)]
pub struct Sender(Arc<Queue>);

/// There is no room in the queue: record and receipt come back.
pub struct Busy {
    /// The record.
    pub record: OwnedRecord,
    /// Its receipt, not told anything.
    pub receipt: Box<dyn Receipt>,
}

impl Writer {
    /// Starts the thread.
    pub fn start(spool: Spool, options: WriterOptions) -> io::Result<Self> {
        let readers = spool.readers();
        let mut writing = Writing::new(spool, options.queue_bytes);
        let health = writing.health();
        let queue = Arc::new(Queue::new(options.queue_bytes, health));
        let shared = queue.clone();
        let thread = thread::Builder::new().name("spool".into()).spawn(move || {
            // Also if a receipt panics: nobody may wait for a thread that is gone.
            let _end = RefuseRest(&shared);
            writing.run(&shared, &options);
        })?;
        Ok(Self {
            queue,
            readers,
            thread: Some(thread),
        })
    }

    /// For a producer.
    pub fn sender(&self) -> Sender {
        Sender(self.queue.clone())
    }

    /// Reads what is committed, from this position on.
    pub fn reader(&self, from: Position) -> Reader {
        self.readers.reader(from)
    }

    /// Has whole segments before this position removed, soon.
    pub fn release(&self, up_to: Position) {
        self.queue.release(up_to);
    }

    /// How the spool does.
    pub fn health(&self) -> Health {
        self.queue.health()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            // A panic was reported when it happened, and its queue was refused.
            let _ = thread.join();
        }
    }
}

impl Sender {
    /// Hands a record over; waits while the queue is full. The receipt is told what became of it.
    pub fn send(&self, record: OwnedRecord, receipt: impl Receipt + 'static) {
        self.0.push(Submission {
            record,
            receipt: Box::new(receipt),
        });
    }

    /// Hands a record over, or gives it back at once if the queue is full. Watchers are told
    /// when it is worth trying again.
    pub fn try_send(&self, record: OwnedRecord, receipt: Box<dyn Receipt>) -> Result<(), Busy> {
        let pushed = self.0.try_push(Submission { record, receipt });
        pushed.map_err(|Submission { record, receipt }| Busy { record, receipt })
    }

    /// Whether records are taken at the moment: inputs that can make their senders wait ask
    /// before they read, others answer "try later" when not.
    pub fn room(&self) -> Room {
        self.0.health().room
    }

    /// Waits until records are taken, the spool is closed, or the time is over.
    pub fn wait_for_room(&self, limit: Duration) -> Room {
        self.0.wait_for_room(limit)
    }

    /// Calls back whenever [`Sender::room`] changed, or the queue has room for those it sent
    /// away. The callback must not block.
    pub fn watch(&self, callback: impl Fn() + Send + Sync + 'static) {
        self.0.watch(Box::new(callback));
    }
}

struct RefuseRest<'a>(&'a Queue);

impl Drop for RefuseRest<'_> {
    fn drop(&mut self) {
        self.0.refuse_rest();
    }
}

/// What the thread works with.
struct Writing {
    spool: Spool,
    room: Room,
    /// Free bytes below which producers are asked to wait: what may be in the queue by then.
    headroom_bytes: u64,
    retry_at: Instant,
    retry_after: Duration,
    counted: Counted,
}

#[derive(Default)]
struct Counted {
    records: u64,
    payload_bytes: u64,
    commits: u64,
    refused: RefusedCounts,
    failures: u64,
    last_failure: Option<Failure>,
}

/// Appended, and not yet known to be durable.
struct Waiting {
    position: Position,
    payload_bytes: u64,
    receipt: Box<dyn Receipt>,
}

impl Writing {
    fn new(spool: Spool, queue_bytes: u64) -> Self {
        let mut writing = Self {
            headroom_bytes: queue_bytes.min(spool.limit_bytes() / 8),
            spool,
            room: Room::Open,
            retry_at: Instant::now(),
            retry_after: RETRY_AFTER_MIN,
            counted: Counted::default(),
        };
        if let Some(failure) = writing.spool.failure().cloned() {
            writing.failed(failure);
        }
        writing.look_for_room();
        writing
    }

    fn run(&mut self, queue: &Queue, options: &WriterOptions) {
        loop {
            let limit = match self.room {
                Room::Open => None,
                Room::Full => Some(LOOK_AGAIN_AFTER),
                Room::Failing => Some(self.retry_at.saturating_duration_since(Instant::now())),
            };
            let work = queue.take(limit, options.linger, options.batch_bytes);
            if let Some(up_to) = work.release
                && let Err(failure) = self.spool.release(up_to)
            {
                self.counted.failures += 1;
                self.counted.last_failure = Some(failure);
            }
            self.retry_if_due();
            let receipts = self.write(work.submissions);
            self.look_for_room();
            // Before the receipts: who is told that a record is durable can see it counted.
            queue.set_health(self.health());
            for (receipt, outcome) in receipts {
                receipt.done(outcome);
            }
            if work.is_last {
                break;
            }
        }
    }

    fn retry_if_due(&mut self) {
        if self.spool.failure().is_none() || Instant::now() < self.retry_at {
            return;
        }
        match self.spool.retry() {
            Ok(()) => self.retry_after = RETRY_AFTER_MIN,
            Err(failure) => self.failed(failure),
        }
    }

    fn failed(&mut self, failure: Failure) {
        self.counted.failures += 1;
        self.counted.last_failure = Some(failure);
        self.retry_at = Instant::now() + self.retry_after;
        self.retry_after = (self.retry_after * 2).min(RETRY_AFTER_MAX);
    }

    /// Appends and commits a batch; what is to be told to whom.
    fn write(&mut self, submissions: Vec<Submission>) -> Vec<(Box<dyn Receipt>, Outcome)> {
        let mut outcomes = Vec::with_capacity(submissions.len());
        let mut waiting = Vec::with_capacity(submissions.len());
        for Submission { record, receipt } in submissions {
            let appended = match self.spool.failure() {
                Some(failure) => Err(AppendError::Failed(failure.clone())),
                None => self.spool.append(&record.as_record()),
            };
            match appended {
                Ok(position) => {
                    let payload_bytes = record.payload.len() as u64;
                    waiting.push(Waiting {
                        position,
                        payload_bytes,
                        receipt,
                    });
                }
                Err(error) => {
                    let refused = Refused::NotTaken(error);
                    self.counted.refused.count(&refused);
                    outcomes.push((receipt, Err(refused)));
                }
            }
        }
        self.commit(waiting, &mut outcomes);
        outcomes
    }

    fn commit(&mut self, waiting: Vec<Waiting>, outcomes: &mut Vec<(Box<dyn Receipt>, Outcome)>) {
        let (durable, failure) = match self.spool.commit() {
            Ok(durable) => (durable, None),
            Err(error) => (error.durable, Some(error.failure)),
        };
        self.counted.commits += u64::from(!waiting.is_empty() && failure.is_none());
        for Waiting {
            position,
            payload_bytes,
            receipt,
        } in waiting
        {
            let outcome = match &failure {
                Some(failure) if position >= durable => Err(Refused::Unknown(failure.clone())),
                _ => Ok(position),
            };
            match &outcome {
                Ok(_) => {
                    self.counted.records += 1;
                    self.counted.payload_bytes += payload_bytes;
                }
                Err(refused) => self.counted.refused.count(refused),
            }
            outcomes.push((receipt, outcome));
        }
        if let Some(failure) = failure {
            self.failed(failure);
        }
    }

    /// Asked for twice the headroom before it opens again, so that it does not flutter.
    fn look_for_room(&mut self) {
        let wanted = match self.room {
            Room::Open => self.headroom_bytes,
            Room::Full | Room::Failing => 2 * self.headroom_bytes,
        };
        self.room = if self.spool.failure().is_some() {
            Room::Failing
        } else if self.spool.admits(wanted).is_err() {
            Room::Full
        } else {
            Room::Open
        };
    }

    fn health(&self) -> Health {
        let counted = &self.counted;
        Health {
            room: self.room,
            used_bytes: self.spool.used_bytes(),
            limit_bytes: self.spool.limit_bytes(),
            segments: self.spool.segments(),
            durable: self.spool.durable(),
            records: counted.records,
            payload_bytes: counted.payload_bytes,
            commits: counted.commits,
            refused: counted.refused,
            failures: counted.failures,
            last_failure: counted.last_failure.clone(),
        }
    }
}
