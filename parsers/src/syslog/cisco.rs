//! Cisco's forms: sequence numbers, a host with a colon, clocks that say whether they are set,
//! and the mnemonic `%FACILITY-severity-MNEMONIC:` in place of a tag.
//!
//! ```text
//!  42: router1: 000456: *Mar  7 12:00:00.123 UTC: %SEC-6-IPACCESSLOGP: list 101 denied …
//!  2024 Mar  7 12:00:00 UTC: %ETHPORT-5-IF_UP: …
//!  %ASA-6-302013: Built inbound TCP connection …
//! ```

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while_m_n, take_while1};
use nom::character::complete::{char, one_of, satisfy};
use nom::combinator::{opt, recognize};
use nom::multi::fold_many_m_n;
use nom::sequence::{preceded, terminated};

use super::priority::Priority;
use super::rfc3164::stamp;
use super::{Header, year};
use crate::time::Timestamp;
use crate::time::text::{BsdTime, Parsed, bsd, no_match};

/// Everything up to the mnemonic is optional; the mnemonic is what tells Cisco's lines apart.
pub(super) fn header(text: &[u8], near: Timestamp) -> Option<Header<'_>> {
    // Cheap refusal: this is asked for each line behind its time and host.
    let may_be = matches!(text, [b'%' | b'*' | b'.' | b':' | b'0'..=b'9', ..])
        || (text.first().is_some_and(u8::is_ascii_alphabetic) && has_mnemonic(text));
    if !may_be {
        return None;
    }
    grammar(text, near).ok().map(|(_, header)| header)
}

/// Whether `: %` stands where a prefix of the usual length ends.
fn has_mnemonic(text: &[u8]) -> bool {
    const PREFIX_BYTES_MAX: usize = 96;
    let head = &text[..text.len().min(PREFIX_BYTES_MAX)];
    memchr::memchr_iter(b'%', head).any(|at| head[..at].ends_with(b": "))
}

fn grammar(input: &[u8], near: Timestamp) -> Parsed<'_, Header<'_>> {
    let (rest, _) = opt(preceded(char(':'), opt(char(' ')))).parse(input)?;
    let (rest, ()) = sequence_numbers(rest)?;
    let (rest, host) = opt(host).parse(rest)?;
    let (rest, ()) = sequence_numbers(rest)?;
    let (rest, time) = opt(|i| device_time(i, near)).parse(rest)?;
    let (message, (facility, severity, mnemonic)) = mnemonic(rest)?;
    let header = Header {
        priority: Priority::of_severity(severity),
        time: time.unwrap_or_default(),
        host: host.unwrap_or_default(),
        program: facility,
        message_id: mnemonic,
        message,
        ..Header::default()
    };
    Ok((b"", header))
}

/// `42: 000456: `
fn sequence_numbers(input: &[u8]) -> Parsed<'_, ()> {
    let digits = take_while_m_n(1, 12, |b: u8| b.is_ascii_digit());
    let number = (digits, char(':'), take_while1(|b| b == b' '));
    fold_many_m_n(0, 2, number, || (), |(), _| ()).parse(input)
}

/// `router1: `
fn host(input: &[u8]) -> Parsed<'_, &[u8]> {
    let name = take_while1(|b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    let first = satisfy(|c| c.is_ascii_alphanumeric());
    let (rest, host) = terminated(recognize((first, opt(name))), tag(": ")).parse(input)?;
    Ok((rest, host))
}

/// The device's own time: `*` in front says that its clock is not set, `.` that it was set once.
fn device_time(input: &[u8], near: Timestamp) -> Parsed<'_, Timestamp> {
    let (rest, _) = opt(one_of("*.")).parse(input)?;
    let year_first = |i| year_first(i, near);
    let plain = |i| stamp(i, near);
    let (rest, time) = alt((year_first, plain)).parse(rest)?;
    let zone = preceded(
        char(' '),
        take_while_m_n(1, 5, |b: u8| b.is_ascii_alphabetic()),
    );
    let (rest, _) = opt(zone).parse(rest)?;
    let (rest, _) = (opt(char(' ')), char(':'), opt(char(' '))).parse(rest)?;
    Ok((rest, time))
}

/// `2024 Mar  7 12:00:00`
fn year_first(input: &[u8], near: Timestamp) -> Parsed<'_, Timestamp> {
    let digits = take_while_m_n(4, 4, |b: u8| b.is_ascii_digit());
    let (rest, digits) = terminated(digits, char(' ')).parse(input)?;
    let year = digits.iter().fold(0, |n, d| n * 10 + i32::from(d - b'0'));
    let (rest, time) = bsd(rest)?;
    let time = BsdTime {
        year: Some(year),
        ..time
    };
    match year::nearest(time, near) {
        Some(time) => Ok((rest, time)),
        None => no_match(input),
    }
}

/// `%ASA-6-302013: `, also with parts between (`%FTD-session-6-302013: `): facility, severity,
/// mnemonic.
fn mnemonic(input: &[u8]) -> Parsed<'_, (&[u8], u8, &[u8])> {
    let part = |i| take_while1(|b: u8| b.is_ascii_alphanumeric() || b == b'_')(i);
    let (mut rest, facility) = preceded(char('%'), part).parse(input)?;
    // Facilities of IOS may have several parts: `%CRYPTO-IKE-4-…`.
    for _ in 0..4 {
        let (after, found) = preceded(char('-'), part).parse(rest)?;
        rest = after;
        if let [digit @ b'0'..=b'7'] = found {
            let (rest, mnemonic) = preceded(char('-'), part).parse(rest)?;
            let (rest, _) = (opt(char(' ')), char(':'), opt(char(' '))).parse(rest)?;
            return Ok((rest, (facility, digit - b'0', mnemonic)));
        }
    }
    no_match(input)
}
