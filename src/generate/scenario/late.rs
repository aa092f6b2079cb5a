//! Lines that arrive later than they were written: now and then by minutes, often by a moment.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::super::random::Random;
use super::{MINUTE, SECOND};

/// One line in so many is a moment late, and comes behind younger ones.
const OUT_OF_ORDER: u32 = 100;
/// One line in so many is late by minutes.
const LATE: u32 = 3000;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    arrives: i64,
    number: u64,
    line: Box<[u8]>,
}

/// Lines on their way.
#[derive(Debug)]
pub struct LateLines {
    waiting: BinaryHeap<Reverse<Waiting>>,
    random: Random,
    number: u64,
}

impl LateLines {
    /// None yet.
    pub fn new(seed: u64) -> Self {
        Self {
            waiting: BinaryHeap::new(),
            random: Random::new(seed),
            number: 0,
        }
    }

    /// Takes the line that begins at `start` away if it is to be late.
    pub fn hold_back(&mut self, out: &mut Vec<u8>, start: usize, now: i64) {
        let delay = match self.random.below(OUT_OF_ORDER * LATE) {
            roll if roll < OUT_OF_ORDER => MINUTE + self.up_to(3 * MINUTE),
            roll if roll % OUT_OF_ORDER == 0 => self.up_to(3 * SECOND),
            _ => return,
        };
        self.number += 1;
        self.waiting.push(Reverse(Waiting {
            arrives: now + delay,
            number: self.number,
            line: out.get(start..).unwrap_or_default().into(),
        }));
        out.truncate(start);
    }

    fn up_to(&mut self, nanos: i64) -> i64 {
        let millis = u32::try_from(nanos / 1_000_000).unwrap_or(u32::MAX);
        i64::from(self.random.below(millis)) * 1_000_000
    }

    /// When the next of them arrives.
    pub fn due(&self) -> Option<i64> {
        self.waiting.peek().map(|Reverse(first)| first.arrives)
    }

    /// Appends the next of them.
    pub fn write_next(&mut self, out: &mut Vec<u8>) {
        if let Some(Reverse(first)) = self.waiting.pop() {
            out.extend_from_slice(&first.line);
        }
    }
}
