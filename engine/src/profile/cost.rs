//! What was counted, by plan while profiling, by rule and by predicate at the end.

use std::cmp::Reverse;

use hashbrown::HashMap;

use super::names;
use crate::engine::{Engine, RuleIndex};
use crate::matcher::plan::{ClassPlan, PredicateId};

/// Where the time of matching went.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// Events.
    pub events: u64,
    /// Looking values up in the tables, for all rules together.
    pub look_up_ns: u64,
    /// All rules that are compiled, the costliest first.
    pub rules: Vec<RuleCost>,
    /// All predicates that were tested, asked for or opened a rule, the costliest first.
    pub predicates: Vec<PredicateCost>,
}

/// What a rule cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleCost {
    /// The rule.
    pub rule: RuleIndex,
    /// Events of its logsource.
    pub events: u64,
    /// Events on which it was evaluated, because an access predicate held or it has none.
    pub evaluated: u64,
    /// Events on which it held.
    pub held: u64,
    /// Predicates that its evaluations asked for.
    pub asked: u64,
    /// Its evaluations, and its share (by the number of rules that have them) of the tests of
    /// its predicates that no table decides.
    pub cost_ns: u64,
    /// What opens it.
    pub access: Access,
}

/// What makes the matcher look at a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// One of these predicates holds.
    Predicates(Vec<String>),
    /// Any event of its logsource: the rule can match without any predicate that holds.
    Always,
}

/// What a predicate cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PredicateCost {
    /// As the rule writes it.
    pub predicate: String,
    /// Rules that have it.
    pub rules: u64,
    /// Events on which it opened rules.
    pub fired: u64,
    /// How often evaluations asked for it.
    pub asked: u64,
    /// How often the answer was yes.
    pub held: u64,
    /// How often a value was tested for it, because no table decides it.
    pub tested: u64,
    /// What the tests took.
    pub cost_ns: u64,
}

#[derive(Clone, Copy, Default)]
struct RuleCounts {
    evaluated: u64,
    held: u64,
    asked: u64,
    ns: u64,
}

#[derive(Clone, Copy, Default)]
struct PredicateCounts {
    /// The event at which it fired last.
    fired_at: u64,
    fired: u64,
    asked: u64,
    held: u64,
    tested: u64,
    /// Tests before any rule was evaluated.
    access_ns: u64,
    /// Tests that evaluations asked for; their rules have paid for them.
    direct_ns: u64,
}

/// The counts of one plan.
pub(super) struct PlanCosts {
    pub(super) events: u64,
    rules: Vec<RuleCounts>,
    predicates: Vec<PredicateCounts>,
    /// By rule.
    access: Vec<Vec<PredicateId>>,
}

impl PlanCosts {
    pub(super) fn new(plan: &ClassPlan) -> Self {
        let mut access = vec![Vec::new(); plan.rules.len()];
        for id in (0..plan.predicates.len() as u32).map(PredicateId) {
            for rule in plan.opened_by(id) {
                access[*rule as usize].push(id);
            }
        }
        Self {
            events: 0,
            rules: vec![RuleCounts::default(); plan.rules.len()],
            predicates: vec![PredicateCounts::default(); plan.predicates.len()],
            access,
        }
    }

    pub(super) fn access_of(&self, rule: usize) -> &[PredicateId] {
        &self.access[rule]
    }

    pub(super) fn tested(&mut self, id: PredicateId, ns: u64) {
        let counts = &mut self.predicates[id.index()];
        counts.tested += 1;
        counts.access_ns += ns;
    }

    pub(super) fn asked_directly(&mut self, id: PredicateId, ns: u64) {
        let counts = &mut self.predicates[id.index()];
        counts.tested += 1;
        counts.direct_ns += ns;
    }

    pub(super) fn asked(&mut self, id: PredicateId, held: bool) {
        let counts = &mut self.predicates[id.index()];
        counts.asked += 1;
        counts.held += u64::from(held);
    }

    /// Counts an event on which a predicate opened rules, once.
    pub(super) fn fired(&mut self, id: PredicateId) {
        let counts = &mut self.predicates[id.index()];
        if counts.fired_at != self.events {
            counts.fired_at = self.events;
            counts.fired += 1;
        }
    }

    pub(super) fn evaluated(&mut self, rule: usize, held: bool, asked: u64, ns: u64) {
        let counts = &mut self.rules[rule];
        counts.evaluated += 1;
        counts.held += u64::from(held);
        counts.asked += asked;
        counts.ns += ns;
    }
}

/// Brings the counts of all plans together.
pub(super) fn summarise(
    engine: &Engine,
    costs: &[PlanCosts],
    events: u64,
    look_up_ns: u64,
) -> Profile {
    let mut rules: HashMap<RuleIndex, RuleCost> = HashMap::new();
    let mut predicates: HashMap<String, PredicateCost> = HashMap::new();
    for (plan, costs) in engine.classes.plans.iter().zip(costs) {
        add_plan(engine, plan, costs, &mut rules, &mut predicates);
    }
    let mut rules: Vec<RuleCost> = rules.into_values().collect();
    rules.sort_by_key(|r| (Reverse(r.cost_ns), Reverse(r.evaluated), r.rule));
    let is_used = |p: &PredicateCost| p.fired + p.asked + p.tested > 0;
    let mut predicates: Vec<_> = predicates.into_values().filter(is_used).collect();
    predicates.sort_by(|a, b| {
        let rank = |p: &PredicateCost| (Reverse(p.cost_ns), Reverse(p.asked), Reverse(p.fired));
        rank(a)
            .cmp(&rank(b))
            .then_with(|| a.predicate.cmp(&b.predicate))
    });
    Profile {
        events,
        look_up_ns,
        rules,
        predicates,
    }
}

fn add_plan(
    engine: &Engine,
    plan: &ClassPlan,
    costs: &PlanCosts,
    rules: &mut HashMap<RuleIndex, RuleCost>,
    predicates: &mut HashMap<String, PredicateCost>,
) {
    let named: Vec<_> = plan
        .rules
        .iter()
        .map(|rule| names::of_rule(engine, plan, rule))
        .collect();
    let mut users = vec![0u64; plan.predicates.len()];
    let mut first_names: HashMap<PredicateId, &str> = HashMap::new();
    for (id, name) in named.iter().flatten() {
        users[id.index()] += 1;
        first_names.entry(*id).or_insert(name);
    }
    for ((index, rule), named) in plan.rules.iter().enumerate().zip(&named) {
        let counts = costs.rules[index];
        let shared = named.iter().map(|(id, _)| {
            let index = id.index();
            costs.predicates[index].access_ns / users[index].max(1)
        });
        let cost = rules.entry(rule.rule).or_insert_with(|| RuleCost {
            rule: rule.rule,
            events: 0,
            evaluated: 0,
            held: 0,
            asked: 0,
            cost_ns: 0,
            access: Access::Predicates(Vec::new()),
        });
        cost.events += costs.events;
        cost.evaluated += counts.evaluated;
        cost.held += counts.held;
        cost.asked += counts.asked;
        cost.cost_ns += counts.ns + shared.sum::<u64>();
        if plan.always.contains(&(index as u32)) {
            cost.access = Access::Always;
        }
        if let Access::Predicates(known) = &mut cost.access {
            for (id, name) in named {
                if costs.access[index].contains(id) && !known.contains(name) {
                    known.push(name.clone());
                }
            }
        }
    }
    for (id, name) in first_names {
        let counts = costs.predicates[id.index()];
        let cost = predicates
            .entry(name.to_owned())
            .or_insert_with(|| PredicateCost {
                predicate: name.to_owned(),
                rules: 0,
                fired: 0,
                asked: 0,
                held: 0,
                tested: 0,
                cost_ns: 0,
            });
        // Several plans hold the same rules.
        cost.rules = cost.rules.max(users[id.index()]);
        cost.fired += counts.fired;
        cost.asked += counts.asked;
        cost.held += counts.held;
        cost.tested += counts.tested;
        cost.cost_ns += counts.access_ns + counts.direct_ns;
    }
}
