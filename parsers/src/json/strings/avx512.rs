//! The index by AVX-512: one load and three comparisons for 64 bytes, and one instruction that
//! turns the mask of quotes into their offsets, without a branch on how many there are.
//!
//! Why `unsafe` is sound here: the vector code runs only after the processor was asked whether it
//! has what the code needs, the load of a block lies within a `&[u8; 64]` and each store within a
//! `&mut [u32; 16]`; unaligned loads and stores need nothing else.

#![allow(unsafe_code, reason = "vector instructions, see above")]

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_castsi512_si128, _mm512_cmpeq_epi8_mask,
    _mm512_cvtepu8_epi32, _mm512_extracti32x4_epi32, _mm512_loadu_si512,
    _mm512_maskz_compress_epi8, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_storeu_si512,
};

use super::{Escapes, Marks, Reach, StringIndex, last_block};

/// The offsets within a block.
const OFFSETS: [u8; 64] = {
    let mut offsets = [0; 64];
    let mut i = 0;
    while i < 64 {
        offsets[i] = i as u8;
        i += 1;
    }
    offsets
};

/// Indexes a text, or its first line, and gives its length; `None` if the processor cannot do it.
pub(super) fn index(text: &[u8], reach: Reach, index: &mut StringIndex) -> Option<usize> {
    let able = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vbmi2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("popcnt");
    // SAFETY: the processor has what the function asks for.
    able.then(|| unsafe { index_blocks(text, reach, index) })
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,bmi1,popcnt")]
fn index_blocks(text: &[u8], reach: Reach, index: &mut StringIndex) -> usize {
    let (whole, rest) = text.as_chunks::<64>();
    let mut escapes = Escapes::default();
    index.begin();
    let last = last_block(rest);
    let last = Some(&last).filter(|_| !rest.is_empty());
    for (i, block) in whole.iter().chain(last).enumerate() {
        let bytes = load(block);
        let marks = escapes.resolve(equal(bytes, b'"'), equal(bytes, b'\\'));
        let newlines = equal(bytes, b'\n');
        if newlines != 0 && reach == Reach::Line {
            add(index, i * 64, marks.before(newlines));
            index.end();
            return i * 64 + newlines.trailing_zeros() as usize;
        }
        add(index, i * 64, marks);
    }
    index.end();
    text.len()
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,bmi1,popcnt")]
fn add(index: &mut StringIndex, base: usize, marks: Marks) {
    index.backslashes.push(marks.backslashes);
    let count = marks.quotes.count_ones() as usize;
    let Some(room) = index.room() else { return };
    let ([first, second, third, fourth], _) = room.as_chunks_mut::<16>() else {
        return;
    };
    let base = _mm512_set1_epi32((base as u32).cast_signed());
    let found = _mm512_maskz_compress_epi8(marks.quotes, load(&OFFSETS));
    let low = _mm512_castsi512_si128(found);
    store(first, _mm512_add_epi32(_mm512_cvtepu8_epi32(low), base));
    if count > 16 {
        let parts = [
            _mm512_extracti32x4_epi32::<1>(found),
            _mm512_extracti32x4_epi32::<2>(found),
            _mm512_extracti32x4_epi32::<3>(found),
        ];
        for (place, part) in [second, third, fourth].into_iter().zip(parts) {
            store(place, _mm512_add_epi32(_mm512_cvtepu8_epi32(part), base));
        }
    }
    index.count += count;
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(block: &[u8; 64]) -> __m512i {
    // SAFETY: the 64 bytes are those of `block`.
    unsafe { _mm512_loadu_si512(block.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(place: &mut [u32; 16], offsets: __m512i) {
    // SAFETY: the 64 bytes are those of `place`.
    unsafe { _mm512_storeu_si512(place.as_mut_ptr().cast(), offsets) }
}

/// One bit for each byte that is `byte`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn equal(bytes: __m512i, byte: u8) -> u64 {
    _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte.cast_signed()))
}
