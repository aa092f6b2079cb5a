//! Makes parcels of records.

use bytes::BytesMut;
use memchr::{memchr, memchr2_iter};
use yagura_parsers::Format;

use crate::clock;
use crate::parcel::{PARCEL_BYTES_MAX, Parcel};
use crate::source::Source;

/// Collects records of one source and format until a parcel is full or nothing more is at hand.
#[derive(Debug)]
pub struct Packer {
    source: Source,
    format: Format,
    line_bytes: usize,
    records: u32,
    bytes: BytesMut,
}

impl Packer {
    /// An empty parcel; lines are cut at `line_bytes`.
    pub fn new(source: Source, format: Format, line_bytes: usize) -> Self {
        Self {
            source,
            format,
            line_bytes,
            records: 0,
            bytes: BytesMut::new(),
        }
    }

    /// Adds a line or message. An end of line at its end is not part of it; one within becomes
    /// `#012`; NUL bytes and spaces at the end go, as some devices send them. Nothing is added
    /// if nothing is left.
    pub fn line(&mut self, line: &[u8]) {
        let mut line = line.trim_ascii_end();
        while let [head @ .., 0] = line {
            line = head.trim_ascii_end();
        }
        if line.is_empty() {
            return;
        }
        if let Some(head) = line.get(..self.line_bytes)
            && line.len() > self.line_bytes
        {
            use std::sync::atomic::Ordering;
            self.source.counters().cut.fetch_add(1, Ordering::Relaxed);
            line = head;
        }
        if memchr(b'\n', line).is_none() {
            self.bytes.extend_from_slice(line);
        } else {
            self.escaped(line);
        }
        self.end_record();
    }

    fn escaped(&mut self, line: &[u8]) {
        let mut from = 0;
        for at in memchr2_iter(b'\n', b'\r', line) {
            self.bytes.extend_from_slice(&line[from..at]);
            let escape: &[u8] = if line[at] == b'\n' { b"#012" } else { b"#015" };
            self.bytes.extend_from_slice(escape);
            from = at + 1;
        }
        self.bytes.extend_from_slice(&line[from..]);
    }

    /// Adds a JSON record that `write` writes without line ends. Larger than a line is allowed:
    /// cut JSON would be no JSON.
    pub fn json(&mut self, write: impl FnOnce(&mut BytesMut)) {
        write(&mut self.bytes);
        self.end_record();
    }

    /// Adds lines that need no change: each ends in `\n`, is not longer than the limit, and is
    /// what [`Self::line`] would make of it.
    pub fn whole_lines(&mut self, lines: &[u8], records: u32) {
        self.bytes.extend_from_slice(lines);
        self.records += records;
    }

    /// How many bytes are missing until [`Self::is_full`].
    pub fn room(&self) -> usize {
        (PARCEL_BYTES_MAX - PARCEL_BYTES_MAX / 8).saturating_sub(self.bytes.len())
    }

    fn end_record(&mut self) {
        self.bytes.extend_from_slice(b"\n");
        self.records += 1;
    }

    /// Whether it is time for [`Self::take`].
    pub fn is_full(&self) -> bool {
        self.room() == 0
    }

    /// What was collected, if anything.
    pub fn take(&mut self) -> Option<Parcel> {
        if self.records == 0 {
            return None;
        }
        Some(Parcel {
            source: self.source.clone(),
            format: self.format,
            received: clock::now(),
            records: std::mem::take(&mut self.records),
            bytes: self.bytes.split().freeze(),
        })
    }
}
