//! Packets that the kernel's firewall logs:
//! `[UFW BLOCK] IN=eth0 OUT= MAC=… SRC=192.0.2.1 DST=192.0.2.2 LEN=40 PROTO=TCP SPT=1 DPT=22 SYN`.

use memchr::{memchr, memmem};

use super::facts::{Facts, Outcome};
use crate::event::ValueKind;
use crate::fields;
use crate::writer::EventWriter;

/// Adds the fields of a packet; whether it understood.
pub(super) fn body(text: &[u8], out: &mut EventWriter<'_>) -> bool {
    let Some(start) = memmem::find(text, b"IN=") else {
        return false;
    };
    let (prefix, pairs) = text.split_at(start);
    let is_packet = prefix.last().is_none_or(|b| !b.is_ascii_alphanumeric())
        && memmem::find(pairs, b" OUT=").is_some();
    if !is_packet {
        return false;
    }
    let label = label(prefix);
    let action = std::str::from_utf8(label).unwrap_or("packet");
    let facts = Facts {
        outcome: outcome(label),
        ..Facts::of(if action.is_empty() { "packet" } else { action })
    };
    facts.emit(out);
    for pair in pairs.split(|b| *b == b' ') {
        emit_pair(pair, out);
    }
    true
}

/// The administrator's label, without the kernel's uptime (`[12345.678901] `) and punctuation.
fn label(prefix: &[u8]) -> &[u8] {
    let mut label = prefix.trim_ascii();
    if let [b'[', inner @ ..] = label
        && let Some(end) = memchr(b']', inner)
        && (inner[..end].iter()).all(|b| b.is_ascii_digit() || matches!(b, b'.' | b' '))
    {
        label = inner[end + 1..].trim_ascii();
    }
    let is_mark = |b: &u8| matches!(b, b'[' | b']' | b':' | b' ' | b'-');
    let start = label
        .iter()
        .position(|b| !is_mark(b))
        .unwrap_or(label.len());
    let end = label
        .iter()
        .rposition(|b| !is_mark(b))
        .map_or(start, |at| at + 1);
    &label[start..end]
}

/// What became of the packet, as far as the label says.
fn outcome(label: &[u8]) -> Option<Outcome> {
    let holds = |word: &[u8]| (label.windows(word.len())).any(|w| w.eq_ignore_ascii_case(word));
    let refused: [&[u8]; 4] = [b"block", b"drop", b"reject", b"den"];
    let passed: [&[u8]; 3] = [b"allow", b"accept", b"pass"];
    if refused.into_iter().any(holds) {
        Some(Outcome::Failure)
    } else if passed.into_iter().any(holds) {
        Some(Outcome::Success)
    } else {
        None
    }
}

/// `NAME=value` gives a field of that name, the usual ones also under ours; flags (`SYN`, `DF`)
/// have no value and remain in the message.
fn emit_pair(pair: &[u8], out: &mut EventWriter<'_>) {
    let Some(at) = memchr(b'=', pair) else {
        return;
    };
    let (name, value) = (&pair[..at], &pair[at + 1..]);
    if value.is_empty() {
        return;
    }
    let field = match name {
        b"SRC" => Some(fields::SRC_IP),
        b"DST" => Some(fields::DST_IP),
        b"SPT" => Some(fields::SRC_PORT),
        b"DPT" => Some(fields::DST_PORT),
        b"PROTO" => Some(fields::PROTOCOL),
        _ => None,
    };
    if let Some(field) = field {
        out.text(field, value);
    }
    out.named(name, ValueKind::Text, value);
}
