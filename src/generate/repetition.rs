//! Keeps the share of repeated values where it was asked to be.
//!
//! Real logs repeat: of the text values of Windows events only some 13 % are distinct. How much
//! a log repeats decides how well a matcher's memory of values works, so it can be asked for.
//!
//! ```text
//!  text to write ─▶ fresh? ─▶ a new text, or a known one ─▶ observe: seen before?
//!                     ▲                                           │
//!                     └────── share so far, against the asked ────┘
//! ```
//!
//! Counted are values of *free* text: programs, command lines, paths, registry keys, names,
//! addresses of pages, scripts. Times, numbers and identifiers are never repeated on purpose,
//! and users, levels, companies always are.

use super::random::{MILLION, Random};

/// Slots of the memory of values; a power of two.
const SLOTS: usize = 1 << 17;

/// A closed loop: what comes out decides what comes next.
#[derive(Debug)]
pub struct Repetition {
    distinct_wanted: u64,
    values: u64,
    distinct: u64,
    /// Hashes of values that were seen, the newest of each slot.
    seen: Box<[u32]>,
}

impl Repetition {
    /// With so many millionths of repeated values.
    pub fn new(repeated: u32) -> Self {
        Self {
            distinct_wanted: u64::from(MILLION.saturating_sub(repeated)),
            values: 0,
            distinct: 0,
            seen: vec![0; SLOTS].into(),
        }
    }

    /// Whether the next value is to be a new one.
    pub fn fresh(&self, random: &mut Random) -> bool {
        // Not all or nothing, or new values would come in bursts.
        const TOO_FEW: u32 = 850_000;
        const ENOUGH: u32 = 10_000;
        match self.distinct_wanted {
            0 => false,
            all if all == u64::from(MILLION) => true,
            wanted => {
                let too_few = self.distinct * u64::from(MILLION) < self.values * wanted;
                random.chance(if too_few { TOO_FEW } else { ENOUGH })
            }
        }
    }

    /// Counts a value of a field.
    pub fn observe(&mut self, field: &str, value: &[u8]) {
        let hash = hash(field.len() as u64, value);
        let slot = &mut self.seen[(hash >> 32) as usize % SLOTS];
        let tag = hash as u32 | 1;
        self.values += 1;
        if *slot != tag {
            *slot = tag;
            self.distinct += 1;
        }
    }
}

/// Fast and the same everywhere; nothing hangs on its quality but the share.
fn hash(start: u64, value: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mix = |state: u64, word: u64| {
        let product = u128::from(state ^ word) * u128::from(FACTOR);
        (product >> 64) as u64 ^ product as u64
    };
    let (words, rest) = value.as_chunks::<8>();
    let mut state = start ^ (value.len() as u64) << 8 ^ FACTOR;
    for word in words {
        state = mix(state, u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(mix(state, u64::from_le_bytes(last)), FACTOR)
}
