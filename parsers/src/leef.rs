//! IBM Log Event Extended Format, versions 1 and 2 ("`QRadar` LEEF" guide).
//!
//! ```text
//!  [syslog header] LEEF:1.0|vendor|product|version|event id|key=value⇥key=value…
//!  [syslog header] LEEF:2.0|vendor|product|version|event id|delimiter|key=value^key=value…
//! ```
//!
//! The delimiter of version 2 is a character or its code in hexadecimal (`x5E`, `0x5E`); empty
//! or left out it is a tab, as in version 1. There are no escapes.

use memchr::{memchr, memmem};
use nom::bytes::complete::{tag_no_case, take_while_m_n};
use nom::character::complete::char;
use nom::combinator::{map_opt, rest};
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

use crate::cef;
use crate::device_time;
use crate::event::{EventKind, ValueKind};
use crate::fields;
use crate::marked::{self, Marked, Parts};
use crate::time::Timestamp;
use crate::writer::EventWriter;

const MARKER: &[u8] = b"LEEF:";

/// How its lines and bodies are read.
pub(crate) const LEEF: Marked = Marked {
    kind: EventKind::Leef,
    split: split_at_marker,
    event,
};

/// What stands before `LEEF:<version>|`, and the text from the version on.
pub(crate) fn split_at_marker(line: &[u8]) -> Option<Parts<'_>> {
    marked::split_at_version(line, MARKER)
}

/// Adds everything; `None` where it is no LEEF.
fn event(text: &[u8], near: Timestamp, out: &mut EventWriter<'_>) -> Option<()> {
    let (attributes, [version, vendor, product, product_version, event_id]) = header(text).ok()?;
    out.text(fields::LEEF_VERSION, version);
    out.text(fields::LEEF_VENDOR, vendor);
    out.text(fields::LEEF_PRODUCT, product);
    out.text(fields::LEEF_PRODUCT_VERSION, product_version);
    out.text(fields::LEEF_EVENT_ID, event_id);
    out.text(fields::EVENT_ID, event_id);
    let (attributes, delimiter) = if version.starts_with(b"2") {
        delimiter(attributes).unwrap_or((attributes, b'\t'))
    } else {
        (attributes, b'\t')
    };
    let (mut dev_time, mut dev_time_format) = (&b""[..], &b""[..]);
    let mut add = |key: &[u8], value| {
        out.named(key, ValueKind::Text, value);
        match key {
            b"devTime" => dev_time = value,
            b"devTimeFormat" => dev_time_format = value,
            _ => {}
        }
    };
    if delimiter == b'\t' && memchr(b'\t', attributes).is_none() {
        // A relay turned the tabs into blanks or into `#011` (rsyslog's default).
        if memmem::find(attributes, b"#011").is_some() {
            Attributes::of(attributes, b"#011").for_each(|(key, value)| add(key, value));
        } else {
            cef::Pairs::of(attributes).for_each(|(key, value)| add(key, value));
        }
    } else {
        Attributes::of(attributes, &[delimiter]).for_each(|(key, value)| add(key, value));
    }
    let time = event_time(dev_time, dev_time_format, near).unwrap_or_default();
    out.own_time(time);
    Some(())
}

fn event_time(text: &[u8], format: &[u8], near: Timestamp) -> Option<Timestamp> {
    if text.is_empty() {
        return None;
    }
    let by_format = if format.is_empty() {
        None
    } else {
        device_time::read_as(format, text, near)
    };
    by_format.or_else(|| device_time::read(text, near))
}

fn header(text: &[u8]) -> IResult<&[u8], [&[u8]; 5]> {
    let (text, version) = header_part(text)?;
    let (text, vendor) = header_part(text)?;
    let (text, product) = header_part(text)?;
    let (text, product_version) = header_part(text)?;
    // Without attributes the last bar may be missing.
    let (text, event_id) = header_part(text).or_else(|_| rest(text))?;
    Ok((text, [version, vendor, product, product_version, event_id]))
}

fn header_part(text: &[u8]) -> IResult<&[u8], &[u8]> {
    let part = nom::bytes::complete::take_till(|b| b == b'|');
    terminated(part, char('|'))
        .parse(text)
        .map(|(rest, p)| (rest, p.trim_ascii()))
}

/// The delimiter's own part of a version 2 header, and the attributes behind it. No such part
/// where what stands before the next bar is neither a character nor a code.
fn delimiter(text: &[u8]) -> IResult<&[u8], u8> {
    map_opt(header_part_untrimmed, |part| match part {
        b"" => Some(b'\t'),
        [character] => Some(*character),
        code => hexadecimal(code).ok().map(|(_, byte)| byte),
    })
    .parse(text)
}

fn header_part_untrimmed(text: &[u8]) -> IResult<&[u8], &[u8]> {
    // A delimiter `|` makes an empty part and another bar.
    if let [b'|', b'|', rest @ ..] = text {
        return Ok((rest, b"|"));
    }
    terminated(nom::bytes::complete::take_till(|b| b == b'|'), char('|')).parse(text)
}

fn hexadecimal(text: &[u8]) -> IResult<&[u8], u8> {
    let prefix = tag_no_case(&b"x"[..]).or(tag_no_case(&b"0x"[..]));
    let digits = take_while_m_n(1, 4, |b: u8| b.is_ascii_hexdigit());
    nom::combinator::all_consuming(map_opt(preceded(prefix, digits), |digits| {
        let text = str::from_utf8(digits).ok()?;
        u8::try_from(u16::from_str_radix(text, 16).ok()?).ok()
    }))
    .parse(text)
}

/// `key=value` pairs between delimiters. A delimiter that no `key=` follows belongs to a value.
struct Attributes<'a, 'd> {
    rest: &'a [u8],
    delimiter: &'d [u8],
}

impl<'a, 'd> Attributes<'a, 'd> {
    fn of(text: &'a [u8], delimiter: &'d [u8]) -> Self {
        Self {
            rest: text.trim_ascii_end(),
            delimiter,
        }
    }

    /// The key at the beginning of `text`, if a pair begins there.
    fn key<'t>(&self, text: &'t [u8]) -> Option<(&'t [u8], &'t [u8])> {
        const KEY_BYTES_MAX: usize = 256;
        let head = text.get(..KEY_BYTES_MAX).unwrap_or(text);
        let equals = memchr(b'=', head)?;
        let key = text.get(..equals)?.trim_ascii();
        let plausible = !key.is_empty()
            && memmem::find(key, self.delimiter).is_none()
            && key.iter().all(|b| *b >= b' ' && *b != b'"');
        plausible.then_some((key, text.get(equals + 1..)?))
    }

    fn value_end(&self, text: &[u8]) -> usize {
        memmem::find_iter(text, self.delimiter)
            .find(|at| {
                let next = text.get(at + self.delimiter.len()..).unwrap_or_default();
                next.is_empty() || self.key(next).is_some()
            })
            .unwrap_or(text.len())
    }
}

impl<'a> Iterator for Attributes<'a, '_> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((key, text)) = self.key(self.rest) {
                let (value, rest) = text.split_at(self.value_end(text));
                self.rest = rest.strip_prefix(self.delimiter).unwrap_or_default();
                return Some((key, value));
            }
            let at = memmem::find(self.rest, self.delimiter)?;
            self.rest = self.rest.get(at + self.delimiter.len()..)?;
        }
    }
}
