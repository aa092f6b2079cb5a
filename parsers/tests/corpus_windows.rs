//! Windows events of others: everything is read, nothing panics.

mod windows;

use std::io::Read;

use windows::{blocks, corpus, files, parse, projection, read_all};
use yagura_parsers::{EventBatch, Extent, Format, Reason};

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

#[test]
fn every_evtx_file_is_read_to_its_end() {
    let Some(root) = corpus() else { return };
    let projection = projection(Extent::Projected, &FIELDS);
    let mut batch = EventBatch::new();
    let mut files = files(root.join("evtx"), ".evtx")
        .into_iter()
        .chain(windows::files(root.join("sigma-regression"), ".evtx"))
        .peekable();
    assert!(files.peek().is_some());
    let mut damaged = String::new();
    for path in files {
        let bytes = std::fs::read(&path).unwrap();
        let (mut records, mut expected) = (0, 0);
        for block in blocks(Format::Evtx, &bytes, &[1 << 20]) {
            let chunk = &block[block.len() - 65536.min(block.len())..];
            if chunk.starts_with(b"ElfChnk") {
                let n = |at: usize| u64::from_le_bytes(chunk[at..at + 8].try_into().unwrap());
                expected += n(16) - n(8) + 1;
            }
            parse(&mut batch, Format::Evtx, &block, records, &projection);
            records += batch.len() as u64;
            for event in batch.events() {
                assert!(event.first(yagura_parsers::fields::EVENT_ID).is_some());
                assert!(event.first(yagura_parsers::fields::CHANNEL).is_some());
            }
            for example in batch.unparsed().examples() {
                damaged += &format!("{} {:?}\n", path.display(), example);
            }
        }
        assert!(records > 0, "{}", path.display());
        if records != expected {
            eprintln!("{} {records} {expected}", path.display());
        }
    }
    eprintln!("{damaged}");
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
                assert!(
                    event.first(yagura_parsers::fields::EVENT_ID).is_some(),
                    "{}",
                    path.display()
                );
                assert!(event.first(yagura_parsers::fields::CHANNEL).is_some());
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
