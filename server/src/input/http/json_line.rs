//! Writes one JSON object without line ends.

use bytes::{BufMut, BytesMut};
use memchr::memchr2;
use serde::Serialize;

/// An object under construction.
pub(crate) struct JsonLine<'a> {
    out: &'a mut BytesMut,
    is_empty: bool,
}

impl<'a> JsonLine<'a> {
    pub(crate) fn begin(out: &'a mut BytesMut) -> Self {
        out.put_u8(b'{');
        Self {
            out,
            is_empty: true,
        }
    }

    /// Adds a member; `write` writes its value.
    pub(crate) fn member(&mut self, key: &str, write: impl FnOnce(&mut BytesMut)) {
        self.comma();
        value(self.out, key);
        self.out.put_u8(b':');
        write(self.out);
    }

    /// Adds a member whose value is anything but JSON text.
    pub(crate) fn value(&mut self, key: &str, of: &(impl Serialize + ?Sized)) {
        self.member(key, |out| value(out, of));
    }

    /// Adds a member whose value is JSON text.
    pub(crate) fn json(&mut self, key: &str, json: &str) {
        self.member(key, |out| on_one_line(out, json));
    }

    /// Adds the members of an object that is given as JSON text.
    pub(crate) fn members_of(&mut self, object: &str) {
        let inside = object
            .trim()
            .strip_prefix('{')
            .and_then(|o| o.strip_suffix('}'));
        let inside = inside.unwrap_or_default().trim();
        if !inside.is_empty() {
            self.comma();
            on_one_line(self.out, inside);
        }
    }

    pub(crate) fn end(self) {
        self.out.put_u8(b'}');
    }

    fn comma(&mut self) {
        if !self.is_empty {
            self.out.put_u8(b',');
        }
        self.is_empty = false;
    }
}

/// Writes a value as JSON.
pub(crate) fn value(out: &mut BytesMut, of: &(impl Serialize + ?Sized)) {
    // Writing to memory does not fail, and what is written here are strings and numbers.
    let _ = serde_json::to_writer(out.writer(), of);
}

/// Line ends in JSON stand between its tokens, where a space is the same.
fn on_one_line(out: &mut BytesMut, json: &str) {
    let mut rest = json.as_bytes();
    while let Some(at) = memchr2(b'\n', b'\r', rest) {
        let (line, after) = rest.split_at(at);
        out.extend_from_slice(line);
        out.put_u8(b' ');
        rest = after.get(1..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}
