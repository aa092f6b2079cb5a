//! Why a rule does or does not match an event.
//!
//! ```text
//!  event ─▶ SeenEvent ─▶ route: is it of the logsource? ─▶ judge: does the rule hold?
//!                           └─ Mismatch: what is in the way  └─ Truth: every part of it, and the
//!                                                              values that it was decided by
//! ```
//!
//! This is a second evaluator beside the matcher: one rule at a time, in the plainest code, for
//! people to read what it found. It shares nothing with the matcher but the checked model, and is
//! what tests hold the matcher to. It allocates as it likes and is some hundred times slower.

mod distance;
mod event;
mod glob;
mod judge;
mod route;
mod truth;
mod value;

use yagura_rules::predicate::Expr;
use yagura_rules::taxonomy::Route;
use yagura_rules::{Activity, Detection, Filter, Taxonomy};

pub use event::SeenEvent;
pub use judge::{holds_on, matches};
pub use route::{Mismatch, is_on, mismatches};
pub use truth::{Item, Join, Part, Seen, TEXT_CHARS_MAX, Truth};

use truth::Evaluation;

/// How a rule and an event stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The rule lacks placeholders, and matches nothing.
    Inactive,
    /// The event is not of the rule's logsource.
    OtherLogsource,
    /// The rule does not match.
    Unmatched,
    /// The rule does not match, and would if one item were otherwise.
    Nearly,
    /// The rule matches.
    Matched,
}

/// A rule, ready to be explained.
#[derive(Debug)]
pub struct Explainer<'r> {
    rule: &'r Detection,
    taxonomy: &'r Taxonomy,
    routes: Vec<Route>,
    named: Vec<(&'r str, &'r Expr)>,
}

/// Why a rule does or does not match an event.
#[derive(Clone, Debug)]
pub struct Explanation<'x> {
    /// What it comes to.
    pub verdict: Verdict,
    /// Each way in which the logsource occurs among events, and what keeps this event from it.
    pub routes: Vec<(&'x Route, Vec<Mismatch>)>,
    /// The rule's parts, on the route that the event takes.
    pub body: Option<Body<'x>>,
}

/// The parts of a rule, and whether each holds.
#[derive(Clone, Debug)]
pub struct Body<'x> {
    /// The route that the event takes; of several the one on which it is nearest to matching.
    pub route: &'x Route,
    /// The rule's selections, then the filters and-ed to it.
    pub named: Vec<Named<'x>>,
    /// The condition over them.
    pub condition: Truth<'x>,
}

/// A selection or a filter.
#[derive(Clone, Debug)]
pub struct Named<'x> {
    /// The selection's name, or the filter's title.
    pub name: &'x str,
    /// Its parts.
    pub truth: Truth<'x>,
}

impl<'r> Explainer<'r> {
    /// Looks the rule's logsource up. `filters`: all that were loaded, so that those which apply
    /// to the rule can be called by their titles.
    pub fn new(rule: &'r Detection, filters: &'r [Filter], taxonomy: &'r Taxonomy) -> Self {
        let selections = rule.selections.iter();
        let selections = selections.map(|s| (s.name.as_str(), &s.matches));
        let filters = filters
            .iter()
            .filter(|filter| rule.filters.contains(&filter.meta.title))
            .map(|filter| (filter.meta.title.as_str(), &filter.matches));
        Self {
            rule,
            taxonomy,
            routes: taxonomy.routes(&rule.logsource),
            named: selections.chain(filters).collect(),
        }
    }

    /// The rule.
    pub fn rule(&self) -> &'r Detection {
        self.rule
    }

    /// Whether the tables know the rule's logsource; if not, its routes are a guess.
    pub fn knows_logsource(&self) -> bool {
        self.taxonomy.is_known(&self.rule.logsource)
    }

    /// Evaluates the rule for one event.
    pub fn explain(&self, event: &SeenEvent) -> Explanation<'_> {
        let routes: Vec<(&Route, Vec<Mismatch>)> = self
            .routes
            .iter()
            .map(|route| (route, mismatches(route, self.taxonomy, event)))
            .collect();
        let taken = routes
            .iter()
            .filter(|(_, mismatches)| mismatches.is_empty());
        let body = taken
            .map(|(route, _)| self.body(route, event))
            .min_by_key(|body| body.distance().unwrap_or(usize::MAX));
        let verdict = match &body {
            _ if self.rule.activity != Activity::Active => Verdict::Inactive,
            None => Verdict::OtherLogsource,
            Some(body) if body.condition.holds => Verdict::Matched,
            Some(body) if body.is_near() => Verdict::Nearly,
            Some(_) => Verdict::Unmatched,
        };
        Explanation {
            verdict,
            routes,
            body,
        }
    }

    fn body<'x>(&'x self, route: &'x Route, event: &SeenEvent) -> Body<'x> {
        let evaluation = Evaluation {
            named: &self.named,
            renames: &route.renames,
            event,
        };
        let named = self.named.iter().map(|(name, expr)| Named {
            name,
            truth: evaluation.written_out(expr),
        });
        Body {
            route,
            named: named.collect(),
            condition: evaluation.condition(&self.rule.matches),
        }
    }
}

impl<'x> Body<'x> {
    /// How many items would have to be otherwise for the rule to match; `None` where no items
    /// could make it match.
    pub fn distance(&self) -> Option<usize> {
        distance::distance(self, &self.condition, true)
    }

    /// The items of which each alone keeps the rule from matching, and whether it would have to
    /// hold. Nothing where the rule matches, or more than one item keeps it from that.
    pub fn decisive(&self) -> Vec<(&Item<'x>, bool)> {
        let mut found = Vec::new();
        distance::decisive(self, &self.condition, true, &mut found);
        found
    }

    fn is_near(&self) -> bool {
        self.distance() == Some(1) && distance::has_support(&self.named, &self.condition, true)
    }
}
