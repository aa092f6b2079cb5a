//! What is kept of one incident.

use std::sync::Arc;

use yagura_rules::IncidentPolicy;

use super::contribution::Contribution;
use super::entities::EntityId;
use super::keyed_list::{Keyed, KeyedList};
use super::risk;
use super::rule_facts::RuleFacts;
use super::tactic::Tactic;
use super::timeline::Row;

/// Whether people know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Not grave enough yet.
    Candidate,
    /// An opening record was written.
    Shown,
}

/// What rows came to, or became when they were summarised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) rows: u64,
    pub(super) count: u64,
    pub(super) first: i64,
    pub(super) last: i64,
}

impl Sum {
    fn add(&mut self, other: &Self) {
        if self.rows == 0 {
            *self = *other;
        } else if other.rows > 0 {
            self.rows = self.rows.saturating_add(other.rows);
            self.count = self.count.saturating_add(other.count);
            self.first = self.first.min(other.first);
            self.last = self.last.max(other.last);
        }
    }
}

/// A rule in an incident: all of its matches there.
#[derive(Debug)]
pub(super) struct RuleTally {
    pub(super) rule: u32,
    pub(super) count: u64,
    pub(super) first: i64,
    /// What it adds to the risk.
    pub(super) risk: f64,
    /// Rows that the timeline does not show any more.
    pub(super) summarised: Sum,
}

impl Keyed for RuleTally {
    fn key(&self) -> u64 {
        u64::from(self.rule)
    }
}

/// An entity in an incident.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) entity: EntityId,
    pub(super) first: i64,
    pub(super) last: i64,
    /// Contributions that named it.
    pub(super) count: u64,
}

impl Keyed for Listed {
    fn key(&self) -> u64 {
        u64::from(self.entity)
    }
}

/// What the last record said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Recorded {
    pub(super) time: i64,
    pub(super) risk: f64,
    pub(super) entities: u64,
}

#[derive(Debug)]
pub(super) struct Incident {
    /// Its number in the order of beginnings; the older of two has the smaller one.
    pub(super) order: u64,
    pub(super) id: u128,
    pub(super) phase: Phase,
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) risk: f64,
    pub(super) rules: KeyedList<RuleTally>,
    /// With their first time.
    pub(super) tactics: Vec<(Tactic, i64)>,
    pub(super) kinds: Vec<u8>,
    pub(super) entities: KeyedList<Listed>,
    pub(super) rows: KeyedList<Row>,
    pub(super) partial: bool,
    /// Something worth a record happened since the last one.
    pub(super) noteworthy: bool,
    pub(super) recorded: Recorded,
    /// Entities shown that the last record did not have.
    pub(super) fresh_entities: u64,
    /// As scheduled; activity since may have moved the real end.
    pub(super) end_due: i64,
    pub(super) update_due: Option<i64>,
}

impl Incident {
    pub(super) fn new(order: u64, id: u128, first: i64, last: i64) -> Self {
        Self {
            order,
            id,
            phase: Phase::Candidate,
            first,
            last,
            risk: 0.0,
            rules: KeyedList::default(),
            tactics: Vec::new(),
            kinds: Vec::new(),
            entities: KeyedList::default(),
            rows: KeyedList::default(),
            partial: false,
            noteworthy: false,
            recorded: Recorded::default(),
            fresh_entities: 0,
            end_due: i64::MIN,
            update_due: None,
        }
    }

    /// Counts matches of a rule.
    pub(super) fn tally(
        &mut self,
        policy: &IncidentPolicy,
        facts: &RuleFacts,
        matches: &Contribution<'_>,
        added: u64,
    ) {
        let (rule, first) = (matches.rule, matches.first.0);
        let new = RuleTally {
            rule,
            count: 0,
            first,
            risk: 0.0,
            summarised: Sum::default(),
        };
        self.tally_rule(policy, facts, added, new);
        for tactic in facts.tactics.iter() {
            self.note_tactic(*tactic, first);
        }
        self.sum_risk();
    }

    fn tally_rule(
        &mut self,
        policy: &IncidentPolicy,
        facts: &RuleFacts,
        added: u64,
        new: RuleTally,
    ) {
        let (first, summarised) = (new.first, new.summarised);
        let tally = if let Some(known) = self.rules.get_mut(new.key()) {
            known.summarised.add(&summarised);
            known
        } else {
            self.noteworthy = true;
            self.rules.push(new)
        };
        tally.count = tally.count.saturating_add(added);
        tally.first = tally.first.min(first);
        tally.risk = risk::of_rule(policy, facts.level, tally.count);
    }

    fn note_tactic(&mut self, tactic: Tactic, first: i64) {
        if let Some((_, time)) = self.tactics.iter_mut().find(|(known, _)| *known == tactic) {
            *time = first.min(*time);
        } else {
            self.noteworthy = true;
            self.tactics.push((tactic, first));
        }
    }

    pub(super) fn sum_risk(&mut self) {
        self.risk = self.rules.items().iter().map(|tally| tally.risk).sum();
    }

    /// Lists an entity, shown under a kind or not at all. `true`: it is new.
    pub(super) fn list(&mut self, listed: Listed, kind: Option<u8>) -> bool {
        if let Some(known) = self.entities.get_mut(listed.key()) {
            known.first = known.first.min(listed.first);
            known.last = known.last.max(listed.last);
            known.count = known.count.saturating_add(listed.count);
            return false;
        }
        self.entities.push(listed);
        if let Some(kind) = kind {
            self.fresh_entities += 1;
            if !self.kinds.contains(&kind) {
                self.kinds.push(kind);
                self.noteworthy = true;
            }
        }
        true
    }

    /// Makes sums of the rows that were not touched for longest. Returns their subjects.
    pub(super) fn summarise(&mut self, rows: usize) -> Vec<EntityId> {
        self.partial = true;
        let rows = self.rows.take_least(rows, |row| row.touched);
        let mut subjects = Vec::with_capacity(rows.len());
        for row in rows {
            subjects.push(row.subject);
            if let Some(tally) = self.rules.get_mut(u64::from(row.rule)) {
                tally.summarised.add(&Sum {
                    rows: 1,
                    count: row.count,
                    first: row.first,
                    last: row.last,
                });
            }
        }
        subjects
    }

    /// Takes in what a younger incident counted, except for its rows and entities.
    pub(super) fn absorb_tallies(
        &mut self,
        policy: &IncidentPolicy,
        rules: &[Arc<RuleFacts>],
        younger: &mut Self,
    ) {
        self.first = self.first.min(younger.first);
        self.last = self.last.max(younger.last);
        self.partial |= younger.partial;
        self.noteworthy = true;
        for tally in std::mem::take(&mut younger.rules).into_items() {
            if let Some(facts) = rules.get(tally.rule as usize) {
                let count = tally.count;
                self.tally_rule(policy, facts, count, RuleTally { count: 0, ..tally });
            }
        }
        for (tactic, first) in std::mem::take(&mut younger.tactics) {
            self.note_tactic(tactic, first);
        }
        self.sum_risk();
    }

    /// Whether it is grave enough to be shown. A policy without a threshold shows everything.
    pub(super) fn is_grave(&self, policy: &IncidentPolicy) -> bool {
        let at = &policy.open_at;
        let by_risk = at.risk.is_some_and(|risk| self.risk >= risk);
        let by_tactics = at.tactics.is_some_and(|count| self.tactics.len() >= count);
        by_risk || by_tactics || (at.risk.is_none() && at.tactics.is_none())
    }

    /// Whether an update is worth its record.
    pub(super) fn has_news(&self) -> bool {
        self.noteworthy
            || self.risk >= risk::quarter_more(self.recorded.risk) && self.risk > 0.0
            || self.fresh_entities > 0 && self.fresh_entities >= self.recorded.entities
    }

    /// A record of its state was written.
    pub(super) fn note_recorded(&mut self, time: i64) {
        self.noteworthy = false;
        self.recorded = Recorded {
            time,
            risk: self.risk,
            entities: self.recorded.entities + self.fresh_entities,
        };
        self.fresh_entities = 0;
    }
}
