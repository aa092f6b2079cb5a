//! PAM modules, whichever program loaded them.
//!
//! ```text
//!  pam_unix(sshd:auth): authentication failure; logname= uid=0 … rhost=192.0.2.1  user=root
//!  authentication failure; logname= …                    program `sshd(pam_unix)`
//!  PAM 5 more authentication failures; logname= …
//! ```

use memchr::{memchr, memmem};
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{is_not, tag, take_while1};
use nom::combinator::opt;
use nom::sequence::{delimited, preceded};

use super::facts::{Facts, Outcome};
use super::peer::{Peer, last_place};
use crate::event::ValueKind;
use crate::fields;
use crate::time::text::{Parsed, no_match};
use crate::writer::EventWriter;

/// Adds the fields of a message of a PAM module; whether it understood.
pub(super) fn body(program: &[u8], text: &[u8], out: &mut EventWriter<'_>) -> bool {
    let (text, module) = match module(text) {
        Ok((rest, module)) => (rest, Some(module)),
        Err(_) if memmem::find(program, b"(pam_").is_some() || text.starts_with(b"PAM ") => {
            (text, None)
        }
        Err(_) => return false,
    };
    let Ok((pairs, facts)) = message(text) else {
        return false;
    };
    facts.emit(out);
    if let Some((name, service)) = module {
        out.text(fields::SERVICE, service);
        out.named(b"pam_module", ValueKind::Text, name);
    }
    emit_pairs(pairs, out);
    true
}

/// `pam_unix(sshd:auth): `: module and service.
fn module(input: &[u8]) -> Parsed<'_, (&[u8], &[u8])> {
    let mut name = take_while1(|b: u8| b.is_ascii_alphanumeric() || b == b'_');
    let (rest, name) = name.parse(input)?;
    if !name.starts_with(b"pam_") {
        return no_match(input);
    }
    let (rest, service) =
        delimited(tag("("), is_not(":)"), opt((tag(":"), is_not(")")))).parse(rest)?;
    let (rest, _) = (tag("):"), opt(tag(" "))).parse(rest)?;
    Ok((rest, (name, service)))
}

/// Gives the facts, and what is left: `name=value` pairs.
fn message(text: &[u8]) -> Parsed<'_, Facts<'_>> {
    alt((
        authentication_failure,
        more_failures,
        session,
        check_pass,
        password_changed,
        retries,
        account,
        requirement,
    ))
    .parse(text)
}

fn authentication_failure(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, _) = tag("authentication failure;")(input)?;
    Ok((rest, Facts::failure("authentication")))
}

/// `PAM 5 more authentication failures; logname= …`
fn more_failures(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let digits = take_while1(|b: u8| b.is_ascii_digit());
    let (rest, _) = (tag("PAM "), digits, tag(" more authentication failure")).parse(input)?;
    let (rest, _) = (opt(tag("s")), tag(";")).parse(rest)?;
    Ok((rest, Facts::failure("authentication")))
}

/// `session opened for user X(uid=0) by Y(uid=0)`, `session closed for user X`
fn session(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, _) = tag("session ")(input)?;
    let mut action = alt((
        tag("opened for user ").map(|_| ("session_opened", Some(Outcome::Success))),
        tag("closed for user ").map(|_| ("session_closed", None)),
    ));
    let (rest, (action, outcome)) = action.parse(rest)?;
    let (names, by) = match last_place(rest, b" by ") {
        Some(at) => (&rest[..at], &rest[at + 4..]),
        None => (rest, &b""[..]),
    };
    let facts = Facts {
        outcome,
        ..Facts::of(action)
    };
    // `by` names who asked: with sudo and su that is the user, and the session is the target's.
    let by = without_uid(by);
    let opened_for = without_uid(names);
    let facts = if by.is_empty() || by == b"LOGIN" {
        facts.user(opened_for)
    } else {
        facts.user(by).target_user(opened_for)
    };
    Ok((b"", facts))
}

fn without_uid(name: &[u8]) -> &[u8] {
    let mut brackets = memchr::memchr_iter(b'(', name);
    let end = brackets.find(|at| name[*at..].starts_with(b"(uid="));
    let end = end.unwrap_or(name.len());
    name[..end].trim_ascii()
}

/// `check pass; user unknown`
fn check_pass(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, _) = alt((tag("check pass; user unknown"), tag("bad username"))).parse(input)?;
    Ok((rest, Facts::failure("invalid_user")))
}

/// `password changed for X`
fn password_changed(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (_, user) = preceded(tag("password changed for "), is_not(" ")).parse(input)?;
    Ok((b"", Facts::success("password_changed").target_user(user)))
}

/// `PAM service(sshd) ignoring max retries; 6 > 3`
fn retries(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, _) = tag("PAM service(")(input)?;
    let (rest, _) = (is_not(")"), tag(") ignoring max retries;")).parse(rest)?;
    let reason = rest.trim_ascii();
    Ok((b"", Facts::failure("max_attempts").reason(reason)))
}

/// `account X has expired (account expired)`
fn account(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, user) = preceded(tag("account "), is_not(" ")).parse(input)?;
    let reason = rest.trim_ascii();
    Ok((
        b"",
        Facts::failure("authentication").user(user).reason(reason),
    ))
}

/// `requirement "uid >= 1000" not met by user "root"`
fn requirement(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, reason) = delimited(
        tag("requirement \""),
        is_not("\""),
        tag("\" not met by user \""),
    )
    .parse(input)?;
    let (_, user) = is_not("\"")(rest)?;
    Ok((
        b"",
        Facts::failure("authentication").user(user).reason(reason),
    ))
}

/// `logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1  user=root`. Values hold no blanks;
/// empty ones say nothing.
fn emit_pairs(pairs: &[u8], out: &mut EventWriter<'_>) {
    for pair in pairs.split(|b| matches!(b, b' ' | b';')) {
        let Some(at) = memchr(b'=', pair) else {
            continue;
        };
        let (name, value) = (&pair[..at], &pair[at + 1..]);
        if value.is_empty() {
            continue;
        }
        match name {
            b"user" => out.text(fields::USER, value),
            b"uid" => out.text(fields::UID, value),
            b"tty" => out.text(fields::TTY, value),
            b"rhost" => super::facts::emit_peer(Peer::at(value), out),
            _ => out.named(name, ValueKind::Text, value),
        }
    }
}
