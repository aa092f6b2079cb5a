//! Laws of cutting and of damage: split reads give what whole reads give, nothing panics, and no
//! byte of a record is lost without a count.

mod windows;

use proptest::prelude::*;
use windows::{blocks, projection, read_all};
use yagura_parsers::{Extent, Format, Framer, Input, Timestamp};

const FIELDS: [&str; 3] = ["Channel", "EventID", "Data"];

const JSON: &[&str] = &[
    r#"{"a":1}"#,
    r#"{"a":{"b":["}","{\"",{}]}}"#,
    "[",
    "]",
    ",",
    "\n",
    r#"{"Records":[{"a":2},"#,
    r#"{"value":[{"b":3}],"next":"{"}"#,
    r#"{"@odata.count":1,"value":[{"#,
    r#""text""#,
    "17",
    "{",
    "}",
    "\"",
    "\\",
    r#"{"a":"#,
    "{\n  \"a\": 1\n}",
    "  {",
    "true",
];

const XML: &[&str] = &[
    "<Events>",
    "</Events>",
    "<Event><System><EventID>1</EventID></System></Event>",
    "<Event>",
    "</Event>",
    "<e:Event xmlns:e='x'></e:Event >",
    "<Event/>",
    "<EventData>",
    "text",
    "&amp;",
    "<",
    "<!-- <Event> -->",
    "<![CDATA[</Event>]]>",
    "<?xml version='1.0'?>",
    "\n",
    "</",
    "Event>",
    "'",
    "<Event><EventData><Data Name='x'>y</Data><Data/></EventData></Event>",
    "<UserData a='>'>",
];

/// Well-formed sources, whose pieces a reader may see in any lengths.
fn json_source() -> impl Strategy<Value = String> {
    let element = prop::sample::select(vec![
        r#"{"a":1}"#,
        r#"{"a":{"b":["}","{\"",{}]},"c":"\\"}"#,
        "{\n  \"a\": [\n    {}\n  ]\n}",
        "{}",
    ]);
    let list = |open: &'static str, close: &'static str| {
        prop::collection::vec(element.clone(), 1..4)
            .prop_map(move |all| format!("{open}{}{close}", all.join(",\n")))
    };
    let part = prop_oneof![
        list("[", "]"),
        list(r#"{"Records": ["#, "]}"),
        list(
            r#"{"@odata.context":"{","value":["#,
            r#"],"@odata.nextLink":"a{b","n":1}"#
        ),
        element.clone().prop_map(String::from),
    ];
    prop::collection::vec(part, 1..5).prop_map(|parts| parts.join("\n"))
}

fn pieces(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(of), 0..30).prop_map(|pieces| pieces.concat())
}

fn reads() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1..20usize, 1..30)
}

/// Reads with the limit of a source: what is too long is cut and the rest of it skipped.
fn read_with_limit(format: Format, bytes: &[u8], limit: usize) -> usize {
    let mut framer = Framer::new(format, Timestamp::UNKNOWN);
    let (mut buffer, mut passed, mut is_skipping) = (Vec::new(), 0, false);
    for read in bytes.chunks(7) {
        buffer.extend_from_slice(read);
        loop {
            let taken = if is_skipping {
                let skip = framer.skip(&buffer);
                is_skipping = !skip.ended;
                if is_skipping {
                    passed += skip.len;
                    buffer.drain(..skip.len);
                    break;
                }
                skip.len
            } else if let cut @ 1.. = framer.cut(&buffer, Input::Open).len {
                cut
            } else if buffer.len() > limit {
                is_skipping = true;
                framer.cut_long(&buffer)
            } else {
                break;
            };
            passed += taken;
            buffer.drain(..taken);
            if buffer.is_empty() {
                break;
            }
        }
    }
    passed + buffer.len()
}

proptest! {
    #[test]
    fn split_json_is_whole_json(source in json_source(), reads in reads()) {
        let projection = projection(Extent::Everything, &FIELDS);
        let whole = read_all(Format::Json, &[source.clone().into_bytes()], &projection);
        prop_assert!(!whole.contains("unparsed"), "{}", whole);
        let split = blocks(Format::Json, source.as_bytes(), &reads);
        prop_assert_eq!(read_all(Format::Json, &split, &projection), whole);
    }

    #[test]
    fn split_xml_is_whole_xml(count in 0..5usize, reads in reads()) {
        let event = "<Event><System><EventID>1</EventID></System><EventData>\n<Data>x</Data></EventData></Event>\n";
        let source = format!("\u{feff}<?xml version='1.0'?>\n<Events>\n{}</Events>", event.repeat(count));
        let projection = projection(Extent::Everything, &FIELDS);
        let whole = read_all(Format::WindowsXml, &[source.clone().into_bytes()], &projection);
        prop_assert_eq!(whole.matches("windows at").count(), count);
        let split = blocks(Format::WindowsXml, source.as_bytes(), &reads);
        prop_assert_eq!(read_all(Format::WindowsXml, &split, &projection), whole);
    }

    #[test]
    fn any_json_is_survived(source in pieces(JSON), reads in reads()) {
        let projection = projection(Extent::Everything, &FIELDS);
        for format in [Format::Json, Format::JsonLines] {
            let split = blocks(format, source.as_bytes(), &reads);
            prop_assert_eq!(split.concat(), source.as_bytes());
            read_all(format, &split, &projection);
            read_all(format, &[source.clone().into_bytes()], &projection);
        }
        prop_assert_eq!(read_with_limit(Format::Json, source.as_bytes(), 20), source.len());
    }

    #[test]
    fn any_xml_is_survived(source in pieces(XML), reads in reads()) {
        let projection = projection(Extent::Everything, &FIELDS);
        let split = blocks(Format::WindowsXml, source.as_bytes(), &reads);
        prop_assert_eq!(split.concat(), source.as_bytes());
        read_all(Format::WindowsXml, &split, &projection);
        read_all(Format::WindowsXml, &[source.clone().into_bytes()], &projection);
        prop_assert_eq!(read_with_limit(Format::WindowsXml, source.as_bytes(), 20), source.len());
    }

    #[test]
    fn any_bytes_are_survived(source in prop::collection::vec(any::<u8>(), 0..300)) {
        let projection = projection(Extent::Everything, &FIELDS);
        for format in [Format::Json, Format::JsonLines, Format::WindowsXml, Format::Evtx] {
            read_all(format, &blocks(format, &source, &[50]), &projection);
        }
    }
}

/// What lies behind an overlong record is found again.
#[test]
fn reading_goes_on_behind_a_record_that_is_too_long() {
    let long = "x".repeat(100);
    for (format, first, next) in [
        (Format::Json, format!(r#"{{"a":"{long}"}}"#), r#"{"b":1}"#),
        (
            Format::WindowsXml,
            format!("<Event><System><EventID>{long}</EventID></System></Event>"),
            "<Event></Event>",
        ),
    ] {
        for (read, at) in (1..30).zip(40..) {
            let source = format!("{first}{next}");
            let found = behind_cut(format, source.as_bytes(), at, read);
            assert_eq!(found, Some(first.len()), "cut at {at}, read by {read}");
        }
    }
}

/// Where a record that is cut at `at` ends, with reads of so many bytes.
fn behind_cut(format: Format, source: &[u8], at: usize, read: usize) -> Option<usize> {
    let mut framer = Framer::new(format, Timestamp::UNKNOWN);
    let mut buffer = source[..at].to_vec();
    if framer.cut(&buffer, Input::Open).len > 0 {
        return None;
    }
    let mut passed = framer.cut_long(&buffer);
    buffer.drain(..passed);
    for read in source[at..].chunks(read) {
        buffer.extend_from_slice(read);
        let skip = framer.skip(&buffer);
        passed += skip.len;
        buffer.drain(..skip.len);
        if skip.ended {
            return Some(passed);
        }
    }
    None
}

proptest! {
    #[test]
    fn skipping_split_json_is_skipping_whole_json(
        source in pieces(JSON),
        open in prop::sample::select(vec![r#"{"a":[{"#, r#"{"a":"x"#, r#"{"a":1 {"b":"#]),
        reads in prop::collection::vec(1..40usize, 1..4),
    ) {
        let source = [open.to_owned(), "x".repeat(150), source].concat();
        let whole = behind_cut(Format::Json, source.as_bytes(), 100, source.len());
        for read in reads {
            prop_assert_eq!(behind_cut(Format::Json, source.as_bytes(), 100, read), whole);
        }
    }

    #[test]
    fn skipping_split_xml_is_skipping_whole_xml(source in pieces(XML), read in 1..40usize) {
        let source = ["<Event>".to_owned(), "x".repeat(150), source].concat();
        let whole = behind_cut(Format::WindowsXml, source.as_bytes(), 100, source.len());
        prop_assert_eq!(behind_cut(Format::WindowsXml, source.as_bytes(), 100, read), whole);
    }
}

/// Events of a layout, the eleventh of them with `damage` done to it.
fn damaged(layout: (&str, &str, &str), count: usize, damage: impl Fn(String) -> String) -> String {
    let (open, between, close) = layout;
    let event = |i: usize| {
        let event = format!(
            r#"{{"Channel":"Security","EventID":1,"CommandLine":"ev {i:06}","In":[{{"b":1}},{{"b":2}}]}}"#
        );
        if i == 10 { damage(event) } else { event }
    };
    let events: Vec<_> = (0..count).map(event).collect();
    format!("{open}{}{close}", events.join(between))
}

const LAYOUTS: [(&str, &str, &str); 6] = [
    ("[", ",", "]"),
    ("[", ", ", "]"),
    ("[\n", ",\n", "\n]\n"),
    ("[\n  ", ",\n  ", "\n]"),
    (r#"{"Records":["#, "\n,", "]}"),
    ("", "\n", "\n"),
];

const DAMAGES: [(&str, &str); 6] = [
    ("ev 000010\"", "ev 000010"),
    ("\"ev 000010", "ev 000010"),
    ("Channel\"", "Channel"),
    ("\"Security\"", "\"Security"),
    ("2}]}", "2}]"),
    ("\"EventID\":1,", "\"EventID\":1"),
];

/// One damaged element costs itself and a few beside it, whatever is missing.
#[test]
fn damage_is_lost_alone() {
    let projection = projection(Extent::Projected, &["CommandLine"]);
    for layout in LAYOUTS {
        for (from, to) in DAMAGES {
            let source = damaged(layout, 200, |event| event.replacen(from, to, 1));
            for split in [
                vec![source.clone().into_bytes()],
                blocks(Format::Json, source.as_bytes(), &[100]),
            ] {
                let read = read_all(Format::Json, &split, &projection);
                let found =
                    (0..200).filter(|i| read.contains(&format!("CommandLine: ev {i:06}\n")));
                let count = found.count();
                assert!(
                    read.contains("unparsed"),
                    "{layout:?} {from} to {to}\n{read}"
                );
                assert!(
                    count >= 195,
                    "{count} of {layout:?} {from} to {to}\n{source}\n{read}"
                );
            }
        }
    }
}

/// Strings are turned inside out no longer than up to the next element.
#[test]
fn framing_goes_on_behind_a_missing_quote() {
    for layout in LAYOUTS {
        let source = damaged(layout, 30, |event| event.replacen("010\"", "010", 1));
        let mut framer = Framer::new(Format::Json, Timestamp::UNKNOWN);
        let cut = framer.cut(source.as_bytes(), Input::Open).len;
        assert!(source.len() - cut < 10, "{layout:?}");
    }
}

/// A brace that is missing is known at the limit only, and what was held until then is read.
#[test]
fn framing_goes_on_behind_a_missing_brace() {
    let projection = projection(Extent::Projected, &["CommandLine"]);
    for layout in LAYOUTS {
        let source = damaged(layout, 200, |event| event.replacen("2}]}", "2}]", 1));
        let bytes = source.as_bytes();
        let (first, limit) = (12 * 100, 4000);
        let mut framer = Framer::new(Format::Json, Timestamp::UNKNOWN);
        let start = framer.cut(&bytes[..first], Input::Open).len;
        assert_eq!(framer.cut(&bytes[start..limit], Input::Open).len, 0);
        let len = framer.cut_long(&bytes[start..limit]);
        let block = bytes[start..start + len].to_vec();
        let skip = framer.skip(&bytes[start + len..]);
        assert!(skip.ended && skip.len < 250, "{layout:?} {skip:?}");
        let read = windows::read_cut(Format::Json, &block, &projection);
        let found = (0..200).filter(|i| read.contains(&format!("CommandLine: ev {i:06}\n")));
        assert!(found.count() >= len / 100 - 5, "{layout:?}\n{read}");
        let rest = framer
            .cut(&bytes[start + len + skip.len..], Input::Open)
            .len;
        assert!(start + len + skip.len + rest + 10 > bytes.len());
    }
}

/// All lists of an envelope are read, wherever it is cut.
#[test]
fn lists_behind_the_first_are_read() {
    let source = r#"{"Records":[{"a":1}],"n":1,"Events":[{"a":2},{"a":3}],"meta":{"b":[{}]},"x":[1],"y":"z"}"#;
    let projection = projection(Extent::Everything, &FIELDS);
    let whole = read_all(Format::Json, &[source.into()], &projection);
    assert_eq!(whole.matches("json at").count(), 3, "{whole}");
    for read in 1..source.len() {
        let split = blocks(Format::Json, source.as_bytes(), &[read]);
        assert_eq!(
            read_all(Format::Json, &split, &projection),
            whole,
            "read by {read}"
        );
    }
}
