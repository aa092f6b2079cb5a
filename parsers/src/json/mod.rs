//! JSON: one object a line, concatenated or pretty-printed objects, arrays, and the envelopes
//! of cloud exports. Also bodies of other formats that turn out to be JSON.
//!
//! ```text
//!  bytes ─▶ scan (tokens, skipping) ─▶ walk (keys against the projection) ─▶ EventWriter
//!             ▲                          ▲
//!             boundary (ends of          decode (escapes, only of what is kept)
//!             elements, for framing
//!             and after damage)
//! ```
//!
//! [`scan`] is the only module that looks at bytes between tokens: an index of structural
//! positions made block by block can replace its inside without a change to the walk.
//!
//! **How far validation goes.** Nothing is half-read: an event whose brackets, commas, colons,
//! literals, numbers or string ends are not those of RFC 8259 is refused as a whole, wherever
//! the fault is and whoever asked for the value. The *content* of strings is taken as it
//! comes, because loggers get it wrong and a person still wants to find it: raw control
//! characters and invalid UTF-8 stay, an unknown escape (`\q`, `\u12`) stays as written, and
//! a lone surrogate becomes U+FFFD. More than [`DEPTH_MAX`] levels are refused.
//!
//! No allocation for an event, apart from growth of the batch's own buffers.

mod boundary;
mod decode;
mod envelope;
mod scan;
mod stream;
mod walk;

pub(crate) use boundary::{Boundary, Brace};
pub(crate) use envelope::{Opening, opening};
pub(crate) use stream::stream;

use crate::event::EventKind;
use crate::format::LineContext;
use crate::unparsed::Reason;
use crate::writer::EventWriter;

use scan::Scanner;

/// How deep objects and arrays may nest.
pub(crate) const DEPTH_MAX: u32 = 128;

/// The text is not JSON (or nests too deep).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Malformed;

/// One line: an object is an event; the objects of an array or an envelope are one each.
pub(crate) fn line(line: &[u8], _: &mut LineContext, out: &mut EventWriter<'_>) {
    let mut scan = Scanner::new(without_bom(line));
    match scan.peek() {
        Some(b'{') if !envelope::is_envelope(scan.rest()) => {
            out.begin(EventKind::Json, line);
            match walk::object(&mut scan, out) {
                Ok(()) if scan.peek().is_none() => out.finish(),
                _ => out.refuse(Reason::InvalidJson),
            }
        }
        Some(first) => {
            let is_valid = scan.skip_value(0).is_ok() && scan.peek().is_none();
            if is_valid && matches!(first, b'{' | b'[') {
                return stream(line, out);
            }
            out.begin(EventKind::Raw, line);
            out.refuse(if is_valid {
                Reason::NotAnObject
            } else {
                Reason::InvalidJson
            });
        }
        None => {}
    }
}

/// Adds the fields of a message body to the event under construction; whether it understood.
pub(crate) fn body(text: &[u8], out: &mut EventWriter<'_>) -> bool {
    let mut scan = Scanner::new(text);
    if scan.peek() != Some(b'{') {
        return false;
    }
    let before = out.checkpoint();
    let understood = walk::object(&mut scan, out).is_ok() && scan.peek().is_none();
    if !understood {
        out.roll_back(&before);
    }
    understood
}

fn without_bom(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)
}
