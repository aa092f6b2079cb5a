//! The AVX2 way: 32 places at once.
#![allow(unsafe_code)]
#![expect(
    clippy::cast_ptr_alignment,
    reason = "the loads used need no alignment"
)]

use std::arch::x86_64::{
    __m128i, __m256i, _mm_loadu_si128, _mm256_and_si256, _mm256_broadcastsi128_si256,
    _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_set1_epi8,
    _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_srli_epi16,
};

use super::{ByteTables, WIDTH};

/// Places looked at together.
const LANES: usize = 32;

/// For each byte of the fingerprint, the buckets by its low and by its high nibble. A byte may
/// belong to a bucket if both say so: a superset of what the tables by byte say.
#[derive(Debug)]
pub(super) struct NibbleTables {
    low: [[u8; 16]; WIDTH],
    high: [[u8; 16]; WIDTH],
}

/// How far a scan came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    /// The caller said yes to a place.
    Found,
    /// All places before this one are done.
    UpTo(usize),
}

impl NibbleTables {
    /// `None` where the processor has no AVX2.
    pub(super) fn new(tables: &ByteTables) -> Option<Self> {
        if !std::arch::is_x86_feature_detected!("avx2") {
            return None;
        }
        let mut nibbles = Self {
            low: [[0; 16]; WIDTH],
            high: [[0; 16]; WIDTH],
        };
        for (i, table) in tables.iter().enumerate() {
            for (byte, buckets) in table.iter().enumerate() {
                nibbles.low[i][byte & 15] |= buckets;
                nibbles.high[i][byte >> 4] |= buckets;
            }
        }
        Some(nibbles)
    }

    /// Shows places that may begin a fingerprint to `found`, until it says yes.
    pub(super) fn scan(&self, text: &[u8], found: impl FnMut(usize) -> bool) -> Scanned {
        // SAFETY: `new` gives tables only where AVX2 is there.
        unsafe { self.scan_avx2(text, found) }
    }

    #[target_feature(enable = "avx2")]
    fn scan_avx2(&self, text: &[u8], mut found: impl FnMut(usize) -> bool) -> Scanned {
        let low = [0, 1, 2].map(|i: usize| load_table(&self.low[i]));
        let high = [0, 1, 2].map(|i: usize| load_table(&self.high[i]));
        let nibble = _mm256_set1_epi8(15);
        let mut at = 0;
        while at + LANES + WIDTH - 1 <= text.len() {
            let mut agreed = _mm256_set1_epi8(-1);
            for i in 0..WIDTH {
                // SAFETY: `at + i + LANES <= text.len()` by the loop's condition and `i < WIDTH`.
                let bytes = unsafe { load(text, at + i) };
                let by_low = _mm256_shuffle_epi8(low[i], _mm256_and_si256(bytes, nibble));
                let high_nibble = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), nibble);
                let by_high = _mm256_shuffle_epi8(high[i], high_nibble);
                agreed = _mm256_and_si256(agreed, _mm256_and_si256(by_low, by_high));
            }
            let none = _mm256_cmpeq_epi8(agreed, _mm256_setzero_si256());
            let mut places = !_mm256_movemask_epi8(none).cast_unsigned();
            while places != 0 {
                if found(at + places.trailing_zeros() as usize) {
                    return Scanned::Found;
                }
                places &= places - 1;
            }
            at += LANES;
        }
        Scanned::UpTo(at)
    }
}

#[target_feature(enable = "avx2")]
fn load_table(table: &[u8; 16]) -> __m256i {
    // SAFETY: the array is 16 bytes long; the load needs no alignment.
    let table = unsafe { _mm_loadu_si128(table.as_ptr().cast::<__m128i>()) };
    _mm256_broadcastsi128_si256(table)
}

/// # Safety
///
/// `at + LANES <= text.len()`.
#[target_feature(enable = "avx2")]
unsafe fn load(text: &[u8], at: usize) -> __m256i {
    debug_assert!(at + LANES <= text.len());
    // SAFETY: in bounds by the caller's promise; the load needs no alignment.
    unsafe { _mm256_loadu_si256(text.as_ptr().add(at).cast::<__m256i>()) }
}
