use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use std::{io, thread};

use super::batch::{Batch, Batches};
use super::dead_letter::DeadLetters;
use super::filter::Filter;
use super::status::{Status, count};
use super::{Backoff, Output, Queued, Why};
use crate::outbox::{Cursor, OutboxLevel, Subscription};

/// How an output's thread goes about it.
#[derive(Clone, Debug)]
pub struct RunningOptions {
    /// Findings delivered at once, at most.
    pub batch_max: usize,
    /// How long a batch waits to become full.
    pub linger: Duration,
    /// How long after the first failure the second attempt is made; see [`Backoff`].
    pub retry_first: Duration,
    /// How long to wait between attempts, at most.
    pub retry_longest: Duration,
    /// How often the cursor is written. What was delivered since goes out again after a crash.
    pub save_every: Duration,
    /// Bytes of a dead-letter file; there are two at most.
    pub dead_letter_limit_bytes: u64,
}

impl Default for RunningOptions {
    fn default() -> Self {
        Self {
            batch_max: 500,
            linger: Duration::from_millis(100),
            retry_first: Duration::from_millis(200),
            retry_longest: Duration::from_secs(60),
            save_every: Duration::from_secs(1),
            dead_letter_limit_bytes: 256 << 20,
        }
    }
}

/// An output at work, in a thread of its own.
pub struct Running {
    status: Arc<Status>,
    stop: Arc<Stop>,
    thread: JoinHandle<()>,
}

impl Running {
    /// Starts it. Its dead-letter file is `NAME.dead.jsonl` in `folder`.
    pub fn start(
        subscription: Subscription,
        output: Box<dyn Output>,
        filter: Filter,
        folder: &Path,
        options: &RunningOptions,
    ) -> io::Result<Self> {
        let Subscription {
            name,
            reader,
            cursor,
            level,
            limit_bytes,
        } = subscription;
        let status = Status::new(&name, Arc::clone(&cursor), Arc::clone(&level));
        let status = Arc::new(status);
        let stop = Arc::<Stop>::default();
        let dead_path = folder.join(format!("{name}.dead.jsonl"));
        let runner = Runner {
            output,
            filter,
            batches: Batches::new(reader, options.batch_max.max(1), options.linger),
            cursor,
            level,
            limit_bytes,
            status: Arc::clone(&status),
            dead: DeadLetters::new(&name, dead_path, options.dead_letter_limit_bytes),
            backoff: Backoff::new(options.retry_first, options.retry_longest),
            save_every: options.save_every,
            saved: Instant::now(),
            stop: Arc::clone(&stop),
        };
        let thread = thread::Builder::new().name(format!("output {name}"));
        let thread = thread.spawn(move || runner.run())?;
        Ok(Self {
            status,
            stop,
            thread,
        })
    }

    /// How it does.
    pub fn status(&self) -> &Arc<Status> {
        &self.status
    }

    /// Tells it to deliver what is there until this time, and then to end. The analysis must have
    /// committed all before.
    pub fn begin_stop(&self, deadline: Instant) {
        self.stop.begin(deadline);
    }

    /// Waits until it has ended, if it does by this time; says whether it did. One that did not
    /// is in the midst of a delivery, and is left to it: what it does not finish goes out again
    /// after the next start.
    pub fn join(self, until: Instant) -> bool {
        while !self.thread.is_finished() {
            if Instant::now() >= until {
                return false;
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.thread.join().is_ok()
    }
}

/// The wish that a thread ends, and by when.
#[derive(Default)]
struct Stop {
    deadline: Mutex<Option<Instant>>,
    changed: Condvar,
}

impl Stop {
    fn begin(&self, deadline: Instant) {
        *self.lock() = Some(deadline);
        self.changed.notify_all();
    }

    fn deadline(&self) -> Option<Instant> {
        *self.lock()
    }

    /// Sleeps; wakes early when the stop begins, or at its deadline.
    fn sleep(&self, time: Duration) {
        let deadline = self.lock();
        let known = *deadline;
        let left = known.map_or(time, |at| at.saturating_duration_since(Instant::now()));
        let time = time.min(left);
        drop(
            self.changed
                .wait_timeout_while(deadline, time, |deadline| *deadline == known),
        );
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.deadline.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Runner {
    output: Box<dyn Output>,
    filter: Filter,
    batches: Batches,
    cursor: Arc<Cursor>,
    level: Arc<OutboxLevel>,
    limit_bytes: u64,
    status: Arc<Status>,
    dead: DeadLetters,
    backoff: Backoff,
    save_every: Duration,
    saved: Instant,
    stop: Arc<Stop>,
}

/// Whether to go on.
#[derive(PartialEq, Eq)]
enum Next {
    Batch,
    End,
}

impl Runner {
    fn run(mut self) {
        let _ended = Ended(Arc::clone(&self.status));
        loop {
            // Asked before: what came between a look and the wish to stop is still delivered.
            let stops = self.stop.deadline().is_some();
            let batch = self.batches.next(&self.filter);
            let is_last = batch.queued.is_empty() && batch.at_end;
            if self.handle(batch) == Next::End || (is_last && stops) {
                break;
            }
            if self.is_late() {
                break;
            }
            if self.saved.elapsed() >= self.save_every {
                self.save_cursor();
            }
        }
        if let Err(reason) = self.output.finish() {
            self.status.set_reason(Some(reason));
        }
        self.save_cursor();
    }

    fn handle(&mut self, batch: Batch) -> Next {
        count(&self.status.filtered, batch.filtered);
        for lost in &batch.lost {
            let bytes = lost.to.bytes_since(lost.from);
            count(
                &self.status.lost_bytes,
                usize::try_from(bytes).unwrap_or(usize::MAX),
            );
            let (from, to, reason) = (lost.from, lost.to, lost.reason);
            self.status.set_reason(Some(format!(
                "findings between positions {from} and {to} of the outbox are lost to this output: {reason:?}"
            )));
        }
        for (bytes, error) in &batch.damaged {
            count(&self.status.damaged, 1);
            self.bury(&[bytes], &format!("no finding: {error}"));
        }
        if let Some(failure) = batch.failure {
            self.status.set_reason(Some(failure.to_string()));
            // The reader stays where it is and tries again; its wait may return at once.
            self.stop.sleep(super::batch::PAUSE);
            if self.is_late() {
                return Next::End;
            }
        }
        if batch.queued.is_empty() {
            if batch.at_end {
                self.rest();
            }
        } else if self.deliver(&batch.queued) == Next::End {
            return Next::End;
        }
        self.cursor.advance(batch.next);
        Next::Batch
    }

    fn rest(&mut self) {
        match self.output.idle() {
            Ok(()) => self.status.set_reason(None),
            Err(reason) => self.status.set_reason(Some(reason)),
        }
        // An outbox that is closed makes nobody wait; this does.
        if self.stop.deadline().is_none() {
            self.stop.sleep(Duration::from_millis(10));
        }
    }

    /// Delivers, again and again if need be, until nothing is left or time is up.
    fn deliver(&mut self, batch: &[Queued]) -> Next {
        let mut left = batch;
        loop {
            left = self.shed(left);
            if let Some(first) = left.first() {
                self.cursor.advance(first.position);
            } else {
                return Next::Batch;
            }
            let Err(undelivered) = self.output.deliver(left) else {
                count(&self.status.delivered, left.len());
                self.works();
                return Next::Batch;
            };
            let delivered = undelivered.delivered.min(left.len());
            count(&self.status.delivered, delivered);
            let (_, rest) = left.split_at(delivered);
            left = rest;
            if delivered > 0 {
                self.backoff.reset();
            }
            match (undelivered.why, left.split_first()) {
                (Why::Refused { reason }, Some((refused, rest))) => {
                    self.bury(&[&refused.finding.json], &reason);
                    self.works();
                    left = rest;
                }
                (Why::Later { reason, after }, Some(_)) => {
                    count(&self.status.retried, 1);
                    self.status.set_reason(Some(reason));
                    left = self.wait(left, after);
                    if self.is_late() {
                        if let Some(first) = left.first() {
                            self.cursor.advance(first.position);
                            return Next::End;
                        }
                        return Next::Batch;
                    }
                }
                (Why::Paused, Some((first, _))) => {
                    self.works();
                    self.cursor.advance(first.position);
                    if self.is_late() {
                        return Next::End;
                    }
                }
                (_, None) => return Next::Batch,
            }
        }
    }

    fn works(&mut self) {
        self.backoff.reset();
        self.status.set_reason(None);
    }

    /// Waits before the next attempt, and keeps the outbox from filling up meanwhile.
    fn wait<'a>(&mut self, mut left: &'a [Queued], after: Option<Duration>) -> &'a [Queued] {
        let was_stopping = self.stop.deadline().is_some();
        let until = Instant::now() + self.backoff.next_delay(after);
        loop {
            let now = Instant::now();
            let stops = self.stop.deadline().is_some() && !was_stopping;
            if now >= until || left.is_empty() || stops || self.is_late() {
                return left;
            }
            self.stop.sleep((until - now).min(Duration::from_secs(1)));
            left = self.shed(left);
            if let Some(first) = left.first() {
                self.cursor.advance(first.position);
            }
            if self.saved.elapsed() >= self.save_every {
                self.save_cursor();
            }
        }
    }

    fn is_late(&self) -> bool {
        let deadline = self.stop.deadline();
        deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Moves what the outbox has no room for to the dead letters.
    fn shed<'a>(&mut self, left: &'a [Queued]) -> &'a [Queued] {
        // One that works catches up after a burst. Only just before the outbox would have to let
        // go without a word does it lose something too.
        let limit_bytes = if self.backoff.is_waiting() {
            self.limit_bytes
        } else {
            self.limit_bytes.saturating_add(self.limit_bytes / 2)
        };
        let is_too_far = |queued: &Queued| self.level.bytes_after(queued.position) > limit_bytes;
        let (far, rest) =
            left.split_at(left.iter().take_while(|queued| is_too_far(queued)).count());
        if !far.is_empty() {
            let records: Vec<&[u8]> = far.iter().map(|far| &*far.finding.json).collect();
            let why = self.status.snapshot().reason;
            let why = why.unwrap_or_else(|| "it is too slow".to_owned());
            self.bury(
                &records,
                &format!("the output was more than {limit_bytes} bytes behind: {why}"),
            );
        }
        rest
    }

    fn bury(&mut self, records: &[&[u8]], reason: &str) {
        match self.dead.write(records, reason) {
            Ok(discarded) => {
                count(&self.status.dead, records.len());
                self.status
                    .dead_discarded
                    .fetch_add(discarded, Ordering::Relaxed);
            }
            Err(error) => {
                count(&self.status.lost, records.len());
                self.status.set_reason(Some(format!(
                    "{} findings are lost ({reason}): the dead-letter file cannot be written: {error}",
                    records.len()
                )));
            }
        }
    }

    fn save_cursor(&mut self) {
        self.saved = Instant::now();
        if let Err(error) = self.cursor.save() {
            self.status.set_reason(Some(error.to_string()));
        }
    }
}

/// Says that the thread is gone, also if it panicked.
struct Ended(Arc<Status>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.ended.store(true, Ordering::Release);
    }
}
