//! Windows event XML: cut behind `</Event>`.

use super::{KEPT_BYTES, Skip};
use crate::windows::xml::{EventTag, TagKind, last_event_end, next_event_tag};

/// Where the search in one source is.
#[derive(Debug, Default)]
pub(super) struct XmlFramer {
    /// How much of the buffer holds no end of an event.
    seen: usize,
}

impl XmlFramer {
    /// Behind the last event that ends in `buffer`.
    pub(super) fn cut(&mut self, buffer: &[u8]) -> usize {
        let from = self.seen.saturating_sub(KEPT_BYTES).min(buffer.len());
        let fresh = buffer.get(from..).unwrap_or_default();
        let end = last_event_end(fresh).map_or(0, |end| from + end);
        self.seen = buffer.len() - end;
        end
    }

    /// How much of an unfinished event goes when it is over the limit.
    pub(super) fn cut_long(&mut self, buffer: &[u8]) -> usize {
        self.seen = 0;
        buffer.len().saturating_sub(KEPT_BYTES).max(1)
    }

    /// Behind the next event that ends.
    pub(super) fn skip(&mut self, buffer: &[u8]) -> Skip {
        self.seen = 0;
        match first_end(buffer) {
            Some(len) => Skip { len, ended: true },
            None => Skip {
                len: buffer.len().saturating_sub(KEPT_BYTES),
                ended: false,
            },
        }
    }
}

fn first_end(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let tag = next_event_tag(text, from)?;
        match tag {
            EventTag {
                kind: TagKind::Close,
                end,
                ..
            } => return Some(end),
            EventTag { end, .. } => from = end,
        }
    }
}
