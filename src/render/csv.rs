//! Detections as comma-separated values: RFC 4180, with LF line ends.
//!
//! Two things are done to text, because people open such files with spreadsheets and terminals:
//!
//! - Control characters are made visible (see [`super::escape`]), so a record is always a line.
//! - A cell that a spreadsheet would take for a formula, beginning with `=`, `+`, `-`, `@`, gets
//!   an apostrophe in front, unless it is a number.
//!
//! `matched` and `event` hold a JSON object each. Who needs the bytes as they were takes JSON
//! lines.

use std::io::Write;

use yagura_parsers::Timestamp;
use yagura_rules::{Level, Meta};

use super::detection::DetectionView;
use super::escape::visible_bytes;
use super::json_text::fields;
use crate::detection::{DetectionId, FieldList};
use crate::scan::TimeSlot;

/// Which columns there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Columns {
    /// The usual ones.
    Usual,
    /// With the whole event.
    WithEvent,
}

const HEADER: &[u8] = b"kind,id,time,rule_id,rule_title,level,tags,host,source,position,matched,\
state,count,first,last";

pub fn header(out: &mut Vec<u8>, columns: Columns) {
    out.extend_from_slice(HEADER);
    if columns == Columns::WithEvent {
        out.extend_from_slice(b",event");
    }
    out.push(b'\n');
}

/// The four cells of a rule.
pub fn rule(out: &mut Vec<u8>, meta: &Meta) {
    let id = meta.id.as_deref().unwrap_or_default();
    heading(out, id, &meta.title, meta.level, &meta.tags.join(" "));
}

/// The same of what is no rule.
pub fn heading(out: &mut Vec<u8>, id: &str, title: &str, level: Level, tags: &str) {
    cell(out, id.as_bytes());
    out.push(b',');
    cell(out, title.as_bytes());
    out.push(b',');
    cell(out, level.name().as_bytes());
    out.push(b',');
    cell(out, tags.as_bytes());
}

const KIND: &str = "detection,";

/// Where the time stands: behind the kind, the identity and a comma.
pub const TIME_SLOT: TimeSlot = TimeSlot {
    offset: KIND.len() + DetectionId::DIGITS + 1,
    write: time,
};

/// RFC 3339, or nothing.
fn time(out: &mut Vec<u8>, time: Timestamp) {
    if time != Timestamp::UNKNOWN {
        let _ = write!(out, "{time}");
    }
}

pub fn detection(out: &mut Vec<u8>, columns: Columns, view: &DetectionView<'_>) {
    // Writing to a vector cannot fail.
    let _ = write!(out, "{KIND}{},", view.id);
    time(out, view.time);
    out.push(b',');
    out.extend_from_slice(&view.rule.text);
    out.push(b',');
    cell(out, view.host.unwrap_or_default());
    out.push(b',');
    cell(out, view.path.as_bytes());
    let _ = write!(out, ",{},", view.position);
    fields_cell(out, view.matched);
    // A detection has no life.
    out.extend_from_slice(b",,,,");
    if columns == Columns::WithEvent {
        out.push(b',');
        if let Some(event) = view.event {
            out.extend_from_slice(event);
        }
    }
    out.push(b'\n');
}

/// What alerts and incidents have in the columns of detections, and in their own.
pub struct CaseRow<'a> {
    /// `alert` or `incident`.
    pub kind: &'a str,
    /// Its id.
    pub id: String,
    /// When the record is written.
    pub time: Timestamp,
    /// The four cells of its rule.
    pub rule: &'a [u8],
    /// Its hosts.
    pub hosts: String,
    /// Its key or entities, as JSON.
    pub matched: &'a [u8],
    /// Where in its life it is.
    pub state: &'a str,
    /// How many matches.
    pub count: u64,
    /// The first of them.
    pub first: Timestamp,
    /// The last of them.
    pub last: Timestamp,
}

/// Writes an alert or incident.
pub fn case(out: &mut Vec<u8>, columns: Columns, row: &CaseRow<'_>) {
    let _ = write!(out, "{},{},", row.kind, row.id);
    time(out, row.time);
    out.push(b',');
    out.extend_from_slice(row.rule);
    out.push(b',');
    cell(out, row.hosts.as_bytes());
    out.extend_from_slice(b",,,");
    cell(out, row.matched);
    let _ = write!(out, ",{},{},", row.state, row.count);
    time(out, row.first);
    out.push(b',');
    time(out, row.last);
    if columns == Columns::WithEvent {
        out.push(b',');
    }
    out.push(b'\n');
}

/// Writes fields as a JSON object into one cell.
pub fn fields_cell(out: &mut Vec<u8>, list: &FieldList) {
    let mut json = Vec::new();
    fields(&mut json, list);
    cell(out, &json);
}

/// Writes one cell.
pub fn cell(out: &mut Vec<u8>, bytes: &[u8]) {
    let text = visible_bytes(bytes);
    let guard = if is_formula(&text) { "'" } else { "" };
    if text.contains(['"', ',', '\n', '\r']) || text.starts_with(' ') || text.ends_with(' ') {
        let _ = write!(out, "\"{guard}{}\"", text.replace('"', "\"\""));
    } else {
        let _ = write!(out, "{guard}{text}");
    }
}

fn is_formula(text: &str) -> bool {
    // Spreadsheets skip blanks, and read the full-width forms like the others.
    text.trim_start()
        .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
        && text.parse::<f64>().is_err()
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn quotes_and_defuses() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("two\nlines", "two\\nlines"),
            ("=cmd|'/C calc'!A0", "'=cmd|'/C calc'!A0"),
            ("@SUM(1,2)", "\"'@SUM(1,2)\""),
            ("  +1+2", "\"'  +1+2\""),
            ("＝1+1", "'＝1+1"),
            ("-5", "-5"),
            ("-5+cmd", "'-5+cmd"),
            ("", ""),
        ] {
            let mut out = Vec::new();
            cell(&mut out, text.as_bytes());
            assert_eq!(String::from_utf8_lossy(&out), expected);
        }
    }
}
