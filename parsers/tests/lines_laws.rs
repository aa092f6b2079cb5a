//! What holds for the line formats whatever the bytes: no panic, no line lost, all refused
//! lines counted.

use proptest::collection::vec;
use proptest::prelude::*;
use yagura_parsers::{
    BlockExtent, EventBatch, Extent, Format, Framer, Input, Origin, ProjectionBuilder, Timestamp,
    recognise,
};

const FORMATS: [Format; 5] = [
    Format::Cef,
    Format::Leef,
    Format::KeyValue,
    Format::Snare,
    Format::Raw,
];

/// Pieces of the formats, so that random lines get past the first test.
const PIECES: [&str; 40] = [
    "CEF:0|",
    "CEF: 1|",
    "LEEF:1.0|",
    "LEEF:2.0|",
    "MSWinEventLog",
    "\t",
    "#011",
    "|",
    "\\",
    "\\|",
    "\\=",
    "=",
    " ",
    "  ",
    "key",
    "cs1",
    "cs1Label",
    "rt",
    "devTime",
    "devTimeFormat",
    "time",
    "date",
    "1704164645678",
    "Jan  2 03:04:05",
    "2024-01-02T03:04:05Z",
    "<134>",
    "1 ",
    "[",
    "]",
    "\"",
    "'",
    ",",
    ";",
    "x5E|",
    "4624",
    "Subject:",
    ": ",
    "^",
    "\u{e4}",
    "yyyy-MM-dd'T'[",
];

fn lines() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => proptest::sample::select(PIECES.to_vec()).prop_map(|p| p.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..6),
        1 => Just(b"\n".to_vec()),
        1 => Just(b"\r\n\0".to_vec()),
    ];
    vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn parse(format: Format, text: &[u8], extent: Extent) -> EventBatch {
    let mut builder = ProjectionBuilder::new(extent);
    for name in ["key", "cs1", "Message", "time"] {
        builder.field(name).expect("few fields");
    }
    let mut batch = EventBatch::new();
    batch.recycle().extend_from_slice(text);
    let origin = Origin {
        position: 0,
        near: Timestamp::UNKNOWN,
        extent: BlockExtent::Whole,
    };
    batch.parse(format, origin, &builder.build());
    batch
}

/// The lines of a text, by the slow way.
fn expected_lines(text: &[u8]) -> Vec<&[u8]> {
    let trimmed = text.split(|b| *b == b'\n').map(|mut line| {
        while let [head @ .., b'\r' | 0] = line {
            line = head;
        }
        line
    });
    trimmed.filter(|line| !line.is_empty()).collect()
}

proptest! {
    #[test]
    fn every_line_is_an_event_and_every_refusal_is_counted(text in lines()) {
        for format in FORMATS {
            let everything = parse(format, &text, Extent::Everything);
            let raw: Vec<&[u8]> = everything.events().map(|e| e.raw()).collect();
            prop_assert_eq!(raw, expected_lines(&text));
            let refused = everything.events().filter(|e| e.kind().name() == "raw").count();
            if format != Format::Raw {
                prop_assert_eq!(refused as u64, everything.unparsed().total());
            }
            // Fewer fields, the same events.
            let projected = parse(format, &text, Extent::Projected);
            let heads = |batch: &EventBatch| -> Vec<_> {
                batch.events().map(|e| (e.position(), e.kind(), e.time())).collect()
            };
            prop_assert_eq!(heads(&projected), heads(&everything));
        }
    }

    #[test]
    fn recognition_takes_any_bytes(text in lines(), cut in any::<prop::sample::Index>()) {
        recognise(&text);
        if !text.is_empty() {
            recognise(&text[cut.index(text.len())..]);
        }
    }

    #[test]
    fn cutting_between_lines_loses_nothing(text in lines(), at in any::<prop::sample::Index>()) {
        let at = if text.is_empty() { 0 } else { at.index(text.len()) };
        let mut framer = Framer::new(Format::Raw, Timestamp::UNKNOWN);
        let first = framer.cut(&text[..at], Input::Open).len;
        let second = framer.cut(&text[first..], Input::Open).len;
        let rest = &text[first + second..];
        prop_assert_eq!(framer.cut(rest, Input::Ended).len, rest.len());
        prop_assert!(!rest.contains(&b'\n'));
        let parts = [&text[..first], &text[first..first + second], rest];
        let lines: Vec<&[u8]> = parts.iter().flat_map(|part| expected_lines(part)).collect();
        prop_assert_eq!(lines, expected_lines(&text));
    }
}
