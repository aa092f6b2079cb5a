//! The common log format, the combined one, and both with the virtual host in front.

use memchr::{memchr, memchr_iter, memchr2};
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::char;
use nom::combinator::opt;
use nom::sequence::{delimited, preceded};

use super::request;
use crate::backslash;
use crate::event::{FieldId, ValueKind};
use crate::fields;
use crate::time::Timestamp;
use crate::time::text::{Parsed, common_log, iso, no_match};
use crate::writer::EventWriter;

/// One line. `-` is kept as written; [`Access::emit`] leaves it out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Access<'a> {
    virtual_host: &'a [u8],
    client: &'a [u8],
    user: &'a [u8],
    time: Timestamp,
    request: &'a [u8],
    status: &'a [u8],
    bytes: &'a [u8],
    referer: Option<&'a [u8]>,
    agent: Option<&'a [u8]>,
    more: &'a [u8],
}

/// The whole line.
pub(super) fn entry(input: &[u8]) -> Parsed<'_, Access<'_>> {
    let (rest, (who, time)) = who_and_time(input)?;
    let (virtual_host, client, user) = who;
    let (rest, request) = preceded(char(' '), quoted).parse(rest)?;
    let (rest, status) = preceded(char(' '), number).parse(rest)?;
    let (rest, bytes) = opt(preceded(char(' '), number)).parse(rest)?;
    let (rest, referer) = opt(preceded(char(' '), quoted)).parse(rest)?;
    let (rest, agent) = opt(preceded(char(' '), quoted)).parse(rest)?;
    let access = Access {
        virtual_host,
        client,
        user,
        time,
        request,
        status,
        bytes: bytes.unwrap_or(b"-"),
        referer,
        agent,
        more: rest.trim_ascii(),
    };
    Ok((b"", access))
}

type Who<'a> = (&'a [u8], &'a [u8], &'a [u8]);

/// Everything up to the time. Names of users may hold blanks and brackets, so the time is
/// looked for behind each ` [` in turn.
fn who_and_time(input: &[u8]) -> Parsed<'_, (Who<'_>, Timestamp)> {
    for at in memchr_iter(b'[', input) {
        let before = &input[..at];
        let Some(before) = before.strip_suffix(b" ") else {
            continue;
        };
        if let Ok((rest, time)) =
            delimited(char('['), alt((common_log, iso)), char(']')).parse(&input[at..])
        {
            return match who(before) {
                Some(who) => Ok((rest, (who, time))),
                None => no_match(input),
            };
        }
    }
    no_match(input)
}

/// `[vhost ]client ident user`
fn who(text: &[u8]) -> Option<Who<'_>> {
    let (first, rest) = word(text)?;
    // Behind proxies all addresses of the way are given, the client's first.
    if let Some((client, rest)) = forwarded(text) {
        let (_, user) = word(rest)?;
        return Some((b"", client, user));
    }
    // A fourth word may be a virtual host in front or a part of the user's name. The client is
    // an address as a rule, so whichever of the first two words looks like one decides.
    if !is_address(first)
        && let Some((second, rest)) = word(rest)
        && is_address(second)
        && let Some((_, user)) = word(rest)
    {
        return Some((first, second, user));
    }
    let (_, user) = word(rest)?;
    Some((b"", first, user))
}

/// `192.0.2.1, 192.0.2.2 `: the first address, and what follows the last.
fn forwarded(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, mut rest) = word(text)?;
    let client = first.strip_suffix(b",").filter(|c| is_address(c))?;
    loop {
        let (next, after) = word(rest)?;
        rest = after;
        if !next.ends_with(b",") {
            return Some((client, rest));
        }
    }
}

fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr(b' ', text)?;
    (end > 0).then(|| (&text[..end], &text[end + 1..]))
}

fn is_address(word: &[u8]) -> bool {
    let digits_and = |extra: u8| word.iter().all(|b| b.is_ascii_digit() || *b == extra);
    let colons = memchr_iter(b':', word).count();
    (digits_and(b'.') && word.contains(&b'.'))
        || (colons > 1 && (word.iter()).all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.')))
}

/// Digits or `-`.
fn number(input: &[u8]) -> Parsed<'_, &[u8]> {
    let (rest, number) = alt((tag("-"), take_while1(|b: u8| b.is_ascii_digit()))).parse(input)?;
    match rest {
        [] | [b' ' | b'\t', ..] => Ok((rest, number)),
        _ => no_match(input),
    }
}

/// A value in quotes, still with its escapes. Some writers leave quotes inside unescaped; a
/// quote ends the value only where a blank or nothing follows.
pub(super) fn quoted(input: &[u8]) -> Parsed<'_, &[u8]> {
    let (rest, _) = char('"')(input)?;
    let mut from = 0;
    while let Some(found) = rest.get(from..).and_then(|r| memchr2(b'"', b'\\', r)) {
        let at = from + found;
        if rest[at] == b'\\' {
            from = at + 2;
            continue;
        }
        let after = &rest[at + 1..];
        if matches!(after, [] | [b' ' | b'\t' | b',', ..]) {
            return Ok((after, &rest[..at]));
        }
        from = at + 1;
    }
    no_match(input)
}

impl Access<'_> {
    /// Adds the fields to the event under construction.
    pub(super) fn emit(&self, out: &mut EventWriter<'_>) {
        out.time(self.time);
        text(fields::C_IP, self.client, out);
        escaped(fields::CS_USERNAME, self.user, out);
        let host = match memchr(b':', self.virtual_host) {
            Some(end) => &self.virtual_host[..end],
            None => self.virtual_host,
        };
        text(fields::CS_HOST, host, out);
        request::emit(self.request, out);
        number_field(fields::SC_STATUS, self.status, out);
        number_field(fields::SC_BYTES, self.bytes, out);
        escaped(fields::CS_REFERER, self.referer.unwrap_or_default(), out);
        let agent = self.agent.unwrap_or_default();
        escaped(fields::CS_USER_AGENT, agent, out);
        if out.projection().wants(fields::C_USER_AGENT) {
            escaped(fields::C_USER_AGENT, agent, out);
        }
        if !self.more.is_empty() {
            out.named(b"extra", ValueKind::Text, self.more);
        }
    }
}

fn is_given(value: &[u8]) -> bool {
    !value.is_empty() && value != b"-"
}

fn text(field: FieldId, value: &[u8], out: &mut EventWriter<'_>) {
    if is_given(value) {
        out.text(field, value);
    }
}

fn number_field(field: FieldId, value: &[u8], out: &mut EventWriter<'_>) {
    if is_given(value) {
        out.push(field, ValueKind::Number, value);
    }
}

/// A value that may hold escapes.
pub(super) fn escaped(field: FieldId, value: &[u8], out: &mut EventWriter<'_>) {
    if !is_given(value) {
        return;
    }
    if value.contains(&b'\\') {
        out.text_decoded(field, |to| unescape(value, to));
    } else {
        out.text(field, value);
    }
}

/// Undoes what Apache (`\"`, `\\`, `\n`, `\xhh`) and nginx (`\xHH`) write.
pub(super) fn unescape(value: &[u8], to: &mut Vec<u8>) {
    let digit = |b: u8| (b as char).to_digit(16).map(|d| d as u8);
    backslash::undo(value, to, |behind| match behind {
        [b'x', high, low, ..] => Some((digit(*high)? << 4 | digit(*low)?, 3)),
        [b'n', ..] => Some((b'\n', 1)),
        [b'r', ..] => Some((b'\r', 1)),
        [b't', ..] => Some((b'\t', 1)),
        [escaped @ (b'"' | b'\\'), ..] => Some((*escaped, 1)),
        _ => None,
    });
}
