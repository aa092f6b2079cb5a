//! JSON objects and arrays, member by member.

use std::fmt::Display;
use std::io::Write;

use yagura_parsers::Timestamp;

use super::json_text::{key, string};
use super::jsonl::time;

/// An object under construction. [`Object::end`] closes it.
pub struct Object<'o> {
    out: &'o mut Vec<u8>,
    empty: bool,
}

impl<'o> Object<'o> {
    /// Opens an object.
    pub fn new(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    /// Writes the name of a member; its value is to follow.
    pub fn member(&mut self, name: &str) -> &mut Vec<u8> {
        if !std::mem::take(&mut self.empty) {
            self.out.push(b',');
        }
        key(self.out, name);
        self.out
    }

    /// A member that is text.
    pub fn text(&mut self, name: &str, text: impl AsRef<[u8]>) -> &mut Self {
        string(self.member(name), text.as_ref());
        self
    }

    /// A member whose value is JSON as it displays itself: a number, `true`, `false`.
    pub fn plain(&mut self, name: &str, value: impl Display) -> &mut Self {
        // Writing to a vector cannot fail.
        let _ = write!(self.member(name), "{value}");
        self
    }

    /// A time: `null` where it is not known.
    pub fn time(&mut self, name: &str, value: Timestamp) -> &mut Self {
        time(self.member(name), value);
        self
    }

    /// An object.
    pub fn object(&mut self, name: &str, fill: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        let mut inner = Object::new(self.member(name));
        fill(&mut inner);
        inner.end();
        self
    }

    /// A list.
    pub fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        write: impl FnMut(&mut Vec<u8>, T),
    ) -> &mut Self {
        list(self.member(name), items, write);
        self
    }

    /// A list of objects.
    pub fn objects<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut fill: impl FnMut(&mut Object<'_>, T),
    ) -> &mut Self {
        self.list(name, items, |out, item| {
            let mut object = Object::new(out);
            fill(&mut object, item);
            object.end();
        })
    }

    /// A list of texts.
    pub fn texts<T: AsRef<[u8]>>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
    ) -> &mut Self {
        self.list(name, items, |out, text| string(out, text.as_ref()))
    }

    /// Closes the object.
    pub fn end(self) {
        self.out.push(b'}');
    }
}

/// Writes `[a,b]`.
pub fn list<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}
