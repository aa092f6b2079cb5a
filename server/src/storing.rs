//! The thread that owns the spool: puts what the inputs hand over on disk, and says so.
//!
//! ```text
//!  deliveries ─▶ all that are there ─▶ one entry a source and format ─▶ one commit ─▶ receipts
//! ```
//!
//! While one `fsync` runs, deliveries gather for the next, so the busier it is the larger the
//! batches are. A spool that is full or fails holds deliveries back, which holds back the inputs:
//! nothing is thrown away. Those whose sender is told when ([`Delivery::deadline`]) are refused
//! at that time.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::UnboundedReceiver;
use yagura_parsers::{Format, Timestamp};

use crate::clock;
use crate::entry;
use crate::intake::{Delivery, Refused};
use crate::parcel::PARCEL_BYTES_MAX;
use crate::spool::{AppendError, Position, Spool};

/// What others see of the spool, and ask of it.
#[derive(Clone, Debug, Default)]
pub struct Handle(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    release: AtomicU64,
    stop: AtomicBool,
    used_bytes: AtomicU64,
    limit_bytes: AtomicU64,
    segments: AtomicU64,
    durable: AtomicU64,
    commits: AtomicU64,
    trouble: Mutex<Option<Trouble>>,
}

/// Why nothing is taken at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Whether it is only full: that ends by itself when events are processed.
    pub is_full: bool,
    /// What to know and do.
    pub reason: Arc<str>,
}

/// The state of the spool.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Bytes on disk.
    pub used_bytes: u64,
    /// Bytes it may have.
    pub limit_bytes: u64,
    /// Its files.
    pub segments: u64,
    /// Up to where all is durable.
    pub durable: Position,
    /// Commits so far.
    pub commits: u64,
    /// Why nothing is taken, if so.
    pub trouble: Option<Trouble>,
}

impl Handle {
    /// What is before is not needed any more.
    pub fn release(&self, up_to: Position) {
        self.0.release.fetch_max(up_to.get(), Ordering::Relaxed);
    }

    /// Ends the thread: what was handed over by then is stored or refused.
    pub fn stop(&self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }

    /// How it is.
    pub fn health(&self) -> Health {
        let of = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let trouble = self
            .0
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Health {
            used_bytes: of(&self.0.used_bytes),
            limit_bytes: of(&self.0.limit_bytes),
            segments: of(&self.0.segments),
            durable: Position::new(of(&self.0.durable)),
            commits: of(&self.0.commits),
            trouble: trouble.clone(),
        }
    }

    fn note(&self, trouble: Option<Trouble>) {
        let mut noted = self
            .0
            .trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if *noted != trouble {
            if let Some(Trouble { reason, .. }) = &trouble {
                tracing::warn!(%reason, "the spool takes nothing");
            } else {
                tracing::info!("the spool takes events again");
            }
        }
        *noted = trouble;
    }
}

/// Deliveries of one source and format that are stored as one entry.
struct Group {
    format: Format,
    received: Timestamp,
    payload: Vec<u8>,
    deliveries: Vec<Delivery>,
}

/// See the module.
pub struct Storing {
    spool: Spool,
    queue: UnboundedReceiver<Delivery>,
    handle: Handle,
    /// Taken from the queue, not stored yet.
    waiting: VecDeque<Delivery>,
    /// The queue's end here has no other way to wait for a while.
    runtime: Runtime,
}

/// Bytes that one commit takes at most.
const COMMIT_BYTES: usize = 8 << 20;
/// How often a spool in trouble is tried again.
const RETRY: Duration = Duration::from_millis(50);

impl Storing {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        spool: Spool,
        limit_bytes: u64,
        queue: UnboundedReceiver<Delivery>,
    ) -> std::io::Result<(Handle, thread::JoinHandle<()>)> {
        let handle = Handle::default();
        handle.0.limit_bytes.store(limit_bytes, Ordering::Relaxed);
        let mut storing = Self {
            spool,
            queue,
            handle: handle.clone(),
            waiting: VecDeque::new(),
            runtime: Builder::new_current_thread().enable_time().build()?,
        };
        storing.report();
        let thread = thread::Builder::new()
            .name("spool".to_owned())
            .spawn(move || storing.run())?;
        Ok((handle, thread))
    }

    fn run(&mut self) {
        while self.gather() {
            self.release();
            if self.waiting.is_empty() {
                continue;
            }
            let groups = self.group();
            self.store(groups);
            self.report();
            if !self.waiting.is_empty() {
                self.wait_in_trouble();
            }
        }
        self.release();
        for delivery in self.waiting.drain(..) {
            delivery.resolve(Err(Refused::Stopping), clock::now());
        }
        self.report();
    }

    /// Takes what is there, and waits a moment if nothing is. False: it is time to end.
    fn gather(&mut self) -> bool {
        let mut bytes: usize = self.waiting.iter().map(|d| d.parcel.bytes.len()).sum();
        while bytes < COMMIT_BYTES {
            match self.queue.try_recv() {
                Ok(delivery) => {
                    bytes += delivery.parcel.bytes.len();
                    self.waiting.push_back(delivery);
                }
                Err(_) if !self.waiting.is_empty() => break,
                Err(_) if self.handle.0.stop.load(Ordering::Relaxed) => return false,
                Err(_) => match self.next() {
                    Some(delivery) => {
                        bytes += delivery.parcel.bytes.len();
                        self.waiting.push_back(delivery);
                    }
                    None => return !self.queue.is_closed() || !self.queue.is_empty(),
                },
            }
        }
        true
    }

    /// The next delivery, if it comes soon: releasing and stopping do not wait for ever.
    fn next(&mut self) -> Option<Delivery> {
        let queue = &mut self.queue;
        let soon = async { tokio::time::timeout(RETRY, queue.recv()).await };
        self.runtime.block_on(soon).ok().flatten()
    }

    fn release(&mut self) {
        let up_to = Position::new(self.handle.0.release.load(Ordering::Relaxed));
        if up_to > Position::START
            && let Err(failure) = self.spool.release(up_to)
        {
            tracing::warn!(%failure, "a segment of the spool cannot be removed");
        }
    }

    /// One group for each source and format, in the order in which they came.
    fn group(&mut self) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        let mut newest: HashMap<(Box<str>, Format), usize> = HashMap::new();
        for delivery in self.waiting.drain(..) {
            let parcel = &delivery.parcel;
            let key = (parcel.source.name().into(), parcel.format);
            let fits = |group: &Group| {
                group.payload.len() + parcel.bytes.len() <= PARCEL_BYTES_MAX
                    && is_by_line(parcel.format)
            };
            let known = newest.get(&key).copied();
            let known = known.filter(|at| groups.get(*at).is_some_and(fits));
            let place = known.unwrap_or(groups.len());
            if known.is_none() {
                let mut payload = Vec::with_capacity(parcel.bytes.len() + 64);
                entry::begin(&mut payload, parcel.source.name());
                groups.push(Group {
                    format: parcel.format,
                    received: parcel.received,
                    payload,
                    deliveries: Vec::new(),
                });
                newest.insert(key, place);
            }
            if let Some(group) = groups.get_mut(place) {
                group.payload.extend_from_slice(&parcel.bytes);
                group.deliveries.push(delivery);
            }
        }
        groups
    }

    /// Appends and commits; what cannot be stored now goes back to those that wait.
    fn store(&mut self, groups: Vec<Group>) {
        let mut appended: Vec<(Position, Group)> = Vec::new();
        let mut trouble = None;
        for group in groups {
            let record = entry::record(&group.payload, group.format, group.received);
            if trouble.is_some() {
                // The order of a source is kept: what came later waits too.
                self.waiting.extend(group.deliveries);
                continue;
            }
            match self.spool.append(&record) {
                Ok(position) => appended.push((position, group)),
                Err(error @ AppendError::TooLarge { .. }) => {
                    let reason = error.to_string().into();
                    resolve(group, &Err(Refused::Failed(reason)));
                }
                Err(error) => {
                    let is_full = !matches!(error, AppendError::Failed(_));
                    let reason = error.to_string().into();
                    trouble = Some(Trouble { is_full, reason });
                    self.waiting.extend(group.deliveries);
                }
            }
        }
        let (durable, failed) = match self.spool.commit() {
            Ok(durable) => (durable, None),
            Err(error) => (error.durable, Some(Arc::from(error.to_string()))),
        };
        self.handle.0.commits.fetch_add(1, Ordering::Relaxed);
        for (position, group) in appended.into_iter().rev() {
            if failed.is_some() && position >= durable {
                // Stored again, in another segment. It may come out twice if it is there after
                // all; that is better than not at all.
                let again = group.deliveries.into_iter().rev();
                again.for_each(|delivery| self.waiting.push_front(delivery));
            } else {
                resolve(group, &Ok(()));
            }
        }
        let failed = failed.map(|reason| Trouble {
            is_full: false,
            reason,
        });
        self.handle.note(trouble.or(failed));
    }

    /// Waits for room; those whose time is over are refused.
    fn wait_in_trouble(&mut self) {
        thread::sleep(RETRY);
        if let Err(failure) = self.spool.retry() {
            tracing::debug!(%failure, "the spool still fails");
        }
        let now = Instant::now();
        let is_over = |d: &Delivery| d.deadline.is_some_and(|deadline| deadline <= now);
        let (over, waiting) = self.waiting.drain(..).partition::<Vec<_>, _>(is_over);
        self.waiting.extend(waiting);
        let trouble = self.handle.health().trouble;
        let refused = match trouble {
            Some(Trouble {
                is_full: false,
                reason,
            }) => Refused::Failed(reason),
            _ => Refused::Full,
        };
        for delivery in over {
            delivery.resolve(Err(refused.clone()), clock::now());
        }
        if self.handle.0.stop.load(Ordering::Relaxed) {
            for delivery in self.waiting.drain(..) {
                delivery.resolve(Err(Refused::Stopping), clock::now());
            }
        }
    }

    fn report(&self) {
        let shared = &self.handle.0;
        let set = |to: &AtomicU64, value: u64| to.store(value, Ordering::Relaxed);
        set(&shared.used_bytes, self.spool.used_bytes());
        set(&shared.segments, self.spool.segments() as u64);
        set(&shared.durable, self.spool.durable().get());
    }
}

/// Whether entries of the format can be put one behind the other.
fn is_by_line(format: Format) -> bool {
    !matches!(format, Format::Json | Format::WindowsXml | Format::Evtx)
}

fn resolve(group: Group, outcome: &Result<(), Refused>) {
    let now = clock::now();
    for delivery in group.deliveries {
        delivery.resolve(outcome.clone(), now);
    }
}
