use std::hash::{BuildHasher, RandomState};

use super::Position;
use super::record::{self, PAYLOAD_BYTES_MAX};
use super::segment;

/// How a spool is kept.
#[derive(Debug, Clone)]
pub struct Options {
    /// A new segment is begun when this one would become larger. At most a quarter of the limit
    /// is used, so that there is always a segment that can be released.
    pub segment_bytes: u64,
    /// What all segments may take on disk; more is refused.
    pub limit_bytes: u64,
    /// What is left free on the file system, above all for the checkpoints: without them nothing
    /// is ever released.
    pub reserve_bytes: u64,
    /// What is appended is written, though not synced, when it is so much.
    pub write_bytes: usize,
    /// Where the first reader will begin: what is missing before is not missed.
    pub read_from: Position,
    /// All new positions are after this one: the position of the newest checkpoint. Matters if
    /// the spool was lost and the checkpoints were not.
    pub begin_after: Position,
    /// Taken into all checksums of a new spool; an old one keeps its own.
    pub salt: u64,
}

impl Default for Options {
    /// 64 MiB a segment, 8 GiB in all, 256 MiB left free.
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            limit_bytes: 8 << 30,
            reserve_bytes: 256 << 20,
            write_bytes: 1 << 20,
            read_from: Position::START,
            begin_after: Position::START,
            salt: RandomState::new().hash_one("yagura spool"),
        }
    }
}

impl Options {
    pub(crate) fn segment_bytes(&self) -> u64 {
        self.segment_bytes
            .clamp(segment::HEADER_BYTES, (self.limit_bytes / 4).max(1 << 12))
            .min(1 << 40)
    }

    /// Positions that each segment has for its own.
    pub(crate) fn span(&self) -> u64 {
        self.segment_bytes()
            .max(SPAN_BYTES_MIN)
            .next_multiple_of(record::ALIGNMENT)
    }
}

/// A segment may consist of a single record of any size.
pub(crate) const SPAN_BYTES_MIN: u64 =
    (segment::HEADER_BYTES + PAYLOAD_BYTES_MAX as u64 + 64).next_multiple_of(record::ALIGNMENT);
