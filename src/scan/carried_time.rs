//! The time of events that have none of their own, across the borders of blocks.
//!
//! Within a block such an event takes the time of the event before it (a stack trace that of
//! the line which it belongs to). The first events of a block find none there; the sink, which
//! sees blocks in order, gives them that of the block before. So results do not depend on where
//! an input happens to be cut.

use yagura_engine::pipeline::Block;
use yagura_parsers::Timestamp;

use super::rendered::Piece;

/// Where a rendered record shows its time, and how.
#[derive(Clone, Copy, Debug)]
pub struct TimeSlot {
    /// Bytes before it.
    pub offset: usize,
    /// Writes a time, or what stands for an unknown one.
    pub write: fn(&mut Vec<u8>, Timestamp),
}

/// Remembers the last time of the input under way.
#[derive(Debug)]
pub struct CarriedTime {
    slot: TimeSlot,
    input: Option<u32>,
    time: Timestamp,
}

impl CarriedTime {
    /// Nothing seen yet.
    pub fn new(slot: TimeSlot) -> Self {
        Self {
            slot,
            input: None,
            time: Timestamp::UNKNOWN,
        }
    }

    /// Takes a piece of the next block, and gives its records without a time that of the block
    /// before.
    pub fn pass(&mut self, block: &Block, piece: &mut Piece) {
        if self.input != Some(block.input) {
            self.input = Some(block.input);
            self.time = Timestamp::UNKNOWN;
        }
        let first = piece.records.first();
        let lacks_time = first.is_some_and(|record| record.key.time == Timestamp::UNKNOWN.0);
        if self.time != Timestamp::UNKNOWN && lacks_time {
            self.fill_in(piece);
        }
    }

    /// Takes the end of a block, and the time of its last event that had one.
    pub fn end(&mut self, block: &Block, last_time: Timestamp) {
        if self.input != Some(block.input) {
            self.input = Some(block.input);
            self.time = Timestamp::UNKNOWN;
        }
        if last_time != Timestamp::UNKNOWN {
            self.time = last_time;
        }
    }

    fn fill_in(&self, result: &mut Piece) {
        let mut unknown = Vec::new();
        (self.slot.write)(&mut unknown, Timestamp::UNKNOWN);
        let old = std::mem::take(&mut result.text);
        let text = &mut result.text;
        text.reserve(old.len() + old.len() / 8);
        let mut start = 0;
        for record in &mut result.records {
            let shown = old.get(start..record.shown_end).unwrap_or_default();
            let carried = old.get(record.shown_end..record.end).unwrap_or_default();
            start = record.end;
            let lacks_time = record.key.time == Timestamp::UNKNOWN.0;
            if lacks_time {
                record.key.time = self.time.0;
            }
            // What is not shown, or not at a time, has no slot.
            if lacks_time
                && let Some((before, rest)) = shown.split_at_checked(self.slot.offset)
                && let Some(after) = rest.strip_prefix(unknown.as_slice())
            {
                text.extend_from_slice(before);
                (self.slot.write)(text, self.time);
                text.extend_from_slice(after);
            } else {
                text.extend_from_slice(shown);
            }
            record.shown_end = text.len();
            text.extend_from_slice(carried);
            record.end = text.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use yagura_engine::pipeline::Block;
    use yagura_parsers::{BlockExtent, Format, Origin, Timestamp};

    use super::{CarriedTime, TimeSlot};
    use crate::scan::rendered::{Piece, Record};
    use crate::sort::SortKey;

    fn write(out: &mut Vec<u8>, time: Timestamp) {
        if time == Timestamp::UNKNOWN {
            out.extend_from_slice(b"null");
        } else {
            out.extend_from_slice(time.0.to_string().as_bytes());
        }
    }

    fn passed(carried: &mut CarriedTime, input: u32, times: &[i64]) -> String {
        let block = Block {
            input,
            format: Format::Raw,
            origin: Origin {
                position: 0,
                near: Timestamp::UNKNOWN,
                extent: BlockExtent::Whole,
            },
        };
        let mut result = Piece::default();
        for time in times {
            result.text.extend_from_slice(b"t=");
            write(&mut result.text, Timestamp(*time));
            result.text.extend_from_slice(b" x;");
            result.records.push(Record {
                key: SortKey {
                    time: *time,
                    input,
                    position: 0,
                    rule: 0,
                },
                shown_end: result.text.len(),
                end: result.text.len(),
            });
        }
        carried.pass(&block, &mut result);
        let mut known = times.iter().filter(|time| **time != Timestamp::UNKNOWN.0);
        carried.end(
            &block,
            Timestamp(*known.next_back().unwrap_or(&Timestamp::UNKNOWN.0)),
        );
        assert_eq!(
            result.records.last().map_or(0, |r| r.end),
            result.text.len()
        );
        String::from_utf8(result.text).expect("UTF-8")
    }

    #[test]
    fn reaches_the_next_block_of_the_same_input_only() {
        const NONE: i64 = Timestamp::UNKNOWN.0;
        let mut carried = CarriedTime::new(TimeSlot { offset: 2, write });
        assert_eq!(passed(&mut carried, 0, &[NONE, 5]), "t=null x;t=5 x;");
        assert_eq!(
            passed(&mut carried, 0, &[NONE, NONE, 7]),
            "t=5 x;t=5 x;t=7 x;"
        );
        assert_eq!(passed(&mut carried, 0, &[NONE]), "t=7 x;");
        assert_eq!(passed(&mut carried, 0, &[]), "");
        assert_eq!(passed(&mut carried, 0, &[NONE]), "t=7 x;");
        assert_eq!(passed(&mut carried, 1, &[NONE]), "t=null x;");
    }
}
