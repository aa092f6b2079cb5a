//! Where top-level objects begin and end, without reading what is in between.
//!
//! Braces outside strings are counted; nothing else matters for the end of an object. So the
//! cost is that of finding quotes and braces, and the state between two reads is a few words.
//!
//! A quote that is missing turns strings inside out, and no brace would be seen any more. That
//! shows at the next element: a "string" ends in its brace, and what follows is the name of its
//! first member, which never follows a string in JSON.

use memchr::{memchr2, memchr3, memrchr};

use super::element_start::{Lead, lead};

/// White space between a brace and a quote, or behind a quote, that is looked through.
const BLANKS_MAX: usize = 32;

/// The state of the search, at a byte of a stream.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Boundary {
    depth: usize,
    place: Place,
    /// What stands before the outermost object that is open.
    lead: Lead,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Plain,
    InString,
    BehindBackslash,
}

/// An edge of an outermost object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// It begins, with the brace at this offset.
    Opened(usize),
    /// It ends before this offset.
    Closed(usize),
    /// It is damaged, and the next one begins at or shortly behind this offset.
    Damaged(usize),
}

/// What a quote that ends a string tells.
enum Quote {
    EndsString,
    /// The bytes behind it are not there yet.
    Unclear,
    /// It begins the first key of the element behind this offset.
    BeginsKey(usize),
}

impl Boundary {
    /// Whether no object and no string is open.
    pub(crate) fn is_outside(&self) -> bool {
        self.depth == 0 && self.place == Place::Plain
    }

    /// What stands before the outermost object that is open.
    pub(crate) fn lead(&self) -> Lead {
        self.lead
    }

    /// Goes on in `text`, from `at`, to the next edge; `None` where there is none yet. `at` is
    /// moved to where the search goes on once there is more text.
    pub(crate) fn next(&mut self, text: &[u8], at: &mut usize) -> Option<Edge> {
        while let Some(rest) = text.get(*at..).filter(|rest| !rest.is_empty()) {
            match self.place {
                Place::BehindBackslash => {
                    *at += 1;
                    self.place = Place::InString;
                }
                Place::InString => {
                    let Some(stop) = memchr2(b'"', b'\\', rest) else {
                        break;
                    };
                    *at += stop + 1;
                    if rest.get(stop) == Some(&b'\\') {
                        self.place = Place::BehindBackslash;
                        continue;
                    }
                    match self.quote(text, *at - 1) {
                        Quote::EndsString => self.place = Place::Plain,
                        Quote::Unclear => {
                            *at -= 1;
                            return None;
                        }
                        Quote::BeginsKey(start) => {
                            *self = Self::default();
                            *at = start;
                            return Some(Edge::Damaged(start));
                        }
                    }
                }
                Place::Plain => {
                    let Some(stop) = memchr3(b'"', b'{', b'}', rest) else {
                        break;
                    };
                    *at += stop + 1;
                    let byte = rest.get(stop).copied().unwrap_or_default();
                    if let Some(edge) = self.step(byte, text, *at) {
                        return Some(edge);
                    }
                }
            }
        }
        *at = text.len();
        None
    }

    fn step(&mut self, byte: u8, text: &[u8], behind: usize) -> Option<Edge> {
        match byte {
            b'"' => self.place = Place::InString,
            b'{' => {
                self.depth += 1;
                if self.depth == 1 {
                    self.lead = lead(text, behind - 1).0;
                    return Some(Edge::Opened(behind - 1));
                }
            }
            // One that closes too many ends an envelope, or something damaged.
            _ => {
                self.depth = self.depth.saturating_sub(1);
                return (self.depth == 0).then_some(Edge::Closed(behind));
            }
        }
        None
    }

    #[inline]
    fn quote(&self, text: &[u8], quote: usize) -> Quote {
        let last = quote.checked_sub(1).and_then(|before| text.get(before));
        match last {
            Some(b'{' | b' ' | b'\n' | b'\r' | b'\t') => self.quote_behind_brace(text, quote),
            _ => Quote::EndsString,
        }
    }

    #[cold]
    fn quote_behind_brace(&self, text: &[u8], quote: usize) -> Quote {
        let from = quote.saturating_sub(BLANKS_MAX);
        let before = text.get(from..quote).unwrap_or_default();
        let Some(brace) = memrchr(b'{', before) else {
            return Quote::EndsString;
        };
        let blanks = before.get(brace + 1..).unwrap_or_default();
        if !blanks.trim_ascii().is_empty() {
            return Quote::EndsString;
        }
        let (lead, start) = lead(text, from + brace);
        if !lead.begins_element_like(self.lead) {
            return Quote::EndsString;
        }
        let behind = text.get(quote + 1..).unwrap_or_default();
        let near = behind.get(..BLANKS_MAX).unwrap_or(behind);
        match near.trim_ascii_start().first() {
            None if near.len() < BLANKS_MAX => Quote::Unclear,
            None | Some(b',' | b':' | b'}' | b']') => Quote::EndsString,
            Some(_) => Quote::BeginsKey(start),
        }
    }
}
