//! What made a rule match.

use yagura_parsers::Value;

use crate::engine::RuleIndex;
use crate::matcher::check::Check;
use crate::matcher::event::{EventMatch, as_decimal, sourced_values};
use crate::matcher::plan::PredicateId;

/// A field and the value with which an event satisfied a part of a rule.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The field's name as the rule writes it; empty for keywords.
    pub field: &'a str,
    /// The value; for keywords the value or line in which they stand. Null where the rule asked
    /// for the field's absence.
    pub value: Value<'a>,
}

/// Whether a rule holds on the plan at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Yes,
    No,
}

impl EventMatch<'_> {
    /// Shows the values that made a rule match, each once.
    pub(crate) fn evidence(
        &mut self,
        rule: RuleIndex,
        each: &mut impl FnMut(Evidence<'_>),
    ) -> Found {
        let mut held = Found::No;
        let plan = self.plan;
        let mut predicates: Vec<PredicateId> = Vec::new();
        for one in plan.rules.iter().filter(|one| one.rule == rule) {
            if plan.program.holds(one.root, &mut |p| self.holds(p)) {
                held = Found::Yes;
                // Both closures need the event; the first answers from what is known by now.
                let mut note = |p: PredicateId| {
                    if !predicates.contains(&p) {
                        predicates.push(p);
                    }
                };
                plan.program
                    .evidence(one.root, &mut |p| self.holds(p), &mut note);
            }
        }
        let mut shown: Vec<(&str, Value<'_>)> = Vec::new();
        for id in predicates {
            let field: &str = &plan.predicates[id.index()].name;
            let value = self.satisfying(id);
            let same = |(other, shown): &(&str, Value<'_>)| {
                *other == field && shown.kind == value.kind && shown.written() == value.written()
            };
            if !shown.iter().any(same) {
                shown.push((field, value));
                each(Evidence { field, value });
            }
        }
        held
    }
}

impl<'m> EventMatch<'m> {
    /// The first value with which a predicate holds.
    fn satisfying(&mut self, id: PredicateId) -> Value<'m> {
        let predicate = &self.plan.predicates[id.index()];
        if let Check::Field(..) = predicate.check {
            return self.first_related(id).unwrap_or(Value::NULL);
        }
        let (mut decimal, mut room) = (Vec::new(), Vec::new());
        let mut values = sourced_values(&predicate.sources, self.event, self.texts);
        let found = values.find(|(source, value)| {
            let text = as_decimal(*source, *value, &mut decimal);
            predicate.check.holds(value.kind, text, &mut room)
        });
        found.map_or(Value::NULL, |(_, value)| value)
    }
}
