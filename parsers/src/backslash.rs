//! Undoing backslash escapes, which every text format has its own set of.

use memchr::memchr;

/// Appends `text` to `to` with its escapes undone. `escape` gets what stands behind a backslash
/// and gives the byte that is meant and how many bytes behind the backslash spell it; a
/// backslash before anything else stands for itself.
pub(crate) fn undo(text: &[u8], to: &mut Vec<u8>, escape: impl Fn(&[u8]) -> Option<(u8, usize)>) {
    let mut rest = text;
    while let Some(at) = memchr(b'\\', rest) {
        let (plain, from) = rest.split_at(at);
        to.extend_from_slice(plain);
        let behind = from.get(1..).unwrap_or_default();
        let (byte, taken) = escape(behind).unwrap_or((b'\\', 0));
        to.push(byte);
        rest = behind.get(taken..).unwrap_or_default();
    }
    to.extend_from_slice(rest);
}
