//! RFC 3164 as it is found: a time of one kind or another, perhaps a host, then what
//! [`super::tag`] reads.

use memchr::memchr;

use super::tag::{self, Tag};
use super::{Header, cisco, year};
use crate::device_time;
use crate::time::Timestamp;
use crate::time::text::{Parsed, bsd, iso, no_match};

/// The header of `text`, which stands behind the priority if there is one. Without a priority a
/// time has to be there, or any text would be syslog.
pub(super) fn header(text: &[u8], near: Timestamp, has_priority: bool) -> Option<Header<'_>> {
    match stamp(text, near) {
        Ok(([], time)) => Some(Header {
            time,
            ..Header::default()
        }),
        Ok(([b' ', rest @ ..], time)) => Some(behind_time(padded(rest), time)),
        Ok((rest @ [b':', ..], time)) => Some(tagged(rest, time, b"")),
        _ => cisco::header(text, near)
            .or_else(|| has_priority.then(|| tagged(text, Timestamp::UNKNOWN, b""))),
    }
}

/// What `journalctl -o short-full` writes: `Thu 2024-03-07 12:00:00 CET`.
pub(crate) const JOURNAL_FULL: &[u8] = b"EEE yyyy-MM-dd HH:mm:ss zzz";

/// The time, with the year filled in.
pub(super) fn stamp(input: &[u8], near: Timestamp) -> Parsed<'_, Timestamp> {
    if input.first().is_some_and(u8::is_ascii_digit) {
        return iso(input);
    }
    if let [_, _, _, b' ', _, _, _, _, b'-', ..] = input {
        return match device_time::leading(JOURNAL_FULL, input, near) {
            Some(found) => Ok(found),
            None => no_match(input),
        };
    }
    let (rest, time) = bsd(input)?;
    match year::nearest(time, near) {
        Some(time) => Ok((rest, time)),
        None => no_match(input),
    }
}

/// Some devices (Junos) put two blanks behind the time. One of a tag that begins with a blank
/// (` -- root[2421]:`) stays.
fn padded(text: &[u8]) -> &[u8] {
    match text {
        [b' ', first, ..] if first.is_ascii_alphanumeric() => &text[1..],
        _ => text,
    }
}

fn behind_time(text: &[u8], time: Timestamp) -> Header<'_> {
    let (host, rest) = host(text);
    tagged(rest, time, host)
}

/// The host, which may be missing: then the tag stands in its place, and ends in a way that no
/// host does.
fn host(text: &[u8]) -> (&[u8], &[u8]) {
    let Some(end) = memchr(b' ', text) else {
        return (b"", text);
    };
    let (word, rest) = (&text[..end], &text[end + 1..]);
    let is_tag = match word {
        // `router1: %SYS-5-…` names the host; any other word with a colon is a tag.
        [.., b':'] => !rest.trim_ascii_start().starts_with(b"%"),
        [.., b']'] => word.contains(&b'['),
        [] | b"---" | [b'%' | b'{' | b'<' | b'*' | b'.', ..] => true,
        b"last" => rest.starts_with(b"message repeated "),
        _ => tag::is_payload(word),
    };
    if is_tag {
        return (b"", text);
    }
    (word.strip_suffix(b":").unwrap_or(word), rest)
}

fn tagged<'a>(text: &'a [u8], time: Timestamp, host: &'a [u8]) -> Header<'a> {
    if let Some(inner) = cisco::header(text, time) {
        let time = if time == Timestamp::UNKNOWN {
            inner.time
        } else {
            time
        };
        let host = if host.is_empty() { inner.host } else { host };
        return Header {
            time,
            host,
            ..inner
        };
    }
    let Tag {
        program,
        pid,
        service,
        message,
    } = tag::split(text);
    Header {
        time,
        host,
        program,
        pid,
        service,
        message,
        ..Header::default()
    }
}
