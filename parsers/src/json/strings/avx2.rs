//! The index by AVX2: two loads, four comparisons and four masks for 64 bytes.
//!
//! Why `unsafe` is sound here: the vector code runs only after the processor was asked whether it
//! has AVX2, and both loads of a block lie within a `&[u8; 64]`, at offsets 0 and 32; unaligned
//! loads need nothing else.

#![allow(unsafe_code, reason = "vector instructions, see above")]

use std::arch::x86_64::{
    __m256i, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_set1_epi8,
};

use super::{Escapes, Reach, StringIndex, last_block};

/// Indexes a text, or its first line, and gives its length; `None` if the processor cannot do it.
pub(super) fn index(text: &[u8], reach: Reach, index: &mut StringIndex) -> Option<usize> {
    let able = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("lzcnt");
    // SAFETY: the processor has what the function asks for.
    able.then(|| unsafe { index_blocks(text, reach, index) })
}

#[target_feature(enable = "avx2,bmi1,popcnt,lzcnt")]
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
        let halves = load(block);
        let marks = escapes.resolve(equal(halves, b'"'), equal(halves, b'\\'));
        let newlines = equal(halves, b'\n');
        if newlines != 0 && reach == Reach::Line {
            index.add(base, marks.before(newlines));
            index.end();
            return base + newlines.trailing_zeros() as usize;
        }
        index.add(base, marks);
        base += 64;
    }
    index.end();
    text.len()
}

#[inline]
#[target_feature(enable = "avx2")]
#[expect(clippy::cast_ptr_alignment, reason = "unaligned loads")]
fn load(block: &[u8; 64]) -> [__m256i; 2] {
    let start = block.as_ptr().cast::<__m256i>();
    // SAFETY: 32 bytes at `start` and 32 behind them are those of `block`.
    unsafe { [_mm256_loadu_si256(start), _mm256_loadu_si256(start.add(1))] }
}

/// One bit for each byte that is `byte`.
#[inline]
#[target_feature(enable = "avx2")]
fn equal(halves: [__m256i; 2], byte: u8) -> u64 {
    let wanted = _mm256_set1_epi8(byte.cast_signed());
    // No closure: those do not inherit the instruction set, and would be called.
    let low = _mm256_movemask_epi8(_mm256_cmpeq_epi8(halves[0], wanted));
    let high = _mm256_movemask_epi8(_mm256_cmpeq_epi8(halves[1], wanted));
    u64::from(low.cast_unsigned()) | u64::from(high.cast_unsigned()) << 32
}
