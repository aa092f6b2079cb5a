//! Where top-level objects begin and end, without reading what is in between.
//!
//! Braces outside strings are counted; nothing else matters for the end of an object. So the
//! cost is that of finding quotes and braces, and the state between two reads is two words.

use memchr::{memchr, memchr2, memchr3};

/// The state of the search, at a byte of a stream.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Boundary {
    depth: usize,
    place: Place,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Plain,
    InString,
    BehindBackslash,
}

/// The outermost brace of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Brace {
    Opened,
    Closed,
}

impl Boundary {
    /// Whether no object and no string is open.
    pub(crate) fn is_outside(&self) -> bool {
        self.depth == 0 && self.place == Place::Plain
    }

    /// Goes on through `bytes` up to the next outermost brace and gives the offset behind it;
    /// `None` when all of `bytes` is passed without one.
    pub(crate) fn next(&mut self, bytes: &[u8]) -> Option<(usize, Brace)> {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            match self.place {
                Place::BehindBackslash => {
                    at += 1;
                    self.place = Place::InString;
                }
                Place::InString => {
                    let stop = memchr2(b'"', b'\\', rest)?;
                    self.place = match rest.get(stop) {
                        Some(b'"') => Place::Plain,
                        _ => Place::BehindBackslash,
                    };
                    at += stop + 1;
                }
                Place::Plain => {
                    let stop = memchr3(b'"', b'{', b'}', rest)?;
                    at += stop + 1;
                    if let Some(brace) = rest.get(stop).and_then(|byte| self.step(*byte)) {
                        return Some((at, brace));
                    }
                }
            }
        }
        None
    }

    fn step(&mut self, byte: u8) -> Option<Brace> {
        match byte {
            b'"' => self.place = Place::InString,
            b'{' => {
                self.depth += 1;
                return (self.depth == 1).then_some(Brace::Opened);
            }
            // One that closes too many ends an envelope, or something damaged.
            _ => {
                self.depth = self.depth.saturating_sub(1);
                return (self.depth == 0).then_some(Brace::Closed);
            }
        }
        None
    }
}

/// The end of a damaged element that begins `text`: where its braces balance, or before the next
/// line that begins like its own: with `indent` and a brace.
pub(super) fn end_of_damaged(text: &[u8], indent: &[u8]) -> usize {
    let mut boundary = Boundary::default();
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        // Line by line, so that the work is bounded by what is given up.
        let line_len = memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
        let (line, behind) = rest.split_at(line_len);
        let mut seen = 0;
        while let Some((len, brace)) = boundary.next(line.get(seen..).unwrap_or_default()) {
            seen += len;
            if brace == Brace::Closed {
                return at + seen;
            }
        }
        at += line_len;
        let next_element = behind.strip_prefix(indent).unwrap_or_default();
        if behind.is_empty() || next_element.first() == Some(&b'{') {
            return at;
        }
    }
}
