//! Cutting the bytes of one input into blocks of whole records.
//!
//! Bytes are read straight into the batch's buffer. What lies behind the last whole record is
//! carried over to the next block; one that is longer than the limit is cut, and the rest of it
//! skipped chunk by chunk, so memory stays bounded whatever the input.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use yagura_engine::pipeline::Block;
use yagura_parsers::{
    BlockExtent, Cut, EventBatch, Format, Framer, Input, Origin, Timestamp, recognise,
};

use super::open::{Feed, Opened, Patience, Stop};
use super::{Counters, ordinal};

const UTF8_BOM: &[u8] = b"\xEF\xBB\xBF";

/// Sizes of blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// How much is looked at to recognise a format.
    pub(super) head_bytes: usize,
    /// What a block of text aims at. Large enough that the cost of a block (two hand-overs
    /// between threads, a merge of statistics: some microseconds) vanishes beside parsing it,
    /// small enough to stay in a core's cache and to keep all threads busy on small files.
    pub(super) block_bytes: usize,
    /// A longer record is cut.
    pub(super) record_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes: 64 << 10,
            block_bytes: 256 << 10,
            record_bytes_max: 16 << 20,
        }
    }
}

/// EVTX is cut between chunks of 64 KiB; the first one stands behind 4 KiB of file header.
const EVTX_BLOCK_BYTES: usize = 68 * 1024;

/// One input, block by block.
pub(super) struct Blocks {
    input: u32,
    feed: Feed,
    near: Timestamp,
    format: Option<Format>,
    framing: Option<(Format, Framer)>,
    limits: Limits,
    counters: Arc<Counters>,
    /// Bytes behind the last whole record.
    carried: Vec<u8>,
    position: u64,
    ended: bool,
    /// Within a record that was cut.
    skipping: bool,
    error: Option<io::Error>,
}

impl std::fmt::Debug for Blocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Blocks")
            .field("input", &self.input)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

impl Blocks {
    /// From the beginning of an input, in the format given or recognised.
    pub(super) fn new(input: u32, opened: Opened, format: Option<Format>, limits: Limits) -> Self {
        Self {
            input,
            feed: opened.feed,
            near: opened.near,
            format,
            framing: None,
            limits,
            counters: Arc::default(),
            carried: Vec::new(),
            position: 0,
            ended: false,
            skipping: false,
            error: None,
        }
    }

    /// Counts unpacked bytes there.
    pub(super) fn counting(mut self, counters: Arc<Counters>) -> Self {
        self.counters = counters;
        self
    }

    /// Which input it is.
    pub(super) fn input(&self) -> u32 {
        self.input
    }

    /// The error that ended the input before its end, once.
    pub(super) fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    /// Fills the batch with the next block.
    pub(super) fn next(&mut self, batch: &mut EventBatch) -> Option<Block> {
        let buffer = batch.recycle();
        // One long record must not cost its size in every batch from then on.
        buffer.shrink_to(self.limits.block_bytes * 2);
        buffer.append(&mut self.carried);
        let (format, mut framer) = match self.framing.take() {
            Some(framing) => framing,
            None => self.recognise(buffer)?,
        };
        let block = self.fill(format, &mut framer, buffer);
        self.framing = Some((format, framer));
        block
    }

    /// Reads what it takes to tell the format; `None` where there is nothing at all.
    fn recognise(&mut self, buffer: &mut Vec<u8>) -> Option<(Format, Framer)> {
        loop {
            let stop = self.read(buffer, self.limits.head_bytes, Patience::Endless);
            // A stream that pauses within its first line has not shown enough.
            if stop != Stop::Paused || buffer.contains(&b'\n') {
                break;
            }
        }
        if buffer.is_empty() {
            return None;
        }
        if buffer.starts_with(UTF8_BOM) {
            buffer.drain(..UTF8_BOM.len());
            self.position = UTF8_BOM.len() as u64;
        }
        let format = self.format.unwrap_or_else(|| recognise(buffer));
        Some((format, Framer::new(format, self.near)))
    }

    fn fill(&mut self, format: Format, framer: &mut Framer, buffer: &mut Vec<u8>) -> Option<Block> {
        let mut wanted = match format {
            Format::Evtx => EVTX_BLOCK_BYTES,
            _ => self.limits.block_bytes,
        };
        // What is there may hold whole records already; only if not, a stream is waited for.
        let mut patience = if buffer.is_empty() {
            Patience::Endless
        } else {
            Patience::Moment
        };
        loop {
            let stop = self.read(buffer, wanted, patience);
            patience = Patience::Endless;
            if self.skipping {
                self.skip(framer, buffer);
                if self.skipping {
                    wanted = buffer.len().saturating_add(self.limits.block_bytes);
                    continue;
                }
            }
            if buffer.is_empty() {
                if self.ended {
                    return None;
                }
                continue;
            }
            let cut = self.cut(format, framer, buffer);
            let limit = self.limits.record_bytes_max;
            if cut.len > 0 {
                self.carry(buffer, cut.len);
                return Some(self.block(format, buffer, cut.near, BlockExtent::Whole));
            }
            if buffer.len() >= limit || self.ended {
                self.skipping = true;
                let len = framer.cut_long(buffer);
                self.carry(buffer, len);
                return Some(self.block(format, buffer, cut.near, BlockExtent::CutRecord));
            }
            if stop == Stop::Full {
                wanted = buffer.len().saturating_mul(2).min(limit);
            }
        }
    }

    /// Reads on, and remembers an end or an error, behind which nothing is read any more.
    fn read(&mut self, buffer: &mut Vec<u8>, wanted: usize, patience: Patience) -> Stop {
        if self.ended {
            return Stop::Ended;
        }
        let before = buffer.len();
        let stop = self.feed.read_to(buffer, wanted, patience);
        let stop = stop.unwrap_or_else(|error| {
            self.error = Some(error);
            Stop::Ended
        });
        let read = buffer.len().saturating_sub(before) as u64;
        let unpacked = &self.counters.unpacked_bytes;
        unpacked.fetch_add(read, Ordering::Relaxed);
        self.ended = stop == Stop::Ended;
        stop
    }

    fn cut(&self, format: Format, framer: &mut Framer, buffer: &[u8]) -> Cut {
        // The last bytes of an EVTX file may be a whole chunk and a torn one: two blocks.
        if !self.ended || format == Format::Evtx {
            let cut = framer.cut(buffer, Input::Open);
            if !self.ended || cut.len > 0 {
                return cut;
            }
        }
        framer.cut(buffer, Input::Ended)
    }

    /// Keeps what lies behind a block for the next one.
    fn carry(&mut self, buffer: &mut Vec<u8>, block_len: usize) {
        let behind = buffer.get(block_len..).unwrap_or_default();
        self.carried.extend_from_slice(behind);
        buffer.truncate(block_len);
    }

    /// Drops what belongs to a record that was cut; at the end of the input, all of it.
    fn skip(&mut self, framer: &mut Framer, buffer: &mut Vec<u8>) {
        let skip = framer.skip(buffer);
        let is_over = skip.ended || self.ended;
        self.skipping = !is_over;
        let skipped = if skip.ended || !self.ended {
            skip.len.min(buffer.len())
        } else {
            buffer.len()
        };
        self.position += skipped as u64;
        buffer.drain(..skipped);
    }

    fn block(
        &mut self,
        format: Format,
        bytes: &[u8],
        near: Timestamp,
        extent: BlockExtent,
    ) -> Block {
        let position = self.position;
        self.position += match format {
            Format::Evtx => ordinal::records_in(bytes),
            _ => bytes.len() as u64,
        };
        Block {
            input: self.input,
            format,
            origin: Origin {
                position,
                near,
                extent,
            },
        }
    }
}
