//! Puts results back into the order of their sequence numbers.

use std::collections::VecDeque;

/// Holds what came too early. Never more than there are batches under way.
#[derive(Debug)]
pub(super) struct InOrder<T> {
    next: u64,
    waiting: VecDeque<Option<T>>,
}

impl<T> Default for InOrder<T> {
    fn default() -> Self {
        Self {
            next: 0,
            waiting: VecDeque::new(),
        }
    }
}

impl<T> InOrder<T> {
    /// Takes the item of a sequence number. Each number comes once.
    pub(super) fn add(&mut self, sequence: u64, item: T) {
        let place = (sequence - self.next) as usize;
        if self.waiting.len() <= place {
            self.waiting.resize_with(place + 1, || None);
        }
        self.waiting[place] = Some(item);
    }

    /// The item of the next number, if it is there.
    pub(super) fn next(&mut self) -> Option<T> {
        let item = self.waiting.front_mut()?.take()?;
        self.waiting.pop_front();
        self.next += 1;
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::InOrder;

    #[test]
    fn gives_items_in_order_whatever_the_order_of_arrival() {
        let mut in_order = InOrder::default();
        let mut got = Vec::new();
        for sequence in [2, 0, 1, 4, 5, 3] {
            in_order.add(sequence, sequence);
            while let Some(item) = in_order.next() {
                got.push(item);
            }
        }
        assert_eq!(got, [0, 1, 2, 3, 4, 5]);
    }
}
