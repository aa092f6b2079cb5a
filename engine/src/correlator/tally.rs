//! Counts of matches by stage, before and after an alert opens.

use super::extras::ExtraSet;

/// How many events a stage keeps as samples.
pub(crate) const SAMPLES_MAX: usize = 5;

/// The first few events of a stage, in place: most keys never have more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Samples {
    events: [u64; SAMPLES_MAX],
    length: u8,
}

impl Samples {
    /// Keeps an event if there is room.
    pub(crate) fn push(&mut self, event: u64) {
        if let Some(place) = self.events.get_mut(usize::from(self.length)) {
            *place = event;
            self.length += 1;
        }
    }
}

impl std::ops::Deref for Samples {
    type Target = [u64];

    fn deref(&self) -> &[u64] {
        self.events
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }
}

impl FromIterator<u64> for Samples {
    fn from_iter<I: IntoIterator<Item = u64>>(events: I) -> Self {
        let mut samples = Self::default();
        for event in events {
            samples.push(event);
        }
        samples
    }
}

/// Matches of one stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) count: u64,
    /// Meaningless without matches.
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) samples: Samples,
    /// Hashes of distinct values, for stages of sequences that count them.
    pub(crate) values: Vec<u64>,
}

impl Tally {
    pub(crate) fn add(&mut self, time: i64, event: u64) {
        if self.count == 0 {
            (self.first, self.last) = (time, time);
        }
        self.first = self.first.min(time);
        self.last = self.last.max(time);
        self.count += 1;
        self.samples.push(event);
    }

    /// Counts a distinct value, up to a limit.
    pub(crate) fn add_value(&mut self, value: u64, max: usize) {
        if self.values.len() < max && !self.values.contains(&value) {
            self.values.push(value);
        }
    }

    /// Takes in what came after.
    pub(crate) fn append(&mut self, later: &Self) {
        for value in &later.values {
            self.add_value(*value, usize::MAX);
        }
        if later.count == 0 {
            return;
        }
        if self.count == 0 {
            (self.first, self.last) = (later.first, later.last);
        }
        self.first = self.first.min(later.first);
        self.last = self.last.max(later.last);
        self.count += later.count;
        for event in &later.samples[..] {
            self.samples.push(*event);
        }
    }
}

/// Matches by stage over one stretch of time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Epoch {
    pub(crate) tallies: Vec<Tally>,
    pub(crate) extras: ExtraSet,
}

impl Epoch {
    fn new(stages: usize) -> Self {
        Self {
            tallies: vec![Tally::default(); stages],
            extras: ExtraSet::default(),
        }
    }

    fn last(&self) -> Option<i64> {
        let counted = self.tallies.iter().filter(|t| t.count > 0);
        counted.map(|t| t.last).max()
    }

    fn append(&mut self, later: &Self) {
        for (tally, later) in self.tallies.iter_mut().zip(&later.tallies) {
            tally.append(later);
        }
        self.extras.append(&later.extras);
    }
}

/// What a key counts before its alert opens.
///
/// How many matches lie in a sliding window cannot be told without keeping all of them. So
/// they are counted in stretches as long as the window, each beginning with the first match
/// behind the one before; an alert takes over the current stretch, and the one before if the
/// window reaches into it. The totals are exact where all matches of the key lie in one window,
/// and never begin more than a window too early.
#[derive(Clone, Debug, Default)]
pub(crate) struct Epochs {
    /// Time and sequence number of the match that the current stretch began with.
    pub(crate) began: Option<(i64, u64)>,
    pub(crate) now: Epoch,
    pub(crate) before: Epoch,
}

impl Epochs {
    /// Whether a match at `at` begins a new stretch.
    pub(crate) fn is_over(&self, at: (i64, u64), span: i64) -> bool {
        let over = |began: (i64, u64)| at.0 > began.0.saturating_add(span);
        self.began.is_none_or(over)
    }

    /// Begins a new stretch where the current one is over.
    pub(crate) fn turn(&mut self, at: (i64, u64), span: i64, stages: usize) {
        if self.is_over(at, span) {
            self.began = Some(at);
            self.before = std::mem::replace(&mut self.now, Epoch::new(stages));
        }
    }

    /// Counts a match.
    pub(crate) fn add(&mut self, stage: usize, time: i64, event: u64) {
        if let Some(tally) = self.now.tallies.get_mut(stage) {
            tally.add(time, event);
        }
    }

    /// Counts a distinct value, up to a limit.
    pub(crate) fn add_value(&mut self, stage: usize, value: u64, max: usize) {
        if let Some(tally) = self.now.tallies.get_mut(stage) {
            tally.add_value(value, max);
        }
    }

    /// What an alert begins with whose window begins at `since`.
    pub(crate) fn since(&self, since: i64) -> Epoch {
        if self.before.last().is_none_or(|last| last < since) {
            return self.now.clone();
        }
        let mut all = self.before.clone();
        all.append(&self.now);
        all
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let stages = self.now.tallies.len() + self.before.tallies.len();
        let extras = self.now.extras.heap_bytes() + self.before.extras.heap_bytes();
        let tallies = self.now.tallies.iter().chain(&self.before.tallies);
        let values: usize = tallies.map(|t| t.values.capacity() * 8).sum();
        stages * size_of::<Tally>() + extras + values
    }
}
