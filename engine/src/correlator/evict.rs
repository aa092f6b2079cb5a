//! Lets keys go: at their end, at the end of everything, and to stay within the budget.

use super::plan::Plan;
use super::settle::Due;
use super::table::{NO_ALERT, State};
use super::wheel::tick_of;
use super::{Core, Sink};

impl Core {
    /// Frees the slot of a key. Its alert is closed already; it has left its partial keys.
    pub(crate) fn release(&mut self, table: usize, place: u32) {
        if let Some(keys) = self.tables.get_mut(table) {
            self.bytes = self.bytes.saturating_sub(keys.footprint(place));
            keys.remove(place);
        }
    }

    /// Closes all alerts of some units, in the order in which time would, at `latest`.
    pub(crate) fn close_units(
        &mut self,
        plan: &Plan,
        is_closed: impl Fn(usize) -> bool,
        latest: i64,
        sink: &mut Sink<'_>,
    ) {
        let mut open: Vec<(i64, Due)> = Vec::new();
        for (number, unit) in plan.units.iter().enumerate() {
            let table = self.tables.get(number).filter(|_| is_closed(number));
            let Some(table) = table else {
                continue;
            };
            for place in table.places() {
                let slot = table.get(place).filter(|slot| slot.alert != NO_ALERT);
                let Some(slot) = slot else {
                    continue;
                };
                let due = Due {
                    unit: number,
                    place,
                    folded_key: table.folded_key(place),
                };
                let end = slot.last.saturating_add(unit.span);
                open.push((end.min(latest.max(slot.last)), due));
            }
        }
        open.sort_by(|(a, one), (b, other)| {
            (a, one.unit, &one.folded_key).cmp(&(b, other.unit, &other.folded_key))
        });
        for (time, one) in open {
            self.close(plan, (one.unit, one.place), time);
            self.flush(sink);
            self.leave_partials(plan, one.unit, one.place);
            self.release(one.unit, one.place);
        }
    }

    /// Lets keys go while they take more than the budget: those that would be forgotten soonest,
    /// which are, within a rule, the least recently touched. A little more than needed, so that
    /// not every new key looks for another one to go.
    pub(crate) fn keep_to_budget(&mut self, plan: &Plan, sink: &mut Sink<'_>) {
        let budget = self.options.memory_bytes;
        if self.bytes <= budget {
            return;
        }
        let target = budget - budget / 16;
        // Partial keys are let go when no whole key needs them any more, which may be so only at
        // the end; till then they are put aside, or this would never end.
        let mut partial: Vec<(i64, usize, u32)> = Vec::new();
        while self.bytes > target {
            let entries = self.schedule.wheel.take_next();
            if entries.is_empty() {
                break;
            }
            let mut keys: Vec<(i64, usize, u32)> = Vec::new();
            for entry in entries {
                let table = entry.table as usize;
                let slot = self.tables.get(table).and_then(|t| t.get(entry.slot));
                if slot.is_none_or(|slot| slot.tick != entry.tick) {
                    continue;
                }
                if let Some(due) = self.due(plan, table, entry.slot) {
                    if self.is_used_partial(table, entry.slot) {
                        partial.push((due, table, entry.slot));
                    } else if tick_of(due) > entry.tick {
                        self.put_back(due, table, entry.slot);
                    } else {
                        keys.push((due, table, entry.slot));
                    }
                }
            }
            keys.sort_unstable();
            for (due, table, place) in keys {
                if self.bytes > target {
                    self.evict(plan, table, place, sink);
                } else {
                    self.put_back(due, table, place);
                }
            }
        }
        for (due, table, place) in partial {
            if self.bytes > target && !self.is_used_partial(table, place) {
                self.evict(plan, table, place, sink);
            } else {
                self.put_back(due, table, place);
            }
        }
    }

    fn is_used_partial(&self, table: usize, place: u32) -> bool {
        let slot = self.tables.get(table).and_then(|t| t.get(place));
        let state = slot.map(|slot| &slot.state);
        matches!(state, Some(State::Partial(partial)) if !partial.members.is_empty())
    }

    fn put_back(&mut self, due: i64, table: usize, place: u32) {
        let tick = self.schedule.enter(due, table, place);
        if let Some(slot) = self.tables.get_mut(table).and_then(|t| t.get_mut(place)) {
            slot.tick = tick;
        }
    }

    fn evict(&mut self, plan: &Plan, number: usize, place: u32, sink: &mut Sink<'_>) {
        let Some(slot) = self.tables.get(number).and_then(|t| t.get(place)) else {
            return;
        };
        let (last, alert) = (slot.last, slot.alert);
        if let Some(alert) = self.alerts.get_mut(alert) {
            alert.partial = true;
        }
        if alert != NO_ALERT {
            self.close(plan, (number, place), last);
            self.flush(sink);
        }
        let unit = self.tables.get(number).map_or(number, |table| table.unit);
        if let Some(evicted) = self.evicted.get_mut(unit) {
            *evicted = (*evicted).max(Some(last));
        }
        self.counters.evicted_keys += 1;
        self.leave_partials(plan, number, place);
        self.release(number, place);
    }
}
