//! Runs `tests/cases/{cef,leef,key_value,snare,recognise}`: one folder a case.
//!
//! `input.*` is parsed in the format of the case's group, and the events compared with
//! `expected.jsonl`; for `recognise` the name of the format with `expected.txt`.
//! `YAGURA_BLESS=1` rewrites the expected files.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use yagura_parsers::{
    BlockExtent, Event, EventBatch, Extent, Format, Origin, Projection, ProjectionBuilder,
    Timestamp, Value, ValueKind, recognise,
};

/// 2024-01-01T12:00:00Z: the year for times without one.
const NEAR: Timestamp = Timestamp(1_704_110_400_000_000_000);

#[test]
fn cef() {
    run("cef", |input| events(Format::Cef, input));
}

#[test]
fn leef() {
    run("leef", |input| events(Format::Leef, input));
}

#[test]
fn key_value() {
    run("key_value", |input| events(Format::KeyValue, input));
}

#[test]
fn snare() {
    run("snare", |input| events(Format::Snare, input));
}

#[test]
fn recognised_formats() {
    run("recognise", |input| {
        format!("{}\n", recognise(input).name())
    });
}

fn run(group: &str, actual: impl Fn(&[u8]) -> String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cases")
        .join(group);
    let bless = std::env::var_os("YAGURA_BLESS").is_some();
    let mut failed = Vec::new();
    for case in cases(&folder) {
        let input = fs::read(file(&case, "input").expect("a case has an input")).expect("readable");
        let actual = actual(&input);
        let extension = if group == "recognise" { "txt" } else { "jsonl" };
        let expected_path = case.join("expected").with_extension(extension);
        if bless {
            fs::write(&expected_path, actual).expect("writable");
            continue;
        }
        let expected = fs::read_to_string(&expected_path).unwrap_or_default();
        if expected != actual {
            failed.push(format!(
                "{}\n--- expected\n{expected}--- actual\n{actual}",
                case.display()
            ));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn cases(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the group's folder");
    let mut cases: Vec<_> = entries.map(|e| e.expect("an entry").path()).collect();
    cases.sort();
    assert!(!cases.is_empty(), "no cases in {}", folder.display());
    cases
}

fn file(case: &Path, stem: &str) -> Option<PathBuf> {
    let mut entries = fs::read_dir(case)
        .ok()?
        .filter_map(|e| Some(e.ok()?.path()));
    entries.find(|path| path.file_stem().is_some_and(|s| s == stem))
}

fn events(format: Format, input: &[u8]) -> String {
    let projection = ProjectionBuilder::new(Extent::Everything).build();
    let mut batch = EventBatch::new();
    batch.recycle().extend_from_slice(input);
    let origin = Origin {
        position: 0,
        near: NEAR,
        extent: BlockExtent::Whole,
    };
    batch.parse(format, origin, &projection);
    let mut text = String::new();
    for event in batch.events() {
        write_event(&mut text, &event, &projection);
        let reason = batch
            .unparsed()
            .examples()
            .iter()
            .find(|example| example.position == event.position());
        if let Some(example) = reason {
            text.pop();
            let _ = write!(text, r#","unparsed":"{}"}}"#, example.reason.name());
        }
        text.push('\n');
    }
    text
}

fn write_event(text: &mut String, event: &Event<'_>, projection: &Projection) {
    let _ = write!(
        text,
        r#"{{"kind":"{}","time":"{}","fields":["#,
        event.kind().name(),
        event.time()
    );
    for (index, (name, value)) in event.named_values(projection).enumerate() {
        text.push_str(if index > 0 { "," } else { "" });
        text.push('{');
        write_string(text, name);
        text.push(':');
        write_value(text, value);
        text.push('}');
    }
    text.push_str("]}");
}

fn write_value(text: &mut String, value: Value<'_>) {
    match value.kind {
        ValueKind::Text => write_string(text, value.text(&mut Vec::new())),
        ValueKind::Null => text.push_str("null"),
        ValueKind::Number | ValueKind::Bool => {
            text.push_str(&String::from_utf8_lossy(value.text(&mut Vec::new())));
        }
    }
}

fn write_string(text: &mut String, bytes: &[u8]) {
    text.push('"');
    for c in String::from_utf8_lossy(bytes).chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text.push('"');
}
