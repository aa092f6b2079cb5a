//! Correlates matches: what several events together mean. Matches in, alerts out.
//!
//! ```text
//!  push ─▶ Buffer ── watermark ──▶ by (time, sequence number) ─▶ bindings ─▶ units, by rank
//!  (any order within the lateness)        ▲                                   │ Table: key → State
//!                                         └── Wheel: windows that end ◀───────┤
//!                                              alerts, as records and as matches ◀┘
//! ```
//!
//! A synchronous library without clocks, threads or I/O. All time is event time in nanoseconds
//! since 1970.
//!
//! # Order
//!
//! Everything that happens has a place `(time, sequence number)`. Matches wait until the
//! watermark passes them and are then applied in that order; those of one event in the order of
//! detections. What is decided by time alone (the end of a window, an absence) happens at
//! `(time, MAX)`: behind all matches of its time. Within one place, units act in the order of
//! their ranks, keys of a unit in the order of their folded form. An alert counts as a match at
//! the place of its opening, and reaches its consumers there, which have higher ranks.
//!
//! The watermark before a match is a function of the events before it (see
//! [`Match::high_water`]), so calls of [`Correlator::advance`] between may make records come
//! earlier and never changes them.
//!
//! # Late matches
//!
//! A match behind the watermark is applied at its own time if a window that begins with it is not
//! over (`time + timespan ≥ watermark`); a key that was forgotten by then begins anew. Otherwise
//! it counts as late. Conditions that ask for an order (`temporal_ordered`, sequences) keep only
//! the newest chain, into which nothing can be inserted: for them it always counts as late. So
//! does a match from before the beginning of a window that is decided at its end.
//!
//! # Totals
//!
//! `event_count` knows every match of its window. The others count in stretches (see
//! `tally`), so their totals are exact where the key was quiet for a window before.
//! Values that come along ([`Match::extras`]) are collected in the same stretches; a plain
//! count collects them from the opening match on.
//!
//! # Shards
//!
//! A unit's state is by key and nothing is shared between keys, except the partial keys of a
//! sequence, which are subsets of the fields of its keys. So K correlators, each fed with the
//! matches whose hash of *all fields that every stage binds* falls to it, give the same alerts
//! as one. Units with consumers make a second layer: their openings, merged by
//! `(time, sequence number, rank, folded key)` up to the watermark that all shards of the first
//! layer have passed, are the matches of the second, sharded by its own keys; and so on by
//! rank. The sink's records, ordered by the same tuple, are then those of a single correlator.
//! One thread does several million matches a second, and matches are few, so this is not built.

mod apply;
mod buffer;
mod carried;
mod chain;
mod evict;
mod exchange;
mod extras;
pub(crate) mod hash;
mod key;
mod life;
mod options;
mod plan;
mod record;
mod ring;
mod schedule;
mod sequence;
mod settle;
mod snapshot;
mod spec;
mod table;
mod tally;
mod threshold;
mod values;
pub(crate) mod varint;
mod wheel;

use std::sync::Arc;

use buffer::{Buffer, Waiting};
use carried::Carried;
use chain::{Hit, Point};
use key::KeyScratch;
use record::Alerts;
use schedule::Schedule;
use table::Table;

use crate::alert::AlertRecord;

pub use exchange::Forgotten;
pub use options::{Counters, Options, Records};
pub use plan::Plan;
pub(crate) use plan::pair;
pub use snapshot::{RestoreError, Restored};

/// A match of a detection.
#[derive(Clone, Copy, Debug)]
pub struct Match<'a> {
    /// The detection, by its place in what [`Plan::compile`] was given.
    pub detection: usize,
    /// Event time.
    pub time: i64,
    /// Sequence number of the event: rises from event to event.
    pub sequence: u64,
    /// The highest event time of all events up to and including this one, in the order of
    /// sequence numbers, whether they matched or not. The watermark is this, less the lateness.
    pub high_water: i64,
    /// What the caller calls the event; comes back in samples.
    pub event: u64,
    /// The values of [`Plan::wanted`], in its order; `None` where the event lacks the field.
    pub values: &'a [Option<&'a [u8]>],
    /// Further values, by kind, that alerts collect and nothing decides.
    pub extras: &'a [(u8, &'a [u8])],
}

/// Takes records of alerts.
pub type Sink<'s> = dyn FnMut(&AlertRecord) + 's;

/// See the module.
#[derive(Debug)]
pub struct Correlator {
    plan: Arc<Plan>,
    core: Core,
    buffer: Buffer,
    high_water: i64,
}

/// A match, or an alert as a match, on its way to a unit.
#[derive(Clone, Copy, Debug)]
struct Arrival<'a> {
    at: Point,
    event: u64,
    late: bool,
    carried: &'a Carried,
}

/// An alert that opened, on its way to its consumers.
#[derive(Debug)]
struct Opening {
    unit: usize,
    at: Point,
    event: u64,
    late: bool,
    folded_key: Vec<u8>,
    carried: Carried,
}

/// All state but the buffer.
#[derive(Debug)]
struct Core {
    options: Options,
    /// Matches before it were applied.
    watermark: i64,
    /// By unit, then those of partial keys.
    tables: Vec<Table>,
    /// By unit: where its tables of partial keys begin.
    partial_tables: Vec<usize>,
    /// By unit: what happened at the current place of the order, by slot.
    hits: Vec<Vec<(u32, Hit)>>,
    /// By unit: time of the newest match of a key that was let go.
    evicted: Vec<Option<i64>>,
    /// Units with hits.
    dirty: Vec<usize>,
    openings: Vec<Opening>,
    alerts: Alerts,
    /// Records of the place at hand, by rank.
    records: Vec<(usize, AlertRecord)>,
    schedule: Schedule,
    counters: Counters,
    bytes: usize,
    key: KeyScratch,
    value: Vec<u8>,
}

impl Correlator {
    /// A correlator that has seen nothing.
    pub fn new(plan: Arc<Plan>, options: Options) -> Self {
        let core = Core::new(&plan, options);
        Self {
            plan,
            core,
            buffer: Buffer::default(),
            high_water: i64::MIN,
        }
    }

    /// The rules that it works by.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// What was counted so far.
    pub fn counters(&self) -> &Counters {
        &self.core.counters
    }

    /// Keys that are remembered, of all rules.
    pub fn keys(&self) -> usize {
        self.core.tables.iter().map(Table::len).sum()
    }

    /// Memory of keys and alerts, as accounted for against [`Options::memory_bytes`].
    pub fn bytes(&self) -> usize {
        self.core.bytes
    }

    /// Matches that wait for the watermark.
    pub fn waiting(&self) -> usize {
        self.buffer.len()
    }

    /// Takes a match; applies all that the watermark passed by it.
    pub fn push(&mut self, of: Match<'_>, sink: &mut Sink<'_>) {
        self.core.counters.matches += 1;
        self.high_water = self.high_water.max(of.high_water).max(of.time);
        let watermark = self.high_water.saturating_sub(self.core.options.lateness);
        self.advance(watermark, sink);
        if self
            .plan
            .detections
            .get(of.detection)
            .is_none_or(|d| d.bindings.is_empty())
        {
            return;
        }
        let mut waiting = self.buffer.blank();
        waiting.detection = of.detection;
        waiting.at = (of.time, of.sequence);
        waiting.event = of.event;
        for value in of.values {
            waiting.carried.push_value(*value);
        }
        for (kind, value) in of.extras {
            waiting.carried.push_extra(*kind, value);
        }
        if of.time < self.core.watermark {
            self.core.take(&self.plan, &waiting, true);
            self.core
                .settle(&self.plan, waiting.at, &mut Vec::new(), sink);
            self.core.keep_to_budget(&self.plan, sink);
            return;
        }
        self.buffer.add(waiting);
        while self.buffer.len() > self.core.options.waiting_max {
            // As if the watermark had passed the oldest; what comes behind it then is late.
            let Some((time, _)) = self.buffer.next_at() else {
                break;
            };
            self.core.counters.pushed_out += 1;
            self.advance(time.saturating_add(1), sink);
        }
    }

    /// Says that all matches before `watermark` have come, and applies them. It never goes back,
    /// and must not be ahead of what the next match implies (its high water less the lateness).
    pub fn advance(&mut self, watermark: i64, sink: &mut Sink<'_>) {
        if watermark <= self.core.watermark {
            return;
        }
        self.core.watermark = watermark;
        self.apply_until(watermark, sink);
        self.core.end_windows(&self.plan, watermark, sink);
    }

    /// Says that nothing comes any more: applies what waits, and closes all alerts. Windows that
    /// the events do not reach the end of stay undecided.
    pub fn finish(&mut self, sink: &mut Sink<'_>) {
        let end = self.high_water.max(self.core.watermark);
        self.apply_until(i64::MAX, sink);
        self.core.watermark = end;
        self.core.end_windows(&self.plan, end, sink);
        self.core.close_units(&self.plan, |_| true, i64::MAX, sink);
    }

    fn apply_until(&mut self, end: i64, sink: &mut Sink<'_>) {
        while let Some(at) = self.buffer.next_at().filter(|at| at.0 < end) {
            self.core.end_windows(&self.plan, at.0, sink);
            while self.buffer.next_at() == Some(at)
                && let Some((place, waiting)) = self.buffer.pop()
            {
                self.core.take(&self.plan, &waiting, false);
                self.buffer.recycle(place, waiting);
            }
            self.core.settle(&self.plan, at, &mut Vec::new(), sink);
            self.core.keep_to_budget(&self.plan, sink);
        }
    }
}

impl Core {
    fn new(plan: &Plan, options: Options) -> Self {
        let mut tables: Vec<Table> = Vec::new();
        for (number, unit) in plan.units.iter().enumerate() {
            tables.push(Table::new(number, unit.key_names.len()));
        }
        let mut partial_tables = Vec::new();
        for (number, unit) in plan.units.iter().enumerate() {
            partial_tables.push(tables.len());
            for fields in &unit.partial_keys {
                tables.push(Table::new(number, fields.len()));
            }
        }
        let mut counters = Counters::default();
        let rules = plan.units.iter().map(|unit| (unit.rule, 0));
        counters.without_key = rules.collect();
        Self {
            options,
            watermark: i64::MIN,
            partial_tables,
            hits: plan.units.iter().map(|_| Vec::new()).collect(),
            evicted: vec![None; plan.units.len()],
            dirty: Vec::new(),
            openings: Vec::new(),
            alerts: Alerts::default(),
            records: Vec::new(),
            schedule: Schedule::new(),
            counters,
            bytes: 0,
            key: KeyScratch::default(),
            value: Vec::new(),
            tables,
        }
    }

    /// Hands a match to all units that it means something to.
    fn take(&mut self, plan: &Plan, waiting: &Waiting, late: bool) {
        let arrival = Arrival {
            at: waiting.at,
            event: waiting.event,
            late,
            carried: &waiting.carried,
        };
        let detection = plan.detections.get(waiting.detection);
        self.key.forget_match();
        for binding in detection.map_or(&[][..], |d| &d.bindings) {
            self.apply(plan, binding, arrival);
        }
    }
}
