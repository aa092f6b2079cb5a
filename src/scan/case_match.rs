//! What travels along with a match: its part in correlations and incidents.

use yagura_engine::Facts;
use yagura_parsers::Timestamp;

/// Writes the highest event time up to the match within its block, and its facts.
pub fn encode(out: &mut Vec<u8>, high_water: Timestamp, facts: &Facts) {
    out.extend_from_slice(&high_water.0.to_le_bytes());
    facts.encode(out);
}

/// Reads what [`encode`] wrote.
pub fn decode(bytes: &[u8], facts: &mut Facts) -> Timestamp {
    let Some((high_water, rest)) = bytes.split_first_chunk() else {
        facts.decode(&[]);
        return Timestamp::UNKNOWN;
    };
    facts.decode(rest);
    Timestamp(i64::from_le_bytes(*high_water))
}

/// Bits of a reference that tell the place within an input: 16 TiB of it.
const POSITION_BITS: u32 = 44;

/// An event as samples call it. References of events at one time are in the order of inputs, and
/// within an input in that of their places.
pub fn reference(input: u32, position: u64) -> u64 {
    let position = position.min((1 << POSITION_BITS) - 1);
    u64::from(input) << POSITION_BITS | position
}

/// Input and position of a reference.
pub fn place(reference: u64) -> (u32, u64) {
    let position = reference & ((1 << POSITION_BITS) - 1);
    ((reference >> POSITION_BITS) as u32, position)
}

#[cfg(test)]
mod tests {
    use super::{place, reference};

    #[test]
    fn a_reference_gives_its_place() {
        for of in [(0, 0), (3, 17), ((1 << 20) - 1, (1 << 44) - 1)] {
            assert_eq!(place(reference(of.0, of.1)), of);
        }
        assert!(reference(0, u64::MAX) < reference(1, 0));
    }
}
