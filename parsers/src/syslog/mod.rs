//! Syslog, as the RFCs say and as it is found.
//!
//! ```text
//!  <34>1 2024-03-07T12:00:00Z host app 123 ID [sd a="b"] text     rfc5424
//!  <34>Mar  7 12:00:00 host app[123]: text                        rfc3164 ─▶ tag
//!  <189>42: *Mar  7 12:00:00.123: %SYS-5-CONFIG_I: text           cisco
//!   priority  year (of times that leave it out)
//! ```
//!
//! Which of them a line is, is decided line by line; `usual` is a way past the grammars for lines
//! like those before. The text behind the header goes on to
//! [`crate::body`]. A line with neither a priority nor a time is no syslog and is refused.

mod cisco;
mod minute;
mod priority;
pub(crate) mod rfc3164;
mod rfc5424;
mod tag;
mod usual;
mod year;

use memchr::{memchr, memrchr};

use crate::body;
use crate::event::EventKind;
use crate::fields;
use crate::format::LineContext;
use crate::time::Timestamp;
use crate::unparsed::Reason;
use crate::writer::EventWriter;
pub(crate) use minute::LastMinute;
use priority::Priority;
pub(crate) use year::near_behind;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// What stands in front of the message, and the message. Parts that are missing are empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    pub(crate) priority: Option<Priority>,
    /// [`Timestamp::UNKNOWN`] where there is none.
    pub(crate) time: Timestamp,
    pub(crate) host: &'a [u8],
    pub(crate) program: &'a [u8],
    pub(crate) pid: &'a [u8],
    pub(crate) message_id: &'a [u8],
    /// Structured data of RFC 5424, in its source form.
    pub(crate) structured: &'a [u8],
    /// What macOS writes in parentheses behind the pid: the service that is meant.
    pub(crate) service: &'a [u8],
    pub(crate) message: &'a [u8],
}

/// Reads the header of a line; `None` where there is none. `near` decides the year of a time
/// that leaves it out.
pub(crate) fn header(line: &[u8], near: Timestamp) -> Option<Header<'_>> {
    let text = line.strip_prefix(BOM).unwrap_or(line);
    let (priority, text) = match priority::bracketed(text) {
        Ok((rest, priority)) => (Some(priority), rest),
        Err(_) => (None, text),
    };
    let newer = rfc5424::header(text).ok().map(|(_, header)| header);
    let found = newer.or_else(|| rfc3164::header(text, near, priority.is_some()));
    found.map(|header| Header {
        priority: priority.map_or(header.priority, Priority::known),
        ..header
    })
}

fn text_behind_priority(line: &[u8]) -> &[u8] {
    priority::bracketed(line).map_or(line, |(text, _)| text)
}

/// Parses one line into one event.
pub(crate) fn line(line: &[u8], context: &mut LineContext, out: &mut EventWriter<'_>) {
    out.begin(EventKind::Syslog, line);
    let header = match usual::header(line, &context.minute, context.near) {
        Some(header) => header,
        None => match header(line, context.near) {
            Some(header) => {
                let text = text_behind_priority(line);
                context.minute.learn(text, context.near);
                header
            }
            None => return out.refuse(Reason::NoSyslogHeader),
        },
    };
    context.near = near_behind(context.near, header.time);
    emit(&header, out);
    // The body comes first: the time of the record it carries is closer to what happened.
    out.time(header.time);
    out.finish();
}

fn emit(header: &Header<'_>, out: &mut EventWriter<'_>) {
    emit_header(header, out);
    out.text(fields::MESSAGE, header.message);
    body::fields(header.program, header.message, out);
}

/// Adds the fields of a header, without its message and its time.
pub(crate) fn emit_header(header: &Header<'_>, out: &mut EventWriter<'_>) {
    if let Some(priority) = header.priority {
        if let Some(facility) = priority.facility_name() {
            out.text(fields::FACILITY, facility.as_bytes());
        }
        out.text(fields::SEVERITY, priority.severity_name().as_bytes());
    }
    let parts = [
        (fields::HOSTNAME, header.host),
        (fields::PROGRAM, header.program),
        (fields::PID, header.pid),
        (fields::MESSAGE_ID, header.message_id),
        (fields::SERVICE, header.service),
    ];
    for (field, value) in parts {
        if !value.is_empty() {
            out.text(field, value);
        }
    }
    rfc5424::emit_structured(header.structured, out);
}

/// How far apart the lines are that [`near_after`] looks at in a long block. Within one such
/// stretch of a log less than half a year must pass, or the year is lost; over 8 KiB that holds
/// for any log that fills long blocks, and reading one line out of 8 KiB costs nothing beside
/// reading all of them.
const STRIDE_BYTES: usize = 8 << 10;

/// Blocks up to this are read line by line: what arrives in small blocks may be sparse.
const SHORT_BLOCK_BYTES: usize = 64 << 10;

/// The time near which the line after `block` lies.
pub(crate) fn near_after(near: Timestamp, block: &[u8]) -> Timestamp {
    let stride = if block.len() <= SHORT_BLOCK_BYTES {
        1
    } else {
        STRIDE_BYTES
    };
    let mut near = near;
    let mut rest = block;
    while !rest.is_empty() {
        let least = rest.len().min(stride);
        let (_, behind) = rest.split_at(least);
        let end = memchr(b'\n', behind).map_or(rest.len(), |at| least + at + 1);
        let (stretch, after) = rest.split_at(end);
        near = last_time(near, stretch).map_or(near, |time| near_behind(near, time));
        rest = after;
    }
    near
}

/// The time of the last line that has one.
fn last_time(near: Timestamp, lines: &[u8]) -> Option<Timestamp> {
    let mut rest = lines;
    while !rest.is_empty() {
        let (before, line) = match memrchr(b'\n', rest) {
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None => (&rest[..0], rest),
        };
        let time = header(line, near).map_or(Timestamp::UNKNOWN, |h| h.time);
        if time != Timestamp::UNKNOWN {
            return Some(time);
        }
        rest = before;
    }
    None
}
