//! Looks for any of a few dozen short texts in a long one, whatever the case of ASCII letters,
//! many bytes at a time.
//!
//! Of each needle the four neighbouring bytes that logs hold most rarely are its fingerprint.
//! Needles are spread over eight buckets, a bit each; for each of the four bytes a table says
//! which buckets it may belong to. Where the four agree on a bucket, its needles are compared.
//! With tables by nibble a shuffle looks 32 bytes up at once: the idea of Teddy (Geoffrey
//! Langdale, Hyperscan). A table by nibble holds for both cases of a letter at no cost, which a
//! case-insensitive automaton does not.

#[cfg(target_arch = "x86_64")]
mod simd;

/// Bytes of a fingerprint.
const WIDTH: usize = 4;
const BUCKETS: usize = 8;

/// For each byte of the fingerprint and each byte value, the buckets it may belong to.
type ByteTables = [[u8; 256]; WIDTH];

#[derive(Clone, Debug)]
struct Needle {
    /// Lower case.
    text: Box<[u8]>,
    /// Where its fingerprint begins.
    offset: usize,
    /// Its fingerprint, see [`blurred`]; zeros behind the end of a shorter needle.
    blurred: u32,
    /// Which bits of `blurred` count.
    mask: u32,
}

/// A set of needles.
#[derive(Debug)]
pub(crate) struct Needles {
    tables: ByteTables,
    #[cfg(target_arch = "x86_64")]
    nibbles: Option<simd::NibbleTables>,
    buckets: [Vec<Needle>; BUCKETS],
    /// By first byte of a fingerprint, the buckets of needles that are shorter than one.
    short: Box<[u8; 256]>,
    /// By hash, whether bytes may be the fingerprint of a needle that is not short.
    filter: Box<[u64; FILTER_BITS / 64]>,
}

/// One bit in forty is set by as many needles as the rules of a class usually have.
const FILTER_BITS: usize = 1 << 13;

impl Needles {
    /// Needles of at least two bytes. Letters among ASCII stand for both cases.
    pub(crate) fn new(needles: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut all: Vec<Needle> = needles.into_iter().map(needle).collect();
        all.sort_by(|a, b| fingerprint(a).cmp(fingerprint(b)).then(a.text.cmp(&b.text)));
        all.dedup_by(|a, b| a.text == b.text);
        let buckets = into_buckets(all);
        let tables = byte_tables(&buckets);
        Self {
            #[cfg(target_arch = "x86_64")]
            nibbles: simd::NibbleTables::new(&tables),
            tables,
            short: short_buckets(&buckets),
            filter: filter(&buckets),
            buckets,
        }
    }

    /// Whether a needle occurs for which `counts` says yes, given the text from its place on.
    pub(crate) fn occurs(&self, text: &[u8], mut counts: impl FnMut(&[u8]) -> bool) -> bool {
        let mut at = 0;
        #[cfg(target_arch = "x86_64")]
        if let Some(nibbles) = &self.nibbles {
            let scanned = nibbles.scan(text, |at| self.is_at(text, at, &mut counts));
            match scanned {
                simd::Scanned::Found => return true,
                simd::Scanned::UpTo(end) => at = end,
            }
        }
        self.occurs_portably(text, at, counts)
    }

    fn occurs_portably(
        &self,
        text: &[u8],
        from: usize,
        mut counts: impl FnMut(&[u8]) -> bool,
    ) -> bool {
        // A needle of two bytes may stand at the very end: what lies behind counts as any byte.
        let byte = |at: usize, i: usize| match text.get(at + i) {
            Some(b) => self.tables[i][usize::from(*b)],
            None => self.tables[i][0],
        };
        (from..text.len()).any(|at| {
            let agreed = (0..WIDTH).fold(u8::MAX, |agreed, i| agreed & byte(at, i));
            agreed != 0 && self.is_at(text, at, &mut counts)
        })
    }

    /// Whether a needle has its fingerprint here.
    #[inline]
    fn is_at(&self, text: &[u8], at: usize, counts: &mut impl FnMut(&[u8]) -> bool) -> bool {
        let here = bytes_at(text, at);
        let blurred = blurred(here);
        let (word, bit) = filter_place(blurred);
        let begun = if self.filter[word] >> bit & 1 != 0 {
            u8::MAX
        } else {
            self.short[usize::from(here[0])]
        };
        // Most places end here.
        if begun == 0 {
            return false;
        }
        let by_byte = self.tables.iter().zip(here);
        let mut agreed = by_byte.fold(begun, |agreed, (table, byte)| {
            agreed & table[usize::from(byte)]
        });
        while agreed != 0 {
            let bucket = agreed.trailing_zeros() as usize;
            agreed &= agreed - 1;
            let found = self.buckets[bucket].iter().any(|needle| {
                blurred & needle.mask == needle.blurred && needle.is_around(text, at, counts)
            });
            if found {
                return true;
            }
        }
        false
    }
}

impl Needle {
    /// Whether it stands with its fingerprint here.
    fn is_around(&self, text: &[u8], at: usize, counts: &mut impl FnMut(&[u8]) -> bool) -> bool {
        let Some(start) = at.checked_sub(self.offset) else {
            return false;
        };
        let here = text.get(start..start + self.text.len());
        here.is_some_and(|here| here.eq_ignore_ascii_case(&self.text)) && counts(&text[start..])
    }
}

fn short_buckets(buckets: &[Vec<Needle>; BUCKETS]) -> Box<[u8; 256]> {
    let mut by_first = Box::new([0; 256]);
    for (bucket, needles) in buckets.iter().enumerate() {
        let short = needles.iter().filter(|needle| needle.mask != u32::MAX);
        for first in short.filter_map(|needle| fingerprint(needle).first()) {
            for byte in [first.to_ascii_lowercase(), first.to_ascii_uppercase()] {
                by_first[usize::from(byte)] |= 1 << bucket;
            }
        }
    }
    by_first
}

fn filter(buckets: &[Vec<Needle>; BUCKETS]) -> Box<[u64; FILTER_BITS / 64]> {
    let mut filter = Box::new([0; FILTER_BITS / 64]);
    let whole = buckets.iter().flatten().filter(|n| n.mask == u32::MAX);
    for needle in whole {
        let (word, bit) = filter_place(needle.blurred);
        filter[word] |= 1 << bit;
    }
    filter
}

/// By the upper bits of a product with the golden ratio.
#[inline]
fn filter_place(blurred: u32) -> (usize, u32) {
    let hash = blurred.wrapping_mul(0x9e37_79b1) >> (32 - FILTER_BITS.trailing_zeros());
    ((hash / 64) as usize % (FILTER_BITS / 64), hash % 64)
}

/// The bytes of a fingerprint at a place; zeros behind the end of the text.
#[inline]
fn bytes_at(text: &[u8], at: usize) -> [u8; WIDTH] {
    let rest = text.get(at..).unwrap_or_default();
    if let Some(bytes) = rest.first_chunk() {
        return *bytes;
    }
    let mut bytes = [0; WIDTH];
    bytes[..rest.len()].copy_from_slice(rest);
    bytes
}

/// A fingerprint without the bit that tells the case of letters, and with it some others apart.
#[inline]
fn blurred(bytes: [u8; WIDTH]) -> u32 {
    u32::from_le_bytes(bytes) | u32::from_le_bytes([0x20; WIDTH])
}

fn needle(mut text: Vec<u8>) -> Needle {
    text.make_ascii_lowercase();
    let places = 0..text.len().saturating_sub(WIDTH - 1).max(1);
    let rarest = |at: &usize| {
        let bytes = text.iter().skip(*at).take(WIDTH);
        bytes.map(|b| commonness(*b)).sum::<u32>()
    };
    let offset = places.min_by_key(rarest).unwrap_or(0);
    let known = (text.len() - offset).min(WIDTH);
    let mask = u32::MAX >> (8 * (WIDTH - known) as u32);
    Needle {
        offset,
        blurred: blurred(bytes_at(&text, offset)) & mask,
        mask,
        text: text.into(),
    }
}

/// Puts each needle where it adds least to the places that will look like one.
fn into_buckets(needles: Vec<Needle>) -> [Vec<Needle>; BUCKETS] {
    let mut buckets: [Vec<Needle>; BUCKETS] = Default::default();
    let mut covers: [Cover; BUCKETS] = Default::default();
    for needle in needles {
        let wider = covers.map(|cover| cover.with(&needle));
        let added: [f64; BUCKETS] = std::array::from_fn(|i| wider[i].share() - covers[i].share());
        let best = (0..BUCKETS).min_by(|a, b| added[*a].total_cmp(&added[*b]));
        let best = best.unwrap_or(0);
        covers[best] = wider[best];
        buckets[best].push(needle);
    }
    buckets
}

/// Which nibbles a bucket takes at each byte of a fingerprint, a bit each.
#[derive(Clone, Copy, Default)]
struct Cover {
    low: [u16; WIDTH],
    high: [u16; WIDTH],
}

impl Cover {
    fn with(mut self, needle: &Needle) -> Self {
        let fingerprint = fingerprint(needle);
        for i in 0..WIDTH {
            match fingerprint.get(i) {
                None => (self.low[i], self.high[i]) = (u16::MAX, u16::MAX),
                Some(byte) => {
                    for byte in [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()] {
                        self.low[i] |= 1 << (byte & 15);
                        self.high[i] |= 1 << (byte >> 4);
                    }
                }
            }
        }
        self
    }

    /// The expected share of places that look like one of its needles, times a constant.
    fn share(&self) -> f64 {
        let of_byte = |i: usize| -> f64 {
            let highs = bits(self.high[i]);
            let bytes = highs.flat_map(|high| bits(self.low[i]).map(move |low| high << 4 | low));
            bytes.map(|byte| f64::from(1 << commonness(byte))).sum()
        };
        (0..WIDTH).map(of_byte).product()
    }
}

/// The places of the set bits.
fn bits(mut set: u16) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let lowest = set.trailing_zeros();
        set &= set.wrapping_sub(1);
        (lowest < u16::BITS).then_some(lowest as u8)
    })
}

fn fingerprint(needle: &Needle) -> &[u8] {
    let end = needle.text.len().min(needle.offset + WIDTH);
    &needle.text[needle.offset..end]
}

/// How common a byte is in logs, as a rough logarithm.
pub(crate) fn commonness(byte: u8) -> u32 {
    match byte {
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' | b'0' | b'1' => 9,
        b'c' | b'd' | b'l' | b'm' | b'p' | b'u' | b' ' | b'\\' | b'"' | b'2'..=b'9' => 8,
        b'b' | b'f' | b'g' | b'h' | b'v' | b'w' | b'y' | b',' | b'.' | b':' | b'-' => 6,
        b'k' | b'x' | b'/' | b'{' | b'}' | b'_' | b'=' => 5,
        b'j' | b'q' | b'z' | b'(' | b')' | b'%' | b'<' | b'>' => 3,
        _ => 1,
    }
}

fn byte_tables(buckets: &[Vec<Needle>; BUCKETS]) -> ByteTables {
    let mut tables = [[0; 256]; WIDTH];
    for (bucket, needles) in buckets.iter().enumerate() {
        let bit = 1u8 << bucket;
        for needle in needles {
            let fingerprint = fingerprint(needle);
            for (i, table) in tables.iter_mut().enumerate() {
                match fingerprint.get(i) {
                    Some(byte) => {
                        table[usize::from(byte.to_ascii_lowercase())] |= bit;
                        table[usize::from(byte.to_ascii_uppercase())] |= bit;
                    }
                    None => table.iter_mut().for_each(|entry| *entry |= bit),
                }
            }
        }
    }
    tables
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Needles;

    fn naively(needles: &[Vec<u8>], text: &[u8]) -> bool {
        let lower = text.to_ascii_lowercase();
        needles.iter().any(|needle| {
            let needle = needle.to_ascii_lowercase();
            lower.windows(needle.len()).any(|window| window == needle)
        })
    }

    fn bytes(length: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![8 => prop::sample::select(b"abAB:\\u0".to_vec()), 1 => any::<u8>()];
        prop::collection::vec(byte, length)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn finds_what_the_naive_search_finds(
            needles in prop::collection::vec(bytes(2..7), 0..40),
            text in bytes(0..200),
        ) {
            let expected = naively(&needles, &text);
            let set = Needles::new(needles.clone());
            prop_assert_eq!(set.occurs(&text, |_| true), expected);
            prop_assert_eq!(set.occurs_portably(&text, 0, |_| true), expected);
            #[cfg(target_arch = "x86_64")]
            {
                let mut set = Needles::new(needles);
                for way in super::simd::NibbleTables::all_ways(&set.tables) {
                    set.nibbles = Some(way);
                    prop_assert_eq!(set.occurs(&text, |_| true), expected);
                }
            }
        }
    }

    #[test]
    fn a_place_may_not_count() {
        let set = Needles::new([b"\\u00".to_vec()]);
        let is_letter = |from: &[u8]| from.get(4) != Some(&b'2');
        assert!(!set.occurs(b"it\\u0027s", is_letter));
        assert!(set.occurs(b"it\\u0027s \\u0041", is_letter));
    }
}
