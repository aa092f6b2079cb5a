//! Remembers which predicates hold for a value of a slot: logs repeat themselves, and a look at
//! a remembered value costs one hash instead of a scan.
//!
//! Direct-mapped and bounded: a value is at one place or not there, and when the room for texts
//! is used up everything is forgotten at once. Slots whose values hardly ever repeat are asked
//! only now and then, so that data without repetition pays next to nothing.

use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;
use yagura_parsers::Encoding;

use crate::matcher::plan::PredicateId;

/// Longer values repeat seldom and would crowd out the others.
const TEXT_BYTES_MAX: usize = 4_096;
/// 1 MiB of entries a thread.
const ENTRIES: usize = 1 << 15;
/// Texts of a thread, together.
const ROOM_BYTES: usize = 4 << 20;
/// Predicates of a thread's values, together.
const HITS_MAX: usize = 1 << 18;

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    hash: u64,
    slot: u32,
    /// Entries of other generations are forgotten. 0: never used.
    generation: u32,
    text: (u32, u32),
    hits: (u32, u32),
    /// Of the text, which is remembered as it was written: a value that is known does not have
    /// to be decoded.
    encoding: Option<Encoding>,
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
    entries: Vec<Entry>,
    generation: u32,
    texts: Vec<u8>,
    hits: Vec<PredicateId>,
    worth: Vec<Worth>,
}

/// An answer.
#[derive(Debug)]
pub(crate) enum Recall {
    /// These predicates hold: a range of [`Memo::hits`].
    Known(std::ops::Range<usize>),
    /// Not remembered. Offer what is found out with [`Memo::remember`].
    Unknown(Key),
    /// Not asked: the value is long, or the slot's values do not repeat.
    Pass,
}

/// Where a value will be remembered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    hash: u64,
    slot: u32,
    encoding: Encoding,
}

impl Memo {
    pub(crate) fn new(slots: usize) -> Self {
        Self {
            hasher: DefaultHashBuilder::default(),
            entries: vec![Entry::default(); ENTRIES],
            generation: 1,
            texts: Vec::new(),
            hits: Vec::new(),
            worth: vec![Worth::default(); slots],
        }
    }

    /// What is known of a value of a slot, by how it is written.
    #[inline]
    pub(crate) fn recall(&mut self, slot: u32, (encoding, text): (Encoding, &[u8])) -> Recall {
        let worth = &mut self.worth[slot as usize];
        if text.len() > TEXT_BYTES_MAX || worth.is_resting() {
            return Recall::Pass;
        }
        let hash = self.hasher.hash_one((slot, text));
        let entry = &self.entries[hash as usize % ENTRIES];
        let here = entry.hash == hash
            && entry.slot == slot
            && entry.encoding == Some(encoding)
            && entry.generation == self.generation
            && self.texts[entry.text.0 as usize..entry.text.1 as usize] == *text;
        if here {
            worth.found += 1;
            Recall::Known(entry.hits.0 as usize..entry.hits.1 as usize)
        } else {
            Recall::Unknown(Key {
                hash,
                slot,
                encoding,
            })
        }
    }

    /// The predicates of an answer.
    #[inline]
    pub(crate) fn hit(&self, at: usize) -> PredicateId {
        self.hits[at]
    }

    /// Remembers which predicates hold for a value that is written so.
    pub(crate) fn remember(&mut self, key: Key, text: &[u8], holding: &[PredicateId]) {
        if self.texts.len() + text.len() > ROOM_BYTES || self.hits.len() + holding.len() > HITS_MAX
        {
            self.forget();
        }
        let text_start = self.texts.len() as u32;
        self.texts.extend_from_slice(text);
        let hits_start = self.hits.len() as u32;
        self.hits.extend_from_slice(holding);
        self.entries[key.hash as usize % ENTRIES] = Entry {
            hash: key.hash,
            slot: key.slot,
            generation: self.generation,
            text: (text_start, self.texts.len() as u32),
            hits: (hits_start, self.hits.len() as u32),
            encoding: Some(key.encoding),
        };
    }

    fn forget(&mut self) {
        self.texts.clear();
        self.hits.clear();
        self.generation = self.generation.checked_add(1).unwrap_or_else(|| {
            self.entries.fill(Entry::default());
            1
        });
    }
}

#[cfg(test)]
mod tests {
    use yagura_parsers::Encoding;

    use super::{Memo, PredicateId, ROOM_BYTES, Recall};

    fn recall(memo: &mut Memo, slot: u32, text: &[u8]) -> Option<Vec<u32>> {
        match memo.recall(slot, (Encoding::Plain, text)) {
            Recall::Known(range) => Some(range.map(|i| memo.hit(i).0).collect()),
            Recall::Unknown(key) => {
                let length = PredicateId(text.len() as u32);
                memo.remember(key, text, &[length]);
                None
            }
            Recall::Pass => None,
        }
    }

    #[test]
    fn answers_for_the_same_slot_and_text_only() {
        let mut memo = Memo::new(2);
        assert_eq!(recall(&mut memo, 0, b"cmd.exe"), None);
        assert_eq!(recall(&mut memo, 0, b"cmd.exe"), Some(vec![7]));
        assert_eq!(recall(&mut memo, 1, b"cmd.exe"), None);
        assert_eq!(recall(&mut memo, 0, b"cmd.com"), None);
        let escaped = memo.recall(0, (Encoding::JsonEscaped, b"cmd.exe"));
        assert!(matches!(escaped, Recall::Unknown(_)));
    }

    #[test]
    fn forgets_rather_than_grow() {
        let mut memo = Memo::new(100);
        let text = [b'a'; 400];
        for i in 0..2 * ROOM_BYTES / 400 {
            let mut text = text;
            text[..8].copy_from_slice(&i.to_le_bytes());
            recall(&mut memo, (i % 100) as u32, &text);
            assert!(memo.texts.len() <= ROOM_BYTES);
        }
    }
}
