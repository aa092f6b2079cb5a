//! What relays put in front of CEF, LEEF, Snare and `key=value` texts: a syslog header, or some
//! of one.
//!
//! ```text
//!  <134>Jan  2 03:04:05 fw01 CEF:0|…          <134>date=2024-01-02 …
//!  <134>1 2024-01-02T03:04:05Z fw01 app - - - CEF:0|…     2024-01-02T03:04:05Z level=info …
//! ```
//!
//! The seam to [`crate::syslog`]: it gets what stands before the text that says itself what it
//! is, so that no part of that is taken for a host or a tag. Where it finds no header, there is
//! none: unlike a syslog line the event stands without one.
//!
//! Only times of headers are neighbours by which a missing year is found, since a framer sees
//! no others: what an event states itself would count within a block, but not beyond it.

use crate::format::LineContext;
use crate::syslog;
use crate::time::Timestamp;
use crate::writer::EventWriter;

/// Adds the fields and the time of a header, if there is one, and returns what is left behind it.
pub(crate) fn read<'a>(
    before: &'a [u8],
    context: &mut LineContext,
    out: &mut EventWriter<'_>,
) -> &'a [u8] {
    if before.is_empty() {
        return before;
    }
    let Some(header) = syslog::header(before, context.near) else {
        return before;
    };
    syslog::emit_header(&header, out);
    if header.time != Timestamp::UNKNOWN {
        out.time(header.time);
        context.near = syslog::near_behind(context.near, header.time);
    }
    header.message
}
