//! The keys of a unit and what it keeps for each.

use hashbrown::HashTable;

use super::chain::{COLLECTED_BYTES, Chain, Collected};
use super::key::{KeyArena, KeyHandle, KeyScratch, fold_stored, folds_to};
use super::ring::Ring;
use super::threshold::Tallied;
use super::wheel::Tick;

/// No alert is open.
pub(crate) const NO_ALERT: u32 = u32::MAX;

/// What is kept for a key.
#[derive(Clone, Debug)]
pub(crate) enum State {
    /// A place that no key uses.
    Free,
    /// A count that is decided at each match.
    Count(Ring),
    /// Any other threshold.
    Tallied(Box<Tallied>),
    /// Stages that follow each other.
    Chain(Box<Chain>),
    /// A key that lacks fields of the whole key.
    Partial(Box<Partial>),
}

/// Stages that are not bound to all fields of the key, and the whole keys they apply to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Partial {
    /// By stage.
    pub(crate) collected: Vec<Collected>,
    /// Slots of the unit's own table.
    pub(crate) members: Vec<u32>,
}

/// What a member of a partial key takes.
pub(crate) const MEMBER_BYTES: usize = size_of::<u32>();

impl State {
    /// Bytes beside its own.
    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            Self::Free => 0,
            Self::Count(ring) => ring.heap_bytes(),
            Self::Tallied(tallied) => tallied.heap_bytes(),
            Self::Chain(chain) => chain.heap_bytes(),
            Self::Partial(partial) => {
                let collected = partial.collected.iter();
                let collected = collected.map(|c| c.heap_bytes() + COLLECTED_BYTES);
                let collected: usize = collected.sum();
                size_of::<Partial>() + collected + partial.members.capacity() * MEMBER_BYTES
            }
        }
    }
}

/// A key's place. 64 bytes, of which a count of two matches needs no more.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Time of the last match that counts.
    pub(crate) last: i64,
    pub(crate) hash: u32,
    pub(crate) key: KeyHandle,
    pub(crate) alert: u32,
    /// When the wheel looks at it; entries of other ticks are stale.
    pub(crate) tick: Tick,
    pub(crate) state: State,
}

const _: () = assert!(size_of::<Slot>() == 64);

/// What a slot takes in the table, the index (at its usual load) and the wheel.
const FOOTPRINT: usize = size_of::<Slot>() + 10 + 16;

/// See the module.
#[derive(Debug)]
pub(crate) struct Table {
    index: HashTable<u32>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    keys: KeyArena,
    /// How many values a key has.
    arity: usize,
    /// The unit it belongs to.
    pub(crate) unit: usize,
}

/// 32 bits of the hash of a key are kept with the slot; the index gets them spread over 64.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Table {
    pub(crate) fn new(unit: usize, arity: usize) -> Self {
        Self {
            index: HashTable::new(),
            slots: Vec::new(),
            free: Vec::new(),
            keys: KeyArena::default(),
            arity,
            unit,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    pub(crate) fn find(&self, key: &KeyScratch) -> Option<u32> {
        let hash = key.hash;
        let (slots, keys, arity) = (&self.slots, &self.keys, self.arity);
        let found = self.index.find(spread(hash), |slot| {
            slots.get(*slot as usize).is_some_and(|slot| {
                let stored = keys.get(slot.key);
                slot.hash == hash
                    && (stored.starts_with(&key.display) || folds_to(stored, arity, &key.folded))
            })
        });
        found.copied()
    }

    /// Adds a key that is not there; `None` when there is no place for more.
    pub(crate) fn add(&mut self, key: &KeyScratch, state: State) -> Option<u32> {
        let hash = key.hash;
        let handle = self.keys.add(&key.display)?;
        let slot = Slot {
            last: i64::MIN,
            hash,
            key: handle,
            alert: NO_ALERT,
            tick: Tick::MAX,
            state,
        };
        let place = match self.free.pop() {
            Some(place) => place,
            None => u32::try_from(self.slots.len()).ok()?,
        };
        match self.slots.get_mut(place as usize) {
            Some(free) => *free = slot,
            None => self.slots.push(slot),
        }
        let slots = &self.slots;
        self.index.insert_unique(spread(hash), place, |slot| {
            slots
                .get(*slot as usize)
                .map_or(0, |slot| spread(slot.hash))
        });
        Some(place)
    }

    pub(crate) fn remove(&mut self, place: u32) {
        let Some(slot) = self.slots.get_mut(place as usize) else {
            return;
        };
        slot.state = State::Free;
        self.keys.remove(slot.key);
        if let Ok(entry) = self.index.find_entry(spread(slot.hash), |p| *p == place) {
            entry.remove();
            self.free.push(place);
        }
    }

    /// A slot in use.
    pub(crate) fn get(&self, place: u32) -> Option<&Slot> {
        let slot = self.slots.get(place as usize)?;
        (!matches!(slot.state, State::Free)).then_some(slot)
    }

    /// A slot in use.
    pub(crate) fn get_mut(&mut self, place: u32) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(place as usize)?;
        (!matches!(slot.state, State::Free)).then_some(slot)
    }

    /// The values of a slot's key as they were first seen.
    pub(crate) fn key(&self, place: u32) -> impl Iterator<Item = &[u8]> {
        let stored = self
            .get(place)
            .map_or(&[][..], |slot| self.keys.get(slot.key));
        super::key::values(stored, self.arity)
    }

    /// The folded form of a slot's key.
    pub(crate) fn folded_key(&self, place: u32) -> Vec<u8> {
        let stored = self
            .get(place)
            .map_or(&[][..], |slot| self.keys.get(slot.key));
        fold_stored(stored, self.arity)
    }

    /// All slots in use.
    pub(crate) fn places(&self) -> impl Iterator<Item = u32> {
        (0..self.slots.len() as u32).filter(|place| self.get(*place).is_some())
    }

    /// What a slot takes in all, in bytes.
    pub(crate) fn footprint(&self, place: u32) -> usize {
        let Some(slot) = self.get(place) else {
            return 0;
        };
        let key: usize = self.key(place).map(|value| value.len() + 1).sum();
        FOOTPRINT + KeyArena::footprint(key) + slot.state.heap_bytes()
    }
}
