//! A block of JSON that is not bound to lines: objects one after the other, or the elements of
//! arrays and envelopes.
//!
//! A block may begin and end in the middle of its array, whose brackets lie in other blocks. So
//! commas and brackets between objects are taken as they come, without looking for their
//! partners.

use memchr::{memchr, memrchr};

use super::boundary::end_of_damaged;
use super::envelope::{self, Opening};
use super::scan::Scanner;
use super::strings::StringEnds;
use super::{walk, without_bom};
use crate::event::EventKind;
use crate::unparsed::Reason;
use crate::writer::EventWriter;

/// Each top-level object of a block is an event.
pub(crate) fn stream(input: &[u8], out: &mut EventWriter<'_>) {
    let text = without_bom(input);
    let mut strings = std::mem::take(&mut out.scratch.strings);
    strings.build(text);
    elements(text, Scanner::with(text, &strings), out);
    out.scratch.strings = strings;
}

/// `scan` has to be at the beginning of `text`.
pub(super) fn elements<E: StringEnds>(
    text: &[u8],
    mut scan: Scanner<'_, E>,
    out: &mut EventWriter<'_>,
) {
    while let Some(next) = scan.peek() {
        match next {
            b',' | b'[' | b'}' => scan.bump(),
            b']' => {
                scan.bump();
                envelope::skip_tail(&mut scan);
            }
            b'{' => match envelope::opening(scan.rest()) {
                Opening::Envelope(len) => scan.seek(scan.position() + len),
                _ => element(text, &mut scan, out),
            },
            _ => stray(&mut scan, out),
        }
    }
}

fn element<E: StringEnds>(text: &[u8], scan: &mut Scanner<'_, E>, out: &mut EventWriter<'_>) {
    let start = scan.position();
    let rest = scan.rest();
    out.begin(EventKind::Json, rest);
    if walk::object(scan, out).is_ok() {
        out.set_text(scan.since(start));
        out.finish();
        return;
    }
    let end = end_of_damaged(rest, indent(text, start));
    scan.seek(start + end.max(1));
    out.set_text(scan.since(start));
    out.refuse(Reason::InvalidJson);
}

/// The white space between the beginning of the line and `start`; empty if there is more.
fn indent(text: &[u8], start: usize) -> &[u8] {
    let before = text.get(..start).unwrap_or_default();
    let line = memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    let indent = before.get(line..).unwrap_or_default();
    if indent.iter().all(|b| matches!(b, b' ' | b'\t')) {
        indent
    } else {
        &[]
    }
}

/// Something that is no object: a scalar value, or text up to the end of its line.
fn stray<E: StringEnds>(scan: &mut Scanner<'_, E>, out: &mut EventWriter<'_>) {
    let start = scan.position();
    let rest = scan.rest();
    let reason = if scan.skip_value(0).is_ok() {
        Reason::NotAnObject
    } else {
        scan.seek(start + memchr(b'\n', rest).unwrap_or(rest.len()).max(1));
        Reason::InvalidJson
    };
    out.begin(EventKind::Raw, scan.since(start));
    out.refuse(reason);
}
