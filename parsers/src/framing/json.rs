//! JSON that is not bound to lines: cut behind top-level objects.
//!
//! Each byte is looked at once, however the reads fall: the search goes on where it stopped.

use memchr::memrchr;

use super::{KEPT_BYTES, Skip};
use crate::json::{Boundary, Edge, Opening, element_start, first_is_damaged, opening};

/// With so much that is no object, it may go line by line.
const OUTSIDE_BYTES_MAX: usize = 64 * 1024;

/// Where the search in one source is. The brackets of arrays and the braces of envelopes are not
/// part of any record, so nothing of them has to be remembered.
#[derive(Debug, Default)]
pub(super) struct JsonFramer {
    boundary: Boundary,
    /// How much of the buffer is looked at already.
    seen: usize,
    /// While skipping, how much of the buffer was searched for the next element.
    searched: usize,
    /// Whether the record that was cut is not just long, so that anything like an element is one.
    is_damaged: bool,
}

impl JsonFramer {
    /// Behind the last object that ends in `buffer`.
    pub(super) fn cut(&mut self, buffer: &[u8]) -> usize {
        let mut end = 0;
        while let Some(at) = self.next_end(buffer) {
            end = at;
        }
        if end == 0 && self.boundary.is_outside() && self.seen > OUTSIDE_BYTES_MAX {
            let outside = buffer.get(..self.seen).unwrap_or(buffer);
            end = memrchr(b'\n', outside).map_or(0, |newline| newline + 1);
        }
        self.seen -= end.min(self.seen);
        end
    }

    /// How much of an unfinished record goes when it is over the limit. All of `buffer` has been
    /// given to [`JsonFramer::cut`].
    pub(super) fn cut_long(&mut self, buffer: &[u8]) -> usize {
        self.is_damaged = first_is_damaged(buffer);
        self.searched = 0;
        let len = buffer.len().saturating_sub(KEPT_BYTES).max(1);
        self.seen = self.seen.saturating_sub(len);
        len
    }

    /// Goes on to the end of the record that was cut, or to what begins like the next one: a
    /// brace that is missing would swallow the rest of the source.
    pub(super) fn skip(&mut self, buffer: &[u8]) -> Skip {
        let own = self.boundary.lead();
        let next = element_start::find(buffer, self.searched, |_, lead| {
            lead.begins_line_like(own) || self.is_damaged && lead.begins_element_like(own)
        });
        let end = if self.boundary.is_outside() {
            Some(self.seen)
        } else {
            self.next_end(buffer)
        };
        let next = next.map(|(_, start)| start);
        let Some(len) = end.into_iter().chain(next).min() else {
            let len = buffer.len().saturating_sub(KEPT_BYTES);
            self.seen = self.seen.saturating_sub(len);
            self.searched = buffer.len() - len;
            return Skip { len, ended: false };
        };
        *self = Self::default();
        Skip { len, ended: true }
    }

    fn next_end(&mut self, buffer: &[u8]) -> Option<usize> {
        loop {
            match self.boundary.next(buffer, &mut self.seen)? {
                Edge::Closed(end) | Edge::Damaged(end) => return Some(end),
                Edge::Opened(brace) => match opening(buffer.get(brace..)?) {
                    Opening::Event => {}
                    Opening::Envelope(len) => {
                        self.boundary = Boundary::default();
                        self.seen = brace + len;
                    }
                    Opening::Unfinished => {
                        self.boundary = Boundary::default();
                        self.seen = brace;
                        return None;
                    }
                },
            }
        }
    }
}
