//! A checkpoint as bytes.
//!
//! ```text
//!   0  [u8; 8] "yagcheck"   8  u32 version of this header    12  u32 checksum of all other header bytes
//!  16  u64 generation      24  u64 position                  32  u64 length of the state
//!  40  u32 format of the state (the caller's)                44  u32 checksum of the state
//!  48  the state
//! ```

use std::io;

use super::store::RejectedReason;
use crate::spool::Position;
use crate::storage::{File, read_fully};

pub(super) const HEADER_BYTES: usize = 48;
const MAGIC: [u8; 8] = *b"yagcheck";
pub(super) const VERSION: u32 = 1;
const CHUNK_BYTES: usize = 1 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) generation: u64,
    pub(super) position: Position,
    pub(super) state_bytes: u64,
    pub(super) format: u32,
    pub(super) state_checksum: u32,
}

impl Header {
    pub(super) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.generation.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.position.get().to_le_bytes());
        bytes[32..40].copy_from_slice(&self.state_bytes.to_le_bytes());
        bytes[40..44].copy_from_slice(&self.format.to_le_bytes());
        bytes[44..48].copy_from_slice(&self.state_checksum.to_le_bytes());
        let checksum = checksum_of(&bytes);
        bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8; HEADER_BYTES]) -> Result<Self, RejectedReason> {
        let mut words = [0; HEADER_BYTES / 8];
        for (word, chunk) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*chunk);
        }
        let [
            magic,
            version_and_checksum,
            generation,
            position,
            state_bytes,
            format,
        ] = words;
        if magic.to_le_bytes() != MAGIC || (version_and_checksum >> 32) as u32 != checksum_of(bytes)
        {
            return Err(RejectedReason::Header);
        }
        let version = version_and_checksum as u32;
        if version != VERSION {
            return Err(RejectedReason::Version(version));
        }
        Ok(Self {
            generation,
            position: Position::new(position),
            state_bytes,
            format: format as u32,
            state_checksum: (format >> 32) as u32,
        })
    }
}

fn checksum_of(bytes: &[u8; HEADER_BYTES]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[..12]);
    hasher.update(&bytes[16..]);
    hasher.finalize()
}

/// Reads a checkpoint and gives its state piece by piece.
pub(super) fn read(
    file: &dyn File,
    generation: u64,
    state_bytes_max: u64,
    mut take: impl FnMut(&[u8]),
) -> Result<Header, RejectedReason> {
    let unreadable = |error: io::Error| RejectedReason::Unreadable(error.kind());
    let mut bytes = [0; HEADER_BYTES];
    if read_fully(file, 0, &mut bytes).map_err(unreadable)? < HEADER_BYTES {
        return Err(RejectedReason::Header);
    }
    let header = Header::decode(&bytes)?;
    if header.generation != generation {
        return Err(RejectedReason::Header);
    }
    if header.state_bytes > state_bytes_max {
        return Err(RejectedReason::TooLarge(header.state_bytes));
    }
    let mut hasher = crc32fast::Hasher::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut read = 0;
    while read < header.state_bytes {
        let wanted = (header.state_bytes - read).min(CHUNK_BYTES as u64) as usize;
        let part = chunk.get_mut(..wanted).unwrap_or_default();
        let offset = (HEADER_BYTES as u64).saturating_add(read);
        if read_fully(file, offset, part).map_err(unreadable)? < wanted {
            return Err(RejectedReason::State);
        }
        hasher.update(part);
        take(part);
        read += wanted as u64;
    }
    if hasher.finalize() == header.state_checksum {
        Ok(header)
    } else {
        Err(RejectedReason::State)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_of_a_header_is_checked() {
        let header = Header {
            generation: 3,
            position: Position::new(99),
            state_bytes: 7,
            format: 2,
            state_checksum: 5,
        };
        assert_eq!(Header::decode(&header.encode()), Ok(header));
        for bit in 0..HEADER_BYTES * 8 {
            let mut bytes = header.encode();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                Header::decode(&bytes),
                Err(RejectedReason::Header),
                "bit {bit}"
            );
        }
    }
}
