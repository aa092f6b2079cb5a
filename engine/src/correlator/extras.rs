//! Values that come along with matches and decide nothing: the entities of incidents.

use super::hash::caseless_mark;

/// How many different values of a kind are kept.
pub(crate) const VALUES_A_KIND_MAX: usize = 32;

/// Values by kind, each once (ASCII letters of either case are the same), in the order in which
/// they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ExtraSet {
    heads: Vec<Head>,
    /// The values one after the other: one allocation a key, not one a value.
    text: Vec<u8>,
    /// Arrivals of values for which there was no room.
    pub(crate) omitted: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    /// What differs is not the same. A key that matches ten thousand times brings the same few
    /// values each time, and looking through their texts is most of its cost.
    mark: u32,
    /// Where the value ends; it begins where the one before ends.
    end: u32,
    kind: u8,
}

/// What a value takes besides its text, with what its key takes for having any.
const VALUE_OVERHEAD: usize = 52;

impl ExtraSet {
    /// From what [`Self::values`] gave.
    pub(crate) fn from_values(values: &[(u8, &[u8])], omitted: u64) -> Self {
        let mut set = Self {
            omitted,
            ..Self::default()
        };
        for (kind, value) in values {
            set.push(*kind, value);
        }
        set
    }

    pub(crate) fn values(&self) -> impl ExactSizeIterator<Item = (u8, &[u8])> {
        let ends = self.heads.iter().enumerate();
        ends.map(|(place, head)| (head.kind, self.text_of(place, *head)))
    }

    fn text_of(&self, place: usize, head: Head) -> &[u8] {
        let before = place.checked_sub(1).and_then(|place| self.heads.get(place));
        let start = before.map_or(0, |before| before.end);
        self.text
            .get(start as usize..head.end as usize)
            .unwrap_or_default()
    }

    /// Makes room for the values of the first match at once.
    pub(crate) fn expect(&mut self, values: usize, bytes: usize) {
        if self.heads.is_empty() {
            self.heads.reserve_exact(values);
            self.text.reserve_exact(bytes);
        }
    }

    pub(crate) fn add(&mut self, kind: u8, value: &[u8]) {
        let mark = mark(kind, value);
        let mut of_kind = 0;
        for (place, head) in self.heads.iter().enumerate() {
            if head.kind != kind {
                continue;
            }
            of_kind += 1;
            if head.mark == mark && self.text_of(place, *head).eq_ignore_ascii_case(value) {
                return;
            }
        }
        if of_kind >= VALUES_A_KIND_MAX || !self.push(kind, value) {
            self.omitted += 1;
        }
    }

    /// False: no room.
    fn push(&mut self, kind: u8, value: &[u8]) -> bool {
        let Ok(end) = u32::try_from(self.text.len() + value.len()) else {
            return false;
        };
        let mark = mark(kind, value);
        self.text.extend_from_slice(value);
        self.heads.push(Head { mark, end, kind });
        true
    }

    pub(crate) fn append(&mut self, later: &Self) {
        for (kind, value) in later.values() {
            self.add(kind, value);
        }
        self.omitted += later.omitted;
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.text.len() + self.heads.len() * VALUE_OVERHEAD
    }
}

fn mark(kind: u8, value: &[u8]) -> u32 {
    caseless_mark(u64::from(kind), value) as u32
}
