//! One match, one sequence: which keys it concerns, and what it is to them.

use super::chain::{COLLECTED_BYTES, Chain, Collected, Hit, Point};
use super::key::KeyScratch;
use super::plan::{Binding, Plan};
use super::spec::{Role, SequenceSpec, StageSpec};
use super::table::{MEMBER_BYTES, NO_ALERT, Partial, State};
use super::tally::Epochs;
use super::{Arrival, Core};

/// How many distinct values of a stage are told apart before an alert opens, at least.
const VALUES_BEFORE_MAX: usize = 256;

impl Core {
    /// Takes a match in; what follows is seen when the place of the order is complete.
    pub(crate) fn apply_sequence(
        &mut self,
        plan: &Plan,
        spec: &SequenceSpec,
        binding: &Binding,
        arrival: Arrival<'_>,
    ) {
        let value = if binding.values.is_empty() {
            Some(0)
        } else {
            self.distinct_value(binding, arrival)
        };
        let Some(value) = value.filter(|_| self.make_key(binding, arrival)) else {
            return;
        };
        let hit = StageHit {
            number: binding.unit,
            input: binding.input,
            value,
            began: None,
        };
        match binding.partial {
            Some(partial) => self.apply_partial(plan, spec, partial, hit, arrival),
            None => self.apply_whole(plan, spec, hit, arrival),
        }
    }

    fn apply_whole(
        &mut self,
        plan: &Plan,
        spec: &SequenceSpec,
        mut hit: StageHit,
        arrival: Arrival<'_>,
    ) {
        let (number, stage) = (hit.number, hit.input as usize);
        let place = if spec.begins_a_key(stage) {
            let new = || State::Chain(Box::<Chain>::default());
            let Some((place, is_new)) = self.slot_of_key(number, new) else {
                return;
            };
            if is_new {
                self.join_partials(plan, number, place, arrival.at.0);
            }
            place
        } else {
            let table = self.tables.get(number);
            let Some(place) = table.and_then(|t| t.find(&self.key)) else {
                return;
            };
            place
        };
        let slot = self.tables.get_mut(number).and_then(|t| t.get_mut(place));
        if let Some(State::Chain(chain)) = slot.map(|slot| &mut slot.state) {
            let is_empty = chain.collected.is_empty();
            let collects = spec.stages.get(stage).is_some_and(StageSpec::collects);
            let collected = collects.then(|| chain.collected(spec, stage)).flatten();
            hit.began = began(spec, hit, collected, arrival.at, &mut self.bytes);
            if is_empty {
                self.bytes += chain.collected.len() * COLLECTED_BYTES;
            }
        }
        self.hit(plan, spec, place, hit, arrival);
    }

    /// A stage that is not bound to all fields of the key concerns all keys that agree with it
    /// in the others.
    fn apply_partial(
        &mut self,
        plan: &Plan,
        spec: &SequenceSpec,
        partial: usize,
        mut hit: StageHit,
        arrival: Arrival<'_>,
    ) {
        let Some(table) = self.partial_tables.get(hit.number).map(|t| t + partial) else {
            return;
        };
        let stage = hit.input as usize;
        let collects = spec.stages.get(stage).is_some_and(StageSpec::collects);
        let place = if collects {
            let Some((place, is_new)) = self.slot_of_key(table, || new_partial(spec)) else {
                return;
            };
            if is_new {
                self.schedule_partial(plan, table, place, arrival.at.0);
            }
            place
        } else {
            let Some(place) = self.tables.get(table).and_then(|t| t.find(&self.key)) else {
                return;
            };
            place
        };
        let mut members = Vec::new();
        if let Some(slot) = self.tables.get_mut(table).and_then(|t| t.get_mut(place))
            && let State::Partial(partial) = &mut slot.state
        {
            let collected = partial.collected.get_mut(stage);
            hit.began = began(spec, hit, collected, arrival.at, &mut self.bytes);
            slot.last = slot.last.max(arrival.at.0);
            members.clone_from(&partial.members);
        }
        for member in members {
            self.hit(plan, spec, member, hit, arrival);
        }
    }

    /// Counts a match for one key, and notes what it may complete. When the key is looked at
    /// again is decided where the place of the order is settled.
    fn hit(
        &mut self,
        plan: &Plan,
        spec: &SequenceSpec,
        place: u32,
        hit: StageHit,
        arrival: Arrival<'_>,
    ) {
        let Some(unit) = plan.units.get(hit.number) else {
            return;
        };
        let stage = spec.stages.get(hit.input as usize);
        let Some(slot) = self
            .tables
            .get_mut(hit.number)
            .and_then(|t| t.get_mut(place))
        else {
            return;
        };
        let State::Chain(chain) = &mut slot.state else {
            return;
        };
        let time = arrival.at.0;
        let counts = match stage.map(|stage| stage.role) {
            Some(Role::Step(_)) => true,
            Some(Role::Optional(step)) => chain.has_reached(step, time, unit.span),
            Some(Role::Absent(_)) => {
                let within = stage.map_or(0, |stage| stage.within);
                let until = Some(time.saturating_add(within));
                chain.absences_until = chain.absences_until.max(until);
                false
            }
            None => false,
        };
        let is_distinct = stage.is_some_and(|stage| stage.distinct);
        let number = hit.input as usize;
        if counts {
            slot.last = slot.last.max(time);
            if slot.alert == NO_ALERT {
                let stages = unit.stage_names.len();
                // Within a stretch only extras and distinct values grow.
                let all = is_distinct || chain.epochs.is_over(arrival.at, unit.span);
                let counted = |epochs: &Epochs| {
                    if all {
                        epochs.heap_bytes()
                    } else {
                        epochs.now.extras.heap_bytes()
                    }
                };
                let before = counted(&chain.epochs);
                chain.epochs.turn(arrival.at, unit.span, stages);
                chain.epochs.add(number, time, arrival.event);
                arrival.carried.extras_into(&mut chain.epochs.now.extras);
                if is_distinct {
                    let at_least = stage.map_or(0, |stage| stage.at_least as usize);
                    let max = VALUES_BEFORE_MAX.max(at_least);
                    chain.epochs.add_value(number, hit.value, max);
                }
                self.bytes = (self.bytes + counted(&chain.epochs)).saturating_sub(before);
            }
        }
        let alert = slot.alert;
        if counts && alert != NO_ALERT {
            let value = is_distinct.then_some(hit.value);
            self.count(alert, number, value, None, arrival);
        }
        if let Some(hits) = self.hits.get_mut(hit.number) {
            hits.push((
                place,
                Hit {
                    input: hit.input,
                    began: hit.began.or_else(|| stage.is_none().then_some(arrival.at)),
                    event: arrival.event,
                    counts,
                    value: is_distinct.then_some(hit.value),
                },
            ));
        }
        if !self.dirty.contains(&hit.number) {
            self.dirty.push(hit.number);
        }
    }

    /// Makes a whole key known to the partial keys that it agrees with.
    pub(crate) fn join_partials(&mut self, plan: &Plan, number: usize, place: u32, now: i64) {
        let Some(unit) = plan
            .units
            .get(number)
            .filter(|u| !u.partial_keys.is_empty())
        else {
            return;
        };
        let Some(spec) = unit.sequence() else {
            return;
        };
        // The key at hand is that of the match, and still needed.
        let whole = std::mem::take(&mut self.key);
        for partial in 0..unit.partial_keys.len() {
            let Some(table) = self.partial_of(plan, number, partial, place) else {
                continue;
            };
            let Some((at, is_new)) = self.slot_of_key(table, || new_partial(spec)) else {
                continue;
            };
            if let Some(slot) = self.tables.get_mut(table).and_then(|t| t.get_mut(at))
                && let State::Partial(partial) = &mut slot.state
            {
                let before = partial.members.capacity() * MEMBER_BYTES;
                partial.members.push(place);
                let after = partial.members.capacity() * MEMBER_BYTES;
                self.bytes = (self.bytes + after).saturating_sub(before);
            }
            if is_new {
                self.schedule_partial(plan, table, at, now);
            }
        }
        self.key = whole;
    }

    /// Undoes [`Core::join_partials`].
    pub(crate) fn leave_partials(&mut self, plan: &Plan, number: usize, place: u32) {
        let Some(unit) = plan
            .units
            .get(number)
            .filter(|u| !u.partial_keys.is_empty())
        else {
            return;
        };
        let whole = std::mem::take(&mut self.key);
        for partial in 0..unit.partial_keys.len() {
            let Some(table) = self.partial_of(plan, number, partial, place) else {
                continue;
            };
            let Some(keys) = self.tables.get_mut(table) else {
                continue;
            };
            if let Some(at) = keys.find(&self.key)
                && let Some(State::Partial(partial)) = keys.get_mut(at).map(|s| &mut s.state)
            {
                // Their room stays, and stays counted.
                partial.members.retain(|member| *member != place);
            }
        }
        self.key = whole;
    }

    /// Makes the key at hand that part of a whole key; gives the table it belongs to.
    fn partial_of(
        &mut self,
        plan: &Plan,
        number: usize,
        partial: usize,
        place: u32,
    ) -> Option<usize> {
        let fields = plan.units.get(number)?.partial_keys.get(partial)?;
        let mut key = KeyScratch::default();
        for (field, value) in self.tables.get(number)?.key(place).enumerate() {
            if fields.contains(&field) {
                key.push(value);
            }
        }
        key.seal();
        self.key = key;
        Some(self.partial_tables.get(number)? + partial)
    }

    /// Enters a partial key that was last used at `now`.
    pub(crate) fn schedule_partial(&mut self, plan: &Plan, table: usize, place: u32, now: i64) {
        let owner = self.tables.get(table).map_or(0, |t| t.unit);
        let span = plan.units.get(owner).map_or(0, |unit| unit.span);
        let tick = self.schedule.enter(now.saturating_add(span), table, place);
        if let Some(slot) = self.tables.get_mut(table).and_then(|t| t.get_mut(place)) {
            slot.tick = tick;
        }
    }
}

/// A match as a stage of a sequence.
#[derive(Clone, Copy, Debug)]
struct StageHit {
    number: usize,
    input: u32,
    value: u64,
    /// Where the stage began that holds now.
    began: Option<Point>,
}

/// Adds a match to those of its stage; `bytes` is what all of them take.
fn began(
    spec: &SequenceSpec,
    hit: StageHit,
    collected: Option<&mut Collected>,
    at: Point,
    bytes: &mut usize,
) -> Option<Point> {
    let stage = spec.stages.get(hit.input as usize)?;
    let Some(collected) = collected.filter(|_| stage.collects()) else {
        return Some(at);
    };
    let before = collected.heap_bytes();
    let began = collected.add(stage, at, hit.value);
    *bytes = (*bytes + collected.heap_bytes()).saturating_sub(before);
    began
}

fn new_partial(spec: &SequenceSpec) -> State {
    State::Partial(Box::new(Partial {
        collected: vec![Collected::default(); spec.stages.len()],
        members: Vec::new(),
    }))
}
