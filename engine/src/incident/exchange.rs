//! Other rules take the place of those in force, and incidents go on.

use std::sync::Arc;

use hashbrown::HashMap;
use yagura_rules::IncidentPolicy;

use super::builder::Builder;
use super::limits::Limits;
use super::rule_facts::RuleFacts;
use super::snapshot::numbered;
use super::state::Incident;

impl Builder {
    /// Whether a policy finds the kinds of entities that are kept here.
    pub fn has_kinds_of(&self, policy: &IncidentPolicy) -> bool {
        let names = |policy: &IncidentPolicy| -> Vec<String> {
            policy.entities.iter().map(|k| k.name.clone()).collect()
        };
        names(&self.policy) == names(policy)
    }

    /// Goes on by other rules and another policy, as [`Builder::restore`] would with a snapshot
    /// of now, without making one. The policy must [have the same kinds](Self::has_kinds_of).
    pub fn exchange(&mut self, policy: Arc<IncidentPolicy>, rules: Vec<RuleFacts>, limits: Limits) {
        let old = std::mem::replace(self, Self::new(policy, rules, limits));
        let mut places = Places::new(&old.rules, &mut self.rules);
        self.counters = old.counters;
        self.entities = old.entities;
        self.incidents = old.incidents;
        self.free = old.free;
        self.schedule = old.schedule;
        self.clock = old.clock;
        self.next_order = old.next_order;
        self.rows = old.rows;
        for incident in self.incidents.iter_mut().flatten() {
            incident.renumber_rules(|rule| places.of(rule));
        }
    }
}

/// Where rules are now.
struct Places<'a> {
    old: &'a [Arc<RuleFacts>],
    known: Vec<Option<u32>>,
    rules: &'a mut Vec<Arc<RuleFacts>>,
}

impl<'a> Places<'a> {
    fn new(old: &'a [Arc<RuleFacts>], rules: &'a mut Vec<Arc<RuleFacts>>) -> Self {
        let now: HashMap<_, _> = numbered(rules).into_iter().zip(0_u32..).collect();
        let known = numbered(old)
            .into_iter()
            .map(|name| now.get(&name).copied());
        Self {
            known: known.collect(),
            old,
            rules,
        }
    }

    /// A rule that is gone keeps its facts, if an incident shows it.
    fn of(&mut self, rule: u32) -> u32 {
        let Some(known) = self.known.get_mut(rule as usize) else {
            return rule;
        };
        *known.get_or_insert_with(|| {
            self.rules.extend(self.old.get(rule as usize).cloned());
            (self.rules.len() - 1) as u32
        })
    }
}

impl Incident {
    fn renumber_rules(&mut self, mut place: impl FnMut(u32) -> u32) {
        self.rules.renumber(|tally| tally.rule = place(tally.rule));
        self.rows.renumber(|row| row.rule = place(row.rule));
    }
}
