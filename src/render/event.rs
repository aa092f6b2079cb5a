//! An event as a JSON line.

use yagura_parsers::Event;

use super::json_text::{fields, string_or_null};
use super::jsonl::{source, time};
use crate::detection::FieldList;
use crate::scan::TimeSlot;

const BEFORE_TIME: &[u8] = b"{\"time\":";

/// Where the time stands.
pub const TIME_SLOT: TimeSlot = TimeSlot {
    offset: BEFORE_TIME.len(),
    write: time,
};

/// Writes `{"time","kind","host","source","fields"}`; of an event without fields, a line that no
/// parser understood, also its text as `"raw"`.
pub fn json_line(
    out: &mut Vec<u8>,
    event: &Event<'_>,
    host: Option<&[u8]>,
    path: &str,
    list: &FieldList,
) {
    out.extend_from_slice(BEFORE_TIME);
    time(out, event.time());
    out.extend_from_slice(b",\"kind\":\"");
    out.extend_from_slice(event.kind().name().as_bytes());
    out.extend_from_slice(b"\",\"host\":");
    string_or_null(out, host);
    out.extend_from_slice(b",\"source\":");
    source(out, path, event.position());
    out.extend_from_slice(b",\"fields\":");
    fields(out, list);
    if list.fields().len() == 0 {
        out.extend_from_slice(b",\"raw\":");
        string_or_null(out, Some(event.raw()));
    }
    out.extend_from_slice(b"}\n");
}
