//! EVTX made by hand, byte by byte: whole, and damaged in known places.
//!
//! A record's BinXML is a plain fragment with its names in line, as the format allows; logs of
//! Windows use templates, which the files of others cover.

mod windows;

use windows::{blocks, projection, read_all};
use yagura_parsers::{Extent, Format};

const CHUNK_BYTES: usize = 1 << 16;
const HEADER_BYTES: usize = 512;
/// 2024-03-01T10:11:12Z in units of 100 ns since 1601.
const FILETIME: u64 = 133_537_686_720_000_000;

/// A chunk without checksums whose records are appended one by one.
struct Chunk {
    bytes: Vec<u8>,
    records: u64,
    last_at: usize,
}

impl Chunk {
    fn new() -> Self {
        let bytes = vec![0; HEADER_BYTES];
        Self {
            bytes,
            records: 0,
            last_at: 0,
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn utf16(&mut self, text: &str) {
        for unit in text.encode_utf16() {
            self.put(&unit.to_le_bytes());
        }
    }

    /// A name where it is used first: offset of itself, no next one, hash, length, text, NUL.
    fn name(&mut self, name: &str) {
        let at = self.bytes.len() as u32 + 4;
        self.put(&at.to_le_bytes());
        self.put(&[0; 4]);
        let hash = name.encode_utf16().fold(0u32, |hash, unit| {
            hash.wrapping_mul(65_599).wrapping_add(u32::from(unit))
        });
        self.put(&(hash as u16).to_le_bytes());
        self.put(&(name.len() as u16).to_le_bytes());
        self.utf16(name);
        self.put(&[0; 2]);
    }

    fn open(&mut self, name: &str, attribute: Option<(&str, &str)>) {
        self.put(&[if attribute.is_some() { 0x41 } else { 0x01 }]);
        self.put(&[0; 4]);
        self.name(name);
        if let Some((name, value)) = attribute {
            let size_at = self.bytes.len();
            self.put(&[0; 4]);
            self.put(&[0x06]);
            self.name(name);
            self.value(value);
            let size = (self.bytes.len() - size_at - 4) as u32;
            self.bytes[size_at..size_at + 4].copy_from_slice(&size.to_le_bytes());
        }
        self.put(&[0x02]);
    }

    fn value(&mut self, text: &str) {
        self.put(&[0x05, 0x01]);
        self.put(&(text.encode_utf16().count() as u16).to_le_bytes());
        self.utf16(text);
    }

    fn close(&mut self) {
        self.put(&[0x04]);
    }

    fn element(&mut self, name: &str, attribute: Option<(&str, &str)>, text: &str) {
        self.open(name, attribute);
        self.value(text);
        self.close();
    }

    fn record(&mut self, command_line: &str) -> std::ops::Range<usize> {
        let start = self.bytes.len();
        self.last_at = start;
        self.records += 1;
        self.put(b"\x2a\x2a\0\0\0\0\0\0");
        self.put(&self.records.to_le_bytes());
        self.put(&FILETIME.to_le_bytes());
        self.put(&[0x0F, 1, 1, 0]);
        self.open("Event", None);
        self.open("System", None);
        self.element("EventID", None, "1");
        self.element("Channel", None, "Security");
        self.close();
        self.open("EventData", None);
        self.element("Data", Some(("Name", "CommandLine")), command_line);
        self.element("Data", None, "<unnamed> & 😀");
        self.close();
        self.close();
        self.put(&[0]);
        let size = (self.bytes.len() - start + 4) as u32;
        self.put(&size.to_le_bytes());
        self.bytes[start + 4..start + 8].copy_from_slice(&size.to_le_bytes());
        start..self.bytes.len()
    }

    fn finish(mut self) -> Vec<u8> {
        let free = self.bytes.len() as u32;
        let last_at = self.last_at as u32;
        let header = &mut self.bytes[..HEADER_BYTES];
        header[..8].copy_from_slice(b"ElfChnk\0");
        for (at, number) in [(8, 1), (16, self.records), (24, 1), (32, self.records)] {
            header[at..at + 8].copy_from_slice(&number.to_le_bytes());
        }
        // Size of the header, place of the last record, begin of what is free; no checksums.
        for (at, number) in [(40, 128), (44, last_at), (48, free), (120, 4)] {
            header[at..at + 4].copy_from_slice(&u32::to_le_bytes(number));
        }
        self.bytes.resize(CHUNK_BYTES, 0);
        self.bytes
    }
}

fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![0; 4096];
    bytes[..8].copy_from_slice(b"ElfFile\0");
    bytes.extend(chunks.concat());
    bytes
}

fn read(bytes: &[u8]) -> String {
    let projection = projection(Extent::Everything, &["EventID", "CommandLine"]);
    let whole = read_all(Format::Evtx, &[bytes.to_vec()], &projection);
    let split = read_all(
        Format::Evtx,
        &blocks(Format::Evtx, bytes, &[5000]),
        &projection,
    );
    assert_eq!(whole, split);
    whole
}

fn event(position: u64, command_line: &str) -> String {
    format!(
        "windows at {position}\n  EventID: 1\n  Channel: Security\n  CommandLine: {command_line}\n  \
         Data: <unnamed> & 😀\n"
    )
}

fn chunk_of(command_lines: &[&str]) -> Vec<u8> {
    let mut chunk = Chunk::new();
    for line in command_lines {
        chunk.record(line);
    }
    chunk.finish()
}

#[test]
fn records_of_all_chunks_are_read() {
    let bytes = file(&[chunk_of(&["a", "b"]), chunk_of(&["c"])]);
    assert_eq!(
        read(&bytes),
        event(0, "a") + &event(1, "b") + &event(2, "c")
    );
}

#[test]
fn the_file_header_does_not_matter() {
    let mut bytes = file(&[chunk_of(&["a"])]);
    bytes[..8].fill(0xEE);
    assert_eq!(read(&bytes), event(0, "a"));
    assert_eq!(read(&bytes[4096..]), event(0, "a"));
}

#[test]
fn chunks_that_were_never_used_are_no_damage() {
    let bytes = file(&[vec![0; CHUNK_BYTES], chunk_of(&["a"]), vec![0; CHUNK_BYTES]]);
    assert_eq!(read(&bytes), event(0, "a"));
}

#[test]
fn a_damaged_chunk_is_counted_and_passed_over() {
    let mut damaged = chunk_of(&["lost"]);
    damaged[..4].fill(0xEE);
    let bytes = file(&[chunk_of(&["a"]), damaged, chunk_of(&["b"])]);
    let expected = event(0, "a") + &event(1, "b") + "unparsed damaged_chunk 1\n";
    assert_eq!(read(&bytes), expected);
}

#[test]
fn a_damaged_record_is_counted_and_passed_over() {
    let mut chunk = Chunk::new();
    chunk.record("a");
    let record = chunk.record("lost");
    chunk.record("b");
    let mut bytes = chunk.finish();
    bytes[record.start + 24..record.start + 60].fill(0xEE);
    let expected = event(0, "a") + &event(2, "b") + "unparsed damaged_record 1\n";
    let projection = projection(Extent::Everything, &["EventID", "CommandLine"]);
    assert_eq!(
        read_all(Format::Evtx, &[file(&[bytes])], &projection),
        expected
    );
}

#[test]
fn a_chunk_whose_checksum_does_not_hold_is_counted_and_read() {
    let mut chunk = chunk_of(&["a"]);
    chunk[120] = 0;
    let expected = event(0, "a") + "unparsed damaged_chunk 1\n";
    assert_eq!(read(&file(&[chunk])), expected);
}

#[test]
fn a_file_that_ends_in_a_chunk_gives_the_records_before() {
    let mut chunk = Chunk::new();
    chunk.record("a");
    let second = chunk.record("lost");
    let mut bytes = file(&[chunk.finish()]);
    bytes.truncate(4096 + second.start + 30);
    let found = read(&bytes);
    assert!(found.starts_with(&event(0, "a")), "{found}");
    assert!(found.contains("unparsed damaged_"), "{found}");
}

/// Values that no rule asks for are kept without their names, for keywords.
#[test]
fn all_values_are_kept() {
    let projection = projection(Extent::Projected, &["EventID"]);
    let found = read_all(Format::Evtx, &[file(&[chunk_of(&["a"])])], &projection);
    let expected = "windows at 0\n  EventID: 1\n  : Security\n  : a\n  : <unnamed> & 😀\n";
    assert_eq!(found, expected);
}
