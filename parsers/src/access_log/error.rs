//! Error logs.

use memchr::memmem;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{is_not, tag, take_while1};
use nom::character::complete::char;
use nom::combinator::opt;
use nom::sequence::{delimited, preceded, terminated};

use super::access::quoted;
use super::request;
use crate::event::ValueKind;
use crate::fields;
use crate::time::Timestamp;
use crate::time::text::{Parsed, asctime, iso};
use crate::writer::EventWriter;

/// One line; parts that are missing are empty.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ErrorLine<'a> {
    time: Timestamp,
    module: &'a [u8],
    severity: &'a [u8],
    pid: &'a [u8],
    client: &'a [u8],
    client_port: &'a [u8],
    request: &'a [u8],
    host: &'a [u8],
    message: &'a [u8],
}

/// A line of either server.
pub(super) fn entry(input: &[u8]) -> Parsed<'_, ErrorLine<'_>> {
    match input.first() {
        Some(b'[') => apache(input),
        _ => nginx(input),
    }
}

fn digits(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_while1(|b: u8| b.is_ascii_digit())(input)
}

/// `[Thu Jun 09 06:07:04.123456 2005] [core:error] [pid 1:tid 2] [client 192.0.2.1:5] text`. The
/// message is all behind the level, as those who keep such logs count it.
fn apache(input: &[u8]) -> Parsed<'_, ErrorLine<'_>> {
    let (rest, time) = delimited(char('['), alt((asctime, iso)), char(']')).parse(input)?;
    let (rest, level) = delimited(tag(" ["), is_not("] "), char(']')).parse(rest)?;
    let message = rest.strip_prefix(b" ").unwrap_or(rest);
    let (module, severity) = match memchr::memchr(b':', level) {
        Some(at) => (&level[..at], &level[at + 1..]),
        None => (&b""[..], level),
    };
    let (after, pid) = opt(delimited(
        tag("[pid "),
        digits,
        (opt(is_not("]")), tag("] ")),
    ))
    .parse(message)?;
    let before_client = alt((tag("[client "), tag("[remote ")));
    // Between the two a module may say more: `(13)Permission denied: [client …`.
    let from = memmem::find(after, b"[client ").unwrap_or(0);
    let client = delimited(before_client, is_not("] "), char(']'));
    let (_, client) = opt(client).parse(&after[from..])?;
    let (client, client_port) = address_and_port(client.unwrap_or_default());
    let line = ErrorLine {
        time,
        module,
        severity,
        pid: pid.unwrap_or_default(),
        client,
        client_port,
        message,
        ..ErrorLine::default()
    };
    Ok((b"", line))
}

/// `192.0.2.1:50000`, `2001:db8::1`, `[2001:db8::1]:50000`. An address of version 6 without
/// brackets has no port that could be told.
fn address_and_port(text: &[u8]) -> (&[u8], &[u8]) {
    if let Some(inner) = text.strip_prefix(b"[")
        && let Some(end) = memchr::memchr(b']', inner)
    {
        let port = inner[end + 1..].strip_prefix(b":").unwrap_or_default();
        return (&inner[..end], port);
    }
    let mut colons = memchr::memchr_iter(b':', text);
    match (colons.next(), colons.next()) {
        (Some(at), None) => (&text[..at], &text[at + 1..]),
        _ => (text, b""),
    }
}

/// `2024/01/02 03:04:05 [error] 123#0: *1 text, client: 192.0.2.1, server: x, request: "…"`
fn nginx(input: &[u8]) -> Parsed<'_, ErrorLine<'_>> {
    let (rest, time) = iso(input)?;
    let (rest, severity) = delimited(tag(" ["), is_not("] "), tag("] ")).parse(rest)?;
    let (rest, pid) = terminated(digits, (char('#'), digits, tag(": "))).parse(rest)?;
    let (message, _) = opt(delimited(char('*'), digits, char(' '))).parse(rest)?;
    let (client, client_port) = address_and_port(value_of(message, b", client: "));
    let line = ErrorLine {
        time,
        severity,
        pid,
        client,
        client_port,
        request: value_of(message, b", request: "),
        host: value_of(message, b", host: "),
        message,
        ..ErrorLine::default()
    };
    Ok((b"", line))
}

/// What stands behind `name` in the list at the end of the message: quoted, or up to a comma.
fn value_of<'a>(message: &'a [u8], name: &[u8]) -> &'a [u8] {
    let Some(at) = memmem::find(message, name) else {
        return b"";
    };
    let value = alt((quoted, is_not(",")));
    (preceded(tag(name), value).parse(&message[at..])).map_or(b"", |(_, value)| value)
}

impl ErrorLine<'_> {
    /// Adds the fields to the event under construction.
    pub(super) fn emit(&self, out: &mut EventWriter<'_>) {
        out.time(self.time);
        let parts = [
            (fields::SEVERITY, self.severity),
            (fields::PID, self.pid),
            (fields::SRC_IP, self.client),
            (fields::SRC_PORT, self.client_port),
            (fields::CS_HOST, self.host),
        ];
        for (field, value) in parts {
            if !value.is_empty() {
                out.text(field, value);
            }
        }
        if !self.module.is_empty() {
            out.named(b"module", ValueKind::Text, self.module);
        }
        request::emit(self.request, out);
        out.text(fields::MESSAGE, self.message);
    }
}
