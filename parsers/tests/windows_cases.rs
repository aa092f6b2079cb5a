//! Cases of JSON, Windows XML and EVTX: `tests/cases/<what>/<name>/input.*`, and in
//! `expected.txt` the events with all their values. `YAGURA_BLESS=1` rewrites the latter.

mod windows;

use std::path::{Path, PathBuf};

use windows::{blocks, files, projection, read_all};
use yagura_parsers::{Event, EventBatch, Extent, Format, Projection, Value, time};

const FIELDS: [&str; 12] = [
    "Channel",
    "EventID",
    "Provider_Name",
    "Computer",
    "Image",
    "CommandLine",
    "Data",
    "User",
    "requestParameters",
    "requestParameters.bucketName",
    "target.displayName",
    "Message",
];

fn format_of(input: &Path) -> Format {
    match input.extension().and_then(|e| e.to_str()) {
        Some("jsonl") => Format::JsonLines,
        Some("json") => Format::Json,
        Some("xml") => Format::WindowsXml,
        other => panic!("no format for {other:?}"),
    }
}

fn inputs(what: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cases")
        .join(what);
    ["input.jsonl", "input.json", "input.xml"]
        .iter()
        .flat_map(|name| files(root.clone(), name))
        .collect()
}

fn check(what: &str) {
    let everything = projection(Extent::Everything, &FIELDS);
    let inputs = inputs(what);
    assert!(!inputs.is_empty());
    for input in inputs {
        let bytes = std::fs::read(&input).unwrap();
        let format = format_of(&input);
        let found = read_all(format, std::slice::from_ref(&bytes), &everything);
        let expected = input.with_file_name("expected.txt");
        if std::env::var_os("YAGURA_BLESS").is_some() {
            std::fs::write(&expected, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(found, expected, "{}", input.display());

        for read in [1, 2, 7, 64] {
            let split = read_all(format, &blocks(format, &bytes, &[read]), &everything);
            assert_eq!(split, expected, "{} read by {read}", input.display());
        }
        check_extents(format, &bytes, &everything);
    }
}

/// What is asked for does not depend on what else is kept.
fn check_extents(format: Format, bytes: &[u8], everything: &Projection) {
    let projected = projection(Extent::Projected, &FIELDS);
    let mut batches = [EventBatch::new(), EventBatch::new()];
    for (batch, projection) in batches.iter_mut().zip([everything, &projected]) {
        windows::parse(batch, format, bytes, 0, projection);
    }
    let [all, some] = &batches;
    assert_eq!(all.len(), some.len());
    assert_eq!(all.unparsed(), some.unparsed());
    for (all, some) in all.events().zip(some.events()) {
        let texts = |event: &Event<'_>| {
            let wanted = event.values().filter(|(f, _)| projected.wants(*f));
            let text = |value: Value<'_>| value.text(&mut Vec::new()).to_vec();
            let wanted = wanted.map(|(field, value)| (field, value.kind, text(value)));
            wanted.collect::<Vec<_>>()
        };
        assert_eq!(texts(&all), texts(&some));
        assert!(some.values().all(|(f, _)| projected.wants(f)));
        assert_eq!((all.time(), all.raw()), (some.time(), some.raw()));
    }
}

#[test]
fn json() {
    check("json");
}

#[test]
fn windows_json() {
    check("windows_json");
}

#[test]
fn windows_xml() {
    check("windows_xml");
}

#[test]
fn times_are_those_of_the_events() {
    let moment = "2024-03-01T02:03:04.5678901Z";
    let Some(expected) = time::parse_any(moment.as_bytes()) else {
        eprintln!("skipped: no times are read yet");
        return;
    };
    let xml = format!("<Event><System><TimeCreated SystemTime='{moment}'/></System></Event>");
    let json = format!(
        r##"{{"Event":{{"System":{{"TimeCreated":{{"#attributes":{{"SystemTime":"{moment}"}}}}}}}}}}"##
    );
    let flat = format!(r#"{{"@timestamp":"{moment}"}}"#);
    let projection = projection(Extent::Projected, &FIELDS);
    let mut batch = EventBatch::new();
    for (format, text) in [
        (Format::WindowsXml, xml),
        (Format::Json, json),
        (Format::JsonLines, flat),
    ] {
        windows::parse(&mut batch, format, text.as_bytes(), 0, &projection);
        assert_eq!(batch.event(0).unwrap().time(), expected, "{text}");
    }
}
