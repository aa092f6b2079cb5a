//! Matches that wait until the watermark passes them, in order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::carried::Carried;

/// A match that waits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waiting {
    pub(crate) detection: usize,
    pub(crate) at: (i64, u64),
    pub(crate) event: u64,
    pub(crate) carried: Carried,
}

/// See the module. Matches of one event come in the order of the detections.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    order: BinaryHeap<Reverse<(i64, u64, u32, u32)>>,
    waiting: Vec<Waiting>,
    free: Vec<u32>,
}

impl Buffer {
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// A match to fill in and [`Buffer::add`].
    pub(crate) fn blank(&mut self) -> Waiting {
        let place = self.free.last().map(|place| *place as usize);
        let mut blank = place
            .and_then(|place| self.waiting.get_mut(place))
            .map(std::mem::take)
            .unwrap_or_default();
        blank.carried.clear();
        blank
    }

    pub(crate) fn add(&mut self, waiting: Waiting) {
        let (time, sequence) = waiting.at;
        let detection = waiting.detection as u32;
        let place = match self.free.pop() {
            Some(place) => place,
            None => {
                self.waiting.push(Waiting::default());
                (self.waiting.len() - 1) as u32
            }
        };
        if let Some(cell) = self.waiting.get_mut(place as usize) {
            *cell = waiting;
            self.order.push(Reverse((time, sequence, detection, place)));
        }
    }

    /// Where the next match stands.
    pub(crate) fn next_at(&self) -> Option<(i64, u64)> {
        let Reverse((time, sequence, ..)) = self.order.peek()?;
        Some((*time, *sequence))
    }

    /// Takes the next match out. To be given back with [`Buffer::recycle`].
    pub(crate) fn pop(&mut self) -> Option<(u32, Waiting)> {
        let Reverse((.., place)) = self.order.pop()?;
        let waiting = self.waiting.get_mut(place as usize).map(std::mem::take)?;
        Some((place, waiting))
    }

    /// Keeps the buffers of a match for others.
    pub(crate) fn recycle(&mut self, place: u32, waiting: Waiting) {
        if let Some(cell) = self.waiting.get_mut(place as usize) {
            *cell = waiting;
            self.free.push(place);
        }
    }

    /// All that wait, in no order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Waiting> {
        let waiting = self.order.iter();
        waiting.filter_map(|Reverse((.., place))| self.waiting.get(*place as usize))
    }
}
