//! The ways of processors with wide shuffles: 32 places at once with AVX2, 64 with AVX-512. With
//! its VBMI extension tables have 128 entries, one a byte of ASCII, and need no nibbles.
#![allow(unsafe_code)]

use std::arch::x86_64::{
    __m128i, __m256i, __m512i, _mm_loadu_si128, _mm256_and_si256, _mm256_broadcastsi128_si256,
    _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_set1_epi8,
    _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_srli_epi16, _mm512_and_si512,
    _mm512_broadcast_i32x4, _mm512_loadu_si512, _mm512_maskz_loadu_epi8, _mm512_permutex2var_epi8,
    _mm512_set1_epi8, _mm512_shuffle_epi8, _mm512_srli_epi16, _mm512_test_epi8_mask,
};

use super::{ByteTables, WIDTH};

/// For each byte of the fingerprint, the buckets by its low and by its high nibble. A byte may
/// belong to a bucket if both say so: a superset of what the tables by byte say.
#[derive(Debug)]
pub(super) struct NibbleTables {
    low: [[u8; 16]; WIDTH],
    high: [[u8; 16]; WIDTH],
    /// By the lower seven bits of a byte: exact for ASCII, which nearly all text is.
    seven: Box<[[u8; SEVEN_BITS]; WIDTH]>,
    way: Way,
}

const SEVEN_BITS: usize = 128;

#[derive(Clone, Copy, Debug)]
enum Way {
    Avx2,
    Avx512,
    Avx512Vbmi,
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
    /// `None` where the processor has neither.
    pub(super) fn new(tables: &ByteTables) -> Option<Self> {
        let wide = std::arch::is_x86_feature_detected!("avx512bw");
        let way = if wide && std::arch::is_x86_feature_detected!("avx512vbmi") {
            Way::Avx512Vbmi
        } else if wide {
            Way::Avx512
        } else if std::arch::is_x86_feature_detected!("avx2") {
            Way::Avx2
        } else {
            return None;
        };
        let mut nibbles = Self {
            low: [[0; 16]; WIDTH],
            high: [[0; 16]; WIDTH],
            seven: Box::new([[0; SEVEN_BITS]; WIDTH]),
            way,
        };
        for (i, table) in tables.iter().enumerate() {
            for (byte, buckets) in table.iter().enumerate() {
                nibbles.low[i][byte & 15] |= buckets;
                nibbles.high[i][byte >> 4] |= buckets;
                nibbles.seven[i][byte % SEVEN_BITS] |= buckets;
            }
        }
        Some(nibbles)
    }

    /// The same tables, to be used in each way that this processor knows.
    #[cfg(test)]
    pub(super) fn all_ways(tables: &ByteTables) -> Vec<Self> {
        let with = |way, known: bool| {
            let tables = Self::new(tables).filter(|_| known);
            tables.map(|tables| Self { way, ..tables })
        };
        let wide = std::arch::is_x86_feature_detected!("avx512bw");
        [
            with(Way::Avx2, std::arch::is_x86_feature_detected!("avx2")),
            with(Way::Avx512, wide),
            with(
                Way::Avx512Vbmi,
                wide && std::arch::is_x86_feature_detected!("avx512vbmi"),
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Shows places that may begin a fingerprint to `found`, until it says yes.
    pub(super) fn scan(&self, text: &[u8], found: impl FnMut(usize) -> bool) -> Scanned {
        match self.way {
            // SAFETY: a way is taken only where the processor knows it.
            Way::Avx512Vbmi => unsafe { self.scan_avx512vbmi(text, found) },
            // SAFETY: as above.
            Way::Avx512 => unsafe { self.scan_avx512(text, found) },
            // SAFETY: as above.
            Way::Avx2 => unsafe { self.scan_avx2(text, found) },
        }
    }

    #[target_feature(enable = "avx2")]
    fn scan_avx2(&self, text: &[u8], mut found: impl FnMut(usize) -> bool) -> Scanned {
        const LANES: usize = 32;
        let [low, high] = [&self.low, &self.high].map(|tables| {
            std::array::from_fn::<_, WIDTH, _>(|i| _mm256_broadcastsi128_si256(load(&tables[i])))
        });
        let nibble = _mm256_set1_epi8(15);
        let Some(last) = text.len().checked_sub(LANES + WIDTH - 1) else {
            return Scanned::UpTo(0);
        };
        let mut at = 0;
        loop {
            let mut agreed = _mm256_set1_epi8(-1);
            for i in 0..WIDTH {
                // SAFETY: `at + i + LANES <= text.len()`, since `at <= last` and `i < WIDTH`.
                let bytes: __m256i =
                    unsafe { _mm256_loadu_si256(text.as_ptr().add(at + i).cast()) };
                let by_low = _mm256_shuffle_epi8(low[i], _mm256_and_si256(bytes, nibble));
                let high_nibble = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), nibble);
                let by_high = _mm256_shuffle_epi8(high[i], high_nibble);
                agreed = _mm256_and_si256(agreed, _mm256_and_si256(by_low, by_high));
            }
            let none = _mm256_cmpeq_epi8(agreed, _mm256_setzero_si256());
            let places = !_mm256_movemask_epi8(none).cast_unsigned();
            if any_place(u64::from(places), |place| found(at + place)) {
                return Scanned::Found;
            }
            if at == last {
                return Scanned::UpTo(last + LANES);
            }
            // The last step overlaps the one before, and may show places again.
            at = (at + LANES).min(last);
        }
    }

    #[target_feature(enable = "avx512f,avx512bw")]
    fn scan_avx512(&self, text: &[u8], mut found: impl FnMut(usize) -> bool) -> Scanned {
        let [low, high] = [&self.low, &self.high].map(|tables| {
            std::array::from_fn::<_, WIDTH, _>(|i| _mm512_broadcast_i32x4(load(&tables[i])))
        });
        let nibble = _mm512_set1_epi8(15);
        let mut at = 0;
        while at < text.len() {
            let mut agreed = _mm512_set1_epi8(-1);
            for i in 0..WIDTH {
                let bytes = bytes_from(text, at + i);
                let by_low = _mm512_shuffle_epi8(low[i], _mm512_and_si512(bytes, nibble));
                let high_nibble = _mm512_and_si512(_mm512_srli_epi16::<4>(bytes), nibble);
                let by_high = _mm512_shuffle_epi8(high[i], high_nibble);
                agreed = _mm512_and_si512(agreed, _mm512_and_si512(by_low, by_high));
            }
            let places = _mm512_test_epi8_mask(agreed, agreed) & first(text.len() - at);
            if any_place(places, |place| found(at + place)) {
                return Scanned::Found;
            }
            at += LANES;
        }
        Scanned::UpTo(text.len())
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn scan_avx512vbmi(&self, text: &[u8], mut found: impl FnMut(usize) -> bool) -> Scanned {
        let tables = std::array::from_fn::<_, WIDTH, _>(|i| {
            let (low, high) = self.seven[i].split_at(LANES);
            [load_wide(low), load_wide(high)]
        });
        let mut at = 0;
        while at < text.len() {
            let mut agreed = _mm512_set1_epi8(-1);
            for (i, [low, high]) in tables.into_iter().enumerate() {
                let bytes = bytes_from(text, at + i);
                agreed = _mm512_and_si512(agreed, _mm512_permutex2var_epi8(low, bytes, high));
            }
            let places = _mm512_test_epi8_mask(agreed, agreed) & first(text.len() - at);
            if any_place(places, |place| found(at + place)) {
                return Scanned::Found;
            }
            at += LANES;
        }
        Scanned::UpTo(text.len())
    }
}

/// Bytes of a register of AVX-512.
const LANES: usize = 64;

/// A mask of the first lanes.
#[inline]
fn first(count: usize) -> u64 {
    if count >= LANES {
        u64::MAX
    } else {
        (1 << count) - 1
    }
}

/// The bytes of a text from a place on; zeros behind its end.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn bytes_from(text: &[u8], at: usize) -> __m512i {
    let rest = text.get(at..).unwrap_or_default();
    if let Some(whole) = rest.first_chunk::<LANES>() {
        return load_wide(whole);
    }
    // SAFETY: only the bytes of the mask are read, of which `rest` has as many.
    unsafe { _mm512_maskz_loadu_epi8(first(rest.len()), rest.as_ptr().cast()) }
}

/// 64 bytes of a table.
#[inline]
#[target_feature(enable = "avx512f")]
fn load_wide(table: &[u8]) -> __m512i {
    assert_eq!(table.len(), 64);
    // SAFETY: the slice has 64 bytes, and the load needs no alignment.
    unsafe { _mm512_loadu_si512(table.as_ptr().cast()) }
}

/// Shows the set bits to `found`, until it says yes.
#[inline]
fn any_place(mut places: u64, mut found: impl FnMut(usize) -> bool) -> bool {
    while places != 0 {
        if found(places.trailing_zeros() as usize) {
            return true;
        }
        places &= places - 1;
    }
    false
}

#[inline]
fn load(table: &[u8; 16]) -> __m128i {
    // SAFETY: the array is 16 bytes long, the load needs no alignment, and every x86-64 has it.
    unsafe { _mm_loadu_si128(table.as_ptr().cast()) }
}
