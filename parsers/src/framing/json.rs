//! JSON that is not bound to lines: cut behind top-level objects.
//!
//! Each byte is looked at once, however the reads fall: the search goes on where it stopped.

use memchr::memrchr;

use crate::json::{Boundary, Brace, Opening, opening};

/// With so much that is no object, it may go line by line.
const OUTSIDE_BYTES_MAX: usize = 64 * 1024;

/// Where the search in one source is. The brackets of arrays and the braces of envelopes are not
/// part of any record, so nothing of them has to be remembered.
#[derive(Debug, Default)]
pub(super) struct JsonFramer {
    boundary: Boundary,
    /// How much of the buffer is looked at already.
    seen: usize,
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

    /// Behind the object that was cut. What [`JsonFramer::cut`] has seen of it is expected to
    /// have gone with the cut; `buffer` is what follows.
    pub(super) fn skip(&mut self, buffer: &[u8]) -> Option<usize> {
        self.seen = 0;
        if self.boundary.is_outside() {
            return Some(0);
        }
        if let Some(end) = self.next_end(buffer) {
            self.seen = 0;
            return Some(end);
        }
        // A quote or brace that is missing would swallow the rest of the source.
        let resumed = memchr::memmem::find(buffer, b"\n{").map(|newline| newline + 1);
        self.seen = 0;
        if resumed.is_some() {
            self.boundary = Boundary::default();
        }
        resumed
    }

    fn next_end(&mut self, buffer: &[u8]) -> Option<usize> {
        loop {
            let Some((len, brace)) = self.boundary.next(buffer.get(self.seen..)?) else {
                self.seen = buffer.len();
                return None;
            };
            let brace_at = self.seen + len - 1;
            self.seen += len;
            match brace {
                Brace::Closed => return Some(self.seen),
                Brace::Opened => match opening(buffer.get(brace_at..)?) {
                    Opening::Event => {}
                    Opening::Envelope(len) => {
                        self.boundary = Boundary::default();
                        self.seen = brace_at + len;
                    }
                    Opening::Unfinished => {
                        self.boundary = Boundary::default();
                        self.seen = brace_at;
                        return None;
                    }
                },
            }
        }
    }
}
