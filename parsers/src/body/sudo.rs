//! sudo: `alice : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls`.

use memchr::{memchr, memmem};
use nom::Parser;
use nom::bytes::complete::{is_not, tag};
use nom::sequence::terminated;

use super::facts::Facts;
use crate::event::ValueKind;
use crate::fields;
use crate::time::text::Parsed;
use crate::writer::EventWriter;

const SEPARATOR: &[u8] = b" ; ";

/// Adds the fields of a message of sudo; whether it understood.
pub(super) fn body(text: &[u8], out: &mut EventWriter<'_>) -> bool {
    let Ok((rest, user)) = invoker(text.trim_ascii_start()) else {
        return false;
    };
    let (reason, rest) = match memmem::find(rest, SEPARATOR) {
        Some(at) if !is_pair(rest) => (Some(&rest[..at]), &rest[at + SEPARATOR.len()..]),
        _ => (None, rest),
    };
    if !is_pair(rest) {
        return false;
    }
    let facts = match reason {
        Some(reason) => Facts::failure("sudo").reason(reason),
        None => Facts::success("sudo"),
    };
    facts.user(user).emit(out);
    emit_pairs(rest, out);
    true
}

/// `alice : `
fn invoker(input: &[u8]) -> Parsed<'_, &[u8]> {
    terminated(is_not(" :"), tag(" : ")).parse(input)
}

/// Whether a name in capitals and `=` come next.
fn is_pair(text: &[u8]) -> bool {
    let name_bytes = text.iter().take_while(|b| b.is_ascii_uppercase()).count();
    name_bytes > 0 && text.get(name_bytes) == Some(&b'=')
}

/// The command comes last and may hold anything, separators too.
fn emit_pairs(pairs: &[u8], out: &mut EventWriter<'_>) {
    let mut rest = pairs;
    while let Some(at) = memchr(b'=', rest) {
        let (name, behind) = (&rest[..at], &rest[at + 1..]);
        let end = match name {
            b"COMMAND" => behind.len(),
            _ => memmem::find(behind, SEPARATOR).unwrap_or(behind.len()),
        };
        let value = &behind[..end];
        match name {
            b"TTY" => emit_twice(fields::SUDO_TTY, fields::TTY, value, out),
            b"PWD" => emit_twice(fields::SUDO_PWD, fields::WORKING_DIRECTORY, value, out),
            b"USER" => emit_twice(fields::SUDO_USER, fields::TARGET_USER, value, out),
            b"COMMAND" => emit_twice(fields::SUDO_COMMAND, fields::COMMAND, value, out),
            _ => out.named(name, ValueKind::Text, value),
        }
        rest = behind.get(end + SEPARATOR.len()..).unwrap_or_default();
    }
}

/// Under sudo's own name, which Sigma's rules use, and under ours.
fn emit_twice(
    own: crate::event::FieldId,
    general: crate::event::FieldId,
    value: &[u8],
    out: &mut EventWriter<'_>,
) {
    out.text(own, value);
    out.text(general, value);
}
