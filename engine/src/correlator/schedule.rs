//! When to look at which key again: the wheel for later, a heap for the tick at hand.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::plan::Plan;
use super::record::NEVER;
use super::settle::Due;
use super::table::{State, Table};
use super::wheel::{Entry, Tick, Wheel, tick_of};
use super::{Core, Sink};

/// See the module. Each key has an entry at or before the time at which something is due, and
/// is asked for that time when the entry comes up.
#[derive(Debug)]
pub(crate) struct Schedule {
    pub(crate) wheel: Wheel,
    /// Time, table, slot.
    at_hand: BinaryHeap<Reverse<(i64, u32, u32)>>,
    scratch: Vec<Entry>,
}

impl Schedule {
    pub(crate) fn new() -> Self {
        Self {
            wheel: Wheel::new(),
            at_hand: BinaryHeap::new(),
            scratch: Vec::new(),
        }
    }

    /// Enters a key; returns the tick to remember in its slot.
    pub(crate) fn enter(&mut self, due: i64, table: usize, slot: u32) -> Tick {
        let tick = tick_of(due);
        let table = table as u32;
        if self.wheel.insert(Entry { tick, table, slot }).is_some() {
            self.at_hand.push(Reverse((due, table, slot)));
        }
        tick
    }

    /// Tables have other numbers now; entries of those that have none are dropped.
    pub(crate) fn renumber(&mut self, places: &[Option<u32>]) {
        let place = |table: u32| places.get(table as usize).copied().flatten();
        if (0..).zip(places).all(|(now, place)| *place == Some(now)) {
            return;
        }
        self.wheel.renumber(place);
        let at_hand = std::mem::take(&mut self.at_hand).into_vec().into_iter();
        let kept = at_hand.filter_map(|Reverse((time, table, slot))| {
            place(table).map(|table| Reverse((time, table, slot)))
        });
        self.at_hand = kept.collect();
    }
}

impl Core {
    /// Makes sure that a key is looked at when something is due.
    pub(crate) fn schedule(&mut self, plan: &Plan, table: usize, place: u32) {
        let Some(due) = self.due(plan, table, place) else {
            return;
        };
        let Some(slot) = self.tables.get_mut(table).and_then(|t| t.get_mut(place)) else {
            return;
        };
        let tick = tick_of(due);
        let is_new = slot.tick == Tick::MAX;
        // Within the tick at hand the exact time counts.
        if is_new || tick < slot.tick || tick <= self.schedule.wheel.now() {
            slot.tick = self.schedule.enter(due, table, place);
        }
    }

    /// Ends all windows that end before `limit`.
    pub(crate) fn end_windows(&mut self, plan: &Plan, limit: i64, sink: &mut Sink<'_>) {
        loop {
            while self.schedule.at_hand.is_empty() {
                let until = tick_of(limit.saturating_sub(1));
                if until <= self.schedule.wheel.now() {
                    // Most matches are of the second of the one before.
                    return;
                }
                let mut entries = std::mem::take(&mut self.schedule.scratch);
                let any = self.schedule.wheel.step(until, &mut entries);
                for entry in entries.drain(..) {
                    self.come_up(plan, entry);
                }
                self.schedule.scratch = entries;
                if !any {
                    break;
                }
            }
            let Some(Reverse((due, ..))) = self.schedule.at_hand.peek().copied() else {
                return;
            };
            if due >= limit {
                return;
            }
            let mut list = Vec::new();
            while let Some(Reverse((time, table, place))) = self.schedule.at_hand.peek().copied() {
                if time != due {
                    break;
                }
                self.schedule.at_hand.pop();
                self.collect_due(plan, due, table as usize, place, &mut list);
            }
            if list.is_empty() {
                continue;
            }
            if list.len() > 1 {
                for one in &mut list {
                    let table = self.tables.get(one.unit);
                    one.folded_key = table.map_or_else(Vec::new, |t| t.folded_key(one.place));
                }
                list.sort_by(|a, b| (b.unit, &b.folded_key).cmp(&(a.unit, &a.folded_key)));
                list.dedup_by_key(|one| (one.unit, one.place));
            }
            self.settle(plan, (due, u64::MAX), &mut list, sink);
            self.keep_to_budget(plan, sink);
        }
    }

    /// Puts what the wheel hands out onto the heap, or back for later.
    fn come_up(&mut self, plan: &Plan, entry: Entry) {
        let table = entry.table as usize;
        let slot = self.tables.get(table).and_then(|t| t.get(entry.slot));
        if slot.is_none_or(|slot| slot.tick != entry.tick) {
            return;
        }
        if table >= plan.units.len() {
            self.look_at_partial(plan, table, entry.slot);
            return;
        }
        if let Some(due) = self.due(plan, table, entry.slot) {
            let tick = self.schedule.enter(due, table, entry.slot);
            if let Some(slot) = self
                .tables
                .get_mut(table)
                .and_then(|t| t.get_mut(entry.slot))
            {
                slot.tick = tick;
            }
        }
    }

    fn collect_due(
        &mut self,
        plan: &Plan,
        time: i64,
        table: usize,
        place: u32,
        list: &mut Vec<Due>,
    ) {
        if table >= plan.units.len() {
            // Of a partial key that was entered at hand.
            self.look_at_partial(plan, table, place);
            return;
        }
        let Some(due) = self.due(plan, table, place) else {
            return;
        };
        if due <= time {
            list.push(Due {
                unit: table,
                place,
                folded_key: Vec::new(),
            });
            return;
        }
        let now = self.schedule.wheel.now();
        let slot = self.tables.get_mut(table).and_then(|t| t.get_mut(place));
        if let Some(slot) = slot.filter(|slot| slot.tick <= now) {
            slot.tick = self.schedule.enter(due, table, place);
        }
    }

    /// Forgets a partial key that no whole key has and whose matches are too old, or asks again.
    fn look_at_partial(&mut self, plan: &Plan, table: usize, place: u32) {
        let Some(owner) = self.tables.get(table).map(|t| t.unit) else {
            return;
        };
        let span = plan.units.get(owner).map_or(0, |unit| unit.span);
        let now = self.schedule.wheel.now();
        let Some(slot) = self.tables.get(table).and_then(|t| t.get(place)) else {
            return;
        };
        let end = slot.last.saturating_add(span);
        let used = matches!(&slot.state, State::Partial(partial) if !partial.members.is_empty());
        // Strictly: its last match counts until the end of that very tick, at least.
        if !used && tick_of(end) < now {
            self.release(table, place);
            return;
        }
        // At least a tick on, or the wheel would hand it out at once again.
        let soon = (i64::from(now) + 2) << 30;
        let soon = soon.max(self.watermark);
        let later = if used {
            soon.saturating_add(span)
        } else {
            soon
        };
        let tick = self.schedule.enter(end.max(later), table, place);
        if let Some(slot) = self.tables.get_mut(table).and_then(|t| t.get_mut(place)) {
            slot.tick = tick;
        }
    }

    /// When something is due for a key: a decision, the end of its alert, its end.
    pub(crate) fn due(&self, plan: &Plan, table: usize, place: u32) -> Option<i64> {
        let slot = self.tables.get(table)?.get(place)?;
        let unit = plan
            .units
            .get(self.tables.get(table).map(|t: &Table| t.unit)?)?;
        let end = slot.last.saturating_add(unit.span);
        Some(match &slot.state {
            State::Free => return None,
            State::Count(_) | State::Partial(_) => end,
            State::Tallied(tallied) => {
                let window_end = tallied.window_end(&unit.spec, unit.span);
                end.min(window_end.unwrap_or(NEVER))
            }
            State::Chain(chain) => {
                let decision = chain.decided_at(unit.sequence()?).unwrap_or(NEVER);
                let end = if slot.alert == super::table::NO_ALERT {
                    end.max(chain.keep_until())
                } else {
                    end
                };
                end.min(decision)
            }
        })
    }
}
