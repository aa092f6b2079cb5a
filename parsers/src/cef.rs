//! `ArcSight` Common Event Format (Micro Focus, "Implementing CEF", version 25).
//!
//! ```text
//!  [syslog header] CEF:0|vendor|product|version|class id|name|severity|key=value key=value …
//! ```
//!
//! In the header `\|` and `\\` are escapes, in values `\=`, `\\`, `\n` and `\r`; any other
//! backslash stands for itself, as the paths of careless devices need it. Values are not quoted:
//! one reaches to the blank before the next `key=`, so blanks and `=` may stand in it.

use memchr::{memchr, memchr2};
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::char;
use nom::combinator::{opt, verify};
use nom::error::{Error, ErrorKind};
use nom::sequence::terminated;
use nom::{IResult, Parser};

use crate::backslash;
use crate::device_time;
use crate::event::{EventKind, FieldId, ValueKind};
use crate::fields;
use crate::marked::{self, Marked, Parts};
use crate::time::Timestamp;
use crate::writer::EventWriter;

const MARKER: &[u8] = b"CEF:";

/// How its lines and bodies are read.
pub(crate) const CEF: Marked = Marked {
    kind: EventKind::Cef,
    split: split_at_marker,
    event,
};

/// What stands before `CEF:<version>|`, and the text from the version on.
pub(crate) fn split_at_marker(line: &[u8]) -> Option<Parts<'_>> {
    marked::split_at_version(line, MARKER)
}

/// The parts of the header, still with their escapes.
struct Header<'a> {
    parts: [&'a [u8]; 7],
}

/// The fields that a part of the header becomes: under its full name and under CEF's own.
const HEADER_FIELDS: [(FieldId, Option<FieldId>); 7] = [
    (fields::CEF_VERSION, None),
    (fields::CEF_DEVICE_VENDOR, Some(fields::DEVICE_VENDOR)),
    (fields::CEF_DEVICE_PRODUCT, Some(fields::DEVICE_PRODUCT)),
    (fields::CEF_DEVICE_VERSION, Some(fields::DEVICE_VERSION)),
    (
        fields::CEF_DEVICE_EVENT_CLASS_ID,
        Some(fields::DEVICE_EVENT_CLASS_ID),
    ),
    (fields::CEF_NAME, Some(fields::NAME)),
    (fields::CEF_SEVERITY, Some(fields::SEVERITY)),
];

/// Adds everything; `None` where it is no CEF.
fn event(text: &[u8], near: Timestamp, out: &mut EventWriter<'_>) -> Option<()> {
    let (extension, header) = header(text).ok()?;
    for (part, (field, short)) in header.parts.into_iter().zip(HEADER_FIELDS) {
        header_field(field, part, out);
        if let Some(short) = short {
            header_field(short, part, out);
        }
    }
    let mut times = Times::default();
    let mut labelled = Labelled::default();
    for (key, value) in Pairs::of(extension) {
        value_field(key, value, out);
        times.note(key, value);
        labelled.note(key, value);
    }
    labelled.add_to(out);
    let time = times.best(near);
    out.own_time(time);
    Some(())
}

fn header(text: &[u8]) -> IResult<&[u8], Header<'_>> {
    let mut parts = [&b""[..]; 7];
    let mut rest = text;
    for (index, part) in parts.iter_mut().enumerate() {
        let (after, text) = header_part(rest);
        // Devices without an extension often leave out the last bar as well.
        let (after, bar) = opt(char('|')).parse(after)?;
        if bar.is_none() && index < 6 {
            return Err(nom::Err::Error(Error::new(after, ErrorKind::Char)));
        }
        (*part, rest) = (text, after);
    }
    Ok((rest, Header { parts }))
}

/// Up to a bar that no backslash precedes.
fn header_part(text: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| memchr2(b'|', b'\\', rest)) {
        at += found;
        if text.get(at) == Some(&b'|') {
            break;
        }
        at += 2;
    }
    let end = match text.get(at..) {
        Some(rest) if rest.first() == Some(&b'|') => at,
        _ => text.len(),
    };
    let (part, rest) = text.split_at(end);
    (rest, part)
}

fn header_field(field: FieldId, part: &[u8], out: &mut EventWriter<'_>) {
    let part = part.trim_ascii();
    if memchr(b'\\', part).is_none() {
        out.text(field, part);
    } else {
        out.text_decoded(field, |to| unescape(part, to));
    }
}

fn value_field(key: &[u8], value: &[u8], out: &mut EventWriter<'_>) {
    if memchr(b'\\', value).is_none() {
        out.named(key, ValueKind::Text, value);
    } else {
        out.named_decoded(key, |to| unescape(value, to));
    }
}

fn unescape(text: &[u8], to: &mut Vec<u8>) {
    backslash::undo(text, to, |behind| match behind.first()? {
        b'n' => Some((b'\n', 1)),
        b'r' => Some((b'\r', 1)),
        escaped @ (b'\\' | b'=' | b'|') => Some((*escaped, 1)),
        _ => None,
    });
}

/// The `key=value` pairs of an extension, values still with their escapes.
pub(crate) struct Pairs<'a> {
    rest: &'a [u8],
}

impl<'a> Pairs<'a> {
    pub(crate) fn of(text: &'a [u8]) -> Self {
        Self { rest: text }
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.rest = self.rest.trim_ascii_start();
            if let Ok((text, key)) = key(self.rest) {
                let (value, rest) = text.split_at(value_end(text));
                self.rest = rest;
                return Some((key, value.trim_ascii_end()));
            }
            // Not a pair: a stray word before the first one. The raw event still has it.
            let blank = memchr2(b' ', b'\t', self.rest)?;
            self.rest = self.rest.get(blank..)?;
        }
    }
}

fn key(text: &[u8]) -> IResult<&[u8], &[u8]> {
    let name = verify(take_while1(is_key_byte), |k: &[u8]| !k[0].is_ascii_digit());
    terminated(name, tag(&b"="[..])).parse(text)
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'[' | b']' | b'@')
}

/// Where the value at the beginning of `text` ends: at the blank before the next `key=`.
fn value_end(text: &[u8]) -> usize {
    for equals in memchr::memchr_iter(b'=', text) {
        let before = text.get(..equals).unwrap_or_default();
        let key_len = before.iter().rev().take_while(|b| is_key_byte(**b)).count();
        let (value, name) = before.split_at(before.len() - key_len);
        let starts_a_pair = matches!(value.last(), Some(b' ' | b'\t'))
            && name.first().is_some_and(|b| !b.is_ascii_digit());
        if starts_a_pair {
            return value.len();
        }
    }
    text.len()
}

/// The times of an extension: when it was received, when it ended, when it began. The first of
/// these that is given and can be read is the event's.
#[derive(Default)]
struct Times<'a> {
    received: &'a [u8],
    end: &'a [u8],
    start: &'a [u8],
}

impl<'a> Times<'a> {
    fn note(&mut self, key: &[u8], value: &'a [u8]) {
        match key {
            b"rt" | b"deviceReceiptTime" => self.received = value,
            b"end" | b"endTime" => self.end = value,
            b"start" | b"startTime" => self.start = value,
            _ => {}
        }
    }

    fn best(&self, near: Timestamp) -> Timestamp {
        [self.received, self.end, self.start]
            .into_iter()
            .filter(|text| !text.is_empty())
            .find_map(|text| device_time::read(text, near))
            .unwrap_or_default()
    }
}

const CUSTOM: [&[u8]; 25] = [
    b"cs1",
    b"cs2",
    b"cs3",
    b"cs4",
    b"cs5",
    b"cs6",
    b"cn1",
    b"cn2",
    b"cn3",
    b"cfp1",
    b"cfp2",
    b"cfp3",
    b"cfp4",
    b"c6a1",
    b"c6a2",
    b"c6a3",
    b"c6a4",
    b"deviceCustomDate1",
    b"deviceCustomDate2",
    b"flexString1",
    b"flexString2",
    b"flexNumber1",
    b"flexNumber2",
    b"flexDate1",
    b"flexDate2",
];

/// Custom fields, whose names are values of other fields: `cs1=x cs1Label=Policy`.
#[derive(Default)]
struct Labelled<'a> {
    values: [Option<&'a [u8]>; CUSTOM.len()],
    labels: [Option<&'a [u8]>; CUSTOM.len()],
    any: bool,
}

impl<'a> Labelled<'a> {
    #[inline]
    fn note(&mut self, key: &[u8], value: &'a [u8]) {
        // All names begin so, hardly any other key does.
        if !matches!(
            key,
            [b'c', b's' | b'n' | b'f' | b'6', ..] | [b'd', b'e', ..] | [b'f', b'l', ..]
        ) {
            return;
        }
        let (name, is_label) = match key.strip_suffix(b"Label") {
            Some(name) => (name, true),
            None => (key, false),
        };
        let Some(index) = CUSTOM.iter().position(|n| *n == name) else {
            return;
        };
        let slots = if is_label {
            &mut self.labels
        } else {
            &mut self.values
        };
        slots[index] = Some(value);
        self.any |= is_label;
    }

    fn add_to(&self, out: &mut EventWriter<'_>) {
        if !self.any {
            return;
        }
        for (label, value) in self.labels.iter().zip(&self.values) {
            if let (Some(label @ [_, ..]), Some(value)) = (label, value) {
                value_field(label, value, out);
            }
        }
    }
}
