//! Windows events as Snare agents, `NXLog` and others write them: one line, parts divided by tabs.
//!
//! ```text
//!  [syslog header] [host⇥]MSWinEventLog⇥criticality⇥channel⇥counter⇥time⇥event id⇥provider⇥user⇥
//!  type of user⇥type of event⇥computer⇥category⇥data⇥message⇥counter
//! ```
//!
//! The message has its line ends and tabs turned into blanks. Two or more of them divide its
//! `Key: Value` pairs, which become fields under their names (`New Process Name`) and under
//! these without blanks (`NewProcessName`), as the event's own fields are called.

use memchr::memmem;
use nom::bytes::complete::{tag, take_while1};
use nom::combinator::{all_consuming, eof};
use nom::{IResult, Parser};

use crate::device_time;
use crate::event::{EventKind, ValueKind};
use crate::fields;
use crate::marked::{Marked, Parts};
use crate::time::Timestamp;
use crate::writer::EventWriter;

/// What every such line contains.
pub(crate) const MARKER: &[u8] = b"MSWinEventLog";

/// rsyslog writes control characters as `#` and three octal digits.
const DIVIDERS: [&[u8]; 2] = [b"\t", b"#011"];

/// How its lines and bodies are read.
pub(crate) const SNARE: Marked = Marked {
    kind: EventKind::Windows,
    split: split_at_marker,
    event,
};

/// What stands before the marker, and the text behind it.
fn split_at_marker(line: &[u8]) -> Option<Parts<'_>> {
    let at = memmem::find(line, MARKER)?;
    Some((line.get(..at)?, line.get(at + MARKER.len()..)?))
}

/// The parts up to the message.
struct Record<'a> {
    channel: &'a [u8],
    time: &'a [u8],
    event_id: &'a [u8],
    provider: &'a [u8],
    user: &'a [u8],
    event_type: &'a [u8],
    computer: &'a [u8],
    category: &'a [u8],
    data: &'a [u8],
    message: &'a [u8],
}

/// Adds everything; `None` where parts are missing.
fn event(text: &[u8], near: Timestamp, out: &mut EventWriter<'_>) -> Option<()> {
    let divider = DIVIDERS.into_iter().find(|d| text.starts_with(d))?;
    let (_, record) = record(divider, text).ok()?;
    out.text(fields::CHANNEL, record.channel);
    out.text(fields::EVENT_ID, record.event_id);
    out.text(fields::PROVIDER_NAME, record.provider);
    for (field, value) in [
        (fields::SIGMA_USER, record.user),
        (fields::COMPUTER, record.computer),
        (fields::DATA, record.data),
    ] {
        if !matches!(value, b"" | b"N/A") {
            out.text(field, value);
        }
    }
    out.named(b"EventType", ValueKind::Text, record.event_type);
    out.named(b"Category", ValueKind::Text, record.category);
    out.text(fields::MESSAGE_RENDERED, record.message);
    message_pairs(record.message, out);
    let time = device_time::read(record.time, near).unwrap_or_default();
    out.own_time(time);
    Some(())
}

fn record<'a>(divider: &[u8], text: &'a [u8]) -> IResult<&'a [u8], Record<'a>> {
    let part = |text: &'a [u8]| -> IResult<&'a [u8], &'a [u8]> {
        let (text, _) = tag(divider).parse(text)?;
        let end = memmem::find(text, divider).unwrap_or(text.len());
        let (part, rest) = text.split_at(end);
        Ok((rest, part.trim_ascii()))
    };
    let (text, _criticality) = part(text)?;
    let (text, channel) = part(text)?;
    let (text, _counter) = part(text)?;
    let (text, time) = part(text)?;
    let (text, event_id) = part(text)?;
    // The rest is useless without a number here: a line of something else.
    all_consuming(take_while1(|b: u8| b.is_ascii_digit())).parse(event_id)?;
    let (text, provider) = part(text)?;
    let (text, user) = part(text)?;
    let (text, _user_type) = part(text)?;
    let (text, event_type) = part(text)?;
    let (text, computer) = part(text)?;
    let (text, category) = part(text)?;
    let (text, data) = part(text)?;
    let (text, message) = message(divider, text);
    let (text, _) = eof(text)?;
    let record = Record {
        channel,
        time,
        event_id,
        provider,
        user,
        event_type,
        computer,
        category,
        data,
        message,
    };
    Ok((text, record))
}

/// The message, which may hold tabs itself, without the counter or checksum behind it.
fn message<'a>(divider: &[u8], text: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    let text = text.strip_prefix(divider).unwrap_or(text);
    let end = match memmem::rfind(text, divider) {
        Some(at) => {
            let last = text.get(at + divider.len()..).unwrap_or_default();
            let is_counter = !last.is_empty() && last.iter().all(u8::is_ascii_hexdigit);
            if is_counter || last.is_empty() {
                at
            } else {
                text.len()
            }
        }
        None => text.len(),
    };
    let message = text.get(..end).unwrap_or(text);
    (&[], message.trim_ascii())
}

fn message_pairs(message: &[u8], out: &mut EventWriter<'_>) {
    let mut tokens = Tokens { rest: message };
    // A message of one piece is prose; a colon in it divides nothing.
    let mut key = None;
    if tokens
        .next()
        .is_none_or(|first| first.len() == message.len())
    {
        return;
    }
    for token in tokens {
        if let Some(name) = token.strip_suffix(b":") {
            key = is_name(name).then_some(name);
        } else if let Some(name) = key.take() {
            pair(name, token, out);
        } else if let Some(at) = memmem::find(token, b": ") {
            let (name, value) = token.split_at(at);
            if is_name(name) {
                pair(name, value.get(2..).unwrap_or_default(), out);
            }
        }
    }
}

const NAME_BYTES_MAX: usize = 64;

fn is_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && name
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b" _-/()".contains(b))
}

fn pair(name: &[u8], value: &[u8], out: &mut EventWriter<'_>) {
    out.named(name, ValueKind::Text, value);
    let mut closed_up = [0; NAME_BYTES_MAX];
    let mut len = 0;
    for (to, from) in closed_up
        .iter_mut()
        .zip(name.iter().filter(|b| **b != b' '))
    {
        *to = *from;
        len += 1;
    }
    if len < name.len()
        && let Some(name) = closed_up.get(..len)
    {
        out.named(name, ValueKind::Text, value);
    }
}

/// Pieces of a message between two or more blanks or any tab.
struct Tokens<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.rest.trim_ascii_start();
        if text.is_empty() {
            return None;
        }
        let is_end = |pair: &[u8]| {
            matches!(
                pair,
                [b' ', b' '] | [b'\t' | b'\r' | b'\n', _] | [_, b'\t' | b'\r' | b'\n']
            )
        };
        let end = text.windows(2).position(is_end).map_or(text.len(), |at| {
            // The second of the two may be the tab: then the first still belongs to the piece.
            if text.get(at).is_some_and(|b| b" \t\r\n".contains(b)) {
                at
            } else {
                at + 1
            }
        });
        let (token, rest) = text.split_at(end);
        self.rest = rest;
        Some(token)
    }
}
