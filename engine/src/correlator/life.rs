//! Open alerts: totals from the window that opened them to their end.

use hashbrown::HashSet;

use super::extras::ExtraSet;
use super::tally::{Epoch, Tally};
use crate::alert::AlertId;

/// An update is written at most once in a minute of event time.
const UPDATE_AFTER: i64 = 60_000_000_000;

/// Hashes of distinct values, up to a limit.
#[derive(Clone, Debug, Default)]
pub(crate) struct DistinctSet {
    pub(crate) values: HashSet<u64>,
}

/// An open alert.
#[derive(Clone, Debug)]
pub(crate) struct OpenAlert {
    pub(crate) id: AlertId,
    pub(crate) opened: (i64, u64),
    pub(crate) stages: Vec<Tally>,
    /// By stage, where it counts distinct values.
    pub(crate) distinct: Vec<Option<DistinctSet>>,
    pub(crate) extras: ExtraSet,
    pub(crate) partial: bool,
    pub(crate) value: Option<f64>,
    /// Time of the last record, and the count in it.
    pub(crate) recorded: (i64, u64),
}

impl OpenAlert {
    pub(crate) fn new(id: AlertId, opened: (i64, u64), epoch: Epoch) -> Self {
        Self {
            id,
            opened,
            distinct: vec![None; epoch.tallies.len()],
            stages: epoch.tallies,
            extras: epoch.extras,
            partial: false,
            value: None,
            recorded: (i64::MIN, 0),
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.stages.iter().map(|stage| stage.count).sum()
    }

    pub(crate) fn first(&self) -> i64 {
        let matched = self.stages.iter().filter(|stage| stage.count > 0);
        matched.map(|s| s.first).min().unwrap_or(self.opened.0)
    }

    pub(crate) fn last(&self) -> i64 {
        let matched = self.stages.iter().filter(|stage| stage.count > 0);
        matched.map(|s| s.last).max().unwrap_or(self.opened.0)
    }

    /// Counts a match.
    pub(crate) fn add(&mut self, stage: usize, time: i64, event: u64) {
        if let Some(tally) = self.stages.get_mut(stage) {
            tally.add(time, event);
        }
    }

    /// Counts a distinct value, if there is room for it.
    pub(crate) fn add_distinct(&mut self, stage: usize, value: u64, max: usize) {
        let Some(set) = self.distinct.get_mut(stage) else {
            return;
        };
        let set = set.get_or_insert_default();
        if set.values.len() < max {
            set.values.insert(value);
        } else if !set.values.contains(&value) {
            self.partial = true;
        }
    }

    /// Whether it is time for an update: the count has doubled and a minute passed.
    pub(crate) fn wants_update(&self, now: i64) -> bool {
        let (at, count) = self.recorded;
        now.saturating_sub(at) >= UPDATE_AFTER && self.count() >= count.saturating_mul(2)
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let sets = self.distinct.iter().flatten();
        let sets: usize = sets.map(|set| set.values.capacity() * 10).sum();
        size_of::<Self>() + self.stages.len() * 120 + sets + self.extras.heap_bytes()
    }
}
