//! What the tests of Windows formats and JSON share: a projection as the shipped tables make one,
//! whole and split reads, and events as text.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fmt::Write;
use std::path::PathBuf;

use yagura_parsers::{
    BlockExtent, EventBatch, Extent, Format, Framer, Input, Origin, PairKeys, Projection,
    ProjectionBuilder, Target, Timestamp, ValueKind,
};

/// Asks for `fields` under the names that Windows events have in their various shapes.
pub fn projection(extent: Extent, fields: &[&str]) -> Projection {
    let mut builder = ProjectionBuilder::new(extent);
    for field in fields {
        builder.field(field).unwrap();
    }
    let names = [
        (
            "Channel",
            "winlog.channel log_name Event.System.Channel body.channel",
        ),
        (
            "EventID",
            "winlog.event_id event.code event_id Event.System.EventID body.event_id.id",
        ),
        (
            "Provider_Name",
            "winlog.provider_name SourceName Event.System.Provider.#attributes.Name",
        ),
        ("Computer", "winlog.computer_name Hostname computer_name"),
    ];
    for (field, paths) in names {
        let Some(id) = builder.wanted(field) else {
            continue;
        };
        for (path, rank) in paths.split(' ').zip(1..) {
            builder.path(path, Target { field: id, rank });
        }
    }
    let time = Target {
        field: yagura_parsers::fields::TIME,
        rank: 0,
    };
    builder.path("Event.System.TimeCreated.#attributes.SystemTime", time);
    builder.path("@timestamp", Target { rank: 1, ..time });
    for path in [
        "Event.System",
        "Event.EventData",
        "Event.UserData.*",
        "winlog.event_data",
        "event_data",
        "winlog.user_data",
        "body.event_data",
    ] {
        builder.transparent(path);
    }
    for (name, value) in [
        ("@Name", "#text"),
        ("#attributes.Name", "#text"),
        ("Name", "Value"),
    ] {
        let keys = PairKeys {
            name: name.into(),
            value: value.into(),
        };
        builder.pairs("Event.EventData.Data", keys);
    }
    builder.build()
}

/// The data of others, if it is there.
pub fn corpus() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let root = std::env::var_os("YAGURA_CORPUS").map_or(beside, PathBuf::from);
    if root.is_dir() {
        return Some(root);
    }
    eprintln!("skipped: no corpus at {}", root.display());
    None
}

/// All files below a folder whose name ends with `ending`, sorted.
pub fn files(root: PathBuf, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

pub fn parse(
    batch: &mut EventBatch,
    format: Format,
    block: &[u8],
    at: u64,
    projection: &Projection,
) {
    parse_extent(batch, format, (block, BlockExtent::Whole), at, projection);
}

fn parse_extent(
    batch: &mut EventBatch,
    format: Format,
    (block, extent): (&[u8], BlockExtent),
    at: u64,
    projection: &Projection,
) {
    batch.recycle().extend_from_slice(block);
    let origin = Origin {
        position: at,
        near: Timestamp::UNKNOWN,
        extent,
    };
    batch.parse(format, origin, projection);
}

/// The events of a block that ends within a record that is over the limit.
pub fn read_cut(format: Format, block: &[u8], projection: &Projection) -> String {
    let (mut batch, mut text) = (EventBatch::new(), String::new());
    parse_extent(
        &mut batch,
        format,
        (block, BlockExtent::CutRecord),
        0,
        projection,
    );
    events_as_text(&batch, projection, &mut text);
    text
}

/// The blocks that a framer makes of `bytes` read in pieces of the lengths given, the last
/// of which repeats.
pub fn blocks(format: Format, bytes: &[u8], reads: &[usize]) -> Vec<Vec<u8>> {
    let mut framer = Framer::new(format, Timestamp::UNKNOWN);
    let mut blocks = Vec::new();
    let mut buffer = Vec::new();
    let mut rest = bytes;
    let mut reads = reads.iter();
    let mut read = 1;
    while !rest.is_empty() {
        read = reads.next().map_or(read, |n| (*n).max(1)).min(rest.len());
        buffer.extend_from_slice(&rest[..read]);
        rest = &rest[read..];
        loop {
            let cut = framer.cut(&buffer, Input::Open);
            if cut.len == 0 {
                break;
            }
            blocks.push(buffer.drain(..cut.len).collect());
        }
    }
    let cut = framer.cut(&buffer, Input::Ended);
    blocks.push(buffer.drain(..cut.len).collect());
    assert!(buffer.is_empty());
    blocks
}

/// Events and counts of one source read in the given blocks.
pub fn read_all(format: Format, blocks: &[Vec<u8>], projection: &Projection) -> String {
    let mut batch = EventBatch::new();
    let mut text = String::new();
    let mut unparsed = yagura_parsers::Unparsed::default();
    let mut at = 0;
    for block in blocks {
        parse(&mut batch, format, block, at, projection);
        events_as_text(&batch, projection, &mut text);
        unparsed.merge(batch.unparsed());
        at += if format == Format::Evtx {
            batch.len()
        } else {
            block.len()
        } as u64;
    }
    for (reason, count) in unparsed.counts() {
        writeln!(text, "unparsed {} {count}", reason.name()).unwrap();
    }
    text
}

pub fn events_as_text(batch: &EventBatch, projection: &Projection, text: &mut String) {
    for event in batch.events() {
        writeln!(text, "{} at {}", event.kind().name(), event.position()).unwrap();
        for (name, value) in event.named_values(projection) {
            let name = String::from_utf8_lossy(name);
            let kind = match value.kind {
                ValueKind::Text => "",
                ValueKind::Number => "number ",
                ValueKind::Bool => "bool ",
                ValueKind::Null => "null ",
            };
            let mut room = Vec::new();
            let value = String::from_utf8_lossy(value.text(&mut room));
            writeln!(text, "  {name}: {kind}{}", value.escape_debug()).unwrap();
        }
    }
}
