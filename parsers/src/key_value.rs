//! `key=value` pairs: logfmt, and what firewalls write.
//!
//! ```text
//!  [syslog header] date=2024-01-02 time=03:04:05 devname="fw 01" action=deny …
//!  time=2024-01-02T03:04:05Z level=info msg="it said \"no\"" retry
//! ```
//!
//! Values in double or single quotes may hold blanks and backslash escapes. A bare value reaches
//! to the next blank, or to a comma or semicolon that another `key=` follows. A word without `=` behind the
//! first pair is a key without a value, as in logfmt, and taken as true; words before the first
//! pair are text and become the field `message`.

use memchr::{memchr2, memmem};
use nom::branch::alt;
use nom::bytes::complete::{take_while, take_while1};
use nom::character::complete::char;
use nom::combinator::verify;
use nom::error::{Error, ErrorKind};
use nom::sequence::{delimited, terminated};
use nom::{IResult, Parser};

use crate::backslash;
use crate::device_time;
use crate::event::{EventKind, ValueKind};
use crate::fields;
use crate::format::LineContext;
use crate::line_header;
use crate::time::Timestamp;
use crate::unparsed::Reason;
use crate::writer::EventWriter;

pub(crate) fn line(line: &[u8], context: &mut LineContext, out: &mut EventWriter<'_>) {
    out.begin(EventKind::KeyValue, line);
    let Some((before, text)) = split_at_first_pair(line) else {
        return out.refuse(Reason::NoKeyValue);
    };
    let message = line_header::read(before, context, out).trim_ascii();
    if !message.is_empty() {
        out.text(fields::MESSAGE, message);
    }
    pairs(text, context.near, out);
    out.finish();
}

/// What stands before the first pair: a header, a message, nothing; and the text from there on.
fn split_at_first_pair(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut rest = behind_priority(line);
    if rest.len() < line.len() && rest.starts_with(b"1 ") {
        rest = behind_structured_data(rest);
    }
    loop {
        rest = token_start(rest)?;
        if pair(rest).is_ok() {
            return line.split_at_checked(line.len() - rest.len());
        }
        rest = word(rest).map_or(&[][..], |(after, _)| after);
    }
}

/// Some write the first pair directly behind the priority.
fn behind_priority(line: &[u8]) -> &[u8] {
    let digits = take_while1(|b: u8| b.is_ascii_digit());
    let priority: IResult<&[u8], &[u8]> = delimited(char('<'), digits, char('>')).parse(line);
    priority.map_or(line, |(rest, _)| rest)
}

/// The structured data of RFC 5424 looks like pairs, but belongs to the header.
fn behind_structured_data(text: &[u8]) -> &[u8] {
    let header = text.splitn(6, |b| *b == b' ').nth(5).unwrap_or_default();
    match memmem::find(header, b"] ") {
        Some(end) if header.starts_with(b"[") => header.get(end + 2..).unwrap_or_default(),
        _ => text,
    }
}

/// Adds all pairs of a text that begins with one, and its time.
fn pairs(text: &[u8], near: Timestamp, out: &mut EventWriter<'_>) {
    let mut times = Times::default();
    let mut rest = text;
    while let Some(start) = token_start(rest) {
        if let Ok((after, (key, value))) = pair(start) {
            add(key, value, &mut times, out);
            rest = after;
        } else {
            let (after, word) = word(start).unwrap_or((&[], start));
            if is_bare_key(word) {
                out.named(word, ValueKind::Bool, b"true");
            }
            rest = after;
        }
    }
    out.own_time(times.best(near));
}

fn add<'a>(key: &[u8], value: Quoting<'a>, times: &mut Times<'a>, out: &mut EventWriter<'_>) {
    let text = value.text();
    match value {
        Quoting::Escaped(text) => out.named_decoded(key, |to| unescape(text, to)),
        Quoting::Plain(text) => out.named(key, ValueKind::Text, text),
    }
    times.note(key, text);
}

/// A value as it stands in the line, without its quotes.
#[derive(Clone, Copy, Debug)]
enum Quoting<'a> {
    /// Nothing to decode in it.
    Plain(&'a [u8]),
    /// Quoted, with backslashes in it.
    Escaped(&'a [u8]),
}

impl<'a> Quoting<'a> {
    fn text(self) -> &'a [u8] {
        match self {
            Self::Plain(text) | Self::Escaped(text) => text,
        }
    }
}

/// Skips what stands between two tokens.
fn token_start(text: &[u8]) -> Option<&[u8]> {
    let start = text
        .iter()
        .position(|b| !matches!(b, b' ' | b'\t' | b',' | b';' | b'|'))?;
    text.get(start..)
}

fn pair(text: &[u8]) -> IResult<&[u8], (&[u8], Quoting<'_>)> {
    let key = alt((
        terminated(key, char('=')),
        // Some quote their keys as well.
        (char('"'), key, char('"'), char('=')).map(|(_, key, _, _)| key),
    ));
    (key, value).parse(text)
}

fn key(text: &[u8]) -> IResult<&[u8], &[u8]> {
    verify(take_while1(is_key_byte), |k: &[u8]| {
        k.len() <= KEY_BYTES_MAX
    })
    .parse(text)
}

const KEY_BYTES_MAX: usize = 256;

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'_' | b'.' | b'-' | b'@' | b'/' | b':' | b'[' | b']' | b'%' | b'$'
        )
        || byte >= 0x80
}

fn is_bare_key(word: &[u8]) -> bool {
    word.first().is_some_and(u8::is_ascii_alphabetic) && word.iter().all(|b| is_key_byte(*b))
}

fn value(text: &[u8]) -> IResult<&[u8], Quoting<'_>> {
    alt((quoted(b'"'), quoted(b'\'')))
        .parse(text)
        .or_else(|_| Ok(bare(text)))
}

/// A quoted value. An unclosed quote is part of a bare one.
fn quoted(quote: u8) -> impl Fn(&[u8]) -> IResult<&[u8], Quoting<'_>> {
    move |text| {
        let (inside, _) = char(quote as char).parse(text)?;
        let mut at = 0;
        let mut quoting: fn(_) -> _ = Quoting::Plain;
        while let Some(found) = inside
            .get(at..)
            .and_then(|rest| memchr2(quote, b'\\', rest))
        {
            at += found;
            if inside.get(at) == Some(&quote) {
                let (value, rest) = inside.split_at(at);
                let rest = rest.get(1..).unwrap_or_default();
                return Ok((rest, quoting(value)));
            }
            quoting = Quoting::Escaped;
            at += 2;
        }
        Err(nom::Err::Error(Error::new(text, ErrorKind::Char)))
    }
}

fn bare(text: &[u8]) -> (&[u8], Quoting<'_>) {
    let mut end = 0;
    while let Some(byte) = text.get(end) {
        let behind = text.get(end + 1..).unwrap_or_default();
        let ends = match byte {
            b' ' | b'\t' => true,
            b',' | b';' => matches!(behind, [] | [b' ', ..]) || starts_pair(behind),
            _ => false,
        };
        if ends {
            break;
        }
        end += 1;
    }
    let (value, rest) = text.split_at(end);
    (rest, Quoting::Plain(value))
}

fn starts_pair(text: &[u8]) -> bool {
    let head = text.get(..KEY_BYTES_MAX).unwrap_or(text);
    terminated(key, char('=')).parse(head).is_ok()
}

fn word(text: &[u8]) -> IResult<&[u8], &[u8]> {
    verify(
        take_while(|b| !matches!(b, b' ' | b'\t' | b',' | b';' | b'|')),
        |w: &[u8]| !w.is_empty(),
    )
    .parse(text)
}

fn unescape(text: &[u8], to: &mut Vec<u8>) {
    backslash::undo(text, to, |behind| match behind.first()? {
        b'n' => Some((b'\n', 1)),
        b'r' => Some((b'\r', 1)),
        b't' => Some((b'\t', 1)),
        escaped @ (b'\\' | b'"' | b'\'') => Some((*escaped, 1)),
        _ => None,
    });
}

/// The fields that tell an event's time.
#[derive(Default)]
struct Times<'a> {
    /// Fortinet: since 1970, so without any doubt about the zone.
    eventtime: &'a [u8],
    date: &'a [u8],
    time: &'a [u8],
    zone: &'a [u8],
    timestamp: &'a [u8],
}

impl<'a> Times<'a> {
    fn note(&mut self, key: &[u8], value: &'a [u8]) {
        let slot = match key {
            b"eventtime" => &mut self.eventtime,
            b"date" => &mut self.date,
            b"time" => &mut self.time,
            b"tz" => &mut self.zone,
            b"ts" | b"timestamp" | b"@timestamp" | b"Timestamp" => &mut self.timestamp,
            _ => return,
        };
        if slot.is_empty() {
            *slot = value;
        }
    }

    fn best(&self, near: Timestamp) -> Timestamp {
        let read = |text: &[u8]| match text {
            b"" => None,
            text => device_time::read(text, near),
        };
        read(self.eventtime)
            .or_else(|| self.of_date_and_time(near))
            .or_else(|| read(self.timestamp))
            .or_else(|| read(self.time))
            .unwrap_or_default()
    }

    fn of_date_and_time(&self, near: Timestamp) -> Option<Timestamp> {
        let parts = [self.date, b" ", self.time, b" ", self.zone];
        if self.date.is_empty() || self.time.is_empty() {
            return None;
        }
        // On the stack: no time is longer, and this is called once an event.
        let mut joined = [0; 64];
        let mut len = 0;
        for part in parts {
            joined.get_mut(len..len + part.len())?.copy_from_slice(part);
            len += part.len();
        }
        device_time::read(joined.get(..len)?, near)
    }
}
