//! A smaller set of rules that is made like the whole.

/// Every k-th item, evenly spread from the first on, so that the mix of logsources and of kinds
/// of rules stays. The same on each run.
pub fn evenly<T: Clone>(items: &[T], count: usize) -> Vec<T> {
    let count = count.min(items.len());
    (0..count)
        .filter_map(|i| items.get(i * items.len() / count))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::evenly;

    #[test]
    fn spreads() {
        let all: Vec<u32> = (0..10).collect();
        assert_eq!(evenly(&all, 5), [0, 2, 4, 6, 8]);
        assert_eq!(evenly(&all, 3), [0, 3, 6]);
        assert_eq!(evenly(&all, 99), all);
        assert!(evenly(&all, 0).is_empty());
    }

    proptest! {
        #[test]
        fn has_as_many_as_asked_and_none_twice(len in 0..300usize, count in 0..400usize) {
            let all: Vec<usize> = (0..len).collect();
            let some = evenly(&all, count);
            prop_assert_eq!(some.len(), count.min(len));
            prop_assert!(some.is_sorted_by(|a, b| a < b));
        }
    }
}
