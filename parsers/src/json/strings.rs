//! Where strings end: by an index of unescaped quotes, or by looking at the bytes.
//!
//! ```text
//!  text    {"a":"C:\\x","b":"say \"hi\""}
//!  quotes   1 1 1      1 1 1 1            1      one bit a byte, without escaped ones
//!  slashes         11            1    1         to tell whether a string has to be decoded
//! ```
//!
//! The index is built 64 bytes at a time without a branch on what they are (Langdale and Lemire,
//! *Parsing Gigabytes of JSON per Second*, 2019, section 3.1.1). It says nothing about what lies
//! between strings: the scanner looks at those few bytes, and it alone judges whether they are
//! JSON. So whether a quote is inside of a string need not be known here, and no prefix sum over
//! the quotes is made.
//!
//! A quote counts as escaped behind an odd number of backslashes, outside of strings as well.
//! A scanner that reads from outside of strings never gets behind a backslash that is in none,
//! so it cannot tell.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod portable;

use memchr::memchr2;

/// Finds the ends of the strings of one text.
pub(super) trait StringEnds: Copy {
    /// The offset of the quote that ends the string whose inside begins at `start`, and whether
    /// there is a backslash before it.
    fn end_of(self, text: &[u8], start: usize) -> Option<(usize, bool)>;
}

/// Looks at the bytes, each time.
#[derive(Clone, Copy, Debug)]
pub(super) struct ByLooking;

/// What is special in 64 bytes, the lowest bit for the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Marks {
    quotes: u64,
    backslashes: u64,
}

/// An index of one text. Its memory is used again for the next.
#[derive(Debug, Default)]
pub(crate) struct StringIndex {
    blocks: Vec<Marks>,
}

/// How far an index goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Line,
    Text,
}

impl StringIndex {
    /// Indexes a text, forgetting the last.
    pub(super) fn build(&mut self, text: &[u8]) {
        self.index(text, Reach::Text);
    }

    /// Indexes the first line of a text and gives its length, without its end. Finding the end
    /// in the same pass saves reading the line once more.
    pub(super) fn build_line(&mut self, text: &[u8]) -> usize {
        self.index(text, Reach::Line)
    }

    fn index(&mut self, text: &[u8], reach: Reach) -> usize {
        self.blocks.clear();
        #[cfg(target_arch = "x86_64")]
        if let Some(len) = avx2::index(text, reach, &mut self.blocks) {
            return len;
        }
        portable::index(text, reach, &mut self.blocks)
    }
}

impl StringEnds for &StringIndex {
    #[inline]
    fn end_of(self, _: &[u8], start: usize) -> Option<(usize, bool)> {
        let (mut at, skipped) = (start / 64, start % 64);
        let marks = self.blocks.get(at)?;
        let mut quotes = marks.quotes & (!0 << skipped);
        let mut backslashes = marks.backslashes & (!0 << skipped);
        let mut before = false;
        while quotes == 0 {
            before |= backslashes != 0;
            at += 1;
            let marks = self.blocks.get(at)?;
            (quotes, backslashes) = (marks.quotes, marks.backslashes);
        }
        let below = (quotes & quotes.wrapping_neg()) - 1;
        let end = at * 64 + quotes.trailing_zeros() as usize;
        Some((end, before || backslashes & below != 0))
    }
}

impl StringEnds for ByLooking {
    #[inline]
    fn end_of(self, text: &[u8], start: usize) -> Option<(usize, bool)> {
        let (mut at, mut escaped) = (start, false);
        loop {
            at += find_quote_or_backslash(text.get(at..)?)?;
            if text.get(at) == Some(&b'"') {
                return Some((at, escaped));
            }
            escaped = true;
            at += 2;
        }
    }
}

/// Takes the escaped quotes out, block by block.
#[derive(Default)]
struct Escapes {
    /// 1 if the first byte of the next block is escaped.
    carry: u64,
}

impl Escapes {
    #[inline]
    fn resolve(&mut self, quotes: u64, backslashes: u64) -> Marks {
        const EVEN: u64 = 0x5555_5555_5555_5555;
        // A backslash that is itself escaped begins no escape.
        let beginning = backslashes & !self.carry;
        let behind = beginning << 1 | self.carry;
        // Adding the runs that begin at odd offsets to all of them leaves, in each run, a bit
        // pattern from which the parity of its end can be read.
        let odd_starts = beginning & !EVEN & !behind;
        let (sum, overflow) = odd_starts.overflowing_add(beginning);
        self.carry = u64::from(overflow);
        let escaped = (EVEN ^ (sum << 1)) & behind;
        Marks {
            quotes: quotes & !escaped,
            backslashes,
        }
    }
}

/// The last bytes of a text, filled up to a block with something harmless.
fn last_block(rest: &[u8]) -> [u8; 64] {
    let mut block = [b' '; 64];
    if let Some(place) = block.get_mut(..rest.len()) {
        place.copy_from_slice(rest);
    }
    block
}

/// Most strings end, or hold a backslash, within a few words: calling `memchr` costs more than
/// looking at those. Behind them it is faster.
const WORDS_FIRST: usize = 4;

#[inline]
fn find_quote_or_backslash(text: &[u8]) -> Option<usize> {
    let (words, _) = text.as_chunks::<8>();
    for (i, word) in words.iter().take(WORDS_FIRST).enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = zero_bytes(word ^ QUOTES) | zero_bytes(word ^ BACKSLASHES);
        if found != 0 {
            return Some(i * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let looked_at = words.len().min(WORDS_FIRST) * 8;
    memchr2(b'"', b'\\', text.get(looked_at..)?).map(|at| looked_at + at)
}

const BYTES: u64 = 0x0101_0101_0101_0101;
const QUOTES: u64 = BYTES * b'"' as u64;
const BACKSLASHES: u64 = BYTES * b'\\' as u64;

/// The top bit of each byte that is zero; exact up to and with the lowest one (Mycroft).
#[inline]
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(BYTES) & !word & (BYTES << 7)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Text of what matters, in long and short runs.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            (1..70usize).prop_map(|n| vec![b'\\'; n]),
            (1..70usize).prop_map(|n| vec![b'a'; n]),
            Just(b"\"".to_vec()),
            Just(b"\\\"".to_vec()),
            Just(b"\n".to_vec()),
            proptest::collection::vec(any::<u8>(), 0..9),
        ];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    fn slow_index(text: &[u8]) -> Vec<Marks> {
        let mut blocks = vec![Marks::default(); text.len().div_ceil(64)];
        let mut escaped = false;
        for (i, byte) in text.iter().enumerate() {
            let (block, bit) = (&mut blocks[i / 64], 1 << (i % 64));
            if *byte == b'\\' {
                block.backslashes |= bit;
            }
            if *byte == b'"' && !escaped {
                block.quotes |= bit;
            }
            escaped = *byte == b'\\' && !escaped;
        }
        blocks
    }

    proptest! {
        #[test]
        fn indices_are_alike(text in text()) {
            let expected = slow_index(&text);
            let line = text.iter().position(|b| *b == b'\n');
            for (reach, len) in [(Reach::Text, None), (Reach::Line, line)] {
                let blocks_expected = len.map_or(expected.len(), |len| len / 64 + 1);
                let len = len.unwrap_or(text.len());
                let mut blocks = Vec::new();
                prop_assert_eq!(portable::index(&text, reach, &mut blocks), len);
                prop_assert_eq!(&blocks, &expected[..blocks_expected]);
                #[cfg(target_arch = "x86_64")]
                {
                    blocks.clear();
                    if let Some(found) = avx2::index(&text, reach, &mut blocks) {
                        prop_assert_eq!(found, len);
                        prop_assert_eq!(&blocks, &expected[..blocks_expected]);
                    }
                }
            }
        }

        /// Behind any quote that the index knows.
        #[test]
        fn ends_are_alike(text in text()) {
            let mut index = StringIndex::default();
            index.build(&text);
            for (i, marks) in slow_index(&text).iter().enumerate() {
                for bit in (0..64).filter(|bit| marks.quotes >> bit & 1 == 1) {
                    let start = i * 64 + bit + 1;
                    let expected = ByLooking.end_of(&text, start);
                    prop_assert_eq!((&index).end_of(&text, start), expected);
                }
            }
        }
    }

    #[test]
    fn quotes_are_found_at_every_distance() {
        for len in 0..80 {
            for stop in [b'"', b'\\'] {
                let mut text = vec![0xA2; len];
                text.push(stop);
                text.extend_from_slice(b"\"\\ more");
                assert_eq!(find_quote_or_backslash(&text), Some(len));
            }
            assert_eq!(find_quote_or_backslash(&vec![b'!'; len]), None);
        }
    }
}
