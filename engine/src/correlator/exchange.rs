//! Other rules take the place of those in force, and the state of those that stay goes on.
//!
//! What is kept is what [`Correlator::restore`] would take back of a snapshot, but keys are moved
//! table by table and never copied: a million of them take milliseconds.

use std::sync::Arc;

use super::plan::{DetectionPlan, Plan, pair};
use super::table::Table;
use super::{Core, Correlator, Sink};

/// What was forgotten when rules changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Rules that are gone, or mean something else now.
    pub rules: usize,
    /// Matches that waited for detections that are gone, or mean something else now.
    pub matches: usize,
}

impl Correlator {
    /// Goes on by another plan. Open alerts of rules that are forgotten are closed now; `sink`
    /// gets them as the plan so far numbers rules.
    pub fn exchange(&mut self, plan: Arc<Plan>, sink: &mut Sink<'_>) -> Forgotten {
        let units = pair(
            self.plan.units.iter().map(|unit| unit.fingerprint),
            plan.units.iter().map(|unit| unit.fingerprint),
        );
        let is_forgotten = |unit: usize| units.get(unit).is_none_or(Option::is_none);
        let now = self.core.watermark;
        self.core.close_units(&self.plan, is_forgotten, now, sink);
        let old = std::mem::replace(&mut self.plan, plan);
        self.core.move_units(&self.plan, &units);
        Forgotten {
            rules: units.iter().filter(|unit| unit.is_none()).count(),
            matches: self.move_waiting(&old),
        }
    }

    /// Matches that wait are few, so each is entered anew.
    fn move_waiting(&mut self, old: &Plan) -> usize {
        let detections = pair(
            old.detections.iter().map(|detection| detection.fingerprint),
            self.plan.detections.iter().map(|of| of.fingerprint),
        );
        let mut forgotten = 0;
        let mut buffer = std::mem::take(&mut self.buffer);
        while let Some((_, mut waiting)) = buffer.pop() {
            let from = old.detections.get(waiting.detection);
            let to = detections.get(waiting.detection).copied().flatten();
            let (Some(from), Some(to)) = (from, to) else {
                forgotten += 1;
                continue;
            };
            waiting.detection = to;
            if let Some(order) = order(from, self.plan.wanted(to)) {
                waiting.carried.reorder(&order);
            }
            self.buffer.add(waiting);
        }
        forgotten
    }
}

/// Where the values asked for now are among those asked for before; `None`: at the same places.
fn order(from: &DetectionPlan, to: &[String]) -> Option<Vec<Option<usize>>> {
    if from.wanted == to {
        return None;
    }
    let place = |name| from.wanted.iter().position(|before| before == name);
    Some(to.iter().map(place).collect())
}

impl Core {
    /// `units`: by unit so far, which one it is in the plan.
    fn move_units(&mut self, plan: &Plan, units: &[Option<usize>]) {
        let mut new = Self::new(plan, self.options);
        let mut old_tables: Vec<Option<Table>> = self.tables.drain(..).map(Some).collect();
        // By table so far.
        let mut places: Vec<Option<u32>> = vec![None; old_tables.len()];
        for (unit, to) in units.iter().enumerate() {
            let Some(to) = *to else { continue };
            let partials = plan.units.get(to).map_or(0, |unit| unit.partial_keys.len());
            let first = |partial_tables: &[usize], unit: usize| partial_tables.get(unit).copied();
            let (old_first, new_first) = (
                first(&self.partial_tables, unit).unwrap_or_default(),
                first(&new.partial_tables, to).unwrap_or_default(),
            );
            let partials = (0..partials).map(|n| (old_first + n, new_first + n));
            for (from, into) in std::iter::once((unit, to)).chain(partials) {
                let table = old_tables.get_mut(from).and_then(Option::take);
                if let (Some(mut table), Some(place)) = (table, new.tables.get_mut(into)) {
                    table.unit = to;
                    *place = table;
                    if let Some(known) = places.get_mut(from) {
                        *known = Some(into as u32);
                    }
                }
            }
            move_item(&self.evicted, unit, &mut new.evicted, to);
            let count = self.counters.without_key.get(unit).map(|(_, count)| *count);
            if let (Some(count), Some((_, into))) = (count, new.counters.without_key.get_mut(to)) {
                *into = count;
            }
        }
        for table in old_tables.iter().flatten() {
            self.forget(table);
        }
        self.schedule.renumber(&places);
        self.tables = new.tables;
        self.partial_tables = new.partial_tables;
        self.evicted = new.evicted;
        self.hits = new.hits;
        self.counters.without_key = new.counters.without_key;
    }

    /// Takes what a table holds off the account.
    fn forget(&mut self, table: &Table) {
        for place in table.places() {
            self.bytes = self.bytes.saturating_sub(table.footprint(place));
            let alert = table.get(place).map(|slot| slot.alert);
            if let Some(alert) = alert.and_then(|alert| self.alerts.remove(alert)) {
                self.bytes = self.bytes.saturating_sub(alert.heap_bytes());
            }
        }
    }
}

fn move_item<T: Copy>(from: &[T], at: usize, into: &mut [T], to: usize) {
    if let (Some(item), Some(place)) = (from.get(at), into.get_mut(to)) {
        *place = *item;
    }
}
