//! A block of JSON that is not bound to lines: objects one after the other, or the elements of
//! arrays and envelopes.
//!
//! A block may begin and end in the middle of its array, whose brackets lie in other blocks. So
//! commas and brackets between objects are taken as they come, without looking for their
//! partners.

use memchr::memchr;

use super::element_start::end_of_damaged;
use super::envelope::{self, Opening};
use super::scan::Scanner;
use super::strings::{ByLooking, StringEnds};
use super::{walk, without_bom};
use crate::event::EventKind;
use crate::format::BlockExtent;
use crate::unparsed::Reason;
use crate::writer::EventWriter;

/// Each top-level object of a block is an event.
pub(crate) fn stream(input: &[u8], out: &mut EventWriter<'_>) {
    block(input, BlockExtent::Whole, out);
}

/// A block that begins with a record without an end: where that is so because it is damaged, the
/// elements behind the damage are found.
pub(crate) fn cut_stream(input: &[u8], out: &mut EventWriter<'_>) {
    block(input, BlockExtent::CutRecord, out);
}

/// Whether the first element of a block has a fault, other than that it is cut off.
pub(crate) fn first_is_damaged(input: &[u8]) -> bool {
    let text = without_bom(input);
    let mut scan = Scanner::new(text);
    loop {
        match scan.peek() {
            Some(b',' | b'[' | b']' | b'}') => scan.bump(),
            Some(b'{') => match envelope::opening(scan.rest()) {
                Opening::Envelope(len) => scan.advance(len),
                _ => break,
            },
            _ => break,
        }
    }
    scan.skip_value(0).is_err() && !is_cut_off(text, &scan)
}

fn block(input: &[u8], extent: BlockExtent, out: &mut EventWriter<'_>) {
    let text = without_bom(input);
    let mut strings = std::mem::take(&mut out.scratch.strings);
    strings.build(text);
    elements(text, Scanner::with(text, strings.of(text)), extent, out);
    out.scratch.strings = strings;
}

/// `scan` has to be at the beginning of `text`.
pub(super) fn elements<E: StringEnds>(
    text: &[u8],
    mut scan: Scanner<'_, E>,
    extent: BlockExtent,
    out: &mut EventWriter<'_>,
) {
    while let Some(next) = scan.peek() {
        match next {
            b'[' | b'}' | b']' => scan.bump(),
            b',' => {
                scan.bump();
                if scan.peek() == Some(b'"') {
                    envelope::tail_member(&mut scan, out);
                }
            }
            b'{' => match envelope::opening(scan.rest()) {
                Opening::Envelope(len) => scan.advance(len),
                _ => element(text, &mut scan, extent, out),
            },
            _ => stray(&mut scan, out),
        }
    }
}

fn element<E: StringEnds>(
    text: &[u8],
    scan: &mut Scanner<'_, E>,
    extent: BlockExtent,
    out: &mut EventWriter<'_>,
) {
    let start = scan.position();
    out.begin(EventKind::Json, scan.rest());
    if walk::object(scan, out).is_ok() {
        out.set_text(scan.since(start));
        out.finish();
        return;
    }
    let (end, reason) = if extent == BlockExtent::CutRecord && is_cut_off(text, scan) {
        (text.len(), Reason::TooLong)
    } else {
        let end = end_of_damaged(text, start, scan.position());
        (end.max(start + 1), Reason::InvalidJson)
    };
    scan.seek(end);
    out.set_text(scan.since(start));
    out.refuse(reason);
}

/// Whether a scanner that failed did so because the text ends.
fn is_cut_off<E: StringEnds>(text: &[u8], scan: &Scanner<'_, E>) -> bool {
    /// No number or literal worth a thought is longer.
    const SCALAR_BYTES_MAX: usize = 32;
    let at = scan.position();
    let is_behind_quote = at > 0 && text.get(at - 1) == Some(&b'"');
    scan.rest().len() < SCALAR_BYTES_MAX || is_behind_quote && ByLooking.end_of(text, at).is_none()
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
