//! What has to hold for any input of the parsers. Each check panics where it does not.
//!
//! The fuzz targets call these with what libFuzzer comes up with, `tests/damaged.rs` with damaged
//! inputs of the parsers' own test cases.

use serde::de::IgnoredAny;
use yagura_parsers::{
    BlockExtent, EventBatch, EventKind, Extent, Format, Framer, Input, Origin, PairKeys,
    Projection, ProjectionBuilder, Target, Timestamp, fields,
};

/// Deeper nesting is refused, whatever the standard says.
const JSON_DEPTH_MAX: usize = 128;

/// What is compared of an event: kind, time, values with their names.
type Read = (EventKind, Timestamp, Vec<(Vec<u8>, Vec<u8>)>);

fn projection(extent: Extent) -> Projection {
    let mut builder = ProjectionBuilder::new(extent);
    for name in [
        "Channel",
        "EventID",
        "CommandLine",
        "Image",
        "a",
        "b.c",
        "user",
        "src_ip",
    ] {
        builder.field(name).expect("a few fields");
    }
    for (rank, name) in ["@timestamp", "EventTime", "time"].into_iter().enumerate() {
        let rank = u8::try_from(rank + 1).expect("a few ranks");
        let field = fields::TIME;
        builder.path(name, Target { field, rank });
    }
    let pairs = PairKeys {
        name: "Name".into(),
        value: "#text".into(),
    };
    builder.pairs("Event.EventData.Data", pairs);
    builder.transparent("Event.EventData");
    builder.transparent("Event.System");
    builder.build()
}

fn parse(
    batch: &mut EventBatch,
    data: &[u8],
    format: Format,
    projection: &Projection,
) -> Vec<Read> {
    batch.recycle().extend_from_slice(data);
    let origin = Origin {
        position: 0,
        near: Timestamp(1_700_000_000_000_000_000),
        extent: BlockExtent::Whole,
    };
    batch.parse(format, origin, projection);
    let read = |event: yagura_parsers::Event<'_>| {
        let values = event.named_values(projection).map(|(name, value)| {
            let mut text = Vec::new();
            value.append_to(&mut text);
            (name.to_vec(), text)
        });
        (event.kind(), event.time(), values.collect())
    };
    batch.events().map(read).collect()
}

/// Parses with both extents, twice: what is remembered of the first time must change nothing.
fn parses_alike_again(data: &[u8], format: Format) {
    for extent in [Extent::Projected, Extent::Everything] {
        let projection = projection(extent);
        let mut batch = EventBatch::new();
        let first = parse(&mut batch, data, format, &projection);
        assert_eq!(first, parse(&mut batch, data, format, &projection));
    }
}

/// Each line is an event exactly if it is a JSON object; what was read before a line changes
/// nothing in it.
pub fn json(data: &[u8]) {
    parses_alike_again(data, Format::Json);
    parses_alike_again(data, Format::JsonLines);
    let projection = projection(Extent::Projected);
    let mut used = EventBatch::new();
    parse(&mut used, data, Format::JsonLines, &projection);
    for line in data.split(|byte| *byte == b'\n') {
        let read = parse(&mut used, line, Format::JsonLines, &projection);
        let anew = parse(&mut EventBatch::new(), line, Format::JsonLines, &projection);
        assert_eq!(read, anew);
        is_an_event_if_json(line, &read);
    }
}

fn is_an_event_if_json(line: &[u8], read: &[Read]) {
    let text = line.strip_suffix(b"\r").unwrap_or(line);
    // Envelopes are several events; in what strings hold, much is taken that is no JSON.
    let is_plain = text
        .iter()
        .all(|byte| matches!(byte, b' '..=b'[' | b']'..=b'~'));
    let holds = |part: &[u8]| text.windows(part.len()).any(|window| window == part);
    let has_list = ["\"Records\"", "\"records\"", "\"Events\"", "\"value\""];
    let depth = text
        .iter()
        .filter(|byte| matches!(byte, b'{' | b'['))
        .count();
    let is_object = text.trim_ascii_start().first() == Some(&b'{');
    if !is_object || depth > JSON_DEPTH_MAX || has_list.iter().any(|name| holds(name.as_bytes())) {
        return;
    }
    let is_json = serde_json::from_slice::<IgnoredAny>(text).is_ok();
    let is_event = matches!(read, [(EventKind::Json, ..)]);
    assert!(is_event || !is_json, "valid JSON was refused");
    assert!(
        is_json || !is_event || !is_plain,
        "what is no JSON was taken"
    );
}

/// Every line with something in it is an event.
pub fn syslog(data: &[u8]) {
    parses_alike_again(data, Format::Syslog);
}

/// Windows events as XML.
pub fn xml(data: &[u8]) {
    parses_alike_again(data, Format::WindowsXml);
}

/// A stream that comes in pieces is cut without losing a byte, and at the same places as one that
/// comes at once for formats of lines.
pub fn framing(data: &[u8]) {
    let Some((first, data)) = data.split_first() else {
        return;
    };
    let format = Format::ALL[usize::from(*first) % Format::ALL.len()];
    let piece = usize::from(*first) / Format::ALL.len() + 1;
    let mut framer = Framer::new(format, Timestamp::UNKNOWN);
    let (mut start, mut end) = (0, 0);
    while start < data.len() {
        end = (end + piece).min(data.len());
        let input = if end == data.len() {
            Input::Ended
        } else {
            Input::Open
        };
        let cut = framer.cut(&data[start..end], input);
        assert!(cut.len <= end - start, "more was cut than there is");
        start += cut.len;
        assert!(
            start == data.len() || input == Input::Open,
            "the end was kept back"
        );
    }
}
