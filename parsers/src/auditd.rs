//! STUB
use crate::writer::EventWriter;

pub(crate) fn block(input: &[u8], out: &mut EventWriter<'_>) {
    let _ = (input, out);
}
