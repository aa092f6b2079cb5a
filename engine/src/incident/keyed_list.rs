//! A list whose items are found by a number of their own.

use hashbrown::HashTable;

/// Has a number that tells it from the others of its list.
pub(super) trait Keyed {
    fn key(&self) -> u64;
}

/// Items in the order they came, and where each is. The numbers are given out by us, so the
/// hash needs no secret.
#[derive(Debug)]
pub(super) struct KeyedList<T> {
    items: Vec<T>,
    places: HashTable<u32>,
}

impl<T> Default for KeyedList<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            places: HashTable::new(),
        }
    }
}

fn hash(key: u64) -> u64 {
    let mixed = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 32)
}

impl<T: Keyed> KeyedList<T> {
    pub(super) fn items(&self) -> &[T] {
        &self.items
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    fn place(&self, key: u64) -> Option<usize> {
        let same = |at: &u32| self.items.get(*at as usize).is_some_and(|i| i.key() == key);
        self.places.find(hash(key), same).map(|at| *at as usize)
    }

    pub(super) fn get_mut(&mut self, key: u64) -> Option<&mut T> {
        let place = self.place(key)?;
        self.items.get_mut(place)
    }

    /// Gives items other numbers, which have to be as unique as before.
    pub(super) fn renumber(&mut self, mut change: impl FnMut(&mut T)) {
        self.items.iter_mut().for_each(&mut change);
        let (items, places) = (&self.items, &mut self.places);
        places.clear();
        for (place, item) in (0..).zip(items) {
            places.insert_unique(hash(item.key()), place, |at| {
                items.get(*at as usize).map_or(0, |item| hash(item.key()))
            });
        }
    }

    /// Adds an item; the caller made sure that its number is new.
    pub(super) fn push(&mut self, item: T) -> &mut T {
        let key = item.key();
        debug_assert!(self.place(key).is_none(), "numbers are unique in a list");
        let place = self.items.len() as u32;
        self.items.push(item);
        let items = &self.items;
        self.places.insert_unique(hash(key), place, |at| {
            items.get(*at as usize).map_or(0, |item| hash(item.key()))
        });
        let last = self.items.len() - 1;
        &mut self.items[last]
    }

    /// Takes out the `count` items that `by` puts first.
    pub(super) fn take_least<K: Ord>(&mut self, count: usize, by: impl Fn(&T) -> K) -> Vec<T> {
        let mut order: Vec<usize> = (0..self.items.len()).collect();
        order.sort_by_key(|at| self.items.get(*at).map(&by));
        let mut leaves = vec![false; self.items.len()];
        for at in order.into_iter().take(count) {
            leaves[at] = true;
        }
        let mut leaves = leaves.into_iter();
        let (taken, kept) = std::mem::take(&mut self.items)
            .into_iter()
            .partition(|_| leaves.next().unwrap_or(false));
        self.places.clear();
        for item in kept {
            self.push(item);
        }
        taken
    }

    pub(super) fn into_items(self) -> Vec<T> {
        self.items
    }
}
