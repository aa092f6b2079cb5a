//! What a checkpoint holds, as bytes.
//!
//! ```text
//!  i64 highest event time │ i64 watermark │ u64 place in the outbox │ u32 sources: (u16, name)… │ casebook
//! ```
//!
//! Little endian. The store that keeps it has a checksum; what the bytes say is checked all the
//! same.

use std::sync::Arc;

use yagura_parsers::Timestamp;

/// The version of this layout.
pub const FORMAT: u32 = 1;

/// See the module.
#[derive(Debug, PartialEq, Eq)]
pub struct State {
    /// The highest event time, and before which all is decided.
    pub progress: (Timestamp, Timestamp),
    /// Where the findings after it begin in the outbox.
    pub outbox: u64,
    /// The names of sources by their numbers.
    pub sources: Vec<Arc<str>>,
    /// The casebook's own snapshot.
    pub casebook: Vec<u8>,
}

/// What stands before the casebook, which is appended to it.
pub fn head(
    (high_water, watermark): (Timestamp, Timestamp),
    outbox: u64,
    sources: &[Arc<str>],
) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(&high_water.0.to_le_bytes());
    out.extend_from_slice(&watermark.0.to_le_bytes());
    out.extend_from_slice(&outbox.to_le_bytes());
    out.extend_from_slice(&(sources.len() as u32).to_le_bytes());
    for name in sources {
        out.extend_from_slice(&(name.len() as u16).to_le_bytes());
        out.extend_from_slice(name.as_bytes());
    }
    out
}

impl State {
    /// From bytes; `None` if they are something else.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (high_water, bytes) = bytes.split_first_chunk()?;
        let (watermark, bytes) = bytes.split_first_chunk()?;
        let (outbox, bytes) = bytes.split_first_chunk()?;
        let (count, mut bytes) = bytes.split_first_chunk()?;
        let mut sources = Vec::new();
        for _ in 0..u32::from_le_bytes(*count) {
            let (length, rest) = bytes.split_first_chunk()?;
            let (name, rest) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
            sources.push(std::str::from_utf8(name).ok()?.into());
            bytes = rest;
        }
        let time = |bytes: &[u8; 8]| Timestamp(i64::from_le_bytes(*bytes));
        Some(Self {
            progress: (time(high_water), time(watermark)),
            outbox: u64::from_le_bytes(*outbox),
            sources,
            casebook: bytes.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_and_never_panics() {
        let state = State {
            progress: (Timestamp(9), Timestamp(4)),
            outbox: 77,
            sources: vec!["relp/10.0.0.1".into(), "http".into()],
            casebook: b"cases".to_vec(),
        };
        let mut bytes = head(state.progress, state.outbox, &state.sources);
        bytes.extend_from_slice(&state.casebook);
        assert_eq!(State::decode(&bytes).as_ref(), Some(&state));
        for end in 0..bytes.len() - state.casebook.len() {
            assert_eq!(State::decode(&bytes[..end]), None);
        }
    }
}
