//! One match, one unit: finds the key and takes the match in.

use super::hash::hash64;
use super::key::{KEY_BYTES_MAX, push_folded};
use super::plan::{Binding, Plan, Unit};
use super::record::Moment;
use super::ring::{self, Ring};
use super::spec::{Decision, Measure, Spec, Threshold};
use super::table::{NO_ALERT, State};
use super::tally::{Epoch, Tally};
use super::threshold::{Said, Tallied};
use super::{Arrival, Core};
use crate::number::Numeric;

impl Core {
    /// Takes a match in.
    pub(crate) fn apply(&mut self, plan: &Plan, binding: &Binding, arrival: Arrival<'_>) {
        let Some(unit) = plan.units.get(binding.unit) else {
            return;
        };
        match &unit.spec {
            Spec::Threshold(spec) => {
                let over = arrival.at.0.saturating_add(unit.span) < self.watermark;
                if arrival.late && over {
                    self.counters.late += 1;
                } else if let Some(said) = self.said(spec, binding, arrival)
                    && self.make_key(binding, arrival)
                {
                    self.apply_threshold(plan, unit, spec, said, arrival, binding.unit);
                }
            }
            Spec::Sequence(_) if arrival.late => self.counters.late += 1,
            Spec::Sequence(spec) => self.apply_sequence(plan, spec, binding, arrival),
        }
    }

    /// Makes the key of a match. False, and counted: it lacks a field, or is too long.
    pub(crate) fn make_key(&mut self, binding: &Binding, arrival: Arrival<'_>) -> bool {
        let places = || binding.key.iter().flatten().copied();
        if self.key.is_of(places()) {
            return true;
        }
        self.key.clear();
        for place in binding.key.iter().flatten() {
            let Some(value) = arrival.carried.value(*place) else {
                if let Some((_, count)) = self.counters.without_key.get_mut(binding.unit) {
                    *count += 1;
                }
                return false;
            };
            self.key.push(value);
        }
        let fits = self.key.display.len() <= KEY_BYTES_MAX;
        self.counters.refused_keys += u64::from(!fits);
        if fits {
            self.key.seal_of(places());
        }
        fits
    }

    /// The hash of the values that count as one; `None`, and counted: one is missing.
    pub(crate) fn distinct_value(
        &mut self,
        binding: &Binding,
        arrival: Arrival<'_>,
    ) -> Option<u64> {
        self.value.clear();
        for place in &binding.values {
            let Some(value) = arrival.carried.value(*place) else {
                self.counters.without_value += 1;
                return None;
            };
            push_folded(value, &mut self.value);
        }
        Some(hash64(0, &self.value))
    }

    /// What a match says to a threshold; `None`, and counted, if it lacks the value.
    fn said(&mut self, spec: &Threshold, binding: &Binding, arrival: Arrival<'_>) -> Option<Said> {
        let mut said = Said {
            at: arrival.at,
            rule: binding.input as usize,
            value: 0,
            number: 0.0,
        };
        if spec.measure == Measure::Distinct {
            said.value = self.distinct_value(binding, arrival)?;
        } else if spec.measure.is_numeric() {
            let value = binding.values.first();
            let value = value.and_then(|place| arrival.carried.value(*place));
            let Some(value) = value else {
                self.counters.without_value += 1;
                return None;
            };
            let Some(number) = Numeric::parse(value.trim_ascii()) else {
                self.counters.not_numeric += 1;
                return None;
            };
            said.number = number.value();
        }
        Some(said)
    }

    /// The slot of the key at hand, made if it is not there. True: it was made.
    pub(crate) fn slot_of_key(
        &mut self,
        table: usize,
        state: impl FnOnce() -> State,
    ) -> Option<(u32, bool)> {
        let keys = self.tables.get_mut(table)?;
        if let Some(place) = keys.find(&self.key) {
            return Some((place, false));
        }
        let Some(place) = keys.add(&self.key, state()) else {
            self.counters.refused_keys += 1;
            return None;
        };
        self.bytes += keys.footprint(place);
        Some((place, true))
    }

    fn apply_threshold(
        &mut self,
        plan: &Plan,
        unit: &Unit,
        spec: &Threshold,
        said: Said,
        arrival: Arrival<'_>,
        number: usize,
    ) {
        let Some((place, is_new)) = self.slot_of_key(number, || new_state(spec)) else {
            return;
        };
        let Some(slot) = self.tables.get_mut(number).and_then(|t| t.get_mut(place)) else {
            return;
        };
        let time = arrival.at.0;
        let newest = slot.last.max(time);
        let before = slot.state.heap_bytes();
        let is_open = slot.alert != NO_ALERT;
        let (holds, value) = match &mut slot.state {
            State::Count(ring) => {
                let event = arrival.event;
                ring.add(ring::Moment { time, event }, spec.need, unit.span);
                (ring.len() as u64 >= spec.need, None)
            }
            State::Tallied(tallied) => {
                let began = tallied.epochs.began;
                let at_end = spec.decision == Decision::WindowEnd;
                if at_end && began.is_some_and(|began| arrival.at < began) {
                    self.counters.late += 1;
                    return;
                }
                if at_end || !is_open {
                    let stages = unit.stage_names.len();
                    tallied.epochs.turn(arrival.at, unit.span, stages);
                    let stage = unit.stage_of(said.rule as u32);
                    tallied.epochs.add(stage, time, arrival.event);
                    arrival.carried.extras_into(&mut tallied.epochs.now.extras);
                }
                tallied.add(spec, said, newest, unit.span);
                if at_end {
                    (false, None)
                } else {
                    tallied.holds(spec, newest, unit.span)
                }
            }
            _ => return,
        };
        slot.last = newest;
        let alert = slot.alert;
        self.bytes = (self.bytes + slot.state.heap_bytes()).saturating_sub(before);
        // A late match may begin a window that ends before anything else is due.
        if is_new || arrival.late {
            self.schedule(plan, number, place);
        }
        if is_open {
            let stage = unit.stage_of(said.rule as u32);
            let distinct = (spec.measure == Measure::Distinct).then_some(said.value);
            self.count(alert, stage, distinct, value, arrival);
            self.report(plan, (number, place), time, holds);
        } else if holds {
            let moment = Moment {
                opened: arrival.at,
                takes_effect: arrival.at,
                event: arrival.event,
                late: arrival.late,
            };
            self.open_threshold(plan, (number, place), moment, value, Some(arrival));
        }
    }

    /// Opens the alert of a threshold. `arrival`: the match that did it.
    pub(crate) fn open_threshold(
        &mut self,
        plan: &Plan,
        (number, place): (usize, u32),
        moment: Moment,
        value: Option<f64>,
        arrival: Option<Arrival<'_>>,
    ) {
        let Some(unit) = plan.units.get(number) else {
            return;
        };
        let Some(slot) = self.tables.get(number).and_then(|t| t.get(place)) else {
            return;
        };
        let (mut epoch, mut distinct) = (Epoch::default(), None);
        match &slot.state {
            State::Count(ring) => {
                let mut tally = Tally::default();
                for moment in ring.iter() {
                    tally.add(moment.time, moment.event);
                }
                epoch.tallies.push(tally);
                if let Some(arrival) = arrival {
                    arrival.carried.extras_into(&mut epoch.extras);
                }
            }
            State::Tallied(tallied) => {
                epoch = if arrival.is_some() {
                    tallied.epochs.since(slot.last.saturating_sub(unit.span))
                } else {
                    tallied.epochs.now.clone()
                };
                let counts = matches!(&unit.spec, Spec::Threshold(spec) if spec.measure == Measure::Distinct);
                let values = tallied.distinct.iter().map(|(value, _)| *value);
                distinct = counts.then(|| values.collect::<Vec<u64>>());
            }
            _ => return,
        }
        let distinct = distinct.map(|values| (0, values)).into_iter().collect();
        self.open(plan, (number, place), moment, epoch, distinct, value);
    }
}

fn new_state(spec: &Threshold) -> State {
    if spec.is_plain_count() {
        State::Count(Ring::new())
    } else {
        State::Tallied(Box::<Tallied>::default())
    }
}
