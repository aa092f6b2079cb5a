//! A segment: a file of records in the order of their positions.
//!
//! ```text
//!  00000000000000004096.segment      named by its base: the position of its first byte
//!   0  [u8; 8] "yagspool"       8  u32 version     12  u32 checksum of all other header bytes
//!  16  u64 base                24  u64 span: positions from base to base + span are its own
//!  32  u64 base of the segment before with records    40  u64 where that one's records end
//!  48  u64 salt of the spool   56  u64 zero
//!  64  records, each at the offset (position − base)
//! ```
//!
//! That each header says where the records before it end makes the end of all segments but the
//! last known without reading them, and a segment that vanished or shrank noticed.

use std::path::{Path, PathBuf};

use super::Position;
use super::record::ALIGNMENT;

pub(crate) const HEADER_BYTES: u64 = 64;
const MAGIC: [u8; 8] = *b"yagspool";
/// Version of the format of segments and records.
pub(crate) const VERSION: u32 = 1;
const SUFFIX: &str = ".segment";

/// What stands at the beginning of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) base: Position,
    /// No record of this segment begins at `base + span` or later: what a segment after a crash
    /// can safely begin with, however much of this one was lost.
    pub(crate) span: u64,
    /// Equal to `base` if there was none before.
    pub(crate) before: Position,
    pub(crate) before_end: Position,
    pub(crate) salt: u64,
}

/// Why a header cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderError {
    Damaged,
    /// Whole, but of a format that this program does not know.
    Version(u32),
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER_BYTES as usize] {
        let mut bytes = [0; HEADER_BYTES as usize];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        let numbers = [
            self.base.get(),
            self.span,
            self.before.get(),
            self.before_end.get(),
            self.salt,
        ];
        for (place, number) in bytes[16..56].chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        let checksum = checksum_of(&bytes);
        bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(
        bytes: &[u8; HEADER_BYTES as usize],
        base: Position,
    ) -> Result<Self, HeaderError> {
        let mut words = [0; 8];
        for (word, chunk) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*chunk);
        }
        let [
            magic,
            version_and_checksum,
            own_base,
            span,
            before,
            before_end,
            salt,
            _,
        ] = words;
        let version = version_and_checksum as u32;
        let checksum = (version_and_checksum >> 32) as u32;
        if magic.to_le_bytes() != MAGIC || checksum != checksum_of(bytes) {
            return Err(HeaderError::Damaged);
        }
        if version != VERSION {
            return Err(HeaderError::Version(version));
        }
        if own_base != base.get() {
            return Err(HeaderError::Damaged);
        }
        Ok(Self {
            base,
            span,
            before: Position::new(before),
            before_end: Position::new(before_end),
            salt,
        })
    }
}

fn checksum_of(bytes: &[u8; HEADER_BYTES as usize]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[..12]);
    hasher.update(&bytes[16..]);
    hasher.finalize()
}

pub(crate) fn path(folder: &Path, base: Position) -> PathBuf {
    folder.join(format!("{:020}{SUFFIX}", base.get()))
}

/// The base in a file name, if it is one of a segment.
pub(crate) fn base_of(name: &str) -> Option<Position> {
    let digits = name.strip_suffix(SUFFIX)?;
    let is_ours = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let base = Position::new(digits.parse().ok().filter(|_| is_ours)?);
    (base <= Position::MAX && base.get().is_multiple_of(ALIGNMENT)).then_some(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header = Header {
        base: Position::new(4096),
        span: 1000,
        before: Position::new(0),
        before_end: Position::new(500),
        salt: 77,
    };

    #[test]
    fn header_comes_back() {
        assert_eq!(Header::decode(&HEADER.encode(), HEADER.base), Ok(HEADER));
    }

    #[test]
    fn header_of_another_place_or_with_a_changed_bit_is_damaged() {
        let other = Position::new(8192);
        assert_eq!(
            Header::decode(&HEADER.encode(), other),
            Err(HeaderError::Damaged)
        );
        for bit in 0..64 * 8 {
            let mut bytes = HEADER.encode();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                Header::decode(&bytes, HEADER.base),
                Err(HeaderError::Damaged),
                "bit {bit}"
            );
        }
    }

    #[test]
    fn a_newer_format_is_not_taken_for_damage() {
        let mut bytes = HEADER.encode();
        bytes[8] = 2;
        let checksum = checksum_of(&bytes);
        bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
        assert_eq!(
            Header::decode(&bytes, HEADER.base),
            Err(HeaderError::Version(2))
        );
    }

    #[test]
    fn names() {
        let path = path(Path::new("spool"), Position::new(4096));
        assert_eq!(path, Path::new("spool/00000000000000004096.segment"));
        assert_eq!(
            base_of("00000000000000004096.segment"),
            Some(Position::new(4096))
        );
        for other in [
            "4096.segment",
            "00000000000000004096.damaged",
            "lock",
            "+0000000000000004096.segment",
            "00000000000000004097.segment",
            "18446744073709551612.segment",
        ] {
            assert_eq!(base_of(other), None, "{other}");
        }
    }
}
