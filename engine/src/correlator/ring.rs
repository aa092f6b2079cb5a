//! The last few matches of a key, in order of time; two of them without an allocation.

use std::collections::VecDeque;

/// A match as far as a count needs it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) time: i64,
    /// What the caller calls the event.
    pub(crate) event: u64,
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) enum Ring {
    Few(u8, [Moment; 2]),
    /// Boxed, so that a slot stays within a cache line.
    #[expect(clippy::box_collection, reason = "see above")]
    Many(Box<VecDeque<Moment>>),
}

impl Ring {
    pub(crate) fn new() -> Self {
        Self::Few(0, [Moment::default(); 2])
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Few(length, _) => usize::from(*length),
            Self::Many(many) => many.len(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Moment> {
        let (few, many) = match self {
            Self::Few(length, few) => (few.get(..usize::from(*length)), None),
            Self::Many(many) => (None, Some(many.iter())),
        };
        let few = few.unwrap_or_default().iter();
        few.chain(many.into_iter().flatten()).copied()
    }

    fn newest(&self) -> Option<i64> {
        match self {
            Self::Few(0, _) => None,
            Self::Few(1, [only, _]) => Some(only.time),
            Self::Few(_, [_, last]) => Some(last.time),
            Self::Many(many) => many.back().map(|m| m.time),
        }
    }

    /// Adds a match behind those of its time, keeps the last `keep`, and of these only what
    /// lies within `span` of the newest.
    pub(crate) fn add(&mut self, moment: Moment, keep: u64, span: i64) {
        let newest = self.newest().unwrap_or(moment.time).max(moment.time);
        let oldest = newest.saturating_sub(span);
        match self {
            Self::Few(length, few) => {
                // In order almost always: then the arms below move at most one moment.
                let kept = few.get(..usize::from(*length)).unwrap_or_default();
                let mut all = [Moment::default(); 3];
                let mut count = 0;
                let mut put = |m: Moment| {
                    if m.time >= oldest
                        && let Some(place) = all.get_mut(count)
                    {
                        *place = m;
                        count += 1;
                    }
                };
                let split = kept.partition_point(|m| m.time <= moment.time);
                kept.iter().take(split).for_each(|m| put(*m));
                put(moment);
                kept.iter().skip(split).for_each(|m| put(*m));
                let over = count.saturating_sub(usize::try_from(keep).unwrap_or(usize::MAX));
                let all = all.get(over..count).unwrap_or_default();
                if let (Ok(new), Some(place)) = (u8::try_from(all.len()), few.get_mut(..all.len()))
                {
                    place.copy_from_slice(all);
                    *length = new;
                } else {
                    *self = Self::Many(Box::new(all.iter().copied().collect()));
                }
            }
            Self::Many(many) => {
                let place = many.partition_point(|m| m.time <= moment.time);
                if place == many.len() {
                    many.push_back(moment);
                } else {
                    many.insert(place, moment);
                }
                while many.len() as u64 > keep || many.front().is_some_and(|m| m.time < oldest) {
                    many.pop_front();
                }
            }
        }
    }

    /// Bytes beside its own.
    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            Self::Few(..) => 0,
            Self::Many(many) => many.capacity() * size_of::<Moment>() + 64,
        }
    }
}

impl FromIterator<Moment> for Ring {
    fn from_iter<I: IntoIterator<Item = Moment>>(moments: I) -> Self {
        let mut ring = Self::new();
        for moment in moments {
            ring.add(moment, u64::MAX, i64::MAX);
        }
        ring
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Moment, Ring};

    proptest! {
        #[test]
        fn keeps_the_last_in_the_window(
            times in prop::collection::vec(0i64..30, 0..40), keep in 1u64..8, span in 0i64..20,
        ) {
            let mut ring = Ring::new();
            let mut all: Vec<Moment> = Vec::new();
            for (event, time) in (0..).zip(times) {
                let moment = Moment { time, event };
                ring.add(moment, keep, span);
                all.push(moment);
                all.sort_by_key(|m| m.time);
                let newest = all.last().map_or(0, |m| m.time);
                let start = all.len() - all.len().min(keep as usize);
                let mut expected = all[start..].to_vec();
                expected.retain(|m| m.time >= newest - span);
                prop_assert_eq!(ring.iter().collect::<Vec<_>>(), expected);
            }
        }
    }
}
