//! What a key keeps for stages that follow each other: `temporal_ordered` and sequences.
//!
//! For each step the newest chain that reached it is kept: when it began, and when it reached
//! the step. Matches come in order, so a chain that reaches a step later began no earlier than
//! one that reached it before; whatever is asked of a chain later on (`within`, `gap`, an
//! absence since, no `unless` since its beginning), the newest one meets it if any does. One
//! link a step is exact, and a match costs no more than the number of stages.
//!
//! A step whose stages may come in any order keeps, for each of them, the chain that its latest
//! match could continue. The oldest of these is the newest chain that all of them continue.
//!
//! All that happens at one place of the order (one event) happens at once: [`Chain::settle`]
//! looks at the links as they were before it.

use std::collections::VecDeque;

use super::plan::{UNLESS, UNTIL};
use super::spec::{Role, SequenceSpec, StageSpec};
use super::tally::{Epoch, Epochs};

/// A place in the order of matches: time and sequence number.
pub(crate) type Point = (i64, u64);

/// A chain that reached a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) began: Point,
    pub(crate) reached: Point,
    /// The event that did it.
    pub(crate) event: u64,
}

/// Matches of a stage that takes more than one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Collected {
    /// Hash of the distinct value (0 where matches count) and place, in order.
    pub(crate) moments: VecDeque<(u64, Point)>,
}

/// What it takes in a list of them.
pub(crate) const COLLECTED_BYTES: usize = 40;

impl Collected {
    /// Adds a match; where the stage holds with it, the place of the first of those that it
    /// takes.
    pub(crate) fn add(&mut self, stage: &StageSpec, at: Point, value: u64) -> Option<Point> {
        if !stage.collects() {
            return Some(at);
        }
        if stage.distinct {
            self.moments.retain(|(known, _)| *known != value);
        }
        self.moments.push_back((value, at));
        let since = at.0.saturating_sub(stage.within);
        while self.moments.len() as u64 > stage.at_least
            || self.moments.front().is_some_and(|(_, p)| p.0 < since)
        {
            self.moments.pop_front();
        }
        let first = self.moments.front().map(|(_, p)| *p);
        first.filter(|_| self.moments.len() as u64 >= stage.at_least)
    }

    fn forget_before(&mut self, at: Point) {
        self.moments.retain(|(_, p)| *p >= at);
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.moments.capacity() * size_of::<(u64, Point)>()
    }
}

/// See the module. The lists are empty until something is in them: most keys come no further
/// than to a few matches of the first stage.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chain {
    pub(crate) epochs: Epochs,
    /// By step: the newest chain that reached it.
    pub(crate) reached: Vec<Option<Link>>,
    /// By stage of a step in any order: the chain that its latest match could continue.
    pub(crate) continues: Vec<Option<Link>>,
    /// By stage.
    pub(crate) collected: Vec<Collected>,
    /// By stage that must be absent before the first step: its last match.
    pub(crate) led: Vec<Option<Point>>,
    /// The first complete chain that waits for absences behind it.
    pub(crate) waiting: Option<Link>,
    /// Until when matches of absent stages matter.
    pub(crate) absences_until: Option<i64>,
}

/// What happened to one key at one place of the order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    /// Stage, [`UNLESS`] or [`UNTIL`].
    pub(crate) input: u32,
    /// Where the stage began, if it holds now.
    pub(crate) began: Option<Point>,
    pub(crate) event: u64,
    /// It is one of the matches that an alert counts; with the value, if the stage asks for one.
    pub(crate) counts: bool,
    pub(crate) value: Option<u64>,
}

/// What a step continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// It is the first.
    Nothing,
    /// The newest chain at the step before.
    Step(Option<Link>),
}

impl Before {
    /// The chain to continue, or the one that begins with a first step.
    fn or(self, own: Link) -> Option<Link> {
        match self {
            Self::Nothing => Some(own),
            Self::Step(link) => link,
        }
    }
}

impl Chain {
    /// What is collected of a stage.
    pub(crate) fn collected(
        &mut self,
        spec: &SequenceSpec,
        stage: usize,
    ) -> Option<&mut Collected> {
        place_in(&mut self.collected, stage, spec.stages.len())
    }

    /// Whether a chain has come as far as a stage that stands behind `step`.
    pub(crate) fn has_reached(&self, step: Option<usize>, now: i64, span: i64) -> bool {
        let Some(step) = step else {
            return true;
        };
        let link = self.reached.get(step).copied().flatten();
        link.is_some_and(|link| now.saturating_sub(link.began.0) <= span)
    }

    /// Until when the key has to be remembered beside its last match.
    pub(crate) fn keep_until(&self) -> i64 {
        self.absences_until.unwrap_or(i64::MIN)
    }

    /// When the chain that waits has waited long enough.
    pub(crate) fn decided_at(&self, spec: &SequenceSpec) -> Option<i64> {
        let reached = self.waiting?.reached.0;
        Some(reached.saturating_add(spec.wait()?))
    }

    /// Applies what happened at `at`. Gives the chain that is complete with it.
    pub(crate) fn settle(
        &mut self,
        spec: &SequenceSpec,
        hits: &[Hit],
        at: Point,
        span: i64,
    ) -> Option<Link> {
        let is_free_of_leads = self.is_free_of_leads(spec, at);
        let mut complete = None;
        // From the last step to the first: each looks at the step before as it was.
        for step in (0..spec.steps.len()).rev() {
            let before = match step.checked_sub(1) {
                None => Before::Nothing,
                Some(before) => Before::Step(self.reached.get(before).copied().flatten()),
            };
            let Some(link) = self.reach(spec, hits, step, before, at, span) else {
                continue;
            };
            if step == 0 && !is_free_of_leads {
                continue;
            }
            if step + 1 == spec.steps.len() {
                complete = Some(link);
            }
            if let Some(place) = place_in(&mut self.reached, step, spec.steps.len()) {
                *place = Some(link);
            }
        }
        for hit in hits.iter().filter(|hit| hit.began.is_some()) {
            self.forget(spec, hit, at);
        }
        let complete = complete?;
        if spec.trailing.is_empty() {
            return Some(complete);
        }
        // An earlier one that waits is decided earlier, and voided by whatever voids this one.
        self.waiting.get_or_insert(complete);
        None
    }

    /// Drops what was counted before `at`, where an `until` is among the hits.
    pub(crate) fn count_anew(&mut self, hits: &[Hit], at: Point, span: i64, stages: usize) {
        self.epochs.before = Epoch::default();
        if self.epochs.began == Some(at) {
            return;
        }
        self.epochs.clear();
        for hit in hits.iter().filter(|hit| hit.counts) {
            self.epochs.turn(at, span, stages);
            let stage = hit.input as usize;
            self.epochs.add(stage, at.0, hit.event);
            if let Some(value) = hit.value {
                self.epochs.add_value(stage, value, usize::MAX);
            }
        }
    }

    fn is_free_of_leads(&self, spec: &SequenceSpec, at: Point) -> bool {
        spec.leading.iter().all(|number| {
            let last = self.led.get(*number).copied().flatten();
            let within = spec.stages.get(*number).map_or(0, |stage| stage.within);
            last.is_none_or(|last| at.0.saturating_sub(last.0) > within)
        })
    }

    /// The newest chain that reaches a step now.
    fn reach(
        &mut self,
        spec: &SequenceSpec,
        hits: &[Hit],
        step: usize,
        before: Before,
        at: Point,
        span: i64,
    ) -> Option<Link> {
        let step = spec.steps.get(step)?;
        let begins_now = |stage: usize| {
            let hits = hits.iter().filter(|h| h.input as usize == stage);
            let newest = hits.max_by_key(|h| h.began)?;
            Some(Link {
                began: newest.began?,
                reached: at,
                event: newest.event,
            })
        };
        let event;
        let link = if let [only] = step.stages[..] {
            let own = begins_now(only)?;
            event = own.event;
            before.or(own)?
        } else {
            let mut last = None;
            for stage in &step.stages {
                let Some(own) = begins_now(*stage) else {
                    continue;
                };
                last = Some(own.event);
                let link = before.or(own);
                if let Some(link) = link
                    && let Some(place) = place_in(&mut self.continues, *stage, spec.stages.len())
                {
                    *place = Some(link);
                }
            }
            let continued = step.stages.iter().map(|s| self.continues.get(*s).copied());
            let all: Option<Vec<Link>> = continued.map(Option::flatten).collect();
            event = last?;
            all?.into_iter()
                .min_by_key(|link| (link.began, link.reached))?
        };
        let long_ago = |since: Point, length: i64| at.0.saturating_sub(since.0) > length;
        let gap_exceeded = step.gap.is_some_and(|gap| long_ago(link.reached, gap));
        if long_ago(link.began, span) || (before != Before::Nothing && gap_exceeded) {
            return None;
        }
        Some(Link {
            began: link.began,
            reached: at,
            event,
        })
    }

    /// Drops what `absent`, `unless` and `until` do away with.
    fn forget(&mut self, spec: &SequenceSpec, hit: &Hit, at: Point) {
        if matches!(hit.input, UNLESS | UNTIL) {
            for link in self.reached.iter_mut().chain(&mut self.continues) {
                link.take_if(|link| link.began < at);
            }
            self.waiting.take_if(|link| link.reached < at);
            for (collected, stage) in self.collected.iter_mut().zip(&spec.stages) {
                if hit.input == UNTIL || stage.role == Role::Step(0) {
                    collected.forget_before(at);
                }
            }
            if hit.input == UNTIL {
                for led in &mut self.led {
                    led.take_if(|led| *led < at);
                }
            }
            return;
        }
        let number = hit.input as usize;
        let Some(stage) = spec.stages.get(number) else {
            return;
        };
        match stage.role {
            Role::Absent(None) => {
                if let Some(led) = place_in(&mut self.led, number, spec.stages.len()) {
                    *led = Some(at);
                }
            }
            Role::Absent(Some(step)) => {
                if spec.trailing.contains(&number) {
                    let within = stage.within;
                    self.waiting
                        .take_if(|w| w.reached < at && at.0.saturating_sub(w.reached.0) <= within);
                    return;
                }
                if let Some(link) = self.reached.get_mut(step) {
                    link.take_if(|link| link.reached < at);
                }
                let next = spec.steps.get(step + 1);
                for member in next.map_or(&[][..], |next| &next.stages) {
                    if let Some(link) = self.continues.get_mut(*member) {
                        *link = None;
                    }
                }
            }
            Role::Step(_) | Role::Optional(_) => {}
        }
    }

    /// What the links take of [`Self::heap_bytes`].
    pub(crate) fn links_bytes(&self) -> usize {
        let links = self.reached.capacity() + self.continues.capacity() + self.led.capacity();
        links * size_of::<Option<Link>>()
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let collected = self.collected.iter();
        let collected = collected.map(|c| c.heap_bytes() + COLLECTED_BYTES);
        let collected: usize = collected.sum();
        size_of::<Self>() + self.epochs.heap_bytes() + self.links_bytes() + collected
    }
}

/// A place in a list that is empty or has `length` places.
fn place_in<T: Default>(list: &mut Vec<T>, place: usize, length: usize) -> Option<&mut T> {
    if list.is_empty() {
        list.reserve_exact(length);
        list.resize_with(length, T::default);
    }
    list.get_mut(place)
}
