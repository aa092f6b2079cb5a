//! Cisco's forms: sequence numbers, a host with a colon, clocks that say whether they are set,
//! and the mnemonic `%FACILITY-severity-MNEMONIC:` in place of a tag.
//!
//! ```text
//!  42: router1: 000456: *Mar  7 12:00:00.123 UTC: %SEC-6-IPACCESSLOGP: list 101 denied …
//!  2024 Mar  7 12:00:00 UTC: %ETHPORT-5-IF_UP: …
//!  2024 Mar  7 12:00:00 nexus1 %AUTHPRIV-3-SYSTEM_MSG: …
//!  47: RP/0/RSP0/CPU0:Mar  7 12:00:00.123 : config[123]: %MGBL-SYS-5-CONFIG_I : …
//!  48: 00:01:02: %SYS-5-RESTART: …
//!  %ASA-6-302013: Built inbound TCP connection …
//! ```

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while_m_n, take_while1};
use nom::character::complete::{char, one_of, satisfy};
use nom::combinator::{cond, opt, peek, recognize};
use nom::multi::fold_many_m_n;
use nom::sequence::{delimited, preceded, terminated};

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

/// Whether ` %` stands where a prefix of the usual length ends.
fn has_mnemonic(text: &[u8]) -> bool {
    const PREFIX_BYTES_MAX: usize = 96;
    let head = &text[..text.len().min(PREFIX_BYTES_MAX)];
    memchr::memchr_iter(b'%', head).any(|at| head[..at].ends_with(b" "))
}

fn grammar(input: &[u8], near: Timestamp) -> Parsed<'_, Header<'_>> {
    let (rest, _) = opt(preceded(char(':'), opt(char(' ')))).parse(input)?;
    let (rest, ()) = sequence_numbers(rest)?;
    let (rest, _) = opt(uptime).parse(rest)?;
    let (rest, before) = opt(alt((host, host_before_number))).parse(rest)?;
    let (rest, ()) = sequence_numbers(rest)?;
    let (rest, _) = opt(node).parse(rest)?;
    let (rest, time) = opt(|i| device_time(i, near)).parse(rest)?;
    // A host may follow the time, but nothing else stands where a line has no time at all.
    let (rest, behind) = cond(time.is_some(), opt(host_before_mnemonic)).parse(rest)?;
    let (rest, _) = opt(uptime).parse(rest)?;
    let (rest, pid) = opt(process).parse(rest)?;
    let (message, (facility, severity, mnemonic)) = mnemonic(rest)?;
    let header = Header {
        priority: Priority::of_severity(severity),
        time: time.unwrap_or_default(),
        host: before.or(behind.flatten()).unwrap_or_default(),
        program: facility,
        pid: pid.unwrap_or_default(),
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

/// `router1 44: `: some relays leave the colon behind the host out.
fn host_before_number(input: &[u8]) -> Parsed<'_, &[u8]> {
    let number = (take_while_m_n(1, 12, |b: u8| b.is_ascii_digit()), tag(": "));
    terminated(terminated(name, char(' ')), peek(number)).parse(input)
}

/// `nexus1 %AUTHPRIV-3-…`
fn host_before_mnemonic(input: &[u8]) -> Parsed<'_, &[u8]> {
    terminated(terminated(name, char(' ')), peek(char('%'))).parse(input)
}

fn name(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_while1(|b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))(input)
}

/// The time since the device started in place of one of day: `00:01:02: `, `1w2d: `.
fn uptime(input: &[u8]) -> Parsed<'_, &[u8]> {
    let since = take_while1(|b: u8| b.is_ascii_digit() || b":ydhw".contains(&b));
    let digit = peek(satisfy(|c| c.is_ascii_digit()));
    let (rest, since) = preceded(digit, since).parse(input)?;
    // The colon that ends it was taken with it.
    let (rest, _) = (char(' '), peek(char('%'))).parse(rest)?;
    if since.ends_with(b":") {
        Ok((rest, since))
    } else {
        no_match(input)
    }
}

/// The card of a router with several, as IOS XR names it: `RP/0/RSP0/CPU0:`.
fn node(input: &[u8]) -> Parsed<'_, &[u8]> {
    let (rest, node) = terminated(
        take_while1(|b: u8| b.is_ascii_alphanumeric() || b == b'/'),
        char(':'),
    )
    .parse(input)?;
    if node.contains(&b'/') {
        Ok((rest, node))
    } else {
        no_match(input)
    }
}

/// The process of IOS XR and its pid: `config[123]: `. What matters of it is the pid, since the
/// mnemonic names the program.
fn process(input: &[u8]) -> Parsed<'_, &[u8]> {
    let digits = take_while1(|b: u8| b.is_ascii_digit());
    preceded(name, delimited(char('['), digits, tag("]: "))).parse(input)
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
    let (rest, _) = opt(terminated(zone, peek(one_of(": ")))).parse(rest)?;
    let (rest, ()) = alt((
        (opt(char(' ')), char(':'), opt(char(' '))).map(|_| ()),
        char(' ').map(|_| ()),
    ))
    .parse(rest)?;
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
