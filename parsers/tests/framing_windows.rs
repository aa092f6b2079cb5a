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
                let end = framer.skip(&buffer);
                is_skipping = end.is_none();
                end.unwrap_or(buffer.len())
            } else if let cut @ 1.. = framer.cut(&buffer, Input::Open).len {
                cut
            } else if buffer.len() > limit {
                is_skipping = true;
                buffer.len()
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
        for read in 1..30 {
            let mut framer = Framer::new(format, Timestamp::UNKNOWN);
            assert_eq!(framer.cut(&first.as_bytes()[..60], Input::Open).len, 0);
            let source = format!("{}{next}", &first[60..]);
            let mut rest = source.as_bytes();
            let end = loop {
                assert!(!rest.is_empty(), "no end");
                let (head, tail) = rest.split_at(read.min(rest.len()));
                match framer.skip(head) {
                    Some(end) => break &rest[end..],
                    None => rest = tail,
                }
            };
            assert_eq!(std::str::from_utf8(end).unwrap(), next, "read by {read}");
            assert_eq!(framer.cut(end, Input::Open).len, next.len());
        }
    }
}
