//! Values that come along with matches and decide nothing: the entities of incidents.

/// How many different values of a kind are kept.
pub(crate) const VALUES_A_KIND_MAX: usize = 32;

/// Values by kind, each once (ASCII letters of either case are the same), in the order in which
/// they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ExtraSet {
    pub(crate) values: Vec<(u8, Box<[u8]>)>,
    /// Arrivals of values for which there was no room.
    pub(crate) omitted: u64,
}

impl ExtraSet {
    pub(crate) fn add(&mut self, kind: u8, value: &[u8]) {
        let mut of_kind = 0;
        for (_, known) in self.values.iter().filter(|(k, _)| *k == kind) {
            if known.eq_ignore_ascii_case(value) {
                return;
            }
            of_kind += 1;
        }
        if of_kind < VALUES_A_KIND_MAX {
            self.values.push((kind, value.into()));
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
        self.values.iter().map(|(_, value)| value.len() + 48).sum()
    }
}
