//! Random numbers that are the same on every machine and for ever.
//!
//! Written out instead of taken from a crate: generated logs are compared by their hashes over
//! years, and crates may change their sequences from one release to the next. xoshiro256++
//! (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2019), seeded by
//! `SplitMix64` as its authors advise. Integers only: floating point may round differently.

/// One million, the denominator of shares.
pub const MILLION: u32 = 1_000_000;

/// A source of random numbers.
#[derive(Clone, Debug)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        let mut mixer = seed;
        Self {
            state: std::array::from_fn(|_| split_mix(&mut mixer)),
        }
    }

    /// Any number.
    #[inline]
    pub fn next(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.state;
        let result = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        result
    }

    /// A number below `end`; 0 where there is none. The bias of the multiplication (Lemire 2019)
    /// is below `end / 2^32`, which no log shows.
    #[inline]
    pub fn below(&mut self, end: u32) -> u32 {
        (((self.next() >> 32) * u64::from(end)) >> 32) as u32
    }

    /// An index into something of this length; 0 where it is empty.
    #[inline]
    pub fn index(&mut self, len: usize) -> usize {
        self.below(u32::try_from(len).unwrap_or(u32::MAX)) as usize
    }

    /// True with a probability in millionths.
    #[inline]
    pub fn chance(&mut self, millionths: u32) -> bool {
        self.below(MILLION) < millionths
    }

    /// One of several. The first where the index is out of range, which it is not.
    #[inline]
    pub fn of<T: Copy, const N: usize>(&mut self, choices: [T; N]) -> T {
        choices[self.index(N)]
    }
}

fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Draws indices by Zipf's law: the second is half as frequent as the first, and so on.
#[derive(Clone, Debug)]
pub struct Zipf {
    /// Sums of weights, ascending.
    sums: Box<[u32]>,
}

impl Zipf {
    /// Over so many indices.
    pub fn new(len: usize) -> Self {
        // Ten million entries would still fit: the sum grows by the logarithm.
        const FIRST: u64 = 1 << 27;
        let mut sum = 0u64;
        let mut next = |rank: u64| {
            sum += (FIRST / rank).max(1);
            u32::try_from(sum).unwrap_or(u32::MAX)
        };
        Self {
            sums: (1..=len as u64).map(&mut next).collect(),
        }
    }

    /// An index.
    #[inline]
    pub fn draw(&self, random: &mut Random) -> usize {
        let Some(sum) = self.sums.last() else {
            return 0;
        };
        let point = random.below(*sum);
        self.sums.partition_point(|end| *end <= point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_never_change() {
        let mut random = Random::new(1);
        let first: [u64; 3] = std::array::from_fn(|_| random.next());
        assert_eq!(
            first,
            [
                14_971_601_782_005_023_387,
                13_781_649_495_232_077_965,
                1_847_458_086_238_483_744,
            ]
        );
    }

    #[test]
    fn zipf_prefers_the_first() {
        let (zipf, mut random) = (Zipf::new(100), Random::new(7));
        let mut counts = [0u32; 100];
        for _ in 0..100_000 {
            counts[zipf.draw(&mut random)] += 1;
        }
        assert!(counts[0] > 17_000 && counts[0] < 21_500, "{}", counts[0]);
        assert!(counts[1] > 8_500 && counts[1] < 10_800, "{}", counts[1]);
        assert!(counts[99] > 100, "{}", counts[99]);
    }
}
