//! Bounds that can never hold, or that say nothing.

use super::read::Reader;
use super::{Comparison, Kind};
use crate::document::Key;

/// A bound with the key that it is written with.
pub(super) type Bound<'b, 'n> = (&'b Key<'n>, Comparison, f64);

impl Comparison {
    /// Whether `value` is in this relation to `bound`.
    pub(super) fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Greater => value > bound,
            Self::GreaterOrEqual => value >= bound,
            Self::Less => value < bound,
            Self::LessOrEqual => value <= bound,
            Self::Equal => (value - bound).abs() < f64::EPSILON,
            Self::NotEqual => (value - bound).abs() >= f64::EPSILON,
        }
    }
}

/// What can be computed at all.
#[derive(Clone, Copy)]
struct Domain {
    least: f64,
    most: f64,
    counts: Counts,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Counts {
    Whole,
    Real,
}

impl Domain {
    fn of(kind: Kind, rules: usize) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a list of rules is short")]
        let (least, most, counts) = match kind {
            Kind::EventCount | Kind::ValueCount => (0.0, f64::INFINITY, Counts::Whole),
            // Without `rules` the condition has no bounds to check.
            Kind::Temporal | Kind::TemporalOrdered => (0.0, rules as f64, Counts::Whole),
            _ => (f64::NEG_INFINITY, f64::INFINITY, Counts::Real),
        };
        Self {
            least,
            most,
            counts,
        }
    }

    /// Values around a bound: if any value at all satisfies all bounds, one of these does.
    fn candidates(self, bound: f64) -> Vec<f64> {
        let near = match self.counts {
            Counts::Whole => [bound.floor() - 1.0, bound.floor(), bound.floor() + 1.0],
            Counts::Real => [bound.next_down(), bound, bound.next_up()],
        };
        near.into_iter()
            .chain([self.least, self.most])
            .filter(|value| (self.least..=self.most).contains(value))
            .collect()
    }

    fn has(self, bounds: &[Bound<'_, '_>]) -> bool {
        bounds
            .iter()
            .flat_map(|(_, _, bound)| self.candidates(*bound))
            .any(|value| bounds.iter().all(|(_, c, bound)| c.holds(value, *bound)))
    }
}

impl Reader<'_, '_> {
    /// An error where no value satisfies the bounds, a warning where one of them has no effect.
    pub(super) fn check_bounds(&mut self, kind: Kind, rules: usize, bounds: &[Bound<'_, '_>]) {
        let domain = Domain::of(kind, rules);
        let Some((last, _, _)) = bounds.last() else {
            return;
        };
        if !domain.has(bounds) {
            let help = match kind {
                Kind::Temporal | Kind::TemporalOrdered => {
                    "it is compared with how many of the `rules` matched: a whole number"
                }
                Kind::EventCount | Kind::ValueCount => {
                    "it is compared with a count: a whole number, zero or more"
                }
                _ => "no number satisfies all of it",
            };
            self.findings
                .error(last.span, "this condition can never hold")
                .help(help);
            return;
        }
        for (index, (key, comparison, bound)) in bounds.iter().enumerate() {
            let others = bounds
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != index);
            let others: Vec<_> = others.map(|(_, bound)| *bound).collect();
            // What the others let through and this one does not.
            let mut excluded = others.clone();
            excluded.push((*key, comparison.opposite(), *bound));
            if domain.has(&excluded) {
                continue;
            }
            let help = if others.is_empty() {
                "every value satisfies it"
            } else {
                "the other comparison says it already"
            };
            self.findings
                .warning(key.span, format!("`{}: {bound}` has no effect", key.text))
                .help(help);
            // Of two that say the same, one is enough to tell.
            return;
        }
    }
}

impl Comparison {
    fn opposite(self) -> Self {
        match self {
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
        }
    }
}
