//! A hierarchical timing wheel: when to look at which key again.
//!
//! Six levels of 64 buckets; a tick is about a second (2^30 ns). An entry waits in the bucket
//! of the highest digit in which its tick differs from now, and moves down a level when that
//! digit comes round (Varghese and Lauck 1987), so it is touched a few times at most. Exact
//! times are not its business: what falls into the current tick is handed out, and whoever
//! asked sorts it. Entries are never removed; a key that was rescheduled tells its stale entries
//! by their tick.

const LEVELS: usize = 6;
const DIGIT_BITS: u32 = 6;
const BUCKETS: usize = 1 << DIGIT_BITS;
const TICK_BITS: u32 = 30;

/// A stretch of 2^30 ns, counted from 1970.
pub(crate) type Tick = u32;

/// The tick that a time falls into. Times before 1970 and after 2116 share the first and last.
pub(crate) fn tick_of(time: i64) -> Tick {
    let tick = Tick::try_from((time >> TICK_BITS).max(0)).unwrap_or(Tick::MAX);
    // The last one of all means that a key is not entered yet.
    tick.min(Tick::MAX - 1)
}

/// A key to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) tick: Tick,
    pub(crate) table: u32,
    pub(crate) slot: u32,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Wheel {
    now: Tick,
    levels: Vec<Level>,
}

#[derive(Debug)]
struct Level {
    occupied: u64,
    buckets: Vec<Vec<Entry>>,
}

impl Wheel {
    pub(crate) fn new() -> Self {
        let level = || Level {
            occupied: 0,
            buckets: vec![Vec::new(); BUCKETS],
        };
        Self {
            now: 0,
            levels: (0..LEVELS).map(|_| level()).collect(),
        }
    }

    /// The tick at hand.
    pub(crate) fn now(&self) -> Tick {
        self.now
    }

    /// Adds an entry; hands it back when its tick has begun already.
    pub(crate) fn insert(&mut self, entry: Entry) -> Option<Entry> {
        if entry.tick <= self.now {
            return Some(entry);
        }
        let level = ((entry.tick ^ self.now).ilog2() / DIGIT_BITS) as usize;
        let digit = (entry.tick >> (DIGIT_BITS * level as u32)) as usize % BUCKETS;
        if let Some(level) = self.levels.get_mut(level) {
            level.occupied |= 1 << digit;
            if let Some(bucket) = level.buckets.get_mut(digit) {
                bucket.push(entry);
            }
        }
        None
    }

    /// Moves on to the next tick that has entries, at most to `until`, and adds them to `out`.
    /// False: there were none, and `until` is reached.
    pub(crate) fn step(&mut self, until: Tick, out: &mut Vec<Entry>) -> bool {
        while let Some((level, digit, start)) = self.next_bucket() {
            if start > until {
                break;
            }
            self.now = start.max(self.now);
            let entries = self.take(level, digit);
            let before = out.len();
            for entry in entries {
                out.extend(self.insert(entry));
            }
            if out.len() > before {
                return true;
            }
        }
        self.now = self.now.max(until);
        false
    }

    /// Some of the entries that come next, taken out: for eviction.
    pub(crate) fn take_next(&mut self) -> Vec<Entry> {
        match self.next_bucket() {
            Some((level, digit, _)) => self.take(level, digit),
            None => Vec::new(),
        }
    }

    /// Tables have other numbers now; entries of those that have none are dropped.
    pub(crate) fn renumber(&mut self, place: impl Fn(u32) -> Option<u32>) {
        let levels = self.levels.iter_mut();
        for bucket in levels.flat_map(|level| &mut level.buckets) {
            bucket.retain_mut(|entry| match place(entry.table) {
                Some(table) => {
                    entry.table = table;
                    true
                }
                None => false,
            });
        }
    }

    fn take(&mut self, level: usize, digit: usize) -> Vec<Entry> {
        let Some(level) = self.levels.get_mut(level) else {
            return Vec::new();
        };
        level.occupied &= !(1 << digit);
        level
            .buckets
            .get_mut(digit)
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// The lowest level that has anything holds what comes first: its entries share all higher
    /// digits with now.
    fn next_bucket(&self) -> Option<(usize, usize, Tick)> {
        for (number, level) in self.levels.iter().enumerate() {
            if level.occupied == 0 {
                continue;
            }
            let digit = level.occupied.trailing_zeros();
            let shift = DIGIT_BITS * number as u32;
            let above = u64::from(self.now) >> (shift + DIGIT_BITS) << (shift + DIGIT_BITS);
            let start = above | u64::from(digit) << shift;
            let start = Tick::try_from(start).unwrap_or(Tick::MAX);
            return Some((number, digit as usize, start));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Entry, Wheel};

    proptest! {
        #[test]
        fn entries_come_at_their_tick(
            ticks in prop::collection::vec(prop_oneof![0u32..200, 0u32..100_000, any::<u32>()], 0..50),
            jumps in prop::collection::vec(prop_oneof![0u32..100, 0u32..70_000, any::<u32>()], 0..20),
        ) {
            let mut wheel = Wheel::new();
            let (mut waiting, mut now) = (Vec::new(), 0u32);
            let mut ticks = ticks.into_iter();
            for jump in jumps {
                for tick in ticks.by_ref().take(4) {
                    let entry = Entry { tick: now.saturating_add(tick), table: 0, slot: tick };
                    match wheel.insert(entry) {
                        Some(_) => prop_assert!(entry.tick <= now),
                        None => waiting.push(entry),
                    }
                }
                now = now.saturating_add(jump);
                let mut out = Vec::new();
                while wheel.step(now, &mut out) {}
                let sorted = out.windows(2).all(|pair| pair[0].tick <= pair[1].tick);
                prop_assert!(sorted, "out of order");
                let (mut due, rest): (Vec<_>, Vec<_>) =
                    waiting.into_iter().partition(|e: &Entry| e.tick <= now);
                waiting = rest;
                due.sort_by_key(|e| (e.tick, e.slot));
                out.sort_by_key(|e| (e.tick, e.slot));
                prop_assert_eq!(out, due);
            }
        }
    }
}
