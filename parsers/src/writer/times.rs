//! The time of an event, of the several values that may be it.
//!
//! Reading a time costs as much as a handful of other values, and an event has three of them or
//! four. So they are put by until the event ends, and only the best is read.

use super::{EventWriter, Stored};
use crate::batch::Span;
use crate::event::{Encoding, Value, ValueKind};
use crate::time::Timestamp;

/// The longest text with escapes that may be a time.
const TIME_BYTES_MAX: usize = 64;

/// So many values that may be the event's time are put by until it ends.
pub(super) const TIMES_PENDING_MAX: usize = 4;

/// A value that is the event's time if none of a better rank can be read as one.
#[derive(Clone, Copy)]
pub(super) struct PendingTime {
    value: Stored,
    rank: u8,
}

impl PendingTime {
    pub(super) const NONE: Self = Self {
        value: Stored {
            kind: ValueKind::Null,
            encoding: Encoding::Plain,
            span: Span::EMPTY,
        },
        rank: u8::MAX,
    };
}

impl EventWriter<'_> {
    #[inline]
    pub(super) fn put_time_by(&mut self, value: Stored, rank: u8) {
        if rank >= self.open.time_rank {
            return;
        }
        if self.open.times_pending >= TIMES_PENDING_MAX {
            self.read_times();
        }
        if let Some(place) = self.open.times.get_mut(self.open.times_pending) {
            *place = PendingTime { value, rank };
            self.open.times_pending += 1;
        }
    }

    /// Makes the best of the times that were put by that of the event.
    #[inline]
    pub(super) fn read_times(&mut self) {
        if self.open.times_pending > 0 {
            self.read_pending_times();
        }
    }

    fn read_pending_times(&mut self) {
        let count = std::mem::take(&mut self.open.times_pending);
        let mut times = self.open.times;
        let mut times = times.get_mut(..count).unwrap_or_default();
        while !times.is_empty() {
            // The best of those left; of one rank the first counts.
            let ranks = times.iter().enumerate();
            let best = ranks
                .min_by_key(|(_, time)| time.rank)
                .map_or(0, |(i, _)| i);
            times.get_mut(..=best).unwrap_or_default().rotate_right(1);
            let Some((PendingTime { value, rank }, others)) = times.split_first_mut() else {
                return;
            };
            if *rank >= self.open.time_rank {
                return;
            }
            if let Some(time) = self.read_time(*value).filter(|t| *t != Timestamp::UNKNOWN) {
                (self.open.time, self.open.time_rank) = (time, *rank);
                return;
            }
            times = others;
        }
    }

    fn read_time(&mut self, value: Stored) -> Option<Timestamp> {
        let text = value.span.of(self.input, &self.store.arena);
        let mut room = [0; TIME_BYTES_MAX];
        let text = match value.encoding {
            Encoding::Plain => text,
            Encoding::JsonEscaped => {
                Value::stored(value.kind, value.encoding, text).copy_to(&mut room)?
            }
        };
        self.scratch.minute.read(text)
    }
}
