//! What a key keeps for thresholds and `temporal`, other than plain counts (those are a
//! [`super::ring::Ring`] and nothing else).

use super::spec::{Decision, Measure, Spec, Threshold};
use super::tally::Epochs;
use super::values::Values;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tallied {
    pub(crate) epochs: Epochs,
    /// Distinct values and when each was last seen, by that time. A value is known by a hash of
    /// 64 bits of its folded form: among a million values of one key, two are taken for one with
    /// a chance of 1 in 37 million.
    pub(crate) distinct: Vec<(u64, i64)>,
    /// When each rule matched last.
    pub(crate) rules: Vec<Option<i64>>,
    pub(crate) values: Values,
}

/// What a match says to a threshold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said {
    pub(crate) at: (i64, u64),
    pub(crate) rule: usize,
    pub(crate) value: u64,
    pub(crate) number: f64,
}

impl Tallied {
    /// Takes in what a match says. `newest`: time of the newest match of the key, this one
    /// included.
    pub(crate) fn add(&mut self, spec: &Threshold, said: Said, newest: i64, span: i64) {
        let since = match spec.decision {
            Decision::EachMatch => newest.saturating_sub(span),
            Decision::WindowEnd => i64::MIN,
        };
        let time = said.at.0;
        match spec.measure {
            Measure::Matches => {}
            Measure::Distinct => self.add_distinct(spec, said.value, time, since),
            Measure::Rules(count) => {
                self.rules.resize(count, None);
                if let Some(seen) = self.rules.get_mut(said.rule) {
                    *seen = (*seen).max(Some(time));
                }
            }
            _ => self.values.add(time, said.number, span, since),
        }
    }

    fn add_distinct(&mut self, spec: &Threshold, value: u64, time: i64, since: i64) {
        let known = self.distinct.iter().position(|(known, _)| *known == value);
        let full = self.distinct.len() as u64 >= spec.need;
        if spec.decision == Decision::WindowEnd {
            // One value more than any bound decides like all.
            if known.is_none() && !full {
                self.distinct.push((value, time));
            }
            return;
        }
        if let Some(place) = known {
            if self.distinct.get(place).is_some_and(|(_, t)| *t > time) {
                return;
            }
            self.distinct.remove(place);
        }
        let place = self.distinct.partition_point(|(_, t)| *t <= time);
        self.distinct.insert(place, (value, time));
        let expired = self.distinct.partition_point(|(_, t)| *t < since);
        let need = usize::try_from(spec.need).unwrap_or(usize::MAX);
        let over = self.distinct.len().saturating_sub(need);
        self.distinct.drain(..expired.max(over));
    }

    /// Whether the condition holds over what lies in the window that ends at `newest`, or, where
    /// it is decided at the end of the window, over everything; and what was measured.
    pub(crate) fn holds(&self, spec: &Threshold, newest: i64, span: i64) -> (bool, Option<f64>) {
        let since = match spec.decision {
            Decision::EachMatch => newest.saturating_sub(span),
            Decision::WindowEnd => i64::MIN,
        };
        let value = match spec.measure {
            #[expect(clippy::cast_precision_loss, reason = "counts below 2^53")]
            Measure::Matches => self.epochs.now.tallies.iter().map(|t| t.count).sum::<u64>() as f64,
            #[expect(clippy::cast_precision_loss, reason = "bounded by the condition")]
            Measure::Distinct => self.distinct.len() as f64,
            Measure::Rules(count) => {
                let matched = |rule: usize| {
                    let seen = self.rules.get(rule).copied().flatten();
                    seen.is_some_and(|time| time >= since)
                };
                return (spec.condition.holds_of(matched, count), None);
            }
            numeric => {
                let result = self.values.result(numeric);
                let holds = result.is_some_and(|value| spec.condition.holds_for(value));
                return (holds, result);
            }
        };
        (spec.condition.holds_for(value), None)
    }

    /// When the window is over, if it is decided at its end and has begun.
    pub(crate) fn window_end(&self, spec: &Spec, span: i64) -> Option<i64> {
        let Spec::Threshold(spec) = spec else {
            return None;
        };
        let began = self.epochs.began?;
        (spec.decision == Decision::WindowEnd).then(|| began.0.saturating_add(span))
    }

    /// Forgets the window.
    pub(crate) fn clear(&mut self) {
        self.epochs.clear();
        self.distinct.clear();
        self.rules.clear();
        self.values = Values::default();
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let distinct = self.distinct.capacity() * 16;
        let rules = self.rules.capacity() * 16;
        size_of::<Self>() + self.epochs.heap_bytes() + distinct + rules + self.values.heap_bytes()
    }
}
