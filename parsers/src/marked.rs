//! Formats whose lines say what they are by a marker, with or without a syslog header before it:
//! CEF, LEEF, Snare.

use memchr::memmem;

use crate::event::EventKind;
use crate::format::LineContext;
use crate::line_header;
use crate::time::Timestamp;
use crate::unparsed::Reason;
use crate::writer::EventWriter;

/// A text at its marker: what stands before it, and what behind.
pub(crate) type Parts<'a> = (&'a [u8], &'a [u8]);

/// What such formats differ in.
pub(crate) struct Marked {
    /// The kind of their events.
    pub(crate) kind: EventKind,
    /// Divides a text at the marker; `None` where there is none.
    pub(crate) split: fn(&[u8]) -> Option<Parts<'_>>,
    /// Adds everything behind the marker, with a time near the event's; `None` where it is not
    /// of the format.
    pub(crate) event: fn(&[u8], Timestamp, &mut EventWriter<'_>) -> Option<()>,
}

impl Marked {
    /// Reads a line.
    pub(crate) fn line(&self, line: &[u8], context: &mut LineContext, out: &mut EventWriter<'_>) {
        out.begin(self.kind, line);
        let Some((before, text)) = (self.split)(line) else {
            return out.refuse(Reason::InvalidHeader);
        };
        line_header::read(before, context, out);
        if (self.event)(text, context.near, out).is_none() {
            return out.refuse(Reason::InvalidHeader);
        }
        out.finish();
    }

    /// Adds the fields of a message body to the event under construction; whether it understood.
    /// The time that the body states replaces that of the message, which is often a relay's.
    pub(crate) fn body(&self, text: &[u8], out: &mut EventWriter<'_>) -> bool {
        let understood = (self.split)(text)
            .and_then(|(_, text)| (self.event)(text, Timestamp::UNKNOWN, out))
            .is_some();
        if understood {
            out.set_kind(self.kind);
        }
        understood
    }
}

/// Divides a text at `MARKER:<version>|`; what is behind begins with the version.
pub(crate) fn split_at_version<'a>(text: &'a [u8], marker: &[u8]) -> Option<Parts<'a>> {
    memmem::find_iter(text, marker).find_map(|at| {
        let behind = text.get(at + marker.len()..)?.trim_ascii_start();
        let digits = behind
            .iter()
            .take_while(|b| b.is_ascii_digit() || **b == b'.')
            .count();
        (digits > 0 && behind.get(digits) == Some(&b'|')).then_some((text.get(..at)?, behind))
    })
}
