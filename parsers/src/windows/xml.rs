//! STUB
use crate::writer::EventWriter;

pub(crate) fn stream(input: &[u8], out: &mut EventWriter<'_>) {
    let _ = (input, out);
}

/// Adds the fields of one `Event` element to the event under construction; whether it understood.
pub(crate) fn body(text: &[u8], out: &mut EventWriter<'_>) -> bool {
    let _ = (text, out);
    false
}
