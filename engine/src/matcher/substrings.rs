//! Finds thousands of literals wherever they stand in a text.
//!
//! Of each literal the four neighbouring bytes that logs hold most rarely are its window. A bit
//! for each window's hash says whether it may be one; only where the bit is set, the literals of
//! that window are compared. Places do not depend on each other, so that the processor works on
//! several at a time, where an automaton has to wait for each byte's state: the filter of Wu and
//! Manber ("A fast algorithm for multi-pattern searching", 1994) with windows chosen by rarity.
//! Shorter literals have windows of their own length.

use crate::needles::commonness;

/// Bytes of the longest window.
const WIDTH: usize = 4;
/// Places that are looked at together.
const STRIDE: usize = 8;

/// A literal with a window.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    /// In [`Substrings::bytes`].
    start: u32,
    len: u32,
    /// Of the window in it.
    offset: u32,
    literal: u32,
}

/// The candidates of one window, in [`Windows::candidates`].
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    window: u32,
    start: u32,
    /// 0: no window is here.
    end: u32,
}

/// The windows of one width.
#[derive(Debug)]
struct Windows {
    /// By hash.
    filter: Box<[u64]>,
    /// Bits of a hash that do not count.
    shift: u32,
    /// Open addressing, by the same hash.
    groups: Box<[Group]>,
    group_shift: u32,
    candidates: Box<[Candidate]>,
}

/// A set of literals.
#[derive(Debug)]
pub(super) struct Substrings {
    bytes: Box<[u8]>,
    /// By width − 1.
    widths: [Option<Windows>; WIDTH],
}

impl Substrings {
    /// From the literals; their numbers are their places. None is empty.
    pub(super) fn new<'l>(literals: impl Iterator<Item = &'l [u8]>) -> Self {
        let mut bytes = Vec::new();
        let mut by_width: [Vec<(u32, Candidate)>; WIDTH] = Default::default();
        for (number, literal) in (0u32..).zip(literals) {
            let width = literal.len().min(WIDTH);
            let (offset, window) = rarest_window(literal, width);
            let candidate = Candidate {
                start: bytes.len() as u32,
                len: literal.len() as u32,
                offset: offset as u32,
                literal: number,
            };
            bytes.extend_from_slice(literal);
            if let Some(of_width) = by_width.get_mut(width.wrapping_sub(1)) {
                of_width.push((window, candidate));
            }
        }
        Self {
            bytes: bytes.into(),
            widths: by_width
                .map(|candidates| (!candidates.is_empty()).then(|| Windows::new(candidates))),
        }
    }

    /// Calls `found` with the number of each literal that occurs, once for each place.
    #[inline]
    pub(super) fn scan(&self, text: &[u8], mut found: impl FnMut(u32)) {
        let [one, two, three, four] = &self.widths;
        if let Some(windows) = four {
            self.scan_windows::<4>(windows, text, &mut found);
        }
        if let Some(windows) = three {
            self.scan_windows::<3>(windows, text, &mut found);
        }
        if let Some(windows) = two {
            self.scan_windows::<2>(windows, text, &mut found);
        }
        if let Some(windows) = one {
            self.scan_windows::<1>(windows, text, &mut found);
        }
    }

    #[inline]
    fn scan_windows<const N: usize>(
        &self,
        windows: &Windows,
        text: &[u8],
        found: &mut impl FnMut(u32),
    ) {
        let mut at = 0;
        while let Some(stretch) = text.get(at..at + STRIDE + N - 1) {
            let mut places = 0u32;
            for i in 0..STRIDE {
                places |= u32::from(windows.may_be(window::<N>(stretch, i))) << i;
            }
            while places != 0 {
                let place = places.trailing_zeros() as usize;
                places &= places - 1;
                self.verify(
                    windows,
                    window::<N>(stretch, place),
                    text,
                    at + place,
                    found,
                );
            }
            at += STRIDE;
        }
        while at + N <= text.len() {
            let window = window::<N>(text, at);
            if windows.may_be(window) {
                self.verify(windows, window, text, at, found);
            }
            at += 1;
        }
    }

    fn verify(
        &self,
        windows: &Windows,
        window: u32,
        text: &[u8],
        at: usize,
        found: &mut impl FnMut(u32),
    ) {
        for candidate in windows.candidates(window) {
            let Some(start) = at.checked_sub(candidate.offset as usize) else {
                continue;
            };
            let len = candidate.len as usize;
            let literal = &self.bytes[candidate.start as usize..][..len];
            if text.get(start..start + len) == Some(literal) {
                found(candidate.literal);
            }
        }
    }
}

/// Bits of the filter for each window: so few are set that most places are passed over.
const FILTER_BITS_PER_WINDOW: usize = 32;
/// Larger filters would crowd the cache of the first level.
const FILTER_BITS_MAX: usize = 1 << 17;

impl Windows {
    fn new(mut of_windows: Vec<(u32, Candidate)>) -> Self {
        of_windows.sort_unstable_by_key(|(window, candidate)| (*window, candidate.literal));
        let count = of_windows.chunk_by(|a, b| a.0 == b.0).count();
        let bits = (count * FILTER_BITS_PER_WINDOW).next_power_of_two();
        let bits = bits.clamp(64, FILTER_BITS_MAX);
        let places = (count * 2).next_power_of_two();
        let mut windows = Self {
            filter: vec![0; bits / 64].into(),
            shift: 32 - bits.trailing_zeros(),
            groups: vec![Group::default(); places].into(),
            group_shift: 32 - places.trailing_zeros(),
            candidates: of_windows.iter().map(|(_, candidate)| *candidate).collect(),
        };
        let mut start = 0;
        for group in of_windows.chunk_by(|a, b| a.0 == b.0) {
            let end = start + group.len() as u32;
            windows.add(Group {
                window: group[0].0,
                start,
                end,
            });
            start = end;
        }
        windows
    }

    fn add(&mut self, group: Group) {
        let bit = hash(group.window) >> self.shift;
        self.filter[(bit / 64) as usize] |= 1 << (bit % 64);
        let mut place = self.place(group.window);
        while self.groups[place].end != 0 {
            place = (place + 1) % self.groups.len();
        }
        self.groups[place] = group;
    }

    #[inline]
    fn place(&self, window: u32) -> usize {
        (hash(window) >> self.group_shift) as usize
    }

    #[inline]
    fn may_be(&self, window: u32) -> bool {
        let bit = hash(window) >> self.shift;
        let word = self.filter.get((bit / 64) as usize);
        word.is_some_and(|word| word >> (bit % 64) & 1 != 0)
    }

    /// Half of the places are empty, so the walk ends.
    #[inline]
    fn candidates(&self, window: u32) -> &[Candidate] {
        let mut place = self.place(window);
        loop {
            let group = self.groups[place];
            if group.end == 0 {
                return &[];
            }
            if group.window == window {
                return &self.candidates[group.start as usize..group.end as usize];
            }
            place = (place + 1) % self.groups.len();
        }
    }
}

/// By the upper bits of a product with the golden ratio.
#[inline]
fn hash(window: u32) -> u32 {
    window.wrapping_mul(0x9e37_79b1)
}

#[inline]
fn window<const N: usize>(text: &[u8], at: usize) -> u32 {
    let mut bytes = [0; WIDTH];
    if let Some(window) = text.get(at..at + N) {
        bytes[..N].copy_from_slice(window);
    }
    u32::from_le_bytes(bytes)
}

/// The place of the rarest window of a literal, and its bytes.
fn rarest_window(literal: &[u8], width: usize) -> (usize, u32) {
    let places = 0..=literal.len() - width;
    let common = |at: &usize| -> u32 {
        let bytes = literal.iter().skip(*at).take(width);
        bytes.map(|byte| commonness(*byte)).sum()
    };
    let at = places.min_by_key(common).unwrap_or(0);
    let mut bytes = [0; WIDTH];
    for (to, from) in bytes.iter_mut().zip(literal.iter().skip(at).take(width)) {
        *to = *from;
    }
    (at, u32::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Substrings;

    fn bytes(length: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![8 => prop::sample::select(b"abc:\\0".to_vec()), 1 => any::<u8>()];
        prop::collection::vec(byte, length)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn finds_each_literal_at_each_place(
            literals in prop::collection::vec(bytes(1..9), 0..40),
            text in bytes(0..120),
        ) {
            let mut expected = Vec::new();
            for (number, literal) in literals.iter().enumerate() {
                let places = text.windows(literal.len()).filter(|window| window == literal);
                expected.extend(places.map(|_| number as u32));
            }
            let mut found = Vec::new();
            let set = Substrings::new(literals.iter().map(Vec::as_slice));
            set.scan(&text, |literal| found.push(literal));
            found.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn many_literals_share_a_window() {
        let literals: Vec<String> = (0..500).map(|i| format!("{i:03}zqzq")).collect();
        let set = Substrings::new(literals.iter().map(String::as_bytes));
        let mut found = Vec::new();
        set.scan(b"x499zqzq", |literal| found.push(literal));
        assert_eq!(found, [499]);
    }
}
