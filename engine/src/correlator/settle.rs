//! Finishes a place of the order: everything that has matches or a window's end there, by rank,
//! and what follows from it.

use super::chain::{Hit, Link, Point};
use super::plan::{Plan, UNTIL};
use super::record::Moment;
use super::spec::Spec;
use super::table::{NO_ALERT, State};
use super::{Arrival, Core, Opening, Sink};
use crate::correlator::options::Records;

/// A key for which something is due.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) unit: usize,
    pub(crate) place: u32,
    /// Only where there are several.
    pub(crate) folded_key: Vec<u8>,
}

impl Core {
    /// See the module. `due`: whose windows end at this time, last ones first.
    pub(crate) fn settle(
        &mut self,
        plan: &Plan,
        at: Point,
        due: &mut Vec<Due>,
        sink: &mut Sink<'_>,
    ) {
        loop {
            let hit = self.dirty.iter().copied().min();
            let opened = self.openings.iter().map(|opening| opening.unit).min();
            let ending = due.last().map(|one| one.unit);
            let Some(rank) = hit.into_iter().chain(opened).chain(ending).min() else {
                break;
            };
            if hit == Some(rank) {
                self.dirty.retain(|unit| *unit != rank);
                self.settle_unit(plan, rank, at);
            }
            while let Some(one) = due.pop_if(|one| one.unit == rank) {
                self.end_window(plan, rank, one.place, at);
            }
            self.deliver(plan, rank);
        }
        if !self.records.is_empty() {
            self.flush(sink);
        }
    }

    /// Hands the openings of a unit to its consumers.
    fn deliver(&mut self, plan: &Plan, rank: usize) {
        if self.openings.is_empty() {
            return;
        }
        let all = std::mem::take(&mut self.openings);
        let (mut own, others): (Vec<Opening>, _) = all.into_iter().partition(|o| o.unit == rank);
        self.openings = others;
        own.sort_by(|a, b| a.folded_key.cmp(&b.folded_key));
        let consumers = plan.units.get(rank).map_or(&[][..], |unit| &unit.consumers);
        for opening in &own {
            let arrival = Arrival {
                at: opening.at,
                event: opening.event,
                late: opening.late,
                carried: &opening.carried,
            };
            self.key.forget_match();
            for binding in consumers {
                self.apply(plan, binding, arrival);
            }
        }
    }

    /// Applies what happened to the chains of a sequence at this place.
    fn settle_unit(&mut self, plan: &Plan, number: usize, at: Point) {
        let Some(all) = self.hits.get_mut(number) else {
            return;
        };
        let mut all = std::mem::take(all);
        if let [(place, hit)] = all[..] {
            self.settle_chain(plan, number, place, &[hit], at);
            all.clear();
            if let Some(empty) = self.hits.get_mut(number) {
                *empty = all;
            }
            return;
        }
        let mut places: Vec<u32> = all.iter().map(|(place, _)| *place).collect();
        places.sort_unstable();
        places.dedup();
        if places.len() > 1
            && let Some(table) = self.tables.get(number)
        {
            places.sort_by_cached_key(|place| table.folded_key(*place));
        }
        for place in places {
            let of_key = all.iter().filter(|(of, _)| *of == place);
            let hits: Vec<Hit> = of_key.map(|(_, hit)| *hit).collect();
            self.settle_chain(plan, number, place, &hits, at);
        }
        all.clear();
        if let Some(empty) = self.hits.get_mut(number) {
            *empty = all;
        }
    }

    fn settle_chain(&mut self, plan: &Plan, number: usize, place: u32, hits: &[Hit], at: Point) {
        let Some((unit, spec)) = plan
            .units
            .get(number)
            .and_then(|u| Some((u, u.sequence()?)))
        else {
            return;
        };
        let Some(slot) = self.tables.get_mut(number).and_then(|t| t.get_mut(place)) else {
            return;
        };
        let State::Chain(chain) = &mut slot.state else {
            return;
        };
        let before = chain.links_bytes();
        let complete = chain.settle(spec, hits, at, unit.span);
        self.bytes += chain.links_bytes() - before;
        if let Some(link) = complete {
            self.complete(plan, (number, place), link, at);
        } else {
            self.report(plan, (number, place), at.0, false);
        }
        let until = hits.iter().any(|hit| hit.input == UNTIL);
        let slot = self.tables.get_mut(number).and_then(|t| t.get_mut(place));
        if let Some(slot) = slot
            && let State::Chain(chain) = &mut slot.state
            && until
        {
            let before = chain.heap_bytes();
            chain.count_anew(hits, at, unit.span, spec.stages.len());
            self.bytes = (self.bytes + chain.heap_bytes()).saturating_sub(before);
        }
        self.schedule(plan, number, place);
    }

    /// A chain is complete, and takes effect at `at`.
    fn complete(&mut self, plan: &Plan, key: (usize, u32), link: Link, at: Point) {
        let Some(slot) = self.tables.get(key.0).and_then(|t| t.get(key.1)) else {
            return;
        };
        if slot.alert != NO_ALERT {
            self.report(plan, key, at.0, true);
            return;
        }
        let State::Chain(chain) = &slot.state else {
            return;
        };
        let span = plan.units.get(key.0).map_or(0, |unit| unit.span);
        let epoch = chain.epochs.since(link.reached.0.saturating_sub(span));
        let stages = plan.units.get(key.0).and_then(|unit| unit.sequence());
        let stages = stages.map_or(&[][..], |spec| &spec.stages);
        let counted = epoch.tallies.iter().enumerate();
        let counted = counted.filter(|(n, _)| stages.get(*n).is_some_and(|stage| stage.distinct));
        let distinct = counted
            .map(|(n, tally)| (n, tally.values.clone()))
            .collect();
        let moment = Moment {
            opened: link.reached,
            takes_effect: at,
            event: link.event,
            late: false,
        };
        self.open(plan, key, moment, epoch, distinct, None);
    }

    /// Does what is due for a key at the end of a window.
    fn end_window(&mut self, plan: &Plan, number: usize, place: u32, at: Point) {
        self.decide(plan, number, place, at);
        let Some(unit) = plan.units.get(number) else {
            return;
        };
        let Some(slot) = self.tables.get(number).and_then(|t| t.get(place)) else {
            return;
        };
        let (alert, mut end) = (slot.alert, slot.last.saturating_add(unit.span));
        if end <= at.0 {
            if alert != NO_ALERT {
                self.close(plan, (number, place), at.0);
            }
            let slot = self.tables.get(number).and_then(|t| t.get(place));
            if let Some(State::Chain(chain)) = slot.map(|slot| &slot.state) {
                end = end.max(chain.keep_until());
            }
            if end <= at.0 {
                self.leave_partials(plan, number, place);
                self.release(number, place);
                return;
            }
        }
        if let Some(due) = self.due(plan, number, place) {
            let tick = self.schedule.enter(due, number, place);
            if let Some(slot) = self.tables.get_mut(number).and_then(|t| t.get_mut(place)) {
                slot.tick = tick;
            }
        }
    }

    /// Decides what waited for this time.
    fn decide(&mut self, plan: &Plan, number: usize, place: u32, at: Point) {
        let Some(unit) = plan.units.get(number) else {
            return;
        };
        let Some(slot) = self.tables.get_mut(number).and_then(|t| t.get_mut(place)) else {
            return;
        };
        let before = slot.state.heap_bytes();
        match (&mut slot.state, &unit.spec) {
            (State::Tallied(tallied), Spec::Threshold(spec)) => {
                let end = tallied.window_end(&unit.spec, unit.span);
                if end.is_none_or(|end| end > at.0) {
                    return;
                }
                let (holds, value) = tallied.holds(spec, at.0, unit.span);
                let opened = tallied.epochs.began.unwrap_or(at);
                let samples = tallied.epochs.now.tallies.iter();
                let event = samples.flat_map(|tally| &tally.samples[..]).next().copied();
                if holds && slot.alert == NO_ALERT {
                    let moment = Moment {
                        opened,
                        takes_effect: at,
                        event: event.unwrap_or_default(),
                        late: false,
                    };
                    self.open_threshold(plan, (number, place), moment, value, None);
                } else if holds && self.options.records == Records::Every {
                    self.report(plan, (number, place), at.0, true);
                }
                let slot = self.tables.get_mut(number).and_then(|t| t.get_mut(place));
                if let Some(slot) = slot
                    && let State::Tallied(tallied) = &mut slot.state
                {
                    tallied.clear();
                    self.bytes = (self.bytes + slot.state.heap_bytes()).saturating_sub(before);
                }
            }
            (State::Chain(chain), Spec::Sequence(spec)) => {
                let decided_at = chain.decided_at(spec);
                let wanted = slot.alert == NO_ALERT || self.options.records == Records::Every;
                if decided_at.is_some_and(|time| time <= at.0)
                    && let Some(link) = chain.waiting.take()
                    && wanted
                {
                    self.complete(plan, (number, place), link, at);
                }
            }
            _ => {}
        }
    }
}
