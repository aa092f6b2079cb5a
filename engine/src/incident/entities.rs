//! The entities known: every host, user, address, … of the live incidents and of the last day.
//!
//! An entity is interned once and found by one hash of its folded value. It links to at most
//! one live incident: whoever shares it joins that incident, and where two incidents come to
//! share one they become one.

use std::collections::VecDeque;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::claims::Claims;
use super::sightings::Sightings;
use super::{DAY_NS, since};
use crate::fold::fold_into;

/// The kind of the entity that stands for an alert: its records belong together.
pub(super) const ALERT: u8 = u8::MAX;
/// The kind of the entity that stands for a rule whose contributions name nobody: they join
/// each other, or else each would be an incident of its own.
pub(super) const NOBODY: u8 = u8::MAX - 1;

/// A place in the table; valid as long as the entity is held or fresh.
pub(super) type EntityId = u32;

/// A host, and which one of those that had its place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HostRef {
    pub(super) id: EntityId,
    pub(super) generation: u32,
}

/// Whether an entity may connect contributions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It may.
    Joins,
    /// The policy ignores it.
    Ignored,
}

#[derive(Debug)]
pub(super) struct Entity {
    pub(super) kind: u8,
    pub(super) standing: Standing,
    /// Its last incident was let go for want of room, so the next one is not complete.
    pub(super) bereft: bool,
    pub(super) generation: u32,
    pub(super) folded: Box<[u8]>,
    /// As first seen, where that differs.
    pub(super) written: Option<Box<[u8]>>,
    pub(super) last_seen: i64,
    /// Of an alert: its matches that incidents have counted. Known as long as the entity is,
    /// which is a day beyond its last record at least, unless room is wanted.
    pub(super) counted: u64,
    /// Of an alert: how many of the entities that it names were noted as seen on its hosts.
    /// Known for as long.
    pub(super) sighted: u32,
    /// The live incident that whoever shares this entity joins.
    pub(super) incident: Option<u32>,
    /// Incidents and rows that refer to it.
    pub(super) holds: u32,
    /// Whether it is in the queue of those to forget.
    pub(super) queued: bool,
    pub(super) claims: Claims,
    pub(super) sightings: Sightings,
}

impl Entity {
    pub(super) fn written(&self) -> &[u8] {
        self.written.as_deref().unwrap_or(&self.folded)
    }

    /// Whether it belongs to nothing and was not seen for a day.
    pub(super) fn is_forgettable(&self, now: i64) -> bool {
        self.holds == 0 && since(self.last_seen, now) > DAY_NS
    }

    /// Alerts and nobodies are ways to join and nothing to show.
    pub(super) fn is_shown(&self) -> bool {
        self.kind < NOBODY
    }
}

#[derive(Debug, Default)]
pub(super) struct Entities {
    pub(super) slots: Vec<Option<Entity>>,
    free: Vec<EntityId>,
    places: HashTable<EntityId>,
    hasher: DefaultHashBuilder,
    /// In the order in which they were queued, with the time of that. An entity that was seen
    /// since is queued again when its turn comes, so nothing is moved at a sighting.
    pub(super) queue: VecDeque<(i64, EntityId)>,
    generation: u32,
    folded: Vec<u8>,
}

impl Entities {
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn get(&self, id: EntityId) -> Option<&Entity> {
        self.slots.get(id as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, id: EntityId) -> Option<&mut Entity> {
        self.slots.get_mut(id as usize)?.as_mut()
    }

    /// The entity of a value, seen now. `standing` is asked once, when it is new.
    pub(super) fn intern(
        &mut self,
        kind: u8,
        value: &[u8],
        now: i64,
        standing: impl FnOnce(&[u8]) -> Standing,
    ) -> EntityId {
        let mut folded = std::mem::take(&mut self.folded);
        folded.clear();
        if kind < NOBODY {
            fold_into(value, &mut folded);
        } else {
            folded.extend_from_slice(value);
        }
        let id = self.find(kind, &folded).unwrap_or_else(|| {
            self.generation = self.generation.wrapping_add(1);
            self.insert(Entity {
                kind,
                standing: standing(&folded),
                bereft: false,
                generation: self.generation,
                folded: folded.as_slice().into(),
                written: (value != folded).then(|| value.into()),
                last_seen: now,
                counted: 0,
                sighted: 0,
                incident: None,
                holds: 0,
                queued: true,
                claims: Claims::default(),
                sightings: Sightings::default(),
            })
        });
        if let Some(entity) = self.get_mut(id) {
            if entity.is_forgettable(now) {
                // It might as well be forgotten by now; that must not show.
                entity.written = (value != folded).then(|| value.into());
                entity.bereft = false;
                entity.counted = 0;
                entity.sighted = 0;
            }
            entity.last_seen = now;
        }
        self.folded = folded;
        id
    }

    pub(super) fn find(&self, kind: u8, folded: &[u8]) -> Option<EntityId> {
        let same = |id: &EntityId| {
            let entity = self.get(*id);
            entity.is_some_and(|e| e.kind == kind && *e.folded == *folded)
        };
        self.places
            .find(hash(&self.hasher, kind, folded), same)
            .copied()
    }

    fn insert(&mut self, entity: Entity) -> EntityId {
        self.queue.push_back((entity.last_seen, 0));
        let id = self.free.pop().unwrap_or(self.slots.len() as EntityId);
        if let Some(last) = self.queue.back_mut() {
            last.1 = id;
        }
        match self.slots.get_mut(id as usize) {
            Some(slot) => *slot = Some(entity),
            None => self.slots.push(Some(entity)),
        }
        self.index(id);
        id
    }

    fn index(&mut self, id: EntityId) {
        let (slots, hasher) = (&self.slots, &self.hasher);
        let hash_of = |id: &EntityId| {
            let entity = slots.get(*id as usize).and_then(Option::as_ref);
            entity.map_or(0, |entity| hash(hasher, entity.kind, &entity.folded))
        };
        self.places.insert_unique(hash_of(&id), id, hash_of);
    }

    /// Puts back what a snapshot held. `false` where that contradicts itself.
    pub(super) fn restore(
        &mut self,
        slots: Vec<Option<Entity>>,
        queue: VecDeque<(i64, EntityId)>,
    ) -> bool {
        self.slots = slots;
        for id in 0..self.slots.len() as EntityId {
            let Some(entity) = self.get(id) else {
                self.free.push(id);
                continue;
            };
            let generation = entity.generation;
            if self.find(entity.kind, &entity.folded).is_some() {
                return false;
            }
            self.generation = self.generation.max(generation);
            self.index(id);
        }
        for (_, id) in &queue {
            match self.get_mut(*id) {
                Some(entity) if !entity.queued => entity.queued = true,
                _ => return false,
            }
        }
        self.queue = queue;
        true
    }

    /// For claims and sightings, which refer to hosts without holding them. It counts as seen
    /// now, also where only another name of it was: so it is known as long as they are fresh.
    pub(super) fn host_ref(&mut self, id: EntityId, now: i64) -> HostRef {
        let host = self.get_mut(id);
        let generation = host.map_or(0, |host| {
            host.last_seen = now;
            host.generation
        });
        HostRef { id, generation }
    }

    /// The host behind a name, if one stands behind it (see [`Claims`]), else the name itself.
    pub(super) fn resolve(&self, id: EntityId, now: i64) -> EntityId {
        // An address leads to a short name, that to a long one, and no further.
        let host = self.behind(id, now, 2);
        host.unwrap_or(id)
    }

    fn behind(&self, id: EntityId, now: i64, depth: u8) -> Option<EntityId> {
        let depth = depth.checked_sub(1)?;
        let mut hosts = self.get(id)?.claims.fresh(now).filter_map(|host| {
            let known = self.get(host.id)?.generation == host.generation;
            known.then(|| self.behind(host.id, now, depth).unwrap_or(host.id))
        });
        let first = hosts.next()?;
        hosts.all(|other| other == first).then_some(first)
    }

    pub(super) fn hold(&mut self, id: EntityId) {
        if let Some(entity) = self.get_mut(id) {
            entity.holds += 1;
        }
    }

    pub(super) fn release(&mut self, id: EntityId) {
        let Some(entity) = self.get_mut(id) else {
            return;
        };
        entity.holds = entity.holds.saturating_sub(1);
        if entity.holds == 0 && !entity.queued {
            entity.queued = true;
            let seen = entity.last_seen;
            self.queue.push_back((seen, id));
        }
    }

    /// Forgets what was not seen for a day and belongs to nothing.
    pub(super) fn forget(&mut self, now: i64) {
        while let Some((queued, _)) = self.queue.front() {
            if since(*queued, now) <= DAY_NS {
                return;
            }
            self.turn(|seen, _| since(seen, now) <= DAY_NS);
        }
    }

    /// Lets one go that belongs to nothing, one of those not seen lately. `false`: all belong.
    pub(super) fn evict(&mut self) -> bool {
        // Each may be spared once.
        for _ in 0..self.queue.len().saturating_mul(2) {
            let before = self.len();
            self.turn(|seen, queued| seen > queued);
            if self.len() < before {
                return true;
            }
        }
        false
    }

    /// The turn of the first in the queue: it leaves the queue if it is held, is queued again
    /// if it is to be kept, by when it was seen and queued, and is forgotten otherwise.
    fn turn(&mut self, keep: impl Fn(i64, i64) -> bool) {
        let Some((queued, id)) = self.queue.pop_front() else {
            return;
        };
        let Some(entity) = self.get_mut(id) else {
            return;
        };
        let seen = entity.last_seen;
        if entity.holds > 0 {
            entity.queued = false;
        } else if keep(seen, queued) {
            self.queue.push_back((seen, id));
        } else {
            self.remove(id);
        }
    }

    fn remove(&mut self, id: EntityId) {
        let Some(entity) = self.slots.get_mut(id as usize).and_then(Option::take) else {
            return;
        };
        let hash = hash(&self.hasher, entity.kind, &entity.folded);
        if let Ok(found) = self.places.find_entry(hash, |other| *other == id) {
            found.remove();
        }
        self.free.push(id);
    }
}

fn hash(hasher: &DefaultHashBuilder, kind: u8, folded: &[u8]) -> u64 {
    hasher.hash_one((kind, folded))
}
