//! Events of one source on their way to the disk.

use bytes::Bytes;
use yagura_parsers::{Format, Timestamp};

use crate::source::Source;

/// Whole records of one format from one source, as a parser takes them: lines end in `\n`, and a
/// message of a line format holds no line end within (inputs write `#012` in place of one, as
/// rsyslog does).
#[derive(Clone, Debug)]
pub struct Parcel {
    /// Who sent it.
    pub source: Source,
    /// How to parse it.
    pub format: Format,
    /// When it was received.
    pub received: Timestamp,
    /// How many records it holds.
    pub records: u32,
    /// The records, [`PARCEL_BYTES_MAX`] at most.
    pub bytes: Bytes,
}

/// Inputs cut larger batches between records. One record may be larger than this, up to
/// [`crate::Limits::batch_bytes`].
pub const PARCEL_BYTES_MAX: usize = 256 << 10;
