//! The index by 64-bit words, for processors without AVX2, and the twin that the tests compare
//! with.

use super::{BACKSLASHES, BYTES, Escapes, QUOTES, Reach, StringIndex, last_block};

const NEWLINES: u64 = BYTES * b'\n' as u64;

/// Indexes a text, or its first line, and gives its length.
pub(super) fn index(text: &[u8], reach: Reach, index: &mut StringIndex) -> usize {
    let (whole, rest) = text.as_chunks::<64>();
    let mut escapes = Escapes::default();
    let mut index = index.begin();
    let last = last_block(rest);
    let last = Some(&last).filter(|_| !rest.is_empty());
    for (i, block) in whole.iter().chain(last).enumerate() {
        let [quotes, backslashes] = [QUOTES, BACKSLASHES].map(|byte| equal(block, byte));
        let marks = escapes.resolve(quotes, backslashes);
        if reach == Reach::Line {
            let newlines = equal(block, NEWLINES);
            if newlines != 0 {
                index.add(i * 64, marks.before(newlines));
                index.end();
                return i * 64 + newlines.trailing_zeros() as usize;
            }
        }
        index.add(i * 64, marks);
    }
    index.end();
    text.len()
}

/// One bit for each byte that is the one repeated in `wanted`.
fn equal(block: &[u8; 64], wanted: u64) -> u64 {
    let (words, _) = block.as_chunks::<8>();
    words.iter().rev().fold(0, |bits, word| {
        bits << 8 | zeros(u64::from_le_bytes(*word) ^ wanted)
    })
}

/// One bit for each byte that is zero.
fn zeros(word: u64) -> u64 {
    let low_bits = BYTES * 0x7F;
    // The top bit of a byte is left clear only where all of its bits are.
    let nonzero = ((word & low_bits) + low_bits) | word;
    let tops = !nonzero >> 7 & BYTES;
    // Brings the bit of byte `i` to bit `56 + i`; no two sums of the product meet.
    tops.wrapping_mul(0x0102_0408_1020_4080) >> 56
}
