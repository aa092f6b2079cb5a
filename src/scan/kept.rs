//! The last state of each alert or incident, in bounded memory.

use hashbrown::HashMap;

/// How many are kept at a time for a report.
pub const KEPT_MAX: usize = 10_000;

/// The last states by id. When there are too many, those that weigh least are let go.
#[derive(Debug)]
pub struct Kept<T> {
    of: HashMap<u128, T>,
    max: usize,
    let_go: u64,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self::new(KEPT_MAX)
    }
}

impl<T> Kept<T> {
    fn new(max: usize) -> Self {
        Self {
            of: HashMap::new(),
            max,
            let_go: 0,
        }
    }

    /// Keeps a state in place of the one before. One whose first state was let go stays so.
    /// `weight`: those with less are let go first; equal ones by id, the higher first.
    pub fn keep<W: Ord>(&mut self, id: u128, is_first: bool, item: T, weight: impl Fn(&T) -> W) {
        if is_first || self.of.contains_key(&id) {
            self.of.insert(id, item);
        }
        // Half as many again, so that sorting is rare.
        if self.of.len() > self.max + self.max / 2 {
            let mut order: Vec<_> = self
                .of
                .iter()
                .map(|(id, item)| (std::cmp::Reverse(weight(item)), *id))
                .collect();
            order.sort_unstable();
            for (_, id) in order.drain(self.max..) {
                self.of.remove(&id);
                self.let_go += 1;
            }
        }
    }

    /// Drops one that became part of another.
    pub fn forget(&mut self, id: u128) {
        self.of.remove(&id);
    }

    /// All that are kept, the heaviest first, and how many are not among them.
    pub fn sorted<W: Ord>(&self, weight: impl Fn(&T) -> W) -> (Vec<&T>, u64) {
        let mut all: Vec<_> = self
            .of
            .iter()
            .map(|(id, item)| (std::cmp::Reverse(weight(item)), *id, item))
            .collect();
        all.sort_unstable_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        let more = all.len().saturating_sub(self.max) as u64;
        all.truncate(self.max);
        let items = all.into_iter().map(|(_, _, item)| item);
        (items.collect(), more + self.let_go)
    }
}

#[cfg(test)]
mod tests {
    use super::Kept;

    #[test]
    fn keeps_the_heaviest_and_counts_the_others() {
        let mut kept = Kept::new(4);
        for n in 0..20_u64 {
            kept.keep(n.into(), true, n * 7 % 20, |n| *n);
        }
        kept.keep(0, false, 99, |n| *n); // let go long since
        let (items, more) = kept.sorted(|n| *n);
        assert_eq!(items, [&19, &18, &17, &16]);
        assert_eq!(more, 16);
    }
}
