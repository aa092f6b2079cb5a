//! A record as a JSON line.

use bytes::{BufMut, BytesMut};
use yagura_parsers::Timestamp;

use super::message::{Entry, instant};
use super::msgpack::{Cursor, Head, Stop};
use crate::input::http::json_value as value;

/// Time and tag stand before the record; what it says of either itself is better.
pub(super) fn write(tag: &[u8], entry: &Entry<'_>, out: &mut BytesMut) -> Result<(), Stop> {
    let mut cursor = Cursor::of(entry.record);
    let Head::Map(count) = cursor.head()? else {
        return Err(Stop::Malformed);
    };
    let mut delimiter = b'{';
    let mut own = |key: &str, text: &str, out: &mut BytesMut| {
        out.put_u8(delimiter);
        delimiter = b',';
        value(out, key);
        out.put_u8(b':');
        value(out, text);
    };
    if entry.time != Timestamp::UNKNOWN && !has(cursor, count, b"@timestamp") {
        own("@timestamp", &entry.time.to_string(), out);
    }
    if !has(cursor, count, b"tag") {
        own("tag", &String::from_utf8_lossy(tag), out);
    }
    if delimiter == b'{' {
        out.put_u8(b'{');
        members(&mut cursor, count, false, out)?;
    } else {
        members(&mut cursor, count, true, out)?;
    }
    out.put_u8(b'}');
    Ok(())
}

fn has(mut cursor: Cursor<'_>, count: u32, wanted: &[u8]) -> bool {
    for _ in 0..count {
        let mut key = cursor;
        if matches!(key.head(), Ok(Head::Text(key) | Head::Binary(key)) if key == wanted) {
            return true;
        }
        if cursor.skip().and_then(|()| cursor.skip()).is_err() {
            return false;
        }
    }
    false
}

fn members(
    cursor: &mut Cursor<'_>,
    count: u32,
    mut is_more: bool,
    out: &mut BytesMut,
) -> Result<(), Stop> {
    for _ in 0..count {
        if std::mem::replace(&mut is_more, true) {
            out.put_u8(b',');
        }
        key(cursor, out)?;
        out.put_u8(b':');
        any(cursor, out)?;
    }
    Ok(())
}

/// Keys that are no text are what they would be as values; those that hold others are their
/// bytes, since with text in text each level would double what escapes the one before.
fn key(cursor: &mut Cursor<'_>, out: &mut BytesMut) -> Result<(), Stop> {
    let before = *cursor;
    let head = cursor.head()?;
    if let Head::Text(text) | Head::Binary(text) = head {
        value(out, &*String::from_utf8_lossy(text));
        return Ok(());
    }
    *cursor = before;
    if matches!(head, Head::Array(_) | Head::Map(_)) {
        cursor.skip()?;
        let length = before.rest().len() - cursor.rest().len();
        value(
            out,
            &hexadecimal(before.rest().get(..length).unwrap_or_default()),
        );
        return Ok(());
    }
    let mut text = BytesMut::new();
    any(cursor, &mut text)?;
    value(out, &*String::from_utf8_lossy(&text));
    Ok(())
}

/// How deep it goes was looked at before.
fn any(cursor: &mut Cursor<'_>, out: &mut BytesMut) -> Result<(), Stop> {
    match cursor.head()? {
        Head::Nil => out.put_slice(b"null"),
        Head::Bool(of) => value(out, &of),
        Head::Unsigned(of) => value(out, &of),
        Head::Signed(of) => value(out, &of),
        Head::Float(of) => value(out, &of),
        Head::Text(text) | Head::Binary(text) => value(out, &*String::from_utf8_lossy(text)),
        head @ Head::Extension(_, bytes) => match instant(head) {
            Timestamp::UNKNOWN => value(out, &hexadecimal(bytes)),
            time => value(out, &time.to_string()),
        },
        Head::Array(count) => {
            out.put_u8(b'[');
            for at in 0..count {
                if at > 0 {
                    out.put_u8(b',');
                }
                any(cursor, out)?;
            }
            out.put_u8(b']');
        }
        Head::Map(count) => {
            out.put_u8(b'{');
            members(cursor, count, false, out)?;
            out.put_u8(b'}');
        }
    }
    Ok(())
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
