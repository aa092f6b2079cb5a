//! Detections as JSON lines.

use std::io::Write;

use yagura_parsers::Timestamp;
use yagura_rules::Meta;

use super::detection::DetectionView;
use super::json_text::{fields, key, string, string_or_null};
use crate::detection::DetectionId;
use crate::scan::TimeSlot;

/// `{"id":…,"title":…,"level":…,"tags":[…]}`
pub fn rule(out: &mut Vec<u8>, meta: &Meta) {
    out.push(b'{');
    key(out, "id");
    string_or_null(out, meta.id.as_deref().map(str::as_bytes));
    out.push(b',');
    key(out, "title");
    string(out, meta.title.as_bytes());
    out.push(b',');
    key(out, "level");
    string(out, meta.level.name().as_bytes());
    out.push(b',');
    key(out, "tags");
    out.push(b'[');
    for (index, tag) in meta.tags.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        string(out, tag.as_bytes());
    }
    out.extend_from_slice(b"]}");
}

/// RFC 3339, or `null` where no time is known.
pub fn time(out: &mut Vec<u8>, time: Timestamp) {
    if time == Timestamp::UNKNOWN {
        out.extend_from_slice(b"null");
    } else {
        // Writing to a vector cannot fail.
        let _ = write!(out, "\"{time}\"");
    }
}

/// `{"path":…,"position":…}`
pub fn source(out: &mut Vec<u8>, path: &str, position: u64) {
    out.push(b'{');
    key(out, "path");
    string(out, path.as_bytes());
    let _ = write!(out, ",\"position\":{position}}}");
}

const BEFORE_ID: &str = r#"{"kind":"detection","id":""#;
const BEFORE_TIME: &str = r#"","time":"#;

/// Where the time stands.
pub const TIME_SLOT: TimeSlot = TimeSlot {
    offset: BEFORE_ID.len() + DetectionId::DIGITS + BEFORE_TIME.len(),
    write: time,
};

pub fn detection(out: &mut Vec<u8>, view: &DetectionView<'_>) {
    let _ = write!(out, "{BEFORE_ID}{}{BEFORE_TIME}", view.id);
    time(out, view.time);
    out.extend_from_slice(b",\"rule\":");
    out.extend_from_slice(&view.rule.text);
    out.extend_from_slice(b",\"host\":");
    string_or_null(out, view.host);
    out.extend_from_slice(b",\"source\":");
    source(out, view.path, view.position);
    out.extend_from_slice(b",\"matched\":");
    fields(out, view.matched);
    if let Some(event) = view.event {
        out.extend_from_slice(b",\"event\":");
        out.extend_from_slice(event);
    }
    out.extend_from_slice(b"}\n");
}
