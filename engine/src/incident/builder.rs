//! Takes contributions, keeps incidents, gives out records.

use std::sync::Arc;

use yagura_parsers::Timestamp;
use yagura_rules::IncidentPolicy;
use yagura_rules::pattern::{Case, Pattern};

use super::contribution::{Contribution, Source};
use super::entities::{ALERT, Entities, EntityId};
use super::limits::{Counters, Limits};
use super::naming::Naming;
use super::record::{IncidentRecord, State};
use super::rule_facts::RuleFacts;
use super::schedule::{Due, Schedule, Task};
use super::sightings::CROWDED_MAX;
use super::state::{Incident, Listed, Phase};
use super::timeline::{NO_SUBJECT, Row, row_key};
use super::{MINUTE_NS, NANOS, since};
use crate::matcher::pattern::WildPattern;

/// Where records go.
pub type Sink<'a> = &'a mut dyn FnMut(&IncidentRecord);

/// Makes incidents of contributions (see the module).
#[derive(Debug)]
pub struct Builder {
    pub(super) policy: Arc<IncidentPolicy>,
    pub(super) limits: Limits,
    pub(super) rules: Vec<Arc<RuleFacts>>,
    pub(super) counters: Counters,
    /// By kind.
    pub(super) ignored: Vec<Vec<WildPattern>>,
    pub(super) host_kind: Option<u8>,
    pub(super) address_kind: Option<u8>,
    pub(super) crowded: usize,
    pub(super) join_within_ns: i64,
    pub(super) entities: Entities,
    pub(super) incidents: Vec<Option<Incident>>,
    pub(super) free: Vec<u32>,
    pub(super) schedule: Schedule,
    /// Nothing earlier is expected.
    pub(super) clock: i64,
    pub(super) next_order: u64,
    /// Rows of all incidents.
    pub(super) rows: usize,
    naming: Naming,
    targets: Vec<u32>,
}

impl Builder {
    /// `rules`: what contributions refer to by index.
    pub fn new(policy: Arc<IncidentPolicy>, rules: Vec<RuleFacts>, limits: Limits) -> Self {
        let kind = |name: &str| {
            let place = policy.entities.iter().position(|kind| kind.name == name)?;
            u8::try_from(place).ok()
        };
        let compiled = |pattern: &Pattern| {
            // Entities are the same whatever their case, so they are ignored whatever their case.
            let case = Case::Insensitive;
            let pieces = pattern.pieces.clone();
            WildPattern::new(&Pattern { pieces, case })
        };
        // The last kinds are taken by entities of our own.
        let kinds = policy.entities.iter().take(usize::from(u8::MAX) - 1);
        let ignored = kinds.map(|kind| kind.ignore.iter().map(compiled).collect());
        Self {
            ignored: ignored.collect(),
            host_kind: kind("host"),
            address_kind: kind("address"),
            crowded: policy.crowded.min(CROWDED_MAX) as usize,
            join_within_ns: i64::try_from(policy.join_within_seconds)
                .map_or(i64::MAX, |seconds| seconds.saturating_mul(NANOS)),
            policy,
            limits,
            rules: rules.into_iter().map(Arc::new).collect(),
            counters: Counters::default(),
            entities: Entities::default(),
            incidents: Vec::new(),
            free: Vec::new(),
            schedule: Schedule::default(),
            clock: i64::MIN,
            next_order: 0,
            rows: 0,
            naming: Naming::default(),
            targets: Vec::new(),
        }
    }

    /// What was counted since the beginning.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Candidates and incidents that live now.
    pub fn live(&self) -> (usize, usize) {
        let candidates = self.schedule.len(Task::EndCandidate);
        (candidates, self.schedule.len(Task::EndIncident))
    }

    /// Takes a contribution in. They come in the order of (time, sequence); one that comes
    /// behind a later one counts as if it came now.
    pub fn add(&mut self, contribution: &Contribution<'_>, sink: Sink<'_>) {
        if self.rules.get(contribution.rule as usize).is_none() {
            self.counters.unknown_rule += 1;
            return;
        }
        let now = contribution.time.0.max(self.clock);
        self.counters.late += u64::from(contribution.time.0 < self.clock);
        self.advance(Timestamp(now), sink);
        if self.is_stale(contribution, now) {
            self.counters.stale += 1;
            return;
        }
        self.counters.contributions += 1;
        // A first time that is not known would be the first of everything.
        let first = match contribution.first {
            Timestamp::UNKNOWN => contribution.last,
            first => first,
        };
        let contribution = &Contribution {
            first,
            ..*contribution
        };
        self.make_room(contribution, sink);
        let mut naming = std::mem::take(&mut self.naming);
        self.name(contribution, now, &mut naming);
        let place = self.join(contribution, &naming, now, sink);
        self.take_in(place, contribution, &naming, now);
        self.naming = naming;
        self.trim(place);
        self.report(place, now, sink);
    }

    /// Nothing earlier than `watermark` comes any more: writes the updates that were waiting
    /// and closes what is over. What comes out does not depend on how often this is called.
    pub fn advance(&mut self, watermark: Timestamp, sink: Sink<'_>) {
        self.clock = self.clock.max(watermark.0);
        while let Some(due) = self.schedule.take_before(self.clock) {
            if due.task == Task::Update {
                self.write_update(due.place, due.time, sink);
            } else if !self.put_off(due) {
                self.close(due.place, Reason::Over, sink);
            }
        }
        self.entities.forget(self.clock);
    }

    /// Nothing comes any more: closes everything, in the order of the beginnings.
    pub fn finish(&mut self, sink: Sink<'_>) {
        let mut all: Vec<(u64, u32)> = Vec::new();
        for (place, incident) in self.incidents.iter().enumerate() {
            all.extend(incident.as_ref().map(|i| (i.order, place as u32)));
        }
        all.sort_unstable();
        for (_, place) in all {
            self.unschedule(place);
            self.close(place, Reason::Over, sink);
        }
    }

    /// Whether its activity lies so far back that nothing it belongs to can be alive. An alert
    /// may close long after its last match; its incident, if there still is one, counts that.
    fn is_stale(&self, contribution: &Contribution<'_>, now: i64) -> bool {
        if since(contribution.last.0, now) <= self.join_within_ns {
            return false;
        }
        let id = contribution.id.to_le_bytes();
        let alert = self.entities.find(ALERT, &id);
        let alert = alert.filter(|_| contribution.source == Source::Alert);
        let incident = alert.and_then(|id| self.entities.get(id)?.incident);
        incident.is_none()
    }

    /// The incident that a contribution belongs to: the oldest that shares an entity with it,
    /// which takes in the others; or a new one.
    fn join(
        &mut self,
        contribution: &Contribution<'_>,
        naming: &Naming,
        now: i64,
        sink: Sink<'_>,
    ) -> u32 {
        let mut targets = std::mem::take(&mut self.targets);
        targets.clear();
        for id in naming.joining.iter().chain(&naming.absorbed) {
            let incident = self.entities.get(*id).and_then(|entity| entity.incident);
            targets.extend(incident.filter(|place| !targets.contains(place)));
        }
        let order = |place: &u32| self.incident(*place).map(|incident| incident.order);
        targets.sort_by_key(order);
        let place = match targets.split_first() {
            None => self.begin(contribution, now, sink),
            Some((oldest, younger)) => {
                for place in younger {
                    self.merge(*oldest, *place, sink);
                }
                *oldest
            }
        };
        self.targets = targets;
        for id in &naming.absorbed {
            if let Some(name) = self.entities.get_mut(*id) {
                name.incident = None;
            }
        }
        place
    }

    fn begin(&mut self, contribution: &Contribution<'_>, now: i64, sink: Sink<'_>) -> u32 {
        while self.schedule.len(Task::EndCandidate) >= self.limits.candidates.max(1) {
            if !self.evict(Task::EndCandidate, sink) {
                break;
            }
        }
        let id = super::id::incident_id(contribution.id, now);
        let last = contribution.last.0.min(now);
        let incident = Incident::new(self.next_order, id, contribution.first.0, last);
        self.next_order += 1;
        let place = self.free.pop().unwrap_or(self.incidents.len() as u32);
        match self.incidents.get_mut(place as usize) {
            Some(slot) => *slot = Some(incident),
            None => self.incidents.push(Some(incident)),
        }
        self.schedule_end(place);
        place
    }

    fn take_in(&mut self, place: u32, contribution: &Contribution<'_>, naming: &Naming, now: i64) {
        let (Some(incident), Some(facts)) = (
            self.incidents
                .get_mut(place as usize)
                .and_then(Option::as_mut),
            self.rules.get(contribution.rule as usize),
        ) else {
            return;
        };
        let added = growth(&mut self.entities, contribution, naming);
        let last = contribution.last.0.min(now);
        incident.first = incident.first.min(contribution.first.0);
        incident.last = incident.last.max(last);
        incident.partial |= naming.is_partial | contribution.partial;
        incident.tally(&self.policy, facts, contribution, added);
        let also = naming
            .joining
            .iter()
            .filter(|id| !naming.named.contains(id));
        for id in naming.named.iter().chain(also) {
            let kind = self
                .entities
                .get(*id)
                .filter(|e| e.is_shown())
                .map(|e| e.kind);
            let listed = Listed {
                entity: *id,
                first: contribution.first.0,
                last,
                count: 1,
            };
            if incident.list(listed, kind) {
                self.entities.hold(*id);
            }
        }
        for id in &naming.joining {
            if let Some(entity) = self.entities.get_mut(*id) {
                entity.incident = Some(place);
                incident.partial |= std::mem::take(&mut entity.bereft);
            }
        }
        let subject = match contribution.source {
            Source::Alert => naming.joining.last(),
            Source::Detection => naming.hosts.first(),
        };
        self.add_to_row(
            place,
            contribution,
            added,
            subject.copied().unwrap_or(NO_SUBJECT),
        );
    }

    fn add_to_row(
        &mut self,
        place: u32,
        contribution: &Contribution<'_>,
        added: u64,
        subject: EntityId,
    ) {
        let Some(incident) = self
            .incidents
            .get_mut(place as usize)
            .and_then(Option::as_mut)
        else {
            return;
        };
        let row = if let Some(row) = incident.rows.get_mut(row_key(contribution.rule, subject)) {
            row
        } else {
            self.rows += 1;
            self.entities.hold(subject);
            let row = Row::new(contribution, subject, self.limits.value_bytes);
            incident.rows.push(row)
        };
        row.add(contribution, added, self.counters.contributions);
    }

    /// Opens a candidate that became grave enough, and writes or plans the update of an
    /// incident with news.
    fn report(&mut self, place: u32, now: i64, sink: Sink<'_>) {
        let Some(incident) = self.incident(place) else {
            return;
        };
        match incident.phase {
            Phase::Candidate if incident.is_grave(&self.policy) => self.open(place, now, sink),
            Phase::Shown if incident.has_news() => {
                let due = incident.recorded.time.saturating_add(MINUTE_NS);
                if due <= now {
                    self.write_update(place, now, sink);
                } else if incident.update_due.is_none() {
                    self.schedule_update(place, due);
                }
            }
            Phase::Candidate | Phase::Shown => {}
        }
    }

    fn open(&mut self, place: u32, now: i64, sink: Sink<'_>) {
        while self.schedule.len(Task::EndIncident) >= self.limits.incidents.max(1) {
            if !self.evict(Task::EndIncident, sink) {
                break;
            }
        }
        self.unschedule(place);
        if let Some(incident) = self.incident_mut(place) {
            incident.phase = Phase::Shown;
            incident.note_recorded(now);
        }
        self.schedule_end(place);
        self.counters.opened += 1;
        self.write(place, State::Open, None, sink);
    }

    fn write_update(&mut self, place: u32, time: i64, sink: Sink<'_>) {
        self.unschedule_update(place);
        if let Some(incident) = self.incident_mut(place) {
            incident.note_recorded(time);
            self.write(place, State::Update, None, sink);
        }
    }

    pub(super) fn write(
        &self,
        place: u32,
        state: State,
        merged_into: Option<u128>,
        sink: Sink<'_>,
    ) {
        if let Some(incident) = self.incident(place) {
            let record = IncidentRecord::new(self, incident, state, merged_into);
            sink(&record);
        }
    }

    pub(super) fn incident(&self, place: u32) -> Option<&Incident> {
        self.incidents.get(place as usize)?.as_ref()
    }

    pub(super) fn incident_mut(&mut self, place: u32) -> Option<&mut Incident> {
        self.incidents.get_mut(place as usize)?.as_mut()
    }
}

/// The matches that are new in a contribution. The alert of one is its last way to join.
fn growth(entities: &mut Entities, contribution: &Contribution<'_>, naming: &Naming) -> u64 {
    let alert = naming.joining.last().copied();
    let alert = alert.filter(|_| contribution.source == Source::Alert);
    let Some(entity) = alert.and_then(|id| entities.get_mut(id)) else {
        return contribution.count;
    };
    let added = contribution.count.saturating_sub(entity.counted);
    entity.counted = entity.counted.saturating_add(added);
    added
}

/// Why an incident closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// No activity for as long as incidents live.
    Over,
    /// Want of room.
    Evicted,
}

impl Builder {
    /// Schedules the end that the last activity means.
    pub(super) fn schedule_end(&mut self, place: u32) {
        let join_within_ns = self.join_within_ns;
        if let Some(incident) = self.incident_mut(place) {
            incident.end_due = incident.last.saturating_add(join_within_ns);
            let due = end_of(incident, place);
            self.schedule.insert(due);
        }
    }

    fn schedule_update(&mut self, place: u32, time: i64) {
        if let Some(incident) = self.incident_mut(place) {
            incident.update_due = Some(time);
            let due = Due {
                time,
                task: Task::Update,
                ..end_of(incident, place)
            };
            self.schedule.insert(due);
        }
    }

    fn unschedule_update(&mut self, place: u32) {
        if let Some(incident) = self.incident_mut(place)
            && let Some(time) = incident.update_due.take()
        {
            let due = Due {
                time,
                task: Task::Update,
                ..end_of(incident, place)
            };
            self.schedule.remove(due);
        }
    }

    pub(super) fn unschedule(&mut self, place: u32) {
        self.unschedule_update(place);
        if let Some(incident) = self.incident(place) {
            let due = end_of(incident, place);
            self.schedule.remove(due);
        }
    }

    /// Puts an end off that activity has moved. `false`: it was not moved.
    pub(super) fn put_off(&mut self, due: Due) -> bool {
        let end = self
            .incident(due.place)
            .map(|i| i.last.saturating_add(self.join_within_ns));
        let moved = end.is_some_and(|end| end > due.time);
        if moved {
            self.schedule_end(due.place);
        }
        moved
    }
}

/// The scheduled end of an incident.
pub(super) fn end_of(incident: &Incident, place: u32) -> Due {
    Due {
        time: incident.end_due,
        order: incident.order,
        task: match incident.phase {
            Phase::Candidate => Task::EndCandidate,
            Phase::Shown => Task::EndIncident,
        },
        place,
    }
}
