//! Who sends, and what became of it.

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;
use yagura_parsers::Timestamp;

/// A sender with its counters; cheap to clone.
#[derive(Clone)]
pub struct Source(Arc<Sender>);

struct Sender {
    name: Box<str>,
    input: Arc<str>,
    counters: Counters,
}

/// What is counted of a source. All only grow, but for `open`.
#[derive(Debug, Default)]
pub struct Counters {
    /// Records that arrived and were understood as such.
    pub received: AtomicU64,
    /// Their bytes.
    pub bytes: AtomicU64,
    /// Events that a parser understood.
    pub parsed: AtomicU64,
    /// Events kept as raw text because no parser understood them.
    pub unparsed: AtomicU64,
    /// Records that were cut at the limit.
    pub cut: AtomicU64,
    /// Connections so far.
    pub connections: AtomicU64,
    /// Connections now.
    pub open: AtomicU64,
    /// By [`DropReason`].
    dropped: [AtomicU64; DropReason::ALL.len()],
    /// Nanoseconds since 1970; 0 if never.
    last_seen: AtomicI64,
}

/// Why something was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// A datagram found no room: nobody can be told to wait.
    NoRoom,
    /// The bytes do not follow the protocol.
    Malformed,
    /// Larger than a limit.
    TooLarge,
    /// The sender did not prove who it is.
    Unauthorised,
    /// The sender was silent or too slow.
    TimedOut,
    /// More connections than allowed.
    TooManyConnections,
    /// The spool could not store it, and the sender was told so.
    NotStored,
}

impl DropReason {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::NoRoom,
        Self::Malformed,
        Self::TooLarge,
        Self::Unauthorised,
        Self::TimedOut,
        Self::TooManyConnections,
        Self::NotStored,
    ];

    /// The name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoRoom => "no_room",
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::Unauthorised => "unauthorised",
            Self::TimedOut => "timed_out",
            Self::TooManyConnections => "too_many_connections",
            Self::NotStored => "not_stored",
        }
    }
}

impl Source {
    /// `INPUT` or `INPUT/ADDRESS`.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The name of the input that it came by.
    pub fn input(&self) -> &str {
        &self.0.input
    }

    /// Its counters.
    pub fn counters(&self) -> &Counters {
        &self.0.counters
    }

    /// Counts records that arrived.
    pub fn received(&self, records: u64, bytes: u64, at: Timestamp) {
        let counters = &self.0.counters;
        counters.received.fetch_add(records, Ordering::Relaxed);
        counters.bytes.fetch_add(bytes, Ordering::Relaxed);
        counters.last_seen.fetch_max(at.0, Ordering::Relaxed);
    }

    /// Counts what was not taken; `count` is the number of records, or 1 where nobody knows.
    pub fn dropped(&self, why: DropReason, count: u64) {
        self.0.counters.dropped[why as usize].fetch_add(count, Ordering::Relaxed);
    }

    /// A connection, counted as open until the guard is dropped.
    pub fn connected(&self) -> Connection {
        self.0.counters.connections.fetch_add(1, Ordering::Relaxed);
        self.0.counters.open.fetch_add(1, Ordering::Relaxed);
        Connection(self.clone())
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.name())
    }
}

/// See [`Source::connected`].
#[derive(Debug)]
pub struct Connection(Source);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.0.counters.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counters {
    /// How much was not taken for that reason.
    pub fn dropped(&self, why: DropReason) -> u64 {
        self.dropped[why as usize].load(Ordering::Relaxed)
    }

    /// When something last arrived.
    pub fn last_seen(&self) -> Option<Timestamp> {
        match self.last_seen.load(Ordering::Relaxed) {
            0 => None,
            ns => Some(Timestamp(ns)),
        }
    }
}

/// All sources of a server.
#[derive(Clone)]
pub struct Sources {
    max: usize,
    by_name: Arc<Mutex<HashMap<Box<str>, Source>>>,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("max", &self.max)
            .finish_non_exhaustive()
    }
}

impl Sources {
    /// None yet; at most `max` by address.
    pub fn new(max: usize) -> Self {
        Self {
            max,
            by_name: Arc::default(),
        }
    }

    /// The source of an input as such.
    pub fn of_input(&self, input: &Arc<str>) -> Source {
        self.named(input, input)
    }

    /// The source of an input at an address. If there are too many, that of the input.
    pub fn of_peer(&self, input: &Arc<str>, address: IpAddr) -> Source {
        // IPv4 addresses have one spelling, whichever socket they come by.
        self.named(input, &format!("{input}/{}", address.to_canonical()))
    }

    /// The source of that name, if it is one that sent something since the start.
    pub fn get(&self, name: &str) -> Option<Source> {
        let by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        by_name.get(name).cloned()
    }

    fn named(&self, input: &Arc<str>, name: &str) -> Source {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(source) = by_name.get(name) {
            return source.clone();
        }
        let name = if by_name.len() < self.max {
            name
        } else {
            &**input
        };
        let make = || {
            Source(Arc::new(Sender {
                name: name.into(),
                input: Arc::clone(input),
                counters: Counters::default(),
            }))
        };
        by_name.entry(name.into()).or_insert_with(make).clone()
    }

    /// All, by name.
    pub fn all(&self) -> Vec<Source> {
        let by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<Source> = by_name.values().cloned().collect();
        drop(by_name);
        all.sort_by(|a, b| a.name().cmp(b.name()));
        all
    }
}
