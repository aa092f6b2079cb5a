//! The state of a builder as bytes, for checkpoints.
//!
//! ```text
//!  "YGINC" version │ kinds of the policy │ facts of the rules │ entities │ incidents │ checksum
//! ```
//!
//! Rules are found again by id (else title) after a reload; one that is gone keeps its facts as
//! they were as long as an incident shows it. A policy with other kinds of entities is refused,
//! since the kinds of what is kept would mean something else.

mod bytes;
mod parts;

use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::HashMap;
use yagura_rules::IncidentPolicy;

use self::bytes::{Read, Reader, Writer};
use super::builder::{Builder, end_of};
use super::entities::EntityId;
use super::limits::Limits;
use super::rule_facts::RuleFacts;
use super::schedule::{Due, Task};
use super::timeline::NO_SUBJECT;
use crate::correlator::hash::hash64;

const MAGIC: &[u8] = b"YGINC\x03";
/// Of the checksum.
const TAIL_BYTES: usize = 8;

/// Why a snapshot was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Not a snapshot of incidents, or of another version.
    #[error("not a snapshot of incidents of this version")]
    Version,
    /// It was cut or changed.
    #[error("the snapshot is damaged: its checksum does not fit")]
    Checksum,
    /// It contradicts itself.
    #[error("the snapshot is malformed")]
    Malformed,
    /// The policy finds other kinds of entities.
    #[error("the snapshot was taken with other kinds of entities than the policy has")]
    Policy,
}

impl Builder {
    /// All of the state.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.snapshot_into(&mut out);
        out
    }

    /// Appends all of the state.
    pub(crate) fn snapshot_into(&self, into: &mut Vec<u8>) {
        let begin = into.len();
        let mut out = Writer(std::mem::take(into));
        out.0.extend_from_slice(MAGIC);
        out.list(self.policy.entities.iter(), |out, kind| {
            out.bytes(kind.name.as_bytes());
        });
        out.list(self.rules.iter(), |out, facts| {
            parts::write_facts(out, facts);
        });
        out.time(self.clock);
        out.number(self.next_order);
        let mut counters = self.counters;
        for counter in counters.fields() {
            out.number(*counter);
        }
        out.list(self.entities.slots.iter(), |out, slot| {
            out.option(slot.as_ref(), parts::write_entity);
        });
        out.list(self.entities.queue.iter(), |out, (time, id)| {
            out.time(*time);
            out.number((*id).into());
        });
        out.list(self.incidents.iter(), |out, slot| {
            out.option(slot.as_ref(), parts::write_incident);
        });
        let sum = hash64(0, &out.0[begin..]);
        out.0.extend_from_slice(&sum.to_le_bytes());
        *into = out.0;
    }

    /// Goes on where a snapshot was taken. Limits may differ; they are kept from now on.
    pub fn restore(
        policy: Arc<IncidentPolicy>,
        rules: Vec<RuleFacts>,
        limits: Limits,
        snapshot: &[u8],
    ) -> Result<Self, SnapshotError> {
        if !snapshot.starts_with(MAGIC) {
            return Err(SnapshotError::Version);
        }
        let (body, tail) = snapshot
            .split_last_chunk::<TAIL_BYTES>()
            .ok_or(SnapshotError::Checksum)?;
        if hash64(0, body) != u64::from_le_bytes(*tail) {
            return Err(SnapshotError::Checksum);
        }
        let mut input = Reader(body.get(MAGIC.len()..).ok_or(SnapshotError::Malformed)?);
        let mut builder = Self::new(policy, rules, limits);
        builder.read(&mut input)?;
        if !input.0.is_empty() {
            return Err(SnapshotError::Malformed);
        }
        builder.connect()?;
        Ok(builder)
    }

    fn read(&mut self, input: &mut Reader<'_>) -> Read<()> {
        let kinds = input.list(Reader::text)?;
        let known = self.policy.entities.iter().map(|kind| kind.name.as_str());
        if !known.eq(kinds) {
            return Err(SnapshotError::Policy);
        }
        let rules = self.read_rules(input)?;
        self.clock = input.time()?;
        self.next_order = input.counter()?;
        for counter in self.counters.fields() {
            *counter = input.counter()?;
        }
        let entities = input.list(|input| input.option(parts::read_entity))?;
        let queue = input.list(|input| Ok((input.time()?, input.place()?)))?;
        if !self.entities.restore(entities, VecDeque::from(queue)) {
            return Err(SnapshotError::Malformed);
        }
        self.incidents =
            input.list(|input| input.option(|input| parts::read_incident(input, &rules)))?;
        Ok(())
    }

    /// Where the rules of the snapshot are now.
    fn read_rules(&mut self, input: &mut Reader<'_>) -> Read<Vec<u32>> {
        let written = input.list(|input| parts::read_facts(input).map(Arc::new))?;
        let known = numbered(&self.rules);
        let known: HashMap<_, _> = known.into_iter().zip(0_u32..).collect();
        let mut places = Vec::with_capacity(written.len());
        for (name, facts) in numbered(&written).into_iter().zip(written) {
            let place = known.get(&name).copied();
            let place = place.unwrap_or(self.rules.len() as u32);
            if place as usize == self.rules.len() {
                self.rules.push(facts);
            }
            places.push(place);
        }
        Ok(places)
    }

    /// Checks what refers to what, and makes what follows from the rest: who holds an entity,
    /// the schedule, the free places.
    fn connect(&mut self) -> Read<()> {
        for place in 0..self.incidents.len() as u32 {
            let Some(incident) = self.incidents.get(place as usize).and_then(Option::as_ref) else {
                self.free.push(place);
                continue;
            };
            let end = end_of(incident, place);
            self.schedule.insert(end);
            if let Some(time) = incident.update_due {
                self.schedule.insert(Due {
                    time,
                    task: Task::Update,
                    ..end
                });
            }
            self.rows += incident.rows.len();
            let rows = incident.rows.items().iter().map(|row| row.subject);
            let rows = rows.filter(|subject| *subject != NO_SUBJECT);
            let held: Vec<EntityId> = incident
                .entities
                .items()
                .iter()
                .map(|l| l.entity)
                .chain(rows)
                .collect();
            for id in held {
                self.entities.get(id).ok_or(SnapshotError::Malformed)?;
                self.entities.hold(id);
            }
        }
        for entity in self.entities.slots.iter().flatten() {
            let linked = entity.incident.map(|place| self.incident(place).is_some());
            // What nothing holds must be in the queue, or it would stay forever.
            if linked == Some(false) || (entity.holds == 0 && !entity.queued) {
                return Err(SnapshotError::Malformed);
            }
        }
        Ok(())
    }
}

/// What rules are known by, with a number where several are known by the same.
pub(super) fn numbered<R: AsRef<RuleFacts>>(rules: &[R]) -> Vec<(String, u32)> {
    let mut seen: HashMap<&str, u32> = HashMap::new();
    let names = rules.iter().map(|facts| {
        let name = facts.as_ref().identity();
        let number = seen.entry(name).or_default();
        *number += 1;
        (name.to_owned(), *number)
    });
    names.collect()
}
