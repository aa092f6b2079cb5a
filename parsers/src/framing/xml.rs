//! Windows event XML: cut behind `</Event>`.

use crate::windows::xml::{EventTag, TagKind, last_event_end, next_event_tag};

/// No end tag is longer, whatever its prefix: so much of what was seen is looked at again.
const OVERLAP_BYTES: usize = 128;

/// Where the search in one source is.
#[derive(Debug, Default)]
pub(super) struct XmlFramer {
    /// How much of the buffer holds no end of an event.
    seen: usize,
    /// The last bytes of what was skipped.
    skipped: Vec<u8>,
}

impl XmlFramer {
    /// Behind the last event that ends in `buffer`.
    pub(super) fn cut(&mut self, buffer: &[u8]) -> usize {
        let from = self.seen.saturating_sub(OVERLAP_BYTES).min(buffer.len());
        let fresh = buffer.get(from..).unwrap_or_default();
        let end = last_event_end(fresh).map_or(0, |end| from + end);
        self.seen = buffer.len() - end;
        end
    }

    /// Behind the next event that ends.
    pub(super) fn skip(&mut self, buffer: &[u8]) -> Option<usize> {
        self.seen = 0;
        let before = self.skipped.len();
        let head = buffer.get(..OVERLAP_BYTES).unwrap_or(buffer);
        self.skipped.extend_from_slice(head);
        let end = first_end(&self.skipped)
            .map(|end| end.saturating_sub(before))
            .or_else(|| first_end(buffer));
        if end.is_some() {
            self.skipped.clear();
            return end;
        }
        let behind_head = buffer.get(head.len()..).unwrap_or_default();
        let tail = behind_head.len().saturating_sub(OVERLAP_BYTES);
        self.skipped
            .extend_from_slice(behind_head.get(tail..).unwrap_or_default());
        let outlived = self.skipped.len().saturating_sub(OVERLAP_BYTES);
        self.skipped.drain(..outlived);
        None
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
