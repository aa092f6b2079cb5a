//! What a correlator is allowed, and what it counts.

use yagura_rules::correlation::Target;

/// Which records are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Records {
    /// The life of each alert: opening, updates, closing.
    #[default]
    Life,
    /// One for every match that satisfies the condition (or every window that does); the first
    /// of an alert as opening, the others as updates.
    Every,
}

/// What a correlator is allowed.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long matches wait for earlier ones, in nanoseconds of event time.
    pub lateness: i64,
    /// Memory of keys and alerts. Above, keys that would be forgotten soonest are let go.
    pub memory_bytes: usize,
    /// How many matches may wait at a time; above, the oldest is applied early.
    pub waiting_max: usize,
    /// How many distinct values an open alert tells apart; above, it is partial.
    pub distinct_max: usize,
    /// Which records are written.
    pub records: Records,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lateness: 5_000_000_000,
            memory_bytes: 1 << 30,
            waiting_max: 1 << 20,
            distinct_max: 10_000,
            records: Records::Life,
        }
    }
}

/// What happened, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Matches pushed.
    pub matches: u64,
    /// Matches that came too late for a rule (once for each).
    pub late: u64,
    /// By rule: matches that lacked a field of the key.
    pub without_key: Vec<(Target, u64)>,
    /// Matches that lacked the field whose values count.
    pub without_value: u64,
    /// Matches whose value was to be summed and is no number.
    pub not_numeric: u64,
    /// Matches whose key was too long, or for which there was no place.
    pub refused_keys: u64,
    /// Keys let go to stay within the memory budget.
    pub evicted_keys: u64,
    /// Matches applied before the watermark passed them, because too many were waiting.
    pub pushed_out: u64,
    /// Alerts opened.
    pub opened: u64,
    /// Alerts closed.
    pub closed: u64,
}
