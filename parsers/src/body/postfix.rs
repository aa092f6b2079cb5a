//! The basics of Postfix: connections, SASL logins, rejections, and the way of a mail.

use memchr::{memchr, memmem};
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{is_not, tag, take_while_m_n};
use nom::combinator::{opt, value};
use nom::sequence::{preceded, terminated};

use super::facts::{Facts, Outcome};
use super::peer::bracketed;
use crate::event::ValueKind;
use crate::time::text::{Parsed, no_match};
use crate::writer::EventWriter;

/// Adds the fields of a message of Postfix; whether it understood.
pub(super) fn body(text: &[u8], out: &mut EventWriter<'_>) -> bool {
    let text = text.trim_ascii();
    if let Ok((_, facts)) = alt((connection, sasl_failure)).parse(text) {
        facts.emit(out);
        return true;
    }
    let Ok((rest, queue_id)) = queue_id(text) else {
        return false;
    };
    out.named(b"queue_id", ValueKind::Text, queue_id);
    match rejection(rest) {
        Ok((pairs, facts)) => {
            facts.emit(out);
            emit_pairs(pairs, b" ", out);
        }
        Err(_) => delivery(rest, out),
    }
    true
}

/// `connect from host[192.0.2.1]`
fn connection(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let mut action = alt((
        value("connection_opened", tag("connect from ")),
        value("connection_closed", tag("disconnect from ")),
        value(
            "connection_lost",
            (tag("lost connection after "), is_not(" "), tag(" from ")),
        ),
    ));
    let (rest, action) = action.parse(input)?;
    let (rest, peer) = bracketed(rest)?;
    Ok((rest, Facts::of(action).peer(peer)))
}

/// `warning: host[192.0.2.1]: SASL LOGIN authentication failed: …`
fn sasl_failure(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, peer) = preceded(tag("warning: "), bracketed).parse(input)?;
    let (rest, method) = preceded(tag(": SASL "), is_not(" ")).parse(rest)?;
    let (rest, _) = tag(" authentication failed")(rest)?;
    // Newer versions name the user at the end: `…: authentication failure, sasl_username=bob`.
    let user = memmem::find(rest, b"sasl_username=").map(|at| &rest[at + 14..]);
    let facts = Facts {
        user,
        method: Some(method),
        ..Facts::failure("login").peer(peer)
    };
    Ok((b"", facts.reason(rest.strip_prefix(b": ").unwrap_or(rest))))
}

/// `4F2A91C03B: ` or `NOQUEUE: `. Ids are of capital hexadecimal digits, long ones of letters
/// and digits.
fn queue_id(input: &[u8]) -> Parsed<'_, &[u8]> {
    let id = take_while_m_n(5, 20, |b: u8| b.is_ascii_alphanumeric());
    terminated(id, tag(": ")).parse(input)
}

/// `reject: RCPT from host[192.0.2.1]: 554 5.7.1 …; from=<a> to=<b> proto=ESMTP helo=<c>`
fn rejection(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, _) = (tag("reject: "), is_not(" "), tag(" from ")).parse(input)?;
    let (rest, peer) = bracketed(rest)?;
    let (rest, _) = opt(tag(": ")).parse(rest)?;
    let Some(end) = memmem::rfind(rest, b"; from=") else {
        return no_match(input);
    };
    let facts = Facts::failure("reject").peer(peer).reason(&rest[..end]);
    Ok((&rest[end + 2..], facts))
}

/// `from=<a>, size=1, …`, `to=<b>, relay=…, status=sent (250 ok)`, `client=host[192.0.2.1], …`
fn delivery(input: &[u8], out: &mut EventWriter<'_>) {
    if let Ok((_, peer)) = preceded(tag("client="), bracketed).parse(input) {
        let user = memmem::find(input, b"sasl_username=").map(|at| &input[at + 14..]);
        let facts = Facts {
            user,
            outcome: user.map(|_| Outcome::Success),
            ..Facts::of("mail_accepted").peer(peer)
        };
        facts.emit(out);
    }
    emit_pairs(input, b", ", out);
}

/// `name=value` pairs; angle brackets around addresses do not belong to them.
fn emit_pairs(pairs: &[u8], separator: &[u8], out: &mut EventWriter<'_>) {
    let mut rest = pairs;
    while let Some(at) = memchr(b'=', rest) {
        let (name, behind) = (&rest[..at], &rest[at + 1..]);
        // The status is followed by the other side's words, which may hold anything.
        let end = match name {
            b"status" => memchr(b' ', behind),
            _ => memmem::find(behind, separator),
        };
        let end = end.unwrap_or(behind.len());
        let value = &behind[..end];
        let plain = (value.strip_prefix(b"<").and_then(|v| v.strip_suffix(b">"))).unwrap_or(value);
        out.named(name, ValueKind::Text, plain);
        if name == b"status" {
            return;
        }
        rest = behind.get(end + separator.len()..).unwrap_or_default();
    }
}
