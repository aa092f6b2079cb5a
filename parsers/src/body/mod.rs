//! Message bodies of syslog, by program and by how they begin.
//!
//! ```text
//!  program ─ table ─▶ grammar ─▶ Facts ─▶ fields
//!  {  @cee:  CEF:  LEEF:  <Event  MSWinEventLog  audit(   ─▶ the format of that name
//! ```
//!
//! A body that no grammar understands is no error: the event keeps its `message`.

mod accounts;
mod cron;
mod facts;
mod netfilter;
mod pam;
mod peer;
mod postfix;
mod sshd;
mod su;
mod sudo;

use memchr::memmem;
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while1};
use nom::sequence::delimited;

use crate::cef::CEF;
use crate::event::EventKind;
use crate::fields;
use crate::leef::LEEF;
use crate::snare::SNARE;
use crate::time::text::Parsed;
use crate::writer::EventWriter;
use crate::{access_log, auditd, json, windows};

/// Adds the fields of a body to the event under construction; whether it understood.
type Grammar = fn(&[u8], &mut EventWriter<'_>) -> bool;

/// Adds the fields of a message to the event under construction.
pub(crate) fn fields(program: &[u8], message: &[u8], out: &mut EventWriter<'_>) {
    let message = match message.first() {
        Some(b'm' | b'l' | b'-') => match repeated(message) {
            Ok((inner, count)) => {
                out.text(fields::REPEATED, count);
                inner
            }
            Err(_) => message,
        },
        _ => message,
    };
    let message = without_clock(without_message_id(message));
    if by_beginning(message, out) {
        return;
    }
    let understood = grammar_of(program).is_some_and(|grammar| grammar(message, out));
    if !understood {
        pam::body(program, message, out);
    }
}

/// `message repeated 5 times: [ text]` gives the text and the number; `last message repeated 5
/// times` the number only.
fn repeated(message: &[u8]) -> Parsed<'_, &[u8]> {
    let before = alt((
        tag("message repeated "),
        tag("last message repeated "),
        tag("--- last message repeated "),
    ));
    let digits = take_while1(|b: u8| b.is_ascii_digit());
    let after = alt((tag(" times"), tag(" time")));
    let (rest, count) = delimited(before, digits, after).parse(message)?;
    let inner = rest.strip_prefix(b": [").unwrap_or_default();
    let inner = inner.strip_suffix(b"]").unwrap_or(inner);
    Ok((inner.trim_ascii_start(), count))
}

/// Solaris puts `[ID 123456 auth.info] ` in front.
fn without_message_id(message: &[u8]) -> &[u8] {
    if !message.starts_with(b"[ID ") {
        return message;
    }
    memmem::find(message, b"] ").map_or(message, |end| &message[end + 2..])
}

/// The kernel puts `[ 1234.567890] ` in front, the seconds since it started.
fn without_clock(message: &[u8]) -> &[u8] {
    let Some(inside) = message.strip_prefix(b"[") else {
        return message;
    };
    let is_clock = |b: &u8| b.is_ascii_digit() || matches!(b, b' ' | b'.');
    let end = inside.iter().take_while(|b| is_clock(b)).count();
    match inside.get(end..) {
        Some([b']', b' ', rest @ ..]) if end > 0 => rest,
        _ => message,
    }
}

/// Formats that say themselves what they are, whatever program sent them.
fn by_beginning(message: &[u8], out: &mut EventWriter<'_>) -> bool {
    let text = message.trim_ascii_start();
    match text {
        [b'{', ..] => json::body(text, out),
        [b'@', ..] => text
            .strip_prefix(b"@cee:")
            .is_some_and(|object| json::body(object.trim_ascii_start(), out)),
        [b'<', ..] if text.starts_with(b"<Event") => {
            as_kind(EventKind::Windows, windows::xml::body, text, out)
        }
        [b'C', ..] if text.starts_with(b"CEF:") => CEF.body(text, out),
        [b'L', ..] if text.starts_with(b"LEEF:") => LEEF.body(text, out),
        [b'M', ..] if text.starts_with(b"MSWinEventLog") => SNARE.body(text, out),
        [b't' | b'n' | b'a', ..] if memmem::find(text, b"audit(").is_some() => {
            as_kind(EventKind::Auditd, auditd::body, text, out)
        }
        _ => false,
    }
}

fn as_kind(kind: EventKind, grammar: Grammar, text: &[u8], out: &mut EventWriter<'_>) -> bool {
    let understood = grammar(text, out);
    if understood {
        out.set_kind(kind);
    }
    understood
}

/// Longer program names are in no table.
const NAME_BYTES_MAX: usize = 32;

/// The last part of a path, lower case, without the `(pam_unix)` that old PAM modules add.
fn plain_name<'a>(program: &[u8], room: &'a mut [u8; NAME_BYTES_MAX]) -> &'a [u8] {
    let name = match memchr::memchr(b'(', program) {
        Some(end) => &program[..end],
        None => program,
    };
    let start = if name.starts_with(b"postfix") {
        0
    } else {
        memchr::memrchr(b'/', name).map_or(0, |at| at + 1)
    };
    let name = &name[start..];
    match room.get_mut(..name.len()) {
        Some(lower) => {
            lower.copy_from_slice(name);
            lower.make_ascii_lowercase();
            lower
        }
        None => &[],
    }
}

/// The grammar of a program. Most write their name as it stands in the table.
fn grammar_of(program: &[u8]) -> Option<Grammar> {
    if program.len() <= NAME_BYTES_MAX
        && let Some(grammar) = by_program(program)
    {
        return Some(grammar);
    }
    let mut room = [0; NAME_BYTES_MAX];
    by_program(plain_name(program, &mut room))
}

/// The table of programs.
fn by_program(name: &[u8]) -> Option<Grammar> {
    Some(match name {
        b"sshd" | b"sshd-session" | b"sshd-auth" => sshd::body,
        b"sudo" => sudo::body,
        b"su" => su::body,
        b"cron" | b"crond" | b"crontab" | b"anacron" | b"atd" => cron::body,
        b"useradd" | b"usermod" | b"userdel" | b"groupadd" | b"groupmod" | b"groupdel"
        | b"passwd" | b"chpasswd" | b"chage" | b"gpasswd" | b"newusers" | b"chfn" | b"chsh" => {
            accounts::body
        }
        b"kernel" | b"ulogd" | b"iptables" => netfilter::body,
        b"httpd" | b"apache" | b"apache2" | b"nginx" | b"haproxy" | b"lighttpd" | b"access"
        | b"access_log" | b"nginx-access" => web_server,
        b"audit" | b"audispd" | b"audisp-syslog" => audit_record,
        _ if name.starts_with(b"postfix") => postfix::body,
        _ => return None,
    })
}

fn web_server(text: &[u8], out: &mut EventWriter<'_>) -> bool {
    as_kind(EventKind::AccessLog, access_log::body, text, out)
}

fn audit_record(text: &[u8], out: &mut EventWriter<'_>) -> bool {
    as_kind(EventKind::Auditd, auditd::body, text, out)
}
