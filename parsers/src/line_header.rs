//! What relays put in front of CEF, LEEF, Snare and `key=value` texts: most of a syslog header,
//! or some of it.
//!
//! ```text
//!  <134>Jan  2 03:04:05 fw01 CEF:0|…          <134>date=2024-01-02 …
//!  <134>1 2024-01-02T03:04:05Z fw01 app - - - CEF:0|…     2024-01-02T03:04:05Z level=info …
//! ```
//!
//! [`crate::syslog`] reads whole syslog messages and refuses what is none. Here the text behind
//! the header has said already what the line is, so every part of the header may be missing.

use nom::bytes::complete::{tag, take_while, take_while_m_n};
use nom::character::complete::{char, digit1};
use nom::combinator::{map_opt, opt, verify};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use crate::device_time;
use crate::fields;
use crate::format::LineContext;
use crate::time::Timestamp;
use crate::writer::EventWriter;

const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];
const SEVERITIES: [&str; 8] = [
    "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
];

/// A priority: facility × 8 + severity.
struct Priority(u8);

/// Reads as much of a header as there is at the beginning of `text`, adds its fields and its
/// time to the event, and returns the rest.
pub(crate) fn read<'a>(
    text: &'a [u8],
    context: &mut LineContext,
    out: &mut EventWriter<'_>,
) -> &'a [u8] {
    let mut rest = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    if let Ok((after, Priority(priority))) = priority(rest) {
        rest = after;
        let facility = FACILITIES.get(usize::from(priority / 8));
        out.text(fields::FACILITY, facility.map_or(b"", |f| f.as_bytes()));
        let severity = SEVERITIES.get(usize::from(priority % 8));
        out.text(fields::SEVERITY, severity.map_or(b"", |s| s.as_bytes()));
    }
    let (rest, version) = opt(version).parse(rest).unwrap_or((rest, None));
    let Some((after_time, time)) = device_time::leading_syslog(rest, context.near) else {
        return rest;
    };
    note_time(time, context, out);
    // Cisco writes a colon behind the time.
    let after_time = after_time.strip_prefix(b":").unwrap_or(after_time);
    let Ok((rest, host)) = host(after_time) else {
        return after_time.trim_ascii_start();
    };
    out.text(fields::HOSTNAME, host);
    match version {
        Some(_) => rfc5424_rest(rest, out),
        None => tag_and_pid(rest, out),
    }
}

fn note_time(time: Timestamp, context: &mut LineContext, out: &mut EventWriter<'_>) {
    out.time(time);
    context.near = time;
}

fn priority(text: &[u8]) -> IResult<&[u8], Priority> {
    let number = map_opt(take_while_m_n(1, 3, |b: u8| b.is_ascii_digit()), |digits| {
        let text = str::from_utf8(digits).ok()?;
        text.parse().ok().filter(|p| *p < 192).map(Priority)
    });
    terminated(delimited(char('<'), number, char('>')), opt(char(' '))).parse(text)
}

fn version(text: &[u8]) -> IResult<&[u8], &[u8]> {
    terminated(tag(&b"1"[..]), char(' ')).parse(text)
}

fn word(text: &[u8]) -> IResult<&[u8], &[u8]> {
    preceded(
        char(' '),
        take_while_m_n(1, 255, |b: u8| b > b' ' && b != 0x7F),
    )
    .parse(text)
}

/// A host is a word that is neither a pair nor the tag of a program.
fn host(text: &[u8]) -> IResult<&[u8], &[u8]> {
    verify(word, |w: &[u8]| {
        !w.ends_with(b":")
            && !w
                .iter()
                .any(|b| matches!(b, b'=' | b'"' | b'|' | b'[' | b','))
    })
    .parse(text)
}

/// APP-NAME, PROCID, MSGID and STRUCTURED-DATA, whose elements stay unread: what matters is in
/// the text behind them.
fn rfc5424_rest<'a>(text: &'a [u8], out: &mut EventWriter<'_>) -> &'a [u8] {
    let mut rest = text;
    for field in [fields::PROGRAM, fields::PID, fields::MESSAGE_ID] {
        let Ok((after, value)) = word(rest) else {
            return rest.trim_ascii_start();
        };
        if value != b"-" {
            out.text(field, value);
        }
        rest = after;
    }
    let rest = rest.trim_ascii_start();
    let rest = match rest {
        [b'-', after @ ..] => after,
        [b'[', ..] => structured_data(rest),
        other => other,
    };
    let rest = rest.trim_ascii_start();
    rest.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(rest)
}

/// Behind the last of `[id name="value"]…`.
fn structured_data(text: &[u8]) -> &[u8] {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b']' if !quoted && text.get(at + 1) != Some(&b'[') => {
                return text.get(at + 1..).unwrap_or_default();
            }
            _ => {}
        }
    }
    text
}

/// `program: ` or `program[pid]: `, where there is one.
fn tag_and_pid<'a>(text: &'a [u8], out: &mut EventWriter<'_>) -> &'a [u8] {
    let rest = text.trim_ascii_start();
    let Ok((after, tag)) = program(rest) else {
        return rest;
    };
    out.text(fields::PROGRAM, tag.program);
    if let Some(pid) = tag.pid {
        out.text(fields::PID, pid);
    }
    after.trim_ascii_start()
}

struct Tag<'a> {
    program: &'a [u8],
    pid: Option<&'a [u8]>,
}

fn program(text: &[u8]) -> IResult<&[u8], Tag<'_>> {
    let name = verify(
        take_while(|b: u8| b > b' ' && !matches!(b, b':' | b'[' | b'=' | b'"' | b'|')),
        |name: &[u8]| !name.is_empty(),
    );
    let pid = delimited(char('['), digit1, char(']'));
    terminated((name, opt(pid)), (char(':'), char(' ')))
        .map(|(program, pid)| Tag { program, pid })
        .parse(text)
}
