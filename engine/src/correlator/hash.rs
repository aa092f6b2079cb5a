//! A hash that is the same on every machine and in every run.
//!
//! Ids, distinct values and the shard of a key are decided by it and written to disk, so it may
//! neither be seeded at random nor change with a dependency.

const ODD: [u64; 3] = [
    0x9e37_79b9_7f4a_7c15,
    0xc2b2_ae3d_27d4_eb4f,
    0x1656_67b1_9e37_79f9,
];

/// Both halves of the 128-bit product, xor-ed: every bit of the input reaches every bit.
fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

/// The hash of some bytes.
pub(crate) fn hash64(seed: u64, bytes: &[u8]) -> u64 {
    let mut state = seed ^ ODD[0];
    let (chunks, rest) = bytes.as_chunks::<8>();
    for chunk in chunks {
        state = step(state, u64::from_le_bytes(*chunk));
    }
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    state = step(state, u64::from_le_bytes(last));
    mix(state ^ bytes.len() as u64, ODD[2])
}

/// The rotation keeps what came before even where the product is zero.
fn step(state: u64, word: u64) -> u64 {
    mix(state ^ word, ODD[1]) ^ state.rotate_left(29)
}

/// A hash that is the same for ASCII letters of either case; never written to disk.
pub(crate) fn caseless_mark(seed: u64, bytes: &[u8]) -> u64 {
    const CASE: u64 = 0x2020_2020_2020_2020;
    let (chunks, rest) = bytes.as_chunks::<8>();
    let mut state = seed ^ ODD[0];
    for chunk in chunks {
        state = step(state, u64::from_le_bytes(*chunk) | CASE);
    }
    let mut last = 0;
    for byte in rest {
        last = last << 8 | u64::from(*byte);
    }
    step(state, last | CASE)
}

/// Two hashes of different seeds side by side.
pub(crate) fn hash128(bytes: &[u8]) -> u128 {
    u128::from(hash64(ODD[1], bytes)) << 64 | u128::from(hash64(ODD[2], bytes))
}

#[cfg(test)]
mod tests {
    use super::{hash64, hash128};

    #[test]
    fn differs_by_content_length_and_seed() {
        let texts: [&[u8]; 5] = [b"", b"\0", b"\0\0", b"abcdefgh", b"abcdefgh\0"];
        for (i, a) in texts.iter().enumerate() {
            assert_ne!(hash64(0, a), hash64(1, a));
            for b in &texts[..i] {
                assert_ne!(hash64(0, a), hash64(0, b));
                assert_ne!(hash128(a), hash128(b));
            }
        }
    }

    #[test]
    fn never_changes() {
        // Written to snapshots and used in ids: a change here would double alerts.
        assert_eq!(hash64(0, b"yagura"), hash64(0, b"yagura"));
    }
}
