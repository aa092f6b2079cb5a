//! Where the time of matching goes, rule by rule and predicate by predicate.
//!
//! ```text
//!  per event and plan:  direct access tests ─▶ tests behind literals ─▶ tables ─▶ rules opened
//!                       (each timed)           (each timed)             (timed)   (each timed)
//! ```
//!
//! A second way through the matcher, for rule authors: it takes the same steps with the same
//! tables, in an order that lets each be timed alone. The matcher itself knows nothing of it and
//! pays nothing for it. Time comes from a clock of the caller's, since this crate has none.

mod clock;
mod cost;
mod names;

use hashbrown::{DefaultHashBuilder, HashMap, HashSet};
use std::hash::BuildHasher;
use std::sync::Arc;
use yagura_parsers::{Event, EventBatch, Format, Value, ValueKind};

use crate::classes::Marks;
use crate::engine::Engine;
use crate::fold::fold_into;
use crate::matcher::Matcher;
use crate::matcher::event::EventMatch;
use crate::matcher::plan::{Certainty, ClassPlan, Finding, NO_SLOT, PredicateId, Slot};

use clock::Stopwatch;
use cost::PlanCosts;

pub use cost::{Access, PredicateCost, Profile, RuleCost};

/// Values that were seen before are remembered by the matcher; more than so many are taken as
/// new again, so that the profile of endless input needs no endless memory.
const SEEN_VALUES_MAX: usize = 1 << 21;

/// Profiles rules over batches. One thread; slower than matching by a small factor.
pub struct Profiler<C> {
    engine: Arc<Engine>,
    matcher: Matcher,
    stopwatch: Stopwatch<C>,
    plan_index: HashMap<*const ClassPlan, usize>,
    plans: Vec<PlanCosts>,
    events: u64,
    look_up_ns: u64,
    seen: SeenValues,
    room: Room,
}

/// Buffers.
#[derive(Default)]
struct Room {
    folded: Vec<u8>,
    verify: Vec<u8>,
    to_verify: Vec<PredicateId>,
}

#[derive(Default)]
struct SeenValues {
    hasher: DefaultHashBuilder,
    hashes: HashSet<u64>,
}

impl SeenValues {
    fn is_new(&mut self, slot: u32, text: &[u8]) -> bool {
        if self.hashes.len() >= SEEN_VALUES_MAX {
            self.hashes.clear();
        }
        self.hashes.insert(self.hasher.hash_one((slot, text)))
    }
}

impl<C: FnMut() -> u64> Profiler<C> {
    /// A profile of nothing yet. `clock_ns` gives nanoseconds since any fixed moment; what it
    /// costs to ask it is found out here and subtracted from everything measured.
    pub fn new(engine: &Arc<Engine>, clock_ns: C) -> Self {
        let plans = &engine.classes.plans;
        let plan_index = (0..)
            .zip(plans)
            .map(|(i, plan)| (std::ptr::from_ref(plan), i));
        Self {
            engine: Arc::clone(engine),
            matcher: engine.matcher(),
            stopwatch: Stopwatch::calibrated(clock_ns),
            plan_index: plan_index.collect(),
            plans: plans.iter().map(PlanCosts::new).collect(),
            events: 0,
            look_up_ns: 0,
            seen: SeenValues::default(),
            room: Room::default(),
        }
    }

    /// Adds the events of a batch. `format` is the one that the batch was parsed with.
    pub fn add(&mut self, batch: &EventBatch, format: Format) {
        let engine = Arc::clone(&self.engine);
        for event in batch.events() {
            self.events += 1;
            let start = self.stopwatch.start();
            let class = engine.classes.class(&Marks::of(event));
            self.matcher.load_texts(class, event, format);
            self.look_up_ns += self.stopwatch.since(start);
            for plan in engine.classes.plans(class) {
                if let Some(index) = self.plan_index.get(&std::ptr::from_ref(plan)) {
                    self.add_event(*index, plan, event);
                }
            }
        }
    }

    /// What everything cost.
    pub fn finish(self) -> Profile {
        cost::summarise(&self.engine, &self.plans, self.events, self.look_up_ns)
    }

    fn add_event(&mut self, index: usize, plan: &ClassPlan, event: Event<'_>) {
        let Some(costs) = self.plans.get_mut(index) else {
            return;
        };
        costs.events += 1;
        let Matcher { texts, scratch, .. } = &mut self.matcher;
        let mut run = EventMatch::new(plan, event, texts, scratch);
        let stopwatch = &mut self.stopwatch;
        let mut decoded = Vec::new();
        each_slot_value(&run, &mut |slot, value| {
            let text = value.text(&mut decoded);
            if !slot.hexadecimal && self.seen.is_new(slot.number, text) {
                let room = &mut self.room;
                verify(plan, slot, (value.kind, text), room, stopwatch, costs);
            }
        });
        test_on_presence(&mut run, stopwatch, costs);
        let start = stopwatch.start();
        run.look_up();
        run.learn();
        self.look_up_ns += stopwatch.since(start);
        evaluate(&mut run, stopwatch, costs);
    }
}

/// Shows each value with each slot that looks at it.
fn each_slot_value<'m>(run: &EventMatch<'m>, each: &mut impl FnMut(&'m Slot, Value<'m>)) {
    let plan = run.plan;
    for (field, value) in run.event.values() {
        for slot in plan.slots_of.get(field.index()).into_iter().flatten() {
            if *slot != NO_SLOT {
                each(&plan.slots[usize::from(*slot)], value);
            }
        }
    }
    if let Some(slot) = plan.anything {
        for value in run.texts.of(run.event) {
            each(&plan.slots[usize::from(slot)], value);
        }
    }
}

/// Times the tests that follow a literal found in a new value: expressions, patterns with inner
/// wildcards, case. (The matcher remembers the outcome for values it saw before.)
fn verify<C: FnMut() -> u64>(
    plan: &ClassPlan,
    slot: &Slot,
    (kind, text): (ValueKind, &[u8]),
    room: &mut Room,
    stopwatch: &mut Stopwatch<C>,
    costs: &mut PlanCosts,
) {
    if kind == ValueKind::Null || !slot.looks_at_text() {
        return;
    }
    room.folded.clear();
    fold_into(text, &mut room.folded);
    room.to_verify.clear();
    let exact = slot.exact.get(room.folded.as_slice()).into_iter().flatten();
    let uncertain = |certainty| certainty == Certainty::MayHold;
    room.to_verify.extend(
        exact
            .filter(|h| uncertain(h.certainty))
            .map(|h| h.predicate),
    );
    if let Some(literals) = &slot.literals {
        literals.scan(&room.folded, |hit| {
            if uncertain(hit.certainty) {
                room.to_verify.push(hit.predicate);
            }
        });
    }
    room.to_verify.sort_unstable();
    room.to_verify.dedup();
    for id in &room.to_verify {
        let check = &plan.predicates[id.index()].check;
        let start = stopwatch.start();
        std::hint::black_box(check.holds(kind, text, &mut room.verify));
        costs.tested(*id, stopwatch.since(start));
    }
}

/// Times the access predicates that no table decides: they are tested whenever their field is
/// there, so a slow one is paid for by every event.
fn test_on_presence<C: FnMut() -> u64>(
    run: &mut EventMatch<'_>,
    stopwatch: &mut Stopwatch<C>,
    costs: &mut PlanCosts,
) {
    let mut present = Vec::new();
    each_slot_value(run, &mut |slot, _| present.extend(&slot.on_presence));
    for id in present {
        if run.scratch.known(id).is_none() {
            let start = stopwatch.start();
            std::hint::black_box(run.holds(id));
            costs.tested(id, stopwatch.since(start));
        }
    }
}

/// Times the evaluation of each rule that was opened, and of those that are always evaluated.
fn evaluate<C: FnMut() -> u64>(
    run: &mut EventMatch<'_>,
    stopwatch: &mut Stopwatch<C>,
    costs: &mut PlanCosts,
) {
    let plan = run.plan;
    let opened = std::mem::take(&mut run.scratch.candidates);
    for id in opened.iter().chain(&plan.always) {
        let index = *id as usize;
        let mut asked = 0;
        let mut clock_reads = 0;
        let start = stopwatch.start();
        let held = plan.program.holds(plan.rules[index].rest, &mut |p| {
            asked += 1;
            let direct = plan.findings[p.index()] == Finding::Direct;
            let holds = if direct && run.scratch.known(p).is_none() {
                clock_reads += 2;
                let start = stopwatch.start();
                let holds = run.holds(p);
                costs.asked_directly(p, stopwatch.since(start));
                holds
            } else {
                run.holds(p)
            };
            costs.asked(p, holds);
            holds
        });
        let ns = stopwatch.since(start);
        let ns = ns.saturating_sub(clock_reads * stopwatch.cost_ns());
        costs.evaluated(index, held, asked, ns);
    }
    for id in &opened {
        let index = *id as usize;
        for at in 0..costs.access_of(index).len() {
            let predicate = costs.access_of(index)[at];
            if run.holds(predicate) {
                costs.fired(predicate);
            }
        }
    }
    run.scratch.candidates = opened;
}
