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

use super::{Escapes, Filling, Marks, Reach, StringIndex, last_block};

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
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("lzcnt");
    // SAFETY: the processor has what the function asks for.
    able.then(|| unsafe { index_blocks(text, reach, index) })
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,bmi1,popcnt,lzcnt")]
fn index_blocks(text: &[u8], reach: Reach, index: &mut StringIndex) -> usize {
    let (whole, rest) = text.as_chunks::<64>();
    let mut escapes = Escapes::default();
    let mut index = index.begin();
    let last = last_block(rest);
    let mut base = 0;
    // One loop for all blocks, so that there is one copy of what it calls.
    loop {
        let block = match whole.get(base / 64) {
            Some(block) => block,
            None if base < text.len() => &last,
            None => break,
        };
        let bytes = load(block);
        let marks = escapes.resolve(equal(bytes, b'"'), equal(bytes, b'\\'));
        let newlines = equal(bytes, b'\n');
        if newlines != 0 && reach == Reach::Line {
            add(&mut index, base, marks.before(newlines));
            index.end();
            return base + newlines.trailing_zeros() as usize;
        }
        add(&mut index, base, marks);
        base += 64;
    }
    index.end();
    text.len()
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,bmi1,popcnt,lzcnt")]
fn add(index: &mut Filling<'_>, base: usize, marks: Marks) {
    let count = marks.quotes.count_ones() as usize;
    let Some(room) = index.next_block(marks.backslashes) else {
        return;
    };
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
