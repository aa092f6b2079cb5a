//! STUB
use crate::event::EventKind;
use crate::format::LineContext;
use crate::writer::EventWriter;

pub(crate) fn line(line: &[u8], _: &mut LineContext, out: &mut EventWriter<'_>) {
    out.begin(EventKind::Raw, line);
    out.finish();
}

/// Adds the fields of a message body to the event under construction; whether it understood.
pub(crate) fn body(text: &[u8], out: &mut EventWriter<'_>) -> bool {
    let _ = (text, out);
    false
}
