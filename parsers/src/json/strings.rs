//! Where strings end: by an index of unescaped quotes, or by looking at the bytes.
//!
//! ```text
//!  text    {"a":"C:\\x","b":"say \"hi\""}
//!  quotes   1 3 5      11 13 15 17        28    offsets, without escaped ones
//!  slashes         11            1    1         one bit a byte: is there something to decode?
//! ```
//!
//! Offsets, not bits: by its number a reader knows where a quote is without having looked at the
//! ones before, so that the processor may read several strings at once.
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
#[cfg(target_arch = "x86_64")]
mod avx512;
mod filling;
mod portable;

use filling::Filling;
use memchr::memchr2;

/// Finds the ends of the strings of one text, from left to right.
pub(super) trait StringEnds: Clone {
    /// The offset of the quote that ends the string whose inside begins at `start`, and whether
    /// there is a backslash before it. Does not look behind what was sought or found last.
    fn end_of(&mut self, text: &[u8], start: usize) -> Option<(usize, bool)>;

    /// Makes the next string that can be asked for one that begins at or behind `position`,
    /// which may lie before the last one.
    fn seek(&mut self, position: usize);

    /// Takes note of a string without escapes that was passed without asking.
    fn pass(&mut self);

    /// The index, where there is one.
    #[inline]
    fn indexed(&self) -> Option<Indexed<'_>> {
        None
    }

    /// Makes a quote of the index the one that begins the next string.
    #[inline]
    fn go_to(&mut self, _next: usize) {}
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

impl Marks {
    /// Those before the first of the marks given.
    fn before(self, others: u64) -> Self {
        let below = (others & others.wrapping_neg()).wrapping_sub(1);
        Self {
            quotes: self.quotes & below,
            backslashes: self.backslashes & below,
        }
    }
}

/// An index of one text. Its memory is used again for the next.
#[derive(Debug, Default)]
pub(crate) struct StringIndex {
    /// Offsets of the unescaped quotes, then [`BEHIND_TEXT`], then room.
    quotes: Vec<u32>,
    count: usize,
    /// One bit a byte, and a word of zeros behind the last; then room.
    backslashes: Vec<u64>,
}

/// Stands behind the last quote as often as a reader looks ahead.
const BEHIND_TEXT: u32 = u32::MAX;

/// How many quotes a reader may look at without asking whether they are there.
const AHEAD: usize = 4;

/// How far a reader that goes elsewhere looks around before it searches the whole index.
const STEPS_MAX: usize = 16;

/// What an extraordinary text made the index grow beyond this is given back.
const QUOTES_KEPT: usize = 1 << 20;

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
        #[cfg(target_arch = "x86_64")]
        if let Some(len) = avx512::index(text, reach, self) {
            return len;
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(len) = avx2::index(text, reach, self) {
            return len;
        }
        portable::index(text, reach, self)
    }

    /// Begins to fill it anew.
    fn begin(&mut self) -> Filling<'_> {
        if self.quotes.len() > QUOTES_KEPT && self.count < QUOTES_KEPT / 2 {
            self.quotes.truncate(QUOTES_KEPT);
            self.quotes.shrink_to_fit();
            self.backslashes.truncate(QUOTES_KEPT / 64);
            self.backslashes.shrink_to_fit();
        }
        Filling {
            quotes: &mut self.quotes,
            backslashes: &mut self.backslashes,
            count: 0,
            blocks: 0,
            index_count: &mut self.count,
        }
    }

    /// A reader at the beginning of `text`, of which the indexed text is all, or the first line.
    pub(super) fn of<'a>(&'a self, text: &'a [u8]) -> Indexed<'a> {
        Indexed {
            text,
            quotes: self.quotes.get(..self.count + AHEAD).unwrap_or_default(),
            backslashes: &self.backslashes,
            next: 0,
        }
    }
}

/// Reads an index from left to right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Indexed<'a> {
    /// The indexed text, with what is known to be behind it.
    pub(super) text: &'a [u8],
    /// Offsets of quotes, and [`AHEAD`] times [`BEHIND_TEXT`].
    quotes: &'a [u32],
    backslashes: &'a [u64],
    /// Which quote begins the next string.
    pub(super) next: usize,
}

impl Indexed<'_> {
    /// The offset of a quote, if there is one.
    #[inline]
    pub(super) fn quote(&self, quote: usize) -> Option<usize> {
        let at = *self.quotes.get(quote)?;
        (at != BEHIND_TEXT).then_some(at as usize)
    }

    /// Whether there is a backslash between two offsets.
    #[inline]
    pub(super) fn has_backslash(&self, start: usize, end: usize) -> bool {
        let len = end.saturating_sub(start);
        let (at, skipped) = (start / 64, start % 64);
        let Some([low, high]) = self.backslashes.get(at..).and_then(|b| b.first_chunk()) else {
            return false;
        };
        let bits = low >> skipped | high << 1 << (63 - skipped);
        if len <= 64 {
            return bits & (!0_u64).checked_shr(64 - len as u32).unwrap_or(0) != 0;
        }
        bits != 0 || self.has_backslash_far(start + 64, end)
    }

    #[inline(never)]
    fn has_backslash_far(&self, start: usize, end: usize) -> bool {
        let (first, last) = (start / 64, end / 64);
        let from_first = !0 << (start % 64);
        let before_end = !(!0 << (end % 64));
        let blocks = self.backslashes.get(first..=last).unwrap_or_default();
        match blocks {
            [] => false,
            [only] => only & from_first & before_end != 0,
            [head, middle @ .., tail] => {
                head & from_first != 0
                    || tail & before_end != 0
                    || middle.iter().any(|block| *block != 0)
            }
        }
    }
}

impl StringEnds for Indexed<'_> {
    #[inline]
    fn end_of(&mut self, _: &[u8], start: usize) -> Option<(usize, bool)> {
        let [first, second] = *self.quotes.get(self.next..)?.first_chunk()?;
        // The quote that begins the string is not in the index if it is escaped: that can only be
        // where the search for an element went on behind damage.
        let begins = first as usize + 1 == start;
        let end = if begins { second } else { first };
        if end == BEHIND_TEXT {
            return None;
        }
        self.next += if begins { 2 } else { 1 };
        let end = end as usize;
        Some((end, self.has_backslash(start, end)))
    }

    fn seek(&mut self, position: usize) {
        // Mostly it is near, and a block has many quotes.
        let is_behind = |quote: usize| {
            let at = self.quotes.get(quote);
            at.is_none_or(|at| *at as usize >= position)
        };
        for _ in 0..STEPS_MAX {
            if !is_behind(self.next) {
                self.next += 1;
            } else if self.next > 0 && is_behind(self.next - 1) {
                self.next -= 1;
            } else {
                return;
            }
        }
        self.next = self.quotes.partition_point(|at| (*at as usize) < position);
    }

    #[inline]
    fn pass(&mut self) {
        self.next += 2;
    }

    #[inline]
    fn indexed(&self) -> Option<Indexed<'_>> {
        Some(*self)
    }

    #[inline]
    fn go_to(&mut self, next: usize) {
        self.next = next;
    }
}

impl StringEnds for ByLooking {
    #[inline]
    fn end_of(&mut self, text: &[u8], start: usize) -> Option<(usize, bool)> {
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

    fn seek(&mut self, _: usize) {}

    #[inline]
    fn pass(&mut self) {}
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
        // A backslash that is itself escaped begins no escape.
        let beginning = backslashes & !self.carry;
        let behind = beginning << 1 | self.carry;
        // Adding the runs that begin at odd offsets to all of them leaves, in each run, a bit
        // pattern from which the parity of its end can be read.
        let odd_starts = beginning & !EVEN & !behind;
        let sum = odd_starts.wrapping_add(beginning);
        // What is carried on follows from the last run of this block alone, unless that is all
        // of it: so no block has to wait for the one before.
        if backslashes != !0 {
            self.carry = u64::from(backslashes.leading_ones() & 1);
        }
        let escaped = (EVEN ^ (sum << 1)) & behind;
        Marks {
            quotes: quotes & !escaped,
            backslashes,
        }
    }
}

const EVEN: u64 = 0x5555_5555_5555_5555;

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

    type Contents = (Vec<usize>, Vec<usize>);

    /// Offsets of unescaped quotes and of backslashes.
    fn slow_index(text: &[u8]) -> Contents {
        let (mut quotes, mut backslashes) = (Vec::new(), Vec::new());
        let mut escaped = false;
        for (i, byte) in text.iter().enumerate() {
            if *byte == b'\\' {
                backslashes.push(i);
            }
            if *byte == b'"' && !escaped {
                quotes.push(i);
            }
            escaped = *byte == b'\\' && !escaped;
        }
        (quotes, backslashes)
    }

    fn contents(index: &StringIndex, text_len: usize) -> Contents {
        let quotes = index.quotes[..index.count].iter().map(|at| *at as usize);
        assert_eq!(index.quotes[index.count..][..AHEAD], [BEHIND_TEXT; AHEAD]);
        let blocks = index.quotes.first().map_or(0, |_| text_len.div_ceil(64));
        let bits = index.backslashes[..=blocks].iter().enumerate();
        let bits = bits.flat_map(|(i, block)| {
            let set = (0..64).filter(move |bit| block >> bit & 1 == 1);
            set.map(move |bit| i * 64 + bit)
        });
        (quotes.collect(), bits.collect())
    }

    proptest! {
        #[test]
        fn indices_are_alike(text in text()) {
            let line = text.iter().position(|b| *b == b'\n').unwrap_or(text.len());
            // One that was used before.
            let mut index = StringIndex::default();
            index.build(&[b'"'; 3000]);
            for (reach, len) in [(Reach::Text, text.len()), (Reach::Line, line)] {
                let expected = slow_index(&text[..len]);
                prop_assert_eq!(portable::index(&text, reach, &mut index), len);
                prop_assert_eq!(contents(&index, len), expected.clone());
                #[cfg(target_arch = "x86_64")]
                for build in [avx2::index, avx512::index] {
                    if let Some(found) = build(&text, reach, &mut index) {
                        prop_assert_eq!(found, len);
                        prop_assert_eq!(contents(&index, len), expected.clone());
                    }
                }
            }
        }

        /// Behind any quote that the index knows, and where one begins that it does not know.
        #[test]
        fn ends_are_alike(text in text(), at in any::<prop::sample::Index>()) {
            let mut index = StringIndex::default();
            index.build(&text);
            let (quotes, backslashes) = slow_index(&text);
            let mut ends = index.of(&text);
            for quote in &quotes {
                ends.seek(*quote);
                let expected = ByLooking.end_of(&text, quote + 1);
                prop_assert_eq!(ends.end_of(&text, quote + 1), expected);
            }
            let start = at.index(text.len() + 1);
            ends.seek(start);
            let end = quotes.iter().find(|quote| **quote > start);
            let found = ends.end_of(&text, start + 1).map(|found| found.0);
            prop_assert_eq!(found, end.copied());
            let end = start + at.index(text.len() + 1 - start);
            let expected = backslashes.iter().any(|at| (start..end).contains(at));
            prop_assert_eq!(ends.has_backslash(start, end), expected);
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
