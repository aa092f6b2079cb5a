//! Values that come along with matches and decide nothing: the entities of incidents.

use super::hash::caseless_mark;

/// How many different values of a kind are kept.
pub(crate) const VALUES_A_KIND_MAX: usize = 32;

/// Values by kind, each once (ASCII letters of either case are the same), in the order in which
/// they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ExtraSet {
    values: Vec<(u8, Box<[u8]>)>,
    /// Of each value: what differs is not the same. A key that matches ten thousand times brings
    /// the same few values each time, and looking through their texts is most of its cost.
    marks: Vec<u32>,
    /// Arrivals of values for which there was no room.
    pub(crate) omitted: u64,
    bytes: usize,
}

/// What a value takes besides its text.
const VALUE_OVERHEAD: usize = 52;

impl ExtraSet {
    /// From what [`Self::values`] gave.
    pub(crate) fn from_values(values: Vec<(u8, Box<[u8]>)>, omitted: u64) -> Self {
        Self {
            marks: values.iter().map(|(kind, v)| mark(*kind, v)).collect(),
            bytes: values.iter().map(|(_, v)| v.len() + VALUE_OVERHEAD).sum(),
            values,
            omitted,
        }
    }

    pub(crate) fn values(&self) -> &[(u8, Box<[u8]>)] {
        &self.values
    }

    pub(crate) fn add(&mut self, kind: u8, value: &[u8]) {
        let mark = mark(kind, value);
        let mut known = self.marks.iter().zip(&self.values);
        if known.any(|(m, (k, v))| *m == mark && *k == kind && v.eq_ignore_ascii_case(value)) {
            return;
        }
        if self.values.iter().filter(|(k, _)| *k == kind).count() < VALUES_A_KIND_MAX {
            self.values.push((kind, value.into()));
            self.marks.push(mark);
            self.bytes += value.len() + VALUE_OVERHEAD;
        } else {
            self.omitted += 1;
        }
    }

    pub(crate) fn append(&mut self, later: &Self) {
        for (kind, value) in &later.values {
            self.add(*kind, value);
        }
        self.omitted += later.omitted;
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.bytes
    }
}

fn mark(kind: u8, value: &[u8]) -> u32 {
    caseless_mark(u64::from(kind), value) as u32
}
