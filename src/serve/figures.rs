//! What the analysis says of itself while it runs.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64};

use super::costs::Costs;
use super::latency::Latency;

/// See the module. Shared with whoever asks.
#[derive(Debug, Default)]
pub struct Figures {
    /// Events parsed.
    pub events: AtomicU64,
    /// Their bytes.
    pub bytes: AtomicU64,
    /// Matches.
    pub matches: AtomicU64,
    /// Findings by kind: detections, alerts, incidents.
    pub findings: [AtomicU64; 3],
    /// Events whose time was too far ahead.
    pub future: AtomicU64,
    /// Events without a time of their own.
    pub without_time: AtomicU64,
    /// Where reading goes on.
    pub position: AtomicU64,
    /// The last checkpoint: where, and when.
    pub checkpoint: AtomicU64,
    /// When it was stored.
    pub checkpoint_at: AtomicI64,
    /// How many could not be stored.
    pub checkpoint_failures: AtomicU64,
    /// The highest event time.
    pub high_water: AtomicI64,
    /// Nanoseconds between receiving the last block and having its findings.
    pub latency: AtomicU64,
    /// From receipt to stored findings, of blocks that have any.
    pub finding_latency: Latency,
    /// What rules cost.
    pub costs: Costs,
    /// Nanoseconds that events stood still for the last checkpoint, and for the last change of
    /// rules.
    pub checkpoint_pause: AtomicU64,
    /// The same, for rules.
    pub reload_pause: AtomicU64,
    /// Open keys, and the bytes they take.
    pub keys: AtomicU64,
    /// The same, bytes.
    pub state_bytes: AtomicU64,
    /// The generation of the rules of the last block.
    pub rules: AtomicU64,
    /// Correlations and sequences whose state did not survive a change of rules.
    pub forgotten_rules: AtomicU64,
    /// Matches by rule, of the rules in force.
    pub by_rule: Mutex<(u64, Vec<u64>)>,
}
