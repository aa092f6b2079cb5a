//! Envelopes: one outer object around the list of events, as cloud services export them.
//!
//! ```text
//!  {"Records":[ {…}, {…} ]}                                     CloudTrail
//!  {"@odata.context":"…","value":[ {…}, {…} ],"@odata.nextLink":"…"}   Microsoft Graph
//! ```
//!
//! An object is an envelope if its first member, `@odata.` members with scalar values apart, has
//! one of the names of [`LISTS`] and is an array that is empty or begins with an object. That is
//! decided by the beginning alone, so that an export of any size is cut between its events and
//! never has to be held as a whole. The members behind the list (page tokens, counts) are checked
//! as JSON and belong to no event; further lists of objects there are events as well, and an
//! object there is refused, so that it is counted.

use super::scan::Scanner;
use super::strings::StringEnds;
use crate::event::EventKind;
use crate::unparsed::Reason;
use crate::writer::EventWriter;

/// Names of the list. Others occur inside of events, too (`target`, `events`).
const LISTS: [&[u8]; 4] = [b"Records", b"records", b"Events", b"value"];

const ODATA: &[u8] = b"@odata.";

/// How much of an object is looked at to tell.
const OPENING_BYTES_MAX: usize = 4096;

/// What the beginning of a top-level object says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// An event.
    Event,
    /// An envelope, whose list begins behind so many bytes.
    Envelope(usize),
    /// More bytes are needed.
    Unfinished,
}

/// Reads the beginning of an object.
pub(crate) fn opening(text: &[u8]) -> Opening {
    let head = text.get(..OPENING_BYTES_MAX).unwrap_or(text);
    let mut scan = Scanner::new(head);
    match list_begins(&mut scan) {
        Some(true) => Opening::Envelope(scan.position()),
        None if text.len() < OPENING_BYTES_MAX => Opening::Unfinished,
        Some(false) | None => Opening::Event,
    }
}

pub(super) fn is_envelope(text: &[u8]) -> bool {
    // Nearly all events are told by the first byte of their first key.
    if let [b'{', b'"', first, ..] = text
        && !LISTS
            .iter()
            .chain([&ODATA])
            .any(|name| name.first() == Some(first))
    {
        return false;
    }
    matches!(opening(text), Opening::Envelope(_))
}

/// Whether the list begins here; `None` where the text ends or is malformed before that is clear.
fn list_begins(scan: &mut Scanner<'_>) -> Option<bool> {
    scan.expect(b'{').ok()?;
    loop {
        match scan.peek()? {
            b'"' => {}
            _ => return Some(false),
        }
        let key = scan.string().ok()?.text;
        if scan.peek()? != b':' {
            return Some(false);
        }
        scan.bump();
        let first = scan.peek()?;
        if LISTS.contains(&key) {
            if first != b'[' {
                return Some(false);
            }
            scan.bump();
            return Some(matches!(scan.peek()?, b'{' | b']'));
        }
        if !key.starts_with(ODATA) || matches!(first, b'{' | b'[') {
            return Some(false);
        }
        scan.skip_value(1).ok()?;
        if scan.peek()? != b',' {
            return Some(false);
        }
        scan.bump();
    }
}

/// Takes a member that stands behind a list, in its envelope; its key comes next.
///
/// A list of objects is one more list of events, whatever its name, and only its bracket is
/// taken: a block may end between any two objects, and the next one does not know the name. An
/// object is refused, since it is no event but may hold something. What is no member stays.
pub(super) fn tail_member<E: StringEnds>(scan: &mut Scanner<'_, E>, out: &mut EventWriter<'_>) {
    let start = scan.position();
    let mut ahead = scan.clone();
    if ahead.key().is_err() {
        return;
    }
    let first = ahead.peek();
    if first == Some(b'[') {
        let mut inside = ahead.clone();
        inside.bump();
        if inside.peek() == Some(b'{') {
            scan.seek(inside.position());
            return;
        }
    }
    if first == Some(b'{') && is_envelope(ahead.rest()) {
        scan.seek(ahead.position());
        return;
    }
    if ahead.skip_value(1).is_err() {
        return;
    }
    scan.seek(ahead.position());
    if first == Some(b'{') {
        out.begin(EventKind::Raw, scan.since(start));
        out.refuse(Reason::NotAnObject);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_decides() {
        let envelope = r#" {"@odata.context":"x","@odata.count":2,"value":[ {"#;
        let envelope = envelope.trim_start();
        assert_eq!(
            opening(envelope.as_bytes()),
            Opening::Envelope(envelope.len() - 1)
        );
        for len in 0..envelope.len() {
            assert_eq!(opening(&envelope.as_bytes()[..len]), Opening::Unfinished);
        }
        assert_eq!(opening(br#"{"Records":[]}"#), Opening::Envelope(12));
    }

    #[test]
    fn events_are_no_envelopes() {
        for text in [
            "{}",
            r#"{"a":1}"#,
            r#"{"value":1}"#,
            r#"{"value":[1]}"#,
            r#"{"a":1,"Records":[{"#,
            r#"{"@odata.x":{},"value":[{"#,
            r#"{"target":[{"#,
        ] {
            assert_eq!(opening(text.as_bytes()), Opening::Event, "{text}");
        }
    }
}
