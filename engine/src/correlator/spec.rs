//! What a unit (a correlation or a sequence) asks, in the form that the steps work with.

use yagura_rules::correlation::{Comparison, ReferenceExpr};

/// What a unit computes, and when it holds.
#[derive(Clone, Debug)]
pub(crate) enum Spec {
    /// Something measured over the matches of a window.
    Threshold(Threshold),
    /// Things that follow each other.
    Sequence(SequenceSpec),
}

/// See [`Spec::Threshold`].
#[derive(Clone, Debug)]
pub(crate) struct Threshold {
    pub(crate) measure: Measure,
    pub(crate) condition: Condition,
    pub(crate) decision: Decision,
    /// How many moments (or distinct values) decide.
    pub(crate) need: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Measure {
    /// The number of matches.
    Matches,
    /// The number of distinct values.
    Distinct,
    /// The rules that matched, of so many.
    Rules(usize),
    Sum,
    Average,
    Percentile(f64),
    Median,
}

impl Measure {
    pub(crate) fn is_numeric(self) -> bool {
        !matches!(self, Self::Matches | Self::Distinct | Self::Rules(_))
    }
}

/// When a condition is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// At each match, over the window that ends there: only lower bounds.
    EachMatch,
    /// When the window that began with the first match is over.
    WindowEnd,
}

#[derive(Clone, Debug)]
pub(crate) enum Condition {
    Bounds(Vec<(Comparison, f64)>),
    Rules(ReferenceExpr),
}

impl Condition {
    pub(crate) fn holds_for(&self, value: f64) -> bool {
        match self {
            Self::Bounds(bounds) => bounds.iter().all(|(c, bound)| compare(*c, value, *bound)),
            Self::Rules(_) => false,
        }
    }

    /// For [`Measure::Rules`]: by which of the rules matched.
    pub(crate) fn holds_of(&self, matched: impl Fn(usize) -> bool, rules: usize) -> bool {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "a list of rules is short")]
            Self::Bounds(_) => self.holds_for((0..rules).filter(|r| matched(*r)).count() as f64),
            Self::Rules(expr) => evaluate(expr, &matched),
        }
    }

    /// Whether more matches can make it false: it has to wait for the end of the window.
    pub(crate) fn decision(&self) -> Decision {
        let can_be_lost = match self {
            Self::Bounds(bounds) => bounds
                .iter()
                .any(|(c, _)| !matches!(c, Comparison::Greater | Comparison::GreaterOrEqual)),
            Self::Rules(expr) => negates(expr),
        };
        if can_be_lost {
            Decision::WindowEnd
        } else {
            Decision::EachMatch
        }
    }
}

/// Equality as for all numbers of rules: a difference that no decimal notation shows is none.
fn compare(comparison: Comparison, value: f64, bound: f64) -> bool {
    match comparison {
        Comparison::Greater => value > bound,
        Comparison::GreaterOrEqual => value >= bound,
        Comparison::Less => value < bound,
        Comparison::LessOrEqual => value <= bound,
        Comparison::Equal => (value - bound).abs() < f64::EPSILON,
        Comparison::NotEqual => (value - bound).abs() >= f64::EPSILON,
    }
}

fn evaluate(expr: &ReferenceExpr, matched: &impl Fn(usize) -> bool) -> bool {
    match expr {
        ReferenceExpr::Rule(rule) => matched(*rule),
        ReferenceExpr::Not(inner) => !evaluate(inner, matched),
        ReferenceExpr::All(parts) => parts.iter().all(|p| evaluate(p, matched)),
        ReferenceExpr::Any(parts) => parts.iter().any(|p| evaluate(p, matched)),
    }
}

fn negates(expr: &ReferenceExpr) -> bool {
    match expr {
        ReferenceExpr::Rule(_) => false,
        ReferenceExpr::Not(_) => true,
        ReferenceExpr::All(parts) | ReferenceExpr::Any(parts) => parts.iter().any(negates),
    }
}

/// More than so many distinct values are not told apart for a decision.
const NEED_MAX: f64 = 4_294_967_295.0;

/// How many matches or distinct values have to be kept to decide: the least number that meets
/// all lower bounds, or, with upper bounds, one more than the greatest bound.
#[expect(
    clippy::cast_sign_loss,
    reason = "clamped to a range above zero just before"
)]
pub(crate) fn need(bounds: &[(Comparison, f64)], decision: Decision) -> u64 {
    let least = bounds.iter().map(|(comparison, bound)| match comparison {
        _ if decision == Decision::WindowEnd => bound.floor() + 1.0,
        Comparison::Greater => bound.floor() + 1.0,
        _ => bound.ceil(),
    });
    least.fold(1.0, f64::max).clamp(1.0, NEED_MAX) as u64
}

/// Stages that follow each other. All lengths of time in nanoseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct SequenceSpec {
    pub(crate) stages: Vec<StageSpec>,
    /// What has to happen, in order. A step of several stages: all of them in any order.
    pub(crate) steps: Vec<StepSpec>,
    /// Absent stages before the first step.
    pub(crate) leading: Vec<usize>,
    /// Absent stages behind the last step.
    pub(crate) trailing: Vec<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct StepSpec {
    pub(crate) stages: Vec<usize>,
    /// At most so long after the step before.
    pub(crate) gap: Option<i64>,
}

#[derive(Clone, Debug)]
pub(crate) struct StageSpec {
    pub(crate) at_least: u64,
    pub(crate) within: i64,
    pub(crate) distinct: bool,
    /// Which step it belongs to, or after which it stands.
    pub(crate) role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// One of the stages of a step.
    Step(usize),
    /// Recorded only, behind a step (`None`: before the first).
    Optional(Option<usize>),
    /// Must not happen behind a step (`None`: before the first).
    Absent(Option<usize>),
}

impl StageSpec {
    /// Whether single matches have to be collected until there are enough.
    pub(crate) fn collects(&self) -> bool {
        self.at_least > 1
    }
}

impl SequenceSpec {
    /// How long after the last step the absences are waited for.
    pub(crate) fn wait(&self) -> Option<i64> {
        let waits = self.trailing.iter().filter_map(|s| self.stages.get(*s));
        waits.map(|stage| stage.within).max()
    }

    /// Whether a match of this stage is a reason to remember its key.
    pub(crate) fn begins_a_key(&self, stage: usize) -> bool {
        self.stages.get(stage).is_some_and(|s| {
            s.collects() && !matches!(s.role, Role::Optional(_))
                || matches!(s.role, Role::Step(0) | Role::Absent(None))
        })
    }
}

#[cfg(test)]
mod tests {
    use yagura_rules::correlation::Comparison;

    use super::{Decision, need};

    #[test]
    fn needs_what_the_bounds_ask() {
        let cases = [
            (Comparison::GreaterOrEqual, 10.0, 10),
            (Comparison::Greater, 10.0, 11),
            (Comparison::GreaterOrEqual, 9.5, 10),
            (Comparison::Greater, 9.5, 10),
            (Comparison::GreaterOrEqual, 0.0, 1),
            (Comparison::GreaterOrEqual, f64::NAN, 1),
        ];
        for (comparison, bound, expected) in cases {
            let bounds = [(comparison, bound)];
            assert_eq!(need(&bounds, Decision::EachMatch), expected, "{bounds:?}");
        }
        assert_eq!(need(&[(Comparison::Less, 3.0)], Decision::WindowEnd), 4);
    }
}
