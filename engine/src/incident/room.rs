//! Ends of incidents, and what is let go when limits are reached.

use super::builder::{Builder, Reason, Sink};
use super::contribution::Contribution;
use super::record::State;
use super::schedule::Task;
use super::state::{Incident, Phase};

impl Builder {
    /// Lets go of what was not touched for longest until a contribution fits.
    pub(super) fn make_room(&mut self, contribution: &Contribution<'_>, sink: Sink<'_>) {
        while self.rows >= self.limits.rows.max(1) {
            if !self.evict(Task::EndCandidate, sink) && !self.evict(Task::EndIncident, sink) {
                break;
            }
        }
        // Each may bring its short name; then an own address with its host, and two of ours.
        let named = contribution
            .entities
            .len()
            .min(self.limits.contribution_entities);
        let wanted = named * 2 + 6;
        while self.entities.len() + wanted > self.limits.entities.max(wanted) {
            if self.entities.evict() {
                self.counters.evicted_entities += 1;
            } else if !self.evict(Task::EndCandidate, sink) && !self.evict(Task::EndIncident, sink)
            {
                break;
            }
        }
    }

    /// Lets the least recently active of the candidates or of the incidents go. `false`: there
    /// is none.
    pub(super) fn evict(&mut self, task: Task, sink: Sink<'_>) -> bool {
        while let Some(due) = self.schedule.take_first(task) {
            if self.put_off(due) {
                continue;
            }
            if let Some(incident) = self.incident_mut(due.place) {
                incident.partial = true;
            }
            self.close(due.place, Reason::Evicted, sink);
            return true;
        }
        false
    }

    /// Closes an incident whose end was taken from the schedule.
    pub(super) fn close(&mut self, place: u32, reason: Reason, sink: Sink<'_>) {
        self.unschedule(place);
        let Some(phase) = self.incident(place).map(|incident| incident.phase) else {
            return;
        };
        if phase == Phase::Shown {
            self.write(place, State::Closed, None, sink);
        }
        let counter = match (phase, reason) {
            (Phase::Candidate, Reason::Over) => &mut self.counters.forgotten,
            (Phase::Candidate, Reason::Evicted) => &mut self.counters.evicted_candidates,
            (Phase::Shown, Reason::Over) => &mut self.counters.closed,
            (Phase::Shown, Reason::Evicted) => &mut self.counters.evicted_incidents,
        };
        *counter += 1;
        if let Some(incident) = self.take(place) {
            for listed in incident.entities.items() {
                self.unlink(listed.entity, place, reason);
            }
            self.rows -= incident.rows.len();
            for row in incident.rows.items() {
                self.entities.release(row.subject);
            }
        }
    }

    fn unlink(&mut self, id: u32, place: u32, reason: Reason) {
        if let Some(entity) = self.entities.get_mut(id)
            && entity.incident == Some(place)
        {
            entity.incident = None;
            entity.bereft |= reason == Reason::Evicted;
        }
        self.entities.release(id);
    }

    /// Empties a place of the table.
    fn take(&mut self, place: u32) -> Option<Incident> {
        let incident = self.incidents.get_mut(place as usize)?.take()?;
        self.free.push(place);
        Some(incident)
    }

    /// Keeps an incident within its limits: an eighth of the rows or entities goes at once, so
    /// that not every contribution has to look for the least recently touched.
    pub(super) fn trim(&mut self, place: u32) {
        let limits = self.limits;
        let Some(incident) = self.incident_mut(place) else {
            return;
        };
        let too_many = |have: usize, limit: usize| {
            let over = have.saturating_sub(limit.max(1));
            if over == 0 { 0 } else { over.max(limit / 8) }
        };
        let rows = too_many(incident.rows.len(), limits.incident_rows);
        if rows > 0 {
            let subjects = incident.summarise(rows);
            self.rows -= subjects.len();
            self.counters.summarised_rows += subjects.len() as u64;
            for subject in subjects {
                self.entities.release(subject);
            }
        }
        let Some(incident) = self.incident_mut(place) else {
            return;
        };
        let entities = too_many(incident.entities.len(), limits.incident_entities);
        if entities > 0 {
            incident.partial = true;
            let gone = incident.entities.take_least(entities, |listed| listed.last);
            self.counters.evicted_entities += gone.len() as u64;
            for listed in gone {
                self.unlink(listed.entity, place, Reason::Evicted);
            }
        }
    }

    /// Makes two incidents one. The older id stays; of the younger a last record says where it
    /// went, if it was shown.
    pub(super) fn merge(&mut self, older: u32, younger: u32, sink: Sink<'_>) {
        self.counters.merged += 1;
        self.unschedule(younger);
        let into = self.incident(older).map(|incident| incident.id);
        if self
            .incident(younger)
            .is_some_and(|i| i.phase == Phase::Shown)
        {
            self.write(younger, State::Closed, into, sink);
        }
        let Some(mut from) = self.take(younger) else {
            return;
        };
        let Some(incident) = self
            .incidents
            .get_mut(older as usize)
            .and_then(Option::as_mut)
        else {
            return;
        };
        incident.absorb_tallies(&self.policy, &self.rules, &mut from);
        for listed in from.entities.into_items() {
            let id = listed.entity;
            let mut kind = None;
            if let Some(entity) = self.entities.get_mut(id) {
                kind = entity.is_shown().then_some(entity.kind);
                if entity.incident == Some(younger) {
                    entity.incident = Some(older);
                }
            }
            if !incident.list(listed, kind) {
                self.entities.release(id);
            }
        }
        for row in from.rows.into_items() {
            use super::keyed_list::Keyed as _;
            if let Some(known) = incident.rows.get_mut(row.key()) {
                known.absorb(&row);
                self.rows -= 1;
                self.entities.release(row.subject);
            } else {
                incident.rows.push(row);
            }
        }
    }
}
