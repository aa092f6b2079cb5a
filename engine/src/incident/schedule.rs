//! What is due when: ends of incidents and candidates, and updates that wait for their minute.
//!
//! Activity does not move an end: when it comes, the incident says whether it is really over,
//! and is put back otherwise. So a contribution to a known incident changes nothing here.

use std::collections::BTreeSet;

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Task {
    /// Write the update that waits.
    Update,
    /// See whether a shown incident is over.
    EndIncident,
    /// See whether a candidate is over.
    EndCandidate,
}

/// A task of an incident. In the order of time, then of the incidents' beginnings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Due {
    pub(super) time: i64,
    /// The number of the incident in the order of their beginnings.
    pub(super) order: u64,
    pub(super) task: Task,
    /// Its place in the table.
    pub(super) place: u32,
}

#[derive(Debug, Default)]
pub(super) struct Schedule {
    updates: BTreeSet<Due>,
    incidents: BTreeSet<Due>,
    candidates: BTreeSet<Due>,
}

impl Schedule {
    fn of(&mut self, task: Task) -> &mut BTreeSet<Due> {
        match task {
            Task::Update => &mut self.updates,
            Task::EndIncident => &mut self.incidents,
            Task::EndCandidate => &mut self.candidates,
        }
    }

    pub(super) fn insert(&mut self, due: Due) {
        self.of(due.task).insert(due);
    }

    pub(super) fn remove(&mut self, due: Due) {
        self.of(due.task).remove(&due);
    }

    /// Takes the first task that is due before `now`.
    pub(super) fn take_before(&mut self, now: i64) -> Option<Due> {
        let all = [&self.updates, &self.incidents, &self.candidates];
        let first = all.into_iter().filter_map(BTreeSet::first).min().copied()?;
        (first.time < now).then(|| {
            self.remove(first);
            first
        })
    }

    /// Takes the first end of one kind.
    pub(super) fn take_first(&mut self, task: Task) -> Option<Due> {
        self.of(task).pop_first()
    }

    pub(super) fn len(&self, task: Task) -> usize {
        match task {
            Task::Update => self.updates.len(),
            Task::EndIncident => self.incidents.len(),
            Task::EndCandidate => self.candidates.len(),
        }
    }
}
