//! OpenSSH's daemon.
//!
//! Users are named by whoever knocks, so their names may hold anything, ` from ` and ` port `
//! among it: addresses are found from the end of the line.

use memchr::memmem;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{is_not, tag};
use nom::combinator::{opt, rest as all};
use nom::sequence::{preceded, terminated};

use super::facts::Facts;
use super::pam;
use super::peer::{Peer, before_peer, bracketed, last_place, peer, user_and_peer};
use crate::time::text::{Parsed, no_match};
use crate::writer::EventWriter;

/// Adds the fields of a message of sshd; whether it understood.
pub(super) fn body(text: &[u8], out: &mut EventWriter<'_>) -> bool {
    let text = text.trim_ascii_end();
    let (text, before_login) = match text.strip_suffix(b" [preauth]") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let text = without_origin(text);
    if text.starts_with(b"PAM ") || text.starts_with(b"pam_") {
        return pam::body(b"sshd", text, out);
    }
    let Ok((_, facts)) = message(text) else {
        return false;
    };
    facts.emit(out);
    if before_login {
        out.named(b"stage", crate::event::ValueKind::Text, b"preauth");
    }
    true
}

/// Levels and names of functions that some messages begin with.
fn without_origin(text: &[u8]) -> &[u8] {
    if !matches!(text.first(), Some(b'e' | b'f' | b'b' | b's' | b'k')) {
        return text;
    }
    let origins: [&[u8]; 5] = [
        b"error: ",
        b"fatal: ",
        b"banner exchange: ",
        b"ssh_dispatch_run_fatal: ",
        b"kex_exchange_identification: ",
    ];
    origins.iter().fold(text, |text, origin| {
        text.strip_prefix(*origin).unwrap_or(text)
    })
}

/// All messages, told apart by their first letter.
fn message(text: &[u8]) -> Parsed<'_, Facts<'_>> {
    match text.first() {
        Some(b'F' | b'A' | b'P') => alt((login, address_maps, pam_refused)).parse(text),
        Some(b'I' | b'i' | b'U') => {
            alt((invalid_user, user_request, user_refused, no_agreement)).parse(text)
        }
        Some(b'C') => alt((connection_from, connection_ended, session_closed)).parse(text),
        Some(b'D') => alt((disconnected, disconnecting, no_identification)).parse(text),
        Some(b'R') => alt((received_disconnect, connection_reset_by, root_refused)).parse(text),
        Some(b'm') => too_many_attempts(text),
        Some(b'd' | b'b') => dropped(text),
        Some(b'r') => reverse_mapping(text),
        Some(b'S') => alt((session_started, listening)).parse(text),
        Some(b'B') => bad_protocol(text),
        Some(b'T') => timeout(text),
        Some(b'W') => write_failed(text),
        _ => no_match(text),
    }
}

/// `Failed password for invalid user X from 192.0.2.1 port 22 ssh2`
fn login(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let mut facts = alt((
        tag("Accepted ").map(|_| Facts::success("login")),
        tag("Failed ").map(|_| Facts::failure("login")),
        tag("Postponed ").map(|_| Facts::of("login_postponed")),
        tag("Partial ").map(|_| Facts::of("login_partial")),
    ));
    let (rest, facts) = facts.parse(input)?;
    let (rest, method) = terminated(is_not(" "), tag(" for ")).parse(rest)?;
    let (rest, invalid) = opt(invalid_mark).parse(rest)?;
    let (rest, (user, peer)) = before_peer(rest, b" from ")?;
    let facts = Facts {
        method: Some(method),
        reason: invalid.map(|()| &b"invalid user"[..]),
        ..facts.user(user).peer(peer)
    };
    Ok((rest, facts))
}

/// `PAM: Authentication failure for illegal user X from host.example`, as sshd reports what PAM
/// said where it does not ask for the password itself.
fn pam_refused(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, _) = tag("PAM: ")(input)?;
    let Some(at) = memmem::find(rest, b" for ") else {
        return no_match(input);
    };
    let (reason, rest) = (&rest[..at], &rest[at + b" for ".len()..]);
    let (rest, _) = opt(invalid_mark).parse(rest)?;
    let (rest, (user, peer)) = before_peer(rest, b" from ")?;
    let facts = Facts {
        method: Some(b"pam"),
        ..Facts::failure("login").user(user).peer(peer).reason(reason)
    };
    Ok((rest, facts))
}

/// `ROOT LOGIN REFUSED FROM 192.0.2.1 port 22`
fn root_refused(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, _) = tag("ROOT LOGIN REFUSED FROM ")(input)?;
    named_peer(rest, Facts::failure("login").user(b"root"))
}

fn invalid_mark(input: &[u8]) -> Parsed<'_, ()> {
    alt((tag("invalid user "), tag("illegal user ")))
        .map(|_| ())
        .parse(input)
}

/// `Invalid user X from 192.0.2.1 port 22`
fn invalid_user(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, _) = alt((tag("Invalid user "), tag("Illegal user "))).parse(input)?;
    let (rest, (user, peer)) = before_peer(rest, b" from ")?;
    let facts = Facts::failure("invalid_user").user(user).peer(peer);
    Ok((rest, facts))
}

/// `input_userauth_request: invalid user X`
fn user_request(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, _) = tag("input_userauth_request: ")(input)?;
    let (user, ()) = invalid_mark(rest)?;
    Ok((b"", Facts::failure("invalid_user").user(user)))
}

/// `User X from host not allowed because not listed in AllowUsers`
fn user_refused(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, _) = tag("User ")(input)?;
    let Some(at) = last_place(rest, b" not allowed because ") else {
        return no_match(input);
    };
    let (named, because) = rest.split_at(at);
    let reason = because
        .get(b" not allowed because ".len()..)
        .unwrap_or_default();
    let (user, peer) = match before_peer(named, b" from ") {
        Ok((_, (user, peer))) => (user, peer),
        Err(_) => (named, Peer::default()),
    };
    let facts = Facts::failure("login").user(user).peer(peer).reason(reason);
    Ok((b"", facts))
}

/// `Connection from 192.0.2.1 port 50000 on 192.0.2.2 port 22`
fn connection_from(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, _) = tag("Connection from ")(input)?;
    named_peer(rest, Facts::of("connection_opened"))
}

/// `drop connection #10 from [192.0.2.1]:50000 on [192.0.2.2]:22 past MaxStartups`
fn dropped(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, _) = alt((tag("drop connection #"), tag("beginning MaxStartups "))).parse(input)?;
    let Some(at) = memmem::find(rest, b" from ") else {
        return Ok((b"", Facts::failure("connection_dropped")));
    };
    let (rest, peer) = bracketed(&rest[at + 6..])?;
    Ok((rest, Facts::failure("connection_dropped").peer(peer)))
}

/// `Connection closed by authenticating user X 192.0.2.1 port 22`
fn connection_ended(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let mut end = alt((
        tag("Connection closed by ").map(|_| "connection_closed"),
        tag("Connection reset by ").map(|_| "connection_reset"),
    ));
    let (rest, action) = end.parse(input)?;
    // The words for a peer that is not known any more.
    if matches!(rest, b"peer" | b"remote host") {
        return Ok((b"", Facts::of(action)));
    }
    named_peer(rest, Facts::of(action))
}

fn connection_reset_by(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, _) = tag("Read error from remote host ")(input)?;
    let (rest, (peer, reason)) = (peer, opt(preceded(tag(": "), all))).parse(rest)?;
    let reason = reason.unwrap_or_default();
    Ok((
        rest,
        Facts::of("connection_reset").peer(peer).reason(reason),
    ))
}

/// `[[authenticating |invalid ]user X ]192.0.2.1 port 22`
fn named_peer<'a>(input: &'a [u8], facts: Facts<'a>) -> Parsed<'a, Facts<'a>> {
    let mark = alt((
        tag("authenticating user ").map(|_| None),
        tag("invalid user ").map(|_| Some(&b"invalid user"[..])),
        tag("user ").map(|_| None),
    ));
    let (rest, mark) = opt(mark).parse(input)?;
    let Some(reason) = mark else {
        let (rest, peer) = peer(rest)?;
        return Ok((rest, facts.peer(peer)));
    };
    let (rest, (user, peer)) = user_and_peer(rest)?;
    let facts = Facts {
        reason,
        ..facts.user(user).peer(peer)
    };
    Ok((rest, facts))
}

/// `Disconnected from user X 192.0.2.1 port 22`
fn disconnected(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, _) = tag("Disconnected from ")(input)?;
    named_peer(rest, Facts::of("disconnect"))
}

/// `Disconnecting: Too many authentication failures for X` and, since 7.5, `Disconnecting
/// invalid user X 192.0.2.1 port 22: Too many authentication failures`.
fn disconnecting(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, _) = tag("Disconnecting")(input)?;
    let (mut facts, reason) = if let Some(reason) = rest.strip_prefix(b": ") {
        (Facts::of("disconnect"), reason)
    } else {
        let (rest, _) = tag(" ")(rest)?;
        let (rest, facts) = named_peer(rest, Facts::of("disconnect"))?;
        (facts, rest.strip_prefix(b": ").unwrap_or(rest))
    };
    if let Some(of_user) = reason.strip_prefix(b"Too many authentication failures") {
        facts = Facts {
            user: facts.user.or(of_user.strip_prefix(b" for ")),
            ..Facts::failure("max_attempts").peer(facts.peer)
        };
    }
    Ok((b"", facts.reason(reason)))
}

/// `Received disconnect from 192.0.2.1 port 22:11: Bye Bye`, `… from 192.0.2.1: 11: Bye Bye`
fn received_disconnect(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, peer) = preceded(tag("Received disconnect from "), peer).parse(input)?;
    let reason = rest.strip_prefix(b":").unwrap_or(rest).trim_ascii();
    let reason = memmem::find(reason, b": ").map_or(reason, |at| &reason[at + 2..]);
    Ok((b"", Facts::of("disconnect").peer(peer).reason(reason)))
}

/// `maximum authentication attempts exceeded for invalid user X from 192.0.2.1 port 22 ssh2`
fn too_many_attempts(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, _) = tag("maximum authentication attempts exceeded for ")(input)?;
    let (rest, _) = opt(invalid_mark).parse(rest)?;
    let (rest, (user, peer)) = before_peer(rest, b" from ")?;
    Ok((rest, Facts::failure("max_attempts").user(user).peer(peer)))
}

fn no_identification(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let before = tag("Did not receive identification string from ");
    let (rest, peer) = preceded(before, peer).parse(input)?;
    Ok((rest, Facts::failure("no_identification").peer(peer)))
}

fn bad_protocol(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, _) = tag("Bad protocol version identification ")(input)?;
    let (rest, (_, peer)) = before_peer(rest, b" from ")?;
    Ok((rest, Facts::failure("bad_protocol").peer(peer)))
}

/// `Unable to negotiate with 192.0.2.1 port 22: no matching host key type found. …`
fn no_agreement(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, peer) = preceded(tag("Unable to negotiate with "), peer).parse(input)?;
    let reason = rest.strip_prefix(b": ").unwrap_or(rest);
    Ok((b"", Facts::failure("negotiation").peer(peer).reason(reason)))
}

const BREAK_IN: &[u8] = b"possible break-in attempt";

/// `reverse mapping checking getaddrinfo for host [192.0.2.1] failed - POSSIBLE BREAK-IN ATTEMPT!`
fn reverse_mapping(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, _) = tag("reverse mapping checking ")(input)?;
    let (rest, _) = alt((tag("getaddrinfo for "), tag("gethostbyname for "))).parse(rest)?;
    let (rest, host) = is_not(" ")(rest)?;
    let address = (tag(" ["), is_not("]"), tag("]")).map(|(_, address, _)| address);
    let (rest, address) = opt(address).parse(rest)?;
    let peer = Peer {
        host,
        ..Peer::at(address.unwrap_or_default())
    };
    let facts = Facts::failure("reverse_mapping").peer(peer);
    Ok((rest, facts.reason(BREAK_IN)))
}

/// `Address 192.0.2.1 maps to host, but this does not map back to the address - POSSIBLE …`
fn address_maps(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, address) = preceded(tag("Address "), is_not(" ")).parse(input)?;
    let (rest, host) = preceded(tag(" maps to "), is_not(", ")).parse(rest)?;
    let peer = Peer {
        host,
        ..Peer::at(address)
    };
    let facts = Facts::failure("reverse_mapping").peer(peer);
    Ok((rest, facts.reason(BREAK_IN)))
}

/// `Starting session: shell on pts/0 for X from 192.0.2.1 port 22 id 0`
fn session_started(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, kind) = preceded(tag("Starting session: "), is_not(" ")).parse(input)?;
    let (rest, (before, peer)) = before_peer(rest, b" from ")?;
    let Some(at) = memmem::find(before, b" for ").or(before.starts_with(b"for ").then_some(0))
    else {
        return no_match(input);
    };
    let user = before.get(at..).unwrap_or_default().trim_ascii_start();
    let facts = Facts {
        method: Some(kind),
        tty: before
            .get(..at)
            .and_then(|t| t.trim_ascii_start().strip_prefix(b"on ")),
        ..Facts::success("session_opened").peer(peer)
    };
    Ok((rest, facts.user(user.strip_prefix(b"for ").unwrap_or(user))))
}

/// `Close session: user X from 192.0.2.1 port 22 id 0`
fn session_closed(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, _) = tag("Close session: user ")(input)?;
    let (rest, (user, peer)) = before_peer(rest, b" from ")?;
    Ok((rest, Facts::of("session_closed").user(user).peer(peer)))
}

/// `Server listening on :: port 22.`
fn listening(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, _) = tag("Server listening on ")(input)?;
    Ok((rest, Facts::of("listening")))
}

/// `Timeout before authentication for 192.0.2.1 port 22`
fn timeout(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, _) = tag("Timeout before authentication for ")(input)?;
    let (rest, _) = opt(tag("connection from ")).parse(rest)?;
    let (rest, peer) = peer(rest)?;
    Ok((rest, Facts::failure("timeout").peer(peer)))
}

/// `Write failed: Connection reset by peer`
fn write_failed(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (_, reason) = preceded(tag("Write failed: "), all).parse(input)?;
    Ok((b"", Facts::of("connection_reset").reason(reason)))
}
