//! RFC 5424: `1 TIME HOST APP PROCID MSGID [structured data] MSG`, behind the priority.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{is_not, tag, take_while_m_n};
use nom::character::complete::char;
use nom::combinator::{opt, recognize};
use nom::multi::{fold_many0, many1_count};
use nom::sequence::{delimited, preceded, terminated};

use super::{BOM, Header};
use crate::backslash;
use crate::event::ValueKind;
use crate::time::Timestamp;
use crate::time::text::{Parsed, iso, no_match};
use crate::writer::EventWriter;

/// The header, up to and with the message.
pub(super) fn header(input: &[u8]) -> Parsed<'_, Header<'_>> {
    let version = take_while_m_n(1, 2, |b: u8| b.is_ascii_digit());
    let (rest, _) = terminated(version, char(' ')).parse(input)?;
    let (rest, time) = alt((tag("-").map(|_| Timestamp::UNKNOWN), iso)).parse(rest)?;
    let (rest, host) = word(rest)?;
    let (rest, program) = word(rest)?;
    let (rest, pid) = word(rest)?;
    let (rest, message_id) = word(rest)?;
    let (rest, structured) = structured(rest);
    let message = rest.strip_prefix(b" ").unwrap_or(rest);
    let header = Header {
        priority: None,
        time,
        host,
        program,
        pid,
        message_id,
        structured,
        service: b"",
        message: message.strip_prefix(BOM).unwrap_or(message),
    };
    Ok((b"", header))
}

/// A blank and a word; the word `-` stands for nothing.
fn word(input: &[u8]) -> Parsed<'_, &[u8]> {
    let (rest, word) = preceded(char(' '), is_not(" ")).parse(input)?;
    Ok((rest, if word == b"-" { b"" } else { word }))
}

/// The structured data as written. What looks like it and is broken belongs to the message.
fn structured(input: &[u8]) -> (&[u8], &[u8]) {
    let none = tag("-").map(|_| &b""[..]);
    let elements = recognize(many1_count(element));
    preceded(char(' '), alt((none, elements)))
        .parse(input)
        .unwrap_or((input, b""))
}

/// `[id name="value" …]`, for its extent only.
fn element(input: &[u8]) -> Parsed<'_, ()> {
    let parameters = fold_many0(parameter, || (), |(), _| ());
    let end = (opt(char(' ')), char(']'));
    let (rest, ()) = delimited((char('['), name), parameters, end).parse(input)?;
    Ok((rest, ()))
}

fn name(input: &[u8]) -> Parsed<'_, &[u8]> {
    is_not("= ]\"")(input)
}

/// ` name="value"`, the value still with its escapes.
fn parameter(input: &[u8]) -> Parsed<'_, (&[u8], &[u8])> {
    let (rest, name) = preceded(char(' '), name).parse(input)?;
    let (rest, _) = tag("=\"")(rest)?;
    let mut escaped = false;
    let end = rest.iter().position(|b| {
        let ends = *b == b'"' && !escaped;
        escaped = *b == b'\\' && !escaped;
        ends
    });
    match end {
        Some(end) => Ok((&rest[end + 1..], (name, &rest[..end]))),
        None => no_match(input),
    }
}

/// Room for the name of one parameter: two names of at most 32 characters and a point, by the
/// RFC; longer ones take a detour over the heap.
const NAME_BYTES: usize = 96;

/// Adds each parameter as `id.name`.
pub(super) fn emit_structured(structured: &[u8], out: &mut EventWriter<'_>) {
    let mut rest = structured;
    while let Ok((after, id)) = preceded(char('['), name).parse(rest) {
        rest = after;
        while let Ok((after, (name, value))) = parameter(rest) {
            emit_parameter(id, name, value, out);
            rest = after;
        }
        let end = rest.iter().position(|b| *b == b']').unwrap_or(rest.len());
        rest = rest.get(end + 1..).unwrap_or_default();
    }
}

fn emit_parameter(id: &[u8], name: &[u8], value: &[u8], out: &mut EventWriter<'_>) {
    let mut room = [0; NAME_BYTES];
    let long;
    let len = id.len() + 1 + name.len();
    let full = if let Some(full) = room.get_mut(..len) {
        full[..id.len()].copy_from_slice(id);
        full[id.len()] = b'.';
        full[id.len() + 1..].copy_from_slice(name);
        &*full
    } else {
        long = [id, b".", name].concat();
        &long
    };
    let targets = out.projection().named(full);
    if targets.is_empty() && !out.keeps_everything() {
        return;
    }
    if value.contains(&b'\\') {
        out.targeted_decoded(targets, full, |to| unescape(value, to));
    } else {
        out.targeted(targets, full, ValueKind::Text, value);
    }
}

/// A backslash makes `"`, `\` and `]` plain; before anything else it stands for itself.
fn unescape(value: &[u8], to: &mut Vec<u8>) {
    backslash::undo(value, to, |behind| match behind.first()? {
        escaped @ (b'"' | b'\\' | b']') => Some((*escaped, 1)),
        _ => None,
    });
}
