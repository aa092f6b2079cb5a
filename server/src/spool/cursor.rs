use std::io;
use std::ops::Range;

use super::Position;
use super::record::{self, ALIGNMENT, Header};
use super::segment;
use crate::storage::{File, read_fully};

/// Read at once. Larger records are read whole.
const WINDOW_BYTES: usize = 256 << 10;
/// A window that one large record made is given back after it.
const WINDOW_BYTES_KEPT: usize = 1 << 20;

/// Walks the records of one segment. After damage it looks for the next header that checks.
pub(crate) struct Cursor {
    file: Box<dyn File>,
    base: Position,
    salt: u64,
    /// Offset of the next record.
    at: u64,
    /// Offset that must not be read beyond: what follows is not committed.
    limit: u64,
    window: Vec<u8>,
    window_at: u64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A whole record; its payload is [`Cursor::payload`] of the range until the next step.
    Record {
        position: Position,
        next: Position,
        header: Header,
        payload: Range<u64>,
    },
    /// These positions hold nothing that checks.
    Damaged { from: Position, to: Position },
    /// The limit.
    End,
}

enum Found {
    Record(Header),
    /// The header is whole, the payload is not: the next record is known to be so far.
    BadPayload(u64),
    Nothing,
    /// Too little is left for a header, in the file or up to the limit.
    Over,
}

impl Cursor {
    pub(crate) fn new(file: Box<dyn File>, base: Position, salt: u64) -> Self {
        let at = segment::HEADER_BYTES;
        Self {
            file,
            base,
            salt,
            at,
            limit: at,
            window: Vec::new(),
            window_at: 0,
        }
    }

    pub(crate) fn base(&self) -> Position {
        self.base
    }

    pub(crate) fn position(&self) -> Position {
        self.base.plus(self.at)
    }

    /// Lets it walk up to there.
    pub(crate) fn set_limit(&mut self, end: Position) {
        self.limit = end.bytes_since(self.base).max(segment::HEADER_BYTES);
    }

    /// Goes on from a position, which should be one between two records.
    pub(crate) fn seek(&mut self, position: Position) {
        let offset = position.bytes_since(self.base).next_multiple_of(ALIGNMENT);
        self.at = offset.max(segment::HEADER_BYTES);
    }

    /// The bytes of a payload; empty unless the range came from the last step.
    pub(crate) fn payload(&self, range: &Range<u64>) -> &[u8] {
        self.windowed(range.start, range.end.saturating_sub(range.start))
            .unwrap_or_default()
    }

    /// The next record, or how much must be skipped to reach one.
    pub(crate) fn step(&mut self) -> io::Result<Step> {
        let from = self.at;
        let mut at = from;
        while at < self.limit {
            match self.find(at)? {
                Found::Record(header) if at == from => return Ok(self.pass(header)),
                Found::Record(_) => break,
                Found::BadPayload(bytes) => at = at.saturating_add(bytes),
                Found::Nothing => at += ALIGNMENT,
                Found::Over => at = self.limit,
            }
        }
        if from >= self.limit {
            return Ok(Step::End);
        }
        self.at = at.min(self.limit);
        Ok(Step::Damaged {
            from: self.base.plus(from),
            to: self.base.plus(self.at),
        })
    }

    /// Passes over what could not be read at all.
    pub(crate) fn skip_block(&mut self) -> (Position, Position) {
        const BLOCK: u64 = 4096;
        let from = self.position();
        self.at = (self.at + 1)
            .next_multiple_of(BLOCK)
            .min(self.limit)
            .max(self.at);
        self.window.clear();
        (from, self.position())
    }

    fn pass(&mut self, header: Header) -> Step {
        let position = self.position();
        let start = self.at + record::HEADER_BYTES as u64;
        self.at += header.framed_bytes();
        let payload = start..start + u64::from(header.payload_bytes);
        Step::Record {
            position,
            next: self.position(),
            header,
            payload,
        }
    }

    fn find(&mut self, at: u64) -> io::Result<Found> {
        let (salt, position) = (self.salt, self.base.plus(at));
        let Some(bytes) = self.fill(at, record::HEADER_BYTES as u64)? else {
            return Ok(Found::Over);
        };
        let Some(header) = Header::decode(bytes, salt, position) else {
            return Ok(Found::Nothing);
        };
        let framed = header.framed_bytes();
        let Some(bytes) = self.fill(at, framed)? else {
            return Ok(Found::BadPayload(framed));
        };
        let payload = bytes
            .get(record::HEADER_BYTES..record::HEADER_BYTES + header.payload_bytes as usize)
            .unwrap_or_default();
        if header.vouches_for(payload, salt, position) {
            Ok(Found::Record(header))
        } else {
            Ok(Found::BadPayload(framed))
        }
    }

    fn windowed(&self, at: u64, bytes: u64) -> Option<&[u8]> {
        let start = usize::try_from(at.checked_sub(self.window_at)?).ok()?;
        let end = start.checked_add(usize::try_from(bytes).ok()?)?;
        self.window.get(start..end)
    }

    /// So many bytes from there, unless the limit or the file ends before.
    fn fill(&mut self, at: u64, bytes: u64) -> io::Result<Option<&[u8]>> {
        if at.saturating_add(bytes) > self.limit {
            return Ok(None);
        }
        if self.windowed(at, bytes).is_none() {
            let wide = (self.limit - at).min(bytes.max(WINDOW_BYTES as u64));
            // One bad block must not cost the records before it.
            self.read(at, wide).or_else(|_| self.read(at, bytes))?;
        }
        Ok(self.windowed(at, bytes))
    }

    fn read(&mut self, at: u64, bytes: u64) -> io::Result<()> {
        // Bounded by the window or by a record, whichever is larger.
        let bytes = usize::try_from(bytes).unwrap_or(WINDOW_BYTES);
        if self.window.capacity() > WINDOW_BYTES_KEPT && bytes <= WINDOW_BYTES {
            self.window = Vec::new();
        }
        self.window_at = at;
        self.window.resize(bytes, 0);
        let read = read_fully(&*self.file, at, &mut self.window);
        self.window.truncate(*read.as_ref().unwrap_or(&0));
        read.map(drop)
    }
}
