//! Matches that wait until the watermark passes them, in order of time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::carried::Carried;

/// A match that waits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waiting {
    pub(crate) detection: usize,
    pub(crate) at: (i64, u64),
    pub(crate) event: u64,
    pub(crate) carried: Carried,
}

/// Time, sequence number, detection; and where the match is.
type Ranked = (i64, u64, u32, u32);

/// See the module. Matches of one event come in the order of the detections.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    /// Those that came in order: almost all.
    in_order: VecDeque<Ranked>,
    /// The others.
    behind: BinaryHeap<Reverse<Ranked>>,
    waiting: Vec<Waiting>,
    free: Vec<u32>,
}

impl Buffer {
    pub(crate) fn len(&self) -> usize {
        self.in_order.len() + self.behind.len()
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
        let place = self.free.pop().unwrap_or_else(|| {
            self.waiting.push(Waiting::default());
            (self.waiting.len() - 1) as u32
        });
        if let Some(cell) = self.waiting.get_mut(place as usize) {
            *cell = waiting;
            let ranked = (time, sequence, detection, place);
            if self.in_order.back().is_none_or(|last| *last <= ranked) {
                self.in_order.push_back(ranked);
            } else {
                self.behind.push(Reverse(ranked));
            }
        }
    }

    fn next(&self) -> Option<&Ranked> {
        let behind = self.behind.peek().map(|Reverse(ranked)| ranked);
        self.in_order.front().into_iter().chain(behind).min()
    }

    /// Where the next match stands.
    pub(crate) fn next_at(&self) -> Option<(i64, u64)> {
        let (time, sequence, ..) = self.next()?;
        Some((*time, *sequence))
    }

    /// Takes the next match out. To be given back with [`Buffer::recycle`].
    pub(crate) fn pop(&mut self) -> Option<(u32, Waiting)> {
        let next = *self.next()?;
        if self.in_order.front() == Some(&next) {
            self.in_order.pop_front();
        } else {
            self.behind.pop();
        }
        let (.., place) = next;
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
        let behind = self.behind.iter().map(|Reverse(ranked)| ranked);
        let ranked = self.in_order.iter().chain(behind);
        ranked.filter_map(|(.., place)| self.waiting.get(*place as usize))
    }
}
