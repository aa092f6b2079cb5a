//! One audit record: `[node=n ]type=T msg=audit(SECONDS.MILLIS:SERIAL): name=value …`.

use memchr::{memchr, memchr2, memmem, memrchr};
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{is_not, tag, take_while_m_n, take_while1};
use nom::character::complete::char;
use nom::combinator::{opt, recognize};
use nom::sequence::{delimited, preceded, terminated};

use super::names::type_name;
use crate::time::Timestamp;
use crate::time::text::{Parsed, no_match, parse_any};

/// What records of one event have in common: the stamp as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Id<'a>(pub(crate) &'a [u8]);

/// One record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) line: &'a [u8],
    pub(super) node: &'a [u8],
    pub(super) kind: &'a [u8],
    pub(super) id: Id<'a>,
    /// `name=value` pairs, see [`Pairs`].
    pub(super) pairs: &'a [u8],
}

impl Record<'_> {
    /// The time in the stamp.
    pub(super) fn time(&self) -> Timestamp {
        let end = memchr(b':', self.id.0).unwrap_or(self.id.0.len());
        parse_any(&self.id.0[..end]).unwrap_or_default()
    }

    /// The number that the kernel gave the event.
    pub(super) fn serial(&self) -> &[u8] {
        memchr(b':', self.id.0).map_or(b"", |at| &self.id.0[at + 1..])
    }
}

fn digits(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_while_m_n(1, 20, |b: u8| b.is_ascii_digit())(input)
}

fn node(input: &[u8]) -> Parsed<'_, &[u8]> {
    delimited(tag("node="), is_not(" "), char(' ')).parse(input)
}

fn stamp(input: &[u8]) -> Parsed<'_, Id<'_>> {
    let id = recognize((digits, char('.'), digits, char(':'), digits));
    let (rest, id) = delimited(tag("audit("), id, char(')')).parse(input)?;
    let (rest, _) = opt(char(':')).parse(rest)?;
    Ok((rest, Id(id)))
}

fn kind(input: &[u8]) -> Parsed<'_, &[u8]> {
    let name = take_while1(|b: u8| b.is_ascii_alphanumeric() || b == b'_');
    delimited(
        tag("type="),
        alt((delimited(tag("UNKNOWN["), digits, tag("]")), name)),
        char(' '),
    )
    .map(type_name)
    .parse(input)
}

/// A whole line.
pub(super) fn record(line: &[u8]) -> Parsed<'_, Record<'_>> {
    let (rest, node) = opt(node).parse(line)?;
    let (rest, kind) = kind(rest)?;
    let (pairs, id) = preceded(opt(tag("msg=")), stamp).parse(rest)?;
    let record = Record {
        line,
        node: node.unwrap_or_default(),
        kind,
        id,
        pairs,
    };
    Ok((b"", record))
}

/// A record as syslog carries it: like a line, perhaps behind `audit: ` (the kernel); or
/// `SYSCALL arch=…` without a stamp (journald).
pub(super) fn carried(text: &[u8]) -> Parsed<'_, Record<'_>> {
    let (text, _) = opt(tag("audit: ")).parse(text)?;
    if let Ok(found) = record(text) {
        return Ok(found);
    }
    let name = take_while1(|b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    let (pairs, kind) = terminated(name, char(' ')).parse(text)?;
    if !kind.first().is_some_and(u8::is_ascii_uppercase) || memchr(b'=', pairs).is_none() {
        return no_match(text);
    }
    let record = Record {
        line: text,
        node: b"",
        kind,
        id: Id(b""),
        pairs,
    };
    Ok((b"", record))
}

/// The id of a line, and whether its event needs no further record: cheap, for cutting blocks.
pub(crate) fn id_of_line(line: &[u8]) -> Option<(Id<'_>, bool)> {
    let (_, record) = record(line).ok()?;
    // The kernel writes the title last, and records from user space stand alone.
    let last = matches!(record.kind, b"EOE" | b"PROCTITLE")
        || memmem::find(record.pairs, b" msg='").is_some();
    Some((record.id, last))
}

/// How a value was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quoting {
    /// Without quotes: a number, a word, or text in hexadecimal.
    Bare,
    /// In double quotes: text as it is.
    Quoted,
}

/// Goes through `name=value` pairs. The pairs inside `msg='…'` are gone through like the others,
/// and the enriched ones behind 0x1d too.
#[derive(Clone, Debug)]
pub(super) struct Pairs<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], &'a [u8], Quoting);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let skipped = self.0.iter().take_while(|b| is_between(**b)).count();
            let text = &self.0[skipped..];
            let end = text.iter().position(|b| *b == b'=' || is_between(*b))?;
            if text[end] != b'=' {
                // A word without a value, such as the `avc:  denied  { read }` of SELinux.
                self.0 = &text[end..];
                continue;
            }
            let (name, behind) = (&text[..end], &text[end + 1..]);
            if let ([b'\'' | b'{', inner @ ..], false) = (behind, name.is_empty()) {
                self.0 = inner;
                continue;
            }
            let (value, rest, quoting) = match name {
                b"op" => operation(behind),
                _ => value(behind),
            };
            self.0 = rest;
            if !name.is_empty() {
                return Some((name, value, quoting));
            }
        }
    }
}

fn is_between(byte: u8) -> bool {
    matches!(byte, b' ' | b'\x1d' | b'\'' | b'{' | b'}' | b',' | b'\t')
}

/// The one value that has blanks without quotes: `op=adding user id=1001`. It ends before the
/// next name.
fn operation(text: &[u8]) -> (&[u8], &[u8], Quoting) {
    if text.first() == Some(&b'"') {
        return value(text);
    }
    let next = memchr(b'=', text).unwrap_or(text.len());
    let end = match memrchr(b' ', &text[..next]) {
        Some(blank) if next < text.len() => blank,
        _ => return value(text),
    };
    (&text[..end], &text[end..], Quoting::Bare)
}

fn value(text: &[u8]) -> (&[u8], &[u8], Quoting) {
    if let [b'"', inner @ ..] = text
        && let Some(end) = memchr(b'"', inner)
    {
        return (&inner[..end], &inner[end + 1..], Quoting::Quoted);
    }
    let end = memchr2(b' ', b'\x1d', text).unwrap_or(text.len());
    // Where the separator 0x1d got lost on the way, the enriched names stand right behind the
    // quote that closes `msg='…'`: `res=failed'UID="root"`.
    let end = match memchr(b'\'', &text[..end]) {
        Some(quote)
            if text[quote + 1..end]
                .first()
                .is_some_and(u8::is_ascii_uppercase) =>
        {
            quote
        }
        _ => end,
    };
    let word = &text[..end];
    // The quote that closes `msg='…'` and the brace of `SADDR={…}` stand against the last value.
    let word = word.strip_suffix(b"'").unwrap_or(word);
    (word, &text[end..], Quoting::Bare)
}
