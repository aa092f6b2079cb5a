//! Windows events of others: everything is read, nothing panics.

mod windows;

use std::io::Read;
use std::path::PathBuf;

use windows::{blocks, corpus, files, parse, projection, read_all};
use yagura_parsers::fields::{CHANNEL, EVENT_ID};
use yagura_parsers::time::parse_any;
use yagura_parsers::{EventBatch, Extent, Format, Timestamp};

const FIELDS: [&str; 8] = [
    "Channel",
    "EventID",
    "Provider_Name",
    "Computer",
    "Image",
    "CommandLine",
    "Data",
    "User",
];

fn evtx_files() -> Vec<PathBuf> {
    let Some(root) = corpus() else {
        return Vec::new();
    };
    let mut all = files(root.join("evtx"), ".evtx");
    all.extend(files(root.join("sigma-regression"), ".evtx"));
    assert!(!all.is_empty());
    all
}

/// How many records the header of the block's chunk speaks of.
fn records_of_header(block: &[u8]) -> u64 {
    let chunk = &block[block.len() - block.len().min(1 << 16)..];
    if !chunk.starts_with(b"ElfChnk") {
        return 0;
    }
    let number = |at: usize| u64::from_le_bytes(chunk[at..at + 8].try_into().unwrap());
    number(16) - number(8) + 1
}

#[test]
fn every_evtx_file_is_read_to_its_end() {
    let projection = projection(Extent::Projected, &FIELDS);
    let mut batch = EventBatch::new();
    // Some exports have no time in the record, only in the XML.
    let reads_times = parse_any(b"2024-03-01T02:03:04Z").is_some();
    for path in evtx_files() {
        let name = path.display();
        let bytes = std::fs::read(&path).unwrap();
        let mut records = 0;
        for block in blocks(Format::Evtx, &bytes, &[1 << 20]) {
            parse(&mut batch, Format::Evtx, &block, records, &projection);
            assert_eq!(batch.len() as u64, records_of_header(&block), "{name}");
            assert_eq!(batch.unparsed().total(), 0, "{name}");
            for (event, position) in batch.events().zip(records..) {
                assert_eq!(event.position(), position);
                assert!(event.first(EVENT_ID).is_some(), "{name}");
                assert!(event.first(CHANNEL).is_some(), "{name}");
                let has_time = event.time() > Timestamp(0);
                assert!(has_time || !reads_times, "{name}");
            }
            records += batch.len() as u64;
        }
        assert!(records > 0, "{name}");
    }
}

/// A small generator (xorshift), so that a failure can be repeated.
struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

#[test]
fn damaged_evtx_files_are_read_to_their_end() {
    let projection = projection(Extent::Everything, &FIELDS);
    let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
    for path in evtx_files() {
        let whole = std::fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        bytes.truncate(noise.below(bytes.len()));
        read_all(
            Format::Evtx,
            &blocks(Format::Evtx, &bytes, &[99_999]),
            &projection,
        );
        bytes.clone_from(&whole);
        for _ in 0..=noise.below(200) {
            let at = noise.below(bytes.len());
            bytes[at] ^= 1 << noise.below(8);
        }
        read_all(
            Format::Evtx,
            &blocks(Format::Evtx, &bytes, &[1 << 20]),
            &projection,
        );
    }
}

#[test]
fn json_of_others_parses() {
    let Some(root) = corpus() else { return };
    let projection = projection(Extent::Projected, &FIELDS);
    let mut batch = EventBatch::new();
    for path in files(root.join("sigma-regression"), ".json") {
        let bytes = std::fs::read(&path).unwrap();
        for block in blocks(Format::Json, &bytes, &[512]) {
            parse(&mut batch, Format::Json, &block, 0, &projection);
            assert_eq!(batch.unparsed().total(), 0, "{}", path.display());
            for event in batch.events() {
                assert!(event.first(EVENT_ID).is_some(), "{}", path.display());
                assert!(event.first(CHANNEL).is_some());
            }
        }
    }
}

#[test]
fn json_lines_of_others_parse() {
    let Some(root) = corpus() else { return };
    let packed = std::fs::File::open(root.join("windows-json/events.jsonl.gz")).unwrap();
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(packed)
        .read_to_end(&mut bytes)
        .unwrap();
    let projection = projection(Extent::Projected, &FIELDS);
    let mut batch = EventBatch::new();
    let mut events = 0;
    for block in blocks(Format::JsonLines, &bytes, &[1 << 20]) {
        parse(&mut batch, Format::JsonLines, &block, 0, &projection);
        assert_eq!(batch.unparsed().total(), 0);
        events += batch.len();
    }
    assert_eq!(events, memchr::memchr_iter(b'\n', &bytes).count());
}
