//! A record as bytes: a header of 28 bytes, the payload, zeros up to a multiple of four.
//!
//! ```text
//!   0  u32 checksum of the bytes 4 to 28, the spool's salt and the position
//!   4  u32 checksum of the payload, the spool's salt and the position
//!   8  u32 length of the payload
//!  12  u32 source
//!  16  u16 magic
//!  18  u8  kind          19  u8 format
//!  20  i64 received, nanoseconds since 1970, UTC
//! ```
//!
//! Little endian. Both checksums take in where the record stands, so what an earlier file left in
//! the same block of the disk never passes, and a reader that lost its way can look for the next
//! header. The salt keeps a sender from planting headers in its payload for such a reader.

use crc32fast::Hasher;

use super::Position;

pub(crate) const HEADER_BYTES: usize = 28;
/// Records begin at multiples of this.
pub(crate) const ALIGNMENT: u64 = 4;
const MAGIC: u16 = 0x59_a6;

/// Largest payload: a batch of 16 MiB and what its framing may add.
pub const PAYLOAD_BYTES_MAX: usize = (16 << 20) + (64 << 10);

/// One thing that was received, as it goes into the spool and comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// When it was received, in nanoseconds since 1970, UTC.
    pub received_ns: i64,
    /// Where it came from: a number that the caller gives meaning to.
    pub source: u32,
    /// What the payload is to the caller: events, or the definition of a source.
    pub kind: u8,
    /// What format the input took it for: a number that the caller gives meaning to.
    pub format: u8,
    /// The bytes, not looked at.
    pub payload: &'a [u8],
}

/// A [`Record`] on its way from one thread to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedRecord {
    /// As in [`Record`].
    pub received_ns: i64,
    /// As in [`Record`].
    pub source: u32,
    /// As in [`Record`].
    pub kind: u8,
    /// As in [`Record`].
    pub format: u8,
    /// The bytes, not looked at.
    pub payload: Vec<u8>,
}

impl OwnedRecord {
    /// The same, borrowed.
    pub fn as_record(&self) -> Record<'_> {
        let Self {
            received_ns,
            source,
            kind,
            format,
            ..
        } = *self;
        Record {
            received_ns,
            source,
            kind,
            format,
            payload: &self.payload,
        }
    }
}

/// What stands in front of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    payload_checksum: u32,
    pub(crate) payload_bytes: u32,
    source: u32,
    kind: u8,
    format: u8,
    received_ns: i64,
}

impl Header {
    /// The header in these bytes, if they are one for this position.
    pub(crate) fn decode(bytes: &[u8], salt: u64, position: Position) -> Option<Self> {
        let bytes: &[u8; HEADER_BYTES] = bytes.first_chunk()?;
        let (checksum, rest) = bytes.split_first_chunk::<4>()?;
        let header = Self {
            payload_checksum: u32::from_le_bytes(field(bytes, 4)),
            payload_bytes: u32::from_le_bytes(field(bytes, 8)),
            source: u32::from_le_bytes(field(bytes, 12)),
            kind: bytes[18],
            format: bytes[19],
            received_ns: i64::from_le_bytes(field(bytes, 20)),
        };
        // The magic first: it makes the search for a header cheap.
        let fits = u16::from_le_bytes(field(bytes, 16)) == MAGIC
            && header.payload_bytes as usize <= PAYLOAD_BYTES_MAX
            && u32::from_le_bytes(*checksum) == checksum_of(rest, salt, position);
        fits.then_some(header)
    }

    /// Bytes from this record's beginning to that of the next.
    pub(crate) fn framed_bytes(&self) -> u64 {
        framed_bytes(self.payload_bytes as usize)
    }

    /// Whether the payload is the one that was written.
    pub(crate) fn vouches_for(&self, payload: &[u8], salt: u64, position: Position) -> bool {
        payload.len() == self.payload_bytes as usize
            && checksum_of(payload, salt, position) == self.payload_checksum
    }

    pub(crate) fn with<'a>(&self, payload: &'a [u8]) -> Record<'a> {
        Record {
            received_ns: self.received_ns,
            source: self.source,
            kind: self.kind,
            format: self.format,
            payload,
        }
    }
}

/// What a payload of this length takes on disk.
pub(crate) fn framed_bytes(payload_bytes: usize) -> u64 {
    ((HEADER_BYTES + payload_bytes) as u64).next_multiple_of(ALIGNMENT)
}

/// Appends the record to `out` as it has to stand at `position`.
pub(crate) fn encode(record: &Record<'_>, salt: u64, position: Position, out: &mut Vec<u8>) {
    let mut header = [0; HEADER_BYTES];
    let payload_checksum = checksum_of(record.payload, salt, position);
    header[4..8].copy_from_slice(&payload_checksum.to_le_bytes());
    header[8..12].copy_from_slice(&(record.payload.len() as u32).to_le_bytes());
    header[12..16].copy_from_slice(&record.source.to_le_bytes());
    header[16..18].copy_from_slice(&MAGIC.to_le_bytes());
    header[18] = record.kind;
    header[19] = record.format;
    header[20..28].copy_from_slice(&record.received_ns.to_le_bytes());
    let checksum = checksum_of(&header[4..], salt, position);
    header[..4].copy_from_slice(&checksum.to_le_bytes());
    out.extend_from_slice(&header);
    out.extend_from_slice(record.payload);
    let padding = framed_bytes(record.payload.len()) as usize - HEADER_BYTES - record.payload.len();
    out.extend_from_slice(&[0; ALIGNMENT as usize][..padding]);
}

fn checksum_of(bytes: &[u8], salt: u64, position: Position) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(&salt.to_le_bytes());
    hasher.update(&position.get().to_le_bytes());
    hasher.update(bytes);
    hasher.finalize()
}

fn field<const N: usize>(bytes: &[u8; HEADER_BYTES], at: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&bytes[at..at + N]);
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: Record<'_> = Record {
        received_ns: -7,
        source: 9,
        kind: 1,
        format: 2,
        payload: b"five!",
    };

    fn encoded() -> Vec<u8> {
        let mut bytes = Vec::new();
        encode(&RECORD, 5, Position::new(64), &mut bytes);
        bytes
    }

    #[test]
    fn comes_back_as_it_went_in() {
        let bytes = encoded();
        assert_eq!(bytes.len() as u64, framed_bytes(5));
        let header = Header::decode(&bytes, 5, Position::new(64)).expect("a header");
        let payload = &bytes[HEADER_BYTES..HEADER_BYTES + 5];
        assert!(header.vouches_for(payload, 5, Position::new(64)));
        assert_eq!(header.with(payload), RECORD);
    }

    #[test]
    fn does_not_pass_elsewhere() {
        let bytes = encoded();
        assert_eq!(Header::decode(&bytes, 5, Position::new(68)), None);
        assert_eq!(Header::decode(&bytes, 6, Position::new(64)), None);
        assert_eq!(Header::decode(&bytes[..27], 5, Position::new(64)), None);
    }

    #[test]
    fn every_bit_is_checked() {
        for bit in 0..(HEADER_BYTES + 5) * 8 {
            let mut bytes = encoded();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let header = Header::decode(&bytes, 5, Position::new(64));
            let payload = &bytes[HEADER_BYTES..HEADER_BYTES + 5];
            let passes = header.is_some_and(|h| h.vouches_for(payload, 5, Position::new(64)));
            assert!(!passes, "bit {bit} changed unnoticed");
        }
    }
}
