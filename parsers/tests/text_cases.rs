//! Cases as data for the text formats: `tests/cases/<format>/<name>/input.log` gives
//! `expected.jsonl`, one line an event: kind, time, the fields in order, and the reason where it
//! was not parsed. `YAGURA_BLESS=1` rewrites what is expected; review the difference.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use yagura_parsers::{
    BlockExtent, EventBatch, EventKind, Extent, Format, Framer, Input, Origin, Projection,
    ProjectionBuilder, Timestamp, ValueKind, time,
};

/// The neighbourhood of all cases: a case with times that lack the year lies near this.
const NEAR: &str = "2024-06-15T12:00:00Z";

fn near() -> Timestamp {
    time::parse_any(NEAR.as_bytes()).unwrap()
}

fn everything() -> Projection {
    ProjectionBuilder::new(Extent::Everything).build()
}

fn parse(format: Format, input: &[u8], near: Timestamp) -> EventBatch {
    let mut batch = EventBatch::new();
    batch.recycle().extend_from_slice(input);
    let origin = Origin {
        position: 0,
        near,
        extent: BlockExtent::Whole,
    };
    batch.parse(format, origin, &everything());
    batch
}

fn quoted(text: &[u8]) -> String {
    let mut quoted = String::from("\"");
    for c in String::from_utf8_lossy(text).chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => write!(quoted, "\\u{:04x}", c as u32).unwrap(),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn describe(batch: &EventBatch) -> String {
    let projection = everything();
    let mut lines = String::new();
    for event in batch.events() {
        let kind = event.kind().name();
        write!(
            lines,
            "{{\"kind\": \"{kind}\", \"time\": \"{}\"",
            event.time()
        )
        .unwrap();
        for (name, value) in event.named_values(&projection) {
            let text = match value.kind {
                ValueKind::Text => quoted(value.text(&mut Vec::new())),
                ValueKind::Null => "null".to_owned(),
                _ => String::from_utf8_lossy(value.text(&mut Vec::new())).into_owned(),
            };
            write!(lines, ", {}: {text}", quoted(name)).unwrap();
        }
        let reason = (batch.unparsed().examples().iter())
            .find(|e| e.position == event.position() && event.kind() == EventKind::Raw);
        if let Some(example) = reason {
            write!(lines, ", \"unparsed\": \"{}\"", example.reason.name()).unwrap();
        }
        lines.push_str("}\n");
    }
    lines
}

fn folders(of: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(of)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

fn run(folder: &str, format: Format) {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cases")
        .join(folder);
    let mut failed = Vec::new();
    for case in folders(&cases) {
        let input = fs::read(case.join("input.log")).unwrap();
        let found = describe(&parse(format, &input, near()));
        let expected_path = case.join("expected.jsonl");
        if std::env::var_os("YAGURA_BLESS").is_some() {
            fs::write(&expected_path, &found).unwrap();
        }
        let expected = fs::read_to_string(&expected_path).unwrap_or_default();
        let mut pairs = found.lines().zip(expected.lines());
        if found != expected {
            let first = pairs.find(|(f, e)| f != e);
            failed.push(format!("{}: {first:#?}", case.display()));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn syslog() {
    run("syslog", Format::Syslog);
}

#[test]
fn body() {
    run("body", Format::Syslog);
}

#[test]
fn auditd() {
    run("auditd", Format::Auditd);
}

#[test]
fn access_log() {
    run("access_log", Format::AccessLog);
}

/// All inputs of all cases, as seeds for what is random.
fn seeds() -> Vec<Vec<u8>> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    ["syslog", "body", "auditd", "access_log"]
        .iter()
        .flat_map(|folder| folders(&cases.join(folder)))
        .flat_map(|case| {
            let input = fs::read(case.join("input.log")).unwrap();
            let lines = input.split(|b| *b == b'\n').map(<[u8]>::to_vec);
            lines.filter(|line| !line.is_empty()).collect::<Vec<_>>()
        })
        .collect()
}

fn any_line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..80),
        "[<>0-9A-Za-z :\\[\\]{}=.,;'\"/\\\\%*-]{0,80}".prop_map(String::into_bytes),
        mutated(),
    ]
}

/// A line of a case with some bytes changed, cut out or put in.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let edits = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3), 0..6);
    (prop::sample::select(seeds()), edits).prop_map(|(mut line, edits)| {
        for (at, byte, what) in edits {
            if line.is_empty() {
                break;
            }
            let at = at.index(line.len());
            match what {
                0 => line[at] = byte,
                1 => line.insert(at, byte),
                _ => line.truncate(at),
            }
        }
        line
    })
}

fn count_lines(input: &[u8]) -> usize {
    let trimmed = input.split(|b| *b == b'\n').map(|mut line| {
        while let [head @ .., b'\r' | 0] = line {
            line = head;
        }
        line
    });
    trimmed.filter(|line| !line.is_empty()).count()
}

/// The events as the blocks of a framer give them, fed in steps of `step` bytes.
fn parse_in_blocks(format: Format, input: &[u8], step: usize) -> String {
    let mut framer = Framer::new(format, near());
    let mut buffer = Vec::new();
    let mut found = String::new();
    let mut chunks = input.chunks(step.max(1)).peekable();
    while let Some(chunk) = chunks.next() {
        buffer.extend_from_slice(chunk);
        let state = if chunks.peek().is_none() {
            Input::Ended
        } else {
            Input::Open
        };
        let cut = framer.cut(&buffer, state);
        if cut.len > 0 {
            found += &describe(&parse(format, &buffer[..cut.len], cut.near));
            buffer.drain(..cut.len);
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn never_panics_and_never_loses_a_line(lines in proptest::collection::vec(any_line(), 0..8)) {
        let input = lines.join(&b'\n');
        for format in [Format::Syslog, Format::AccessLog] {
            let batch = parse(format, &input, near());
            prop_assert_eq!(batch.len(), count_lines(&input));
        }
        let _ = parse(Format::Auditd, &input, near());
    }

    #[test]
    fn every_audit_record_is_in_an_event(lines in proptest::collection::vec(any_line(), 0..8)) {
        let input = lines.join(&b'\n');
        let batch = parse(Format::Auditd, &input, near());
        let is_mark = |line: &[u8]| line.windows(8).any(|w| w == b"type=EOE")
            || line.windows(9).any(|w| w == b"type=1320");
        for line in input.split(|b| *b == b'\n') {
            let line = line.trim_ascii_end();
            let line = line.split(|b| *b == 0).next().unwrap_or_default();
            if !line.is_empty() && !is_mark(line) {
                let holds = |raw: &[u8]| raw.windows(line.len()).any(|w| w == line);
                let found = batch.events().any(|event| holds(event.raw()));
                prop_assert!(found, "lost: {}", String::from_utf8_lossy(line));
            }
        }
    }

    #[test]
    fn blocks_give_what_the_whole_gives(step in 1_usize..600) {
        for (folder, format) in [("syslog", Format::Syslog), ("auditd", Format::Auditd)] {
            let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(folder);
            for case in folders(&cases) {
                let input = fs::read(case.join("input.log")).unwrap();
                let times_known = |text: &String| !text.contains("\"time\": \"-\"");
                let blocks = parse_in_blocks(format, &input, step);
                let whole = describe(&parse(format, &input, near()));
                // An event without a time takes that of the one before, which another block has.
                if times_known(&blocks) && times_known(&whole) {
                    prop_assert_eq!(
                        without_reasons(&blocks),
                        without_reasons(&whole),
                        "{}",
                        case.display()
                    );
                }
            }
        }
    }
}

/// Without the reasons, whose examples are limited for each block.
fn without_reasons(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| {
            line.split(", \"unparsed\"")
                .next()
                .unwrap_or_default()
                .to_owned()
        })
        .collect()
}
