//! Several names for one field in one event: the values of the best name stay.

use super::EventWriter;
use crate::batch::StoredValue;
use crate::event::FieldId;

impl EventWriter<'_> {
    /// Of several names for one field, keeps the values of the best.
    pub(super) fn drop_outranked(&mut self) {
        let start = self.open.values_start;
        let store = &mut *self.store;
        let Some(values) = store.values.get_mut(start..) else {
            return;
        };
        if self.open.ranked * values.len() <= PAIRS_LOOKED_AT_MAX && !has_outranked(values) {
            return;
        }
        let ranks = &mut self.scratch.ranks;
        if !ranks.note(values) {
            return;
        }
        let mut kept = 0;
        for i in 0..values.len() {
            let value = values[i];
            if value.rank <= ranks.best(value.field) {
                values[kept] = value;
                if let Some(name) = store.names.get(start + i).copied() {
                    store.names[start + kept] = name;
                }
                kept += 1;
            }
        }
        store.values.truncate(start + kept);
        store.names.truncate(start + kept);
    }
}

/// So many pairs of values are compared before a table is filled.
const PAIRS_LOOKED_AT_MAX: usize = 256;

/// Whether a field has values of different rank; the quick way for a few values.
#[inline]
fn has_outranked(values: &[StoredValue]) -> bool {
    let mut ranked = values.iter().filter(|value| value.rank > 0);
    ranked.any(|value| {
        let differs = |other: &StoredValue| other.field == value.field && other.rank != value.rank;
        values
            .iter()
            .fold(false, |found, other| found | differs(other))
    })
}

/// The best rank of each field in one event. One look-up a value, since an event can hold
/// millions of them.
#[derive(Debug, Default)]
pub(super) struct RankTable {
    /// Of each field, the last event that had it, and its best rank there.
    best: Vec<(u32, u8)>,
    event: u32,
}

impl RankTable {
    /// Takes note of the values of an event; whether a field has values of different rank.
    fn note(&mut self, values: &[StoredValue]) -> bool {
        self.event = self.event.wrapping_add(1);
        if self.event == 0 {
            // Events of long ago would be taken for this one.
            self.best.clear();
            self.event = 1;
        }
        let mut differs = false;
        for value in values.iter().filter(|v| v.field != FieldId::UNLISTED) {
            let index = value.field.index();
            if index >= self.best.len() {
                self.best.resize(index + 1, (0, 0));
            }
            let (event, best) = &mut self.best[index];
            let known = if *event == self.event {
                *best
            } else {
                value.rank
            };
            differs |= known != value.rank;
            (*event, *best) = (self.event, known.min(value.rank));
        }
        differs
    }

    fn best(&self, field: FieldId) -> u8 {
        match self.best.get(field.index()) {
            Some((event, best)) if *event == self.event => *best,
            _ => u8::MAX,
        }
    }
}
