//! Keys: tuples of values that compare without case, kept as they were first seen.
//!
//! A stored key is the sequence of its values, each after its length. Nothing folded is stored:
//! the folded form is made of the incoming key once, and compared with the stored one character
//! by character in the seldom case that both are not the same bytes.

use super::hash::hash64;
use super::varint::{self, Reader};
use crate::fold::{fold_into, folded};

/// Longer keys are refused and counted.
pub(crate) const KEY_BYTES_MAX: usize = 64 << 10;

/// A key under construction; reused from match to match.
#[derive(Debug, Default)]
pub(crate) struct KeyScratch {
    /// The values, each after its length.
    pub(crate) display: Vec<u8>,
    /// The folded values, each after its length in four bytes.
    pub(crate) folded: Vec<u8>,
    /// The hash of the folded values, once [`KeyScratch::seal`] was called.
    pub(crate) hash: u32,
    /// Which values of a match it was made of, if `made_of_match`.
    places: Vec<u16>,
    /// It was made of values of the match at hand.
    made_of_match: bool,
}

impl KeyScratch {
    pub(crate) fn clear(&mut self) {
        self.display.clear();
        self.folded.clear();
        self.forget_match();
    }

    /// Says that another match is at hand now.
    pub(crate) fn forget_match(&mut self) {
        self.made_of_match = false;
    }

    /// Whether it was made of these values of the match at hand: rules that follow each other
    /// often ask for the same key.
    pub(crate) fn is_of(&self, places: impl Iterator<Item = u16>) -> bool {
        self.made_of_match && places.eq(self.places.iter().copied())
    }

    /// Says that the key is complete, and which values of the match at hand it was made of.
    pub(crate) fn seal_of(&mut self, places: impl Iterator<Item = u16>) {
        self.seal();
        self.places.clear();
        self.places.extend(places);
        self.made_of_match = true;
    }

    /// Says that the key is complete.
    pub(crate) fn seal(&mut self) {
        self.hash = (hash64(0, &self.folded) >> 32) as u32;
    }

    pub(crate) fn push(&mut self, value: &[u8]) {
        varint::put_bytes(value, &mut self.display);
        push_folded(value, &mut self.folded);
    }
}

/// Appends the folded form of a value after its length.
pub(crate) fn push_folded(value: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    fold_into(value, out);
    let length = (out.len() - start - 4) as u32;
    if let Some(place) = out.get_mut(start..start + 4) {
        place.copy_from_slice(&length.to_le_bytes());
    }
}

/// The values of a stored key.
pub(crate) fn values(stored: &[u8], arity: usize) -> impl Iterator<Item = &[u8]> {
    let mut reader = Reader::new(stored);
    (0..arity).map_while(move |_| reader.bytes())
}

/// The folded form of a stored key.
pub(crate) fn fold_stored(stored: &[u8], arity: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(stored.len() + 4 * arity);
    for value in values(stored, arity) {
        push_folded(value, &mut out);
    }
    out
}

/// Whether the folded form of a stored key is `expected`; without making it.
pub(crate) fn folds_to(stored: &[u8], arity: usize, mut expected: &[u8]) -> bool {
    for value in values(stored, arity) {
        let Some((length, rest)) = expected.split_first_chunk::<4>() else {
            return false;
        };
        let length = u32::from_le_bytes(*length) as usize;
        let Some((folded, rest)) = rest.split_at_checked(length) else {
            return false;
        };
        if !value_folds_to(value, folded) {
            return false;
        }
        expected = rest;
    }
    true
}

fn value_folds_to(value: &[u8], mut expected: &[u8]) -> bool {
    for chunk in value.utf8_chunks() {
        for c in chunk.valid().chars() {
            let mut buffer = [0; 4];
            let character = folded(c).encode_utf8(&mut buffer);
            match expected.strip_prefix(character.as_bytes()) {
                Some(rest) => expected = rest,
                None => return false,
            }
        }
        match expected.strip_prefix(chunk.invalid()) {
            Some(rest) => expected = rest,
            None => return false,
        }
    }
    expected.is_empty()
}

/// Where a key is stored: a class of sizes, and a place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyHandle(u32);

const PLACE_BITS: u32 = 25;
const STEP_BYTES: usize = 8;
/// Up to 504 bytes in steps of 8; one class more for all above.
const CLASSES: usize = 64;

/// The bytes of keys, without an allocation for each of the small ones.
#[derive(Debug, Default)]
pub(crate) struct KeyArena {
    classes: Vec<Class>,
    large: Vec<Box<[u8]>>,
    large_free: Vec<u32>,
}

#[derive(Debug, Default)]
struct Class {
    bytes: Vec<u8>,
    free: Vec<u32>,
}

impl KeyArena {
    /// What a key of this length takes.
    pub(crate) fn footprint(length: usize) -> usize {
        match length.div_ceil(STEP_BYTES) {
            class if class < CLASSES => class * STEP_BYTES,
            _ => length + 32,
        }
    }

    /// Stores a key; `None` when its class is full.
    pub(crate) fn add(&mut self, key: &[u8]) -> Option<KeyHandle> {
        let class = key.len().div_ceil(STEP_BYTES);
        let place = if class < CLASSES {
            self.add_small(class, key)
        } else {
            self.add_large(key)
        };
        let handle = |place: u32| KeyHandle((class.min(CLASSES) as u32) << PLACE_BITS | place);
        (place < 1 << PLACE_BITS).then(|| handle(place))
    }

    fn add_small(&mut self, class: usize, key: &[u8]) -> u32 {
        if self.classes.len() <= class {
            self.classes.resize_with(class + 1, Class::default);
        }
        let stride = class * STEP_BYTES;
        let Some(class) = self.classes.get_mut(class) else {
            return u32::MAX;
        };
        if stride == 0 {
            return 0;
        }
        let place = if let Some(place) = class.free.pop() {
            place
        } else {
            let place = (class.bytes.len() / stride) as u32;
            if place >= 1 << PLACE_BITS {
                return u32::MAX;
            }
            class.bytes.resize(class.bytes.len() + stride, 0);
            place
        };
        let start = place as usize * stride;
        if let Some(cell) = class.bytes.get_mut(start..start + key.len()) {
            cell.copy_from_slice(key);
        }
        place
    }

    fn add_large(&mut self, key: &[u8]) -> u32 {
        if let Some(place) = self.large_free.pop() {
            if let Some(cell) = self.large.get_mut(place as usize) {
                *cell = key.into();
            }
            return place;
        }
        self.large.push(key.into());
        (self.large.len() - 1) as u32
    }

    /// A key, followed by whatever fills its place.
    pub(crate) fn get(&self, handle: KeyHandle) -> &[u8] {
        let (class, place) = handle.parts();
        if class >= CLASSES {
            return self.large.get(place).map_or(&[], |key| key);
        }
        let stride = class * STEP_BYTES;
        let bytes = self.classes.get(class).map_or(&[][..], |c| &c.bytes);
        bytes
            .get(place * stride..(place + 1) * stride)
            .unwrap_or_default()
    }

    /// Gives the place of a key to others.
    pub(crate) fn remove(&mut self, handle: KeyHandle) {
        let (class, place) = handle.parts();
        if class >= CLASSES {
            if let Some(key) = self.large.get_mut(place) {
                *key = Box::default();
                self.large_free.push(place as u32);
            }
        } else if let Some(class) = self.classes.get_mut(class).filter(|_| class > 0) {
            class.free.push(place as u32);
        }
    }
}

impl KeyHandle {
    fn parts(self) -> (usize, usize) {
        let place = self.0 & ((1 << PLACE_BITS) - 1);
        ((self.0 >> PLACE_BITS) as usize, place as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyArena, KeyScratch, fold_stored, folds_to, values};

    #[test]
    fn keys_compare_without_case() {
        let mut scratch = KeyScratch::default();
        scratch.push("Straße\u{212a}".as_bytes());
        scratch.push(b"A\xff");
        let stored = scratch.display.clone();
        assert_eq!(fold_stored(&stored, 2), scratch.folded);
        let mut other = KeyScratch::default();
        other.push("sTRAßEk".as_bytes());
        other.push(b"a\xff");
        assert!(folds_to(&stored, 2, &other.folded));
        other.clear();
        other.push("straße".as_bytes());
        other.push(b"ka\xff");
        assert!(!folds_to(&stored, 2, &other.folded));
    }

    #[test]
    fn places_are_used_again() {
        let mut arena = KeyArena::default();
        for length in [0usize, 1, 8, 9, 503, 504, 505, 4_000] {
            let text = vec![b'x'; length];
            let mut scratch = KeyScratch::default();
            scratch.push(&text);
            let first = arena.add(&scratch.display).expect("room");
            assert_eq!(values(arena.get(first), 1).next(), Some(&text[..]));
            arena.remove(first);
            assert_eq!(arena.add(&scratch.display), Some(first), "{length}");
        }
    }
}
