//! Remembers which predicates hold for a value of a slot: logs repeat themselves, and a look at
//! a remembered value costs one hash instead of a scan.
//!
//! ```text
//!  hash ─▶ entry (16 bytes) ─▶ record: predicates that hold, those that open rules first; text
//! ```
//!
//! Bounded: a value is at one of two neighbouring places or not there, the one found last before
//! the other, and when the room for records is used up everything is forgotten at once. Slots whose values hardly ever repeat are
//! asked only now and then, so that data without repetition pays next to nothing.

use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;
use yagura_parsers::Encoding;

use crate::matcher::plan::PredicateId;

/// Longer values repeat seldom and would crowd out the others.
const TEXT_BYTES_MAX: usize = 4_096;
/// Values of which more predicates hold are not remembered.
const HITS_MAX: usize = 1_024;
/// 512 KiB of entries a thread.
const PAIRS: usize = 1 << 14;
/// Records of a thread, together.
const ROOM_BYTES: usize = 5 << 20;
/// The size of a predicate in a record.
const HIT_BYTES: usize = size_of::<u32>();

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// The upper half of the hash.
    tag: u32,
    /// The end of the predicates and the beginning of the text in the room.
    middle: u32,
    slot: u32,
    text_len: u16,
    /// How many predicates lie before the middle.
    hits: u16,
}

/// Where a record is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    start: u32,
    middle: u32,
}

/// How often a slot's values were found, lately.
#[derive(Clone, Copy, Debug, Default)]
struct Worth {
    asked: u16,
    found: u16,
    /// Look-ups to leave out before the slot is asked again.
    rest: u16,
}

/// After so many look-ups a slot is judged.
const TRIAL: u16 = 1_024;
/// And left alone for so many, if fewer than one in eight were found.
const REST: u16 = 16_384;

impl Worth {
    #[inline]
    fn is_resting(&mut self) -> bool {
        if self.rest > 0 {
            self.rest -= 1;
            return true;
        }
        if self.asked == TRIAL {
            let seldom = self.found < TRIAL / 8;
            *self = Self {
                rest: if seldom { REST } else { 0 },
                ..Self::default()
            };
        }
        self.asked += 1;
        false
    }
}

/// The memory of one thread.
#[derive(Debug)]
pub(crate) struct Memo {
    hasher: DefaultHashBuilder,
    pairs: Box<[[Entry; 2]]>,
    room: Vec<u8>,
    /// By slot: what was found or remembered last. Neighbouring events have much in common.
    last: Vec<Last>,
    worth: Vec<Worth>,
}

/// A record and how its text is written.
#[derive(Clone, Copy, Debug, Default)]
struct Last {
    record: Record,
    text_len: u32,
    escaped: bool,
}

/// Where a value is remembered, if it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    hash: u64,
    slot: u32,
}

impl Memo {
    pub(crate) fn new(slots: usize) -> Self {
        Self {
            hasher: DefaultHashBuilder::default(),
            pairs: vec![[Entry::default(); 2]; PAIRS].into(),
            // Offset 0 stands for "never used".
            room: vec![0],
            last: vec![Last::default(); slots],
            worth: vec![Worth::default(); slots],
        }
    }

    /// What is known of a value, if it is the one that the slot had last.
    #[inline]
    pub(crate) fn same_again(
        &self,
        slot: u32,
        (encoding, text): (Encoding, &[u8]),
    ) -> Option<Record> {
        let last = &self.last[slot as usize];
        let middle = last.record.middle as usize;
        let same = last.text_len as usize == text.len()
            && middle != 0
            && last.escaped == (encoding == Encoding::JsonEscaped)
            && self.room.get(middle..middle + text.len()) == Some(text);
        same.then_some(last.record)
    }

    /// Where a value of a slot is remembered, by how it is written. `None`: not to be asked,
    /// because the value is long, or the slot's values do not repeat.
    #[inline]
    pub(crate) fn key(&mut self, slot: u32, (encoding, text): (Encoding, &[u8])) -> Option<Key> {
        let worth = &mut self.worth[slot as usize];
        if text.len() > TEXT_BYTES_MAX || worth.is_resting() {
            return None;
        }
        // What is written with escapes is another value than the same text without.
        let slot = slot << 1 | u32::from(encoding == Encoding::JsonEscaped);
        let hash = self.hasher.hash_one(text) ^ u64::from(slot).wrapping_mul(SPREAD);
        Some(Key { hash, slot })
    }

    /// What is known of a value.
    #[inline]
    pub(crate) fn recall(&mut self, key: Key, text: &[u8]) -> Option<Record> {
        let pair = &mut self.pairs[key.place()];
        let is_here = |entry: &Entry, room: &[u8]| {
            let middle = entry.middle as usize;
            entry.tag == key.tag()
                && entry.slot == key.slot
                && middle != 0
                && room.get(middle..middle + usize::from(entry.text_len)) == Some(text)
        };
        if !is_here(&pair[0], &self.room) {
            if !is_here(&pair[1], &self.room) {
                return None;
            }
            pair.swap(0, 1);
        }
        let entry = pair[0];
        self.worth[(key.slot >> 1) as usize].found += 1;
        Some(self.came_last(&entry))
    }

    fn came_last(&mut self, entry: &Entry) -> Record {
        let record = Record {
            start: entry.middle - u32::from(entry.hits) * HIT_BYTES as u32,
            middle: entry.middle,
        };
        self.last[(entry.slot >> 1) as usize] = Last {
            record,
            text_len: u32::from(entry.text_len),
            escaped: entry.slot & 1 == 1,
        };
        record
    }

    /// The predicates of a record, in the order in which they were given.
    #[inline]
    pub(crate) fn hits(&self, record: Record) -> impl Iterator<Item = PredicateId> {
        let bytes = self
            .room
            .get(record.start as usize..record.middle as usize)
            .unwrap_or_default();
        let (hits, _) = bytes.as_chunks::<HIT_BYTES>();
        hits.iter().map(|hit| PredicateId(u32::from_le_bytes(*hit)))
    }

    /// Whether remembering this means to forget everything else.
    pub(crate) fn is_full_for(&self, text: &[u8], holding: &[PredicateId]) -> bool {
        self.room.len() + text.len() + holding.len() * HIT_BYTES > ROOM_BYTES
    }

    /// Remembers which predicates hold for a value that is written so. Records of values that
    /// were recalled before are no longer valid if [`Self::is_full_for`] says so.
    pub(crate) fn remember(&mut self, key: Key, text: &[u8], holding: &[PredicateId]) {
        if holding.len() > HITS_MAX {
            return;
        }
        if self.is_full_for(text, holding) {
            self.pairs.fill([Entry::default(); 2]);
            self.room.truncate(1);
            self.last.fill(Last::default());
        }
        for hit in holding {
            self.room.extend_from_slice(&hit.0.to_le_bytes());
        }
        let middle = self.room.len() as u32;
        self.room.extend_from_slice(text);
        let pair = &mut self.pairs[key.place()];
        let entry = Entry {
            tag: key.tag(),
            middle,
            slot: key.slot,
            text_len: text.len() as u16,
            hits: holding.len() as u16,
        };
        *pair = [entry, pair[0]];
        self.came_last(&entry);
    }
}

/// The golden ratio, as every multiplicative hash has it (Knuth, The Art of Computer
/// Programming 3, 6.4).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Key {
    #[inline]
    fn place(self) -> usize {
        self.hash as usize % PAIRS
    }

    #[inline]
    fn tag(self) -> u32 {
        (self.hash >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use yagura_parsers::Encoding;

    use super::{Memo, PredicateId, ROOM_BYTES};

    fn recall(memo: &mut Memo, slot: u32, text: &[u8]) -> Option<Vec<u32>> {
        let key = memo.key(slot, (Encoding::Plain, text))?;
        let known = memo.recall(key, text);
        if known.is_none() {
            let length = PredicateId(text.len() as u32);
            memo.remember(key, text, &[length]);
        }
        known.map(|record| memo.hits(record).map(|hit| hit.0).collect())
    }

    #[test]
    fn answers_for_the_same_slot_and_text_only() {
        let mut memo = Memo::new(2);
        assert_eq!(recall(&mut memo, 0, b"cmd.exe"), None);
        assert_eq!(recall(&mut memo, 0, b"cmd.exe"), Some(vec![7]));
        assert_eq!(recall(&mut memo, 1, b"cmd.exe"), None);
        assert_eq!(recall(&mut memo, 0, b"cmd.com"), None);
        let escaped = memo.key(0, (Encoding::JsonEscaped, b"cmd.exe")).unwrap();
        assert_eq!(memo.recall(escaped, b"cmd.exe"), None);
    }

    #[test]
    fn forgets_rather_than_grow() {
        let mut memo = Memo::new(100);
        let text = [b'a'; 400];
        for i in 0..2 * ROOM_BYTES / 400 {
            let mut text = text;
            text[..8].copy_from_slice(&i.to_le_bytes());
            recall(&mut memo, (i % 100) as u32, &text);
            assert!(memo.room.len() <= ROOM_BYTES);
        }
    }
}
