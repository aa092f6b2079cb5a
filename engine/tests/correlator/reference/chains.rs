//! Stages that follow each other: tries every chain that the matches could form.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use yagura_engine::alert::AlertRecord;
use yagura_engine::correlator::Records;
use yagura_rules::sequence::{KeyField, Presence, Sequence, Stage, Step};

use super::{Key, Known, Place, Rule, SECOND, Seen, Unit, stages};

/// What a stage is to the steps that have to happen.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Step(usize),
    Optional(Option<usize>),
    Absent(Option<usize>),
}

fn parts(sequence: &Sequence) -> (Vec<Part>, usize) {
    let (mut parts, mut steps) = (Vec::new(), 0usize);
    for step in &sequence.steps {
        let before = steps.checked_sub(1);
        match step {
            Step::Stage(stage) => match stage.presence {
                Presence::Required => {
                    parts.push(Part::Step(steps));
                    steps += 1;
                }
                Presence::Optional => parts.push(Part::Optional(before)),
                Presence::Absent => parts.push(Part::Absent(before)),
            },
            Step::AnyOrder(stages) => {
                parts.extend(stages.iter().map(|_| Part::Step(steps)));
                steps += 1;
            }
        }
    }
    (parts, steps)
}

fn is_whole(stage: &Stage) -> bool {
    !stage.by.contains(&KeyField::Unbound)
}

fn begins_a_key(stage: &Stage, part: Part) -> bool {
    let collects = stage.at_least > 1 && !matches!(part, Part::Optional(_));
    collects || matches!(part, Part::Step(0) | Part::Absent(None))
}

fn agrees(seen: &Seen, key: &Key) -> bool {
    let fields = seen.key.iter().zip(key);
    fields
        .into_iter()
        .all(|(bound, value)| bound.as_ref().is_none_or(|b| b == value))
}

/// One key's view of all that was seen.
struct View<'a> {
    stages: Vec<&'a Stage>,
    parts: Vec<Part>,
    steps: usize,
    seen: Vec<&'a Seen>,
    span: i64,
    /// Remembers what [`View::chains`] found, or this would take forever.
    known: RefCell<BTreeMap<(usize, Place), Vec<Place>>>,
    completions: Vec<Vec<(Place, Place)>>,
}

impl<'a> View<'a> {
    fn new(unit: &'a Unit, key: &Key) -> Option<Self> {
        let Rule::Chain(sequence) = &unit.rule else {
            return None;
        };
        let (parts, steps) = parts(sequence);
        let mut view = Self {
            stages: stages(sequence),
            parts,
            steps,
            seen: unit.seen.iter().filter(|s| agrees(s, key)).collect(),
            span: unit.span,
            known: RefCell::default(),
            completions: Vec::new(),
        };
        view.completions = (0..view.stages.len())
            .map(|n| view.find_complete(n))
            .collect();
        Some(view)
    }

    fn complete(&self, number: usize) -> &[(Place, Place)] {
        &self.completions[number]
    }

    fn unless(&self) -> impl Iterator<Item = Place> {
        let input = self.stages.len();
        self.seen
            .iter()
            .filter(move |s| s.input == input)
            .map(|s| s.at)
    }

    fn until(&self) -> impl Iterator<Item = Place> {
        let input = self.stages.len() + 1;
        self.seen
            .iter()
            .filter(move |s| s.input == input)
            .map(|s| s.at)
    }

    /// Where a stage is complete, and where it began.
    fn find_complete(&self, number: usize) -> Vec<(Place, Place)> {
        let stage = self.stages[number];
        let mut found = Vec::new();
        let own: Vec<&&Seen> = self.seen.iter().filter(|s| s.input == number).collect();
        for (place, last) in own.iter().enumerate() {
            let at = last.at;
            // Of a key that was dropped, what was collected for it is gone.
            let dropped = self
                .until()
                .filter(|u| *u < at)
                .max()
                .filter(|_| is_whole(stage));
            let since = at.0 - stage.in_seconds as i64 * SECOND;
            let mut taken: Vec<Place> = Vec::new();
            let mut values = BTreeSet::new();
            for seen in own[..=place].iter().rev() {
                let is_new = stage.distinct.is_none() || values.insert(&seen.value);
                let kept = seen.at.0 >= since && dropped.is_none_or(|d| seen.at >= d);
                if is_new && kept && (taken.len() as u64) < stage.at_least {
                    taken.push(seen.at);
                }
            }
            if taken.len() as u64 == stage.at_least {
                found.push((at, *taken.last().expect("at least one")));
            }
        }
        found
    }

    /// No match of a stage that must be absent behind `step`, between two places.
    fn is_quiet(&self, step: usize, from: Place, to: Place) -> bool {
        let absent = Part::Absent(Some(step));
        let mut stages = (0..self.stages.len()).filter(|s| self.parts[*s] == absent);
        stages.all(|stage| {
            !self
                .complete(stage)
                .iter()
                .any(|(at, _)| *at > from && *at < to)
        })
    }

    fn is_void(&self, began: Place, to: Place) -> bool {
        self.unless()
            .chain(self.until())
            .any(|x| x > began && x < to)
    }

    /// Where the chains began that reach a step at a place.
    fn chains(&self, step: usize, at: Place) -> Vec<Place> {
        if let Some(known) = self.known.borrow().get(&(step, at)) {
            return known.clone();
        }
        let found = self.find_chains(step, at);
        self.known.borrow_mut().insert((step, at), found.clone());
        found
    }

    fn find_chains(&self, step: usize, at: Place) -> Vec<Place> {
        let members: Vec<usize> = (0..self.stages.len())
            .filter(|s| self.parts[*s] == Part::Step(step))
            .collect();
        let complete: Vec<Vec<(Place, Place)>> = members
            .iter()
            .map(|m| {
                self.complete(*m)
                    .iter()
                    .copied()
                    .filter(|(c, _)| *c <= at)
                    .collect()
            })
            .collect();
        if !complete.iter().flatten().any(|(c, _)| *c == at) {
            return Vec::new();
        }
        if step == 0 {
            if !self.is_unled(at) {
                return Vec::new();
            }
            // All choices of one completion a member, the last of them here.
            let mut choices: Vec<(Place, Place)> = vec![((i64::MIN, 0), (i64::MAX, u64::MAX))];
            for member in &complete {
                let mut next = Vec::new();
                for (last, began) in &choices {
                    for (c, b) in member {
                        next.push(((*last).max(*c), (*began).min(*b)));
                    }
                }
                next.sort_unstable();
                next.dedup();
                choices = next;
            }
            choices.retain(|(last, began)| *last == at && at.0 - began.0 <= self.span);
            let began = choices.into_iter().map(|(_, began)| began);
            return began.filter(|b| !self.is_void(*b, at)).collect();
        }
        let gaps = members.iter().filter_map(|m| self.stages[*m].gap_seconds);
        let gap = gaps.min().map_or(i64::MAX, |gap| gap as i64 * SECOND);
        let mut all = Vec::new();
        for before in self.places().into_iter().filter(|p| *p < at) {
            // Every member behind the step before.
            let every = complete.iter().all(|m| m.iter().any(|(c, _)| *c > before));
            if !every || at.0 - before.0 > gap || !self.is_quiet(step - 1, before, at) {
                continue;
            }
            for began in self.chains(step - 1, before) {
                if at.0 - began.0 <= self.span && !self.is_void(began, at) {
                    all.push(began);
                }
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    fn is_unled(&self, at: Place) -> bool {
        let dropped = self.until().filter(|u| *u < at).max();
        let leading = (0..self.stages.len()).filter(|s| self.parts[*s] == Part::Absent(None));
        leading.into_iter().all(|number| {
            let within = self.stages[number].in_seconds as i64 * SECOND;
            let complete = self.complete(number);
            !complete
                .iter()
                .any(|(x, _)| *x < at && at.0 - x.0 <= within && dropped.is_none_or(|d| *x >= d))
        })
    }

    fn places(&self) -> BTreeSet<Place> {
        self.seen.iter().map(|s| s.at).collect()
    }

    fn has_reached(&self, step: Option<usize>, now: Place) -> bool {
        let Some(step) = step else {
            return true;
        };
        let mut before = self.places().into_iter().filter(|p| *p < now);
        before.any(|place| {
            let is_last = step + 1 == self.steps;
            let quiet = is_last || self.is_quiet(step, place, now);
            let mut chains = self.chains(step, place).into_iter();
            quiet && chains.any(|b| now.0 - b.0 <= self.span && !self.is_void(b, now))
        })
    }

    fn trailing(&self) -> Vec<usize> {
        let Some(last) = self.steps.checked_sub(1) else {
            return Vec::new();
        };
        let all = 0..self.stages.len();
        all.filter(|s| self.parts[*s] == Part::Absent(Some(last)))
            .collect()
    }

    fn wait(&self) -> Option<i64> {
        let waits = self
            .trailing()
            .into_iter()
            .map(|s| self.stages[s].in_seconds);
        waits.max().map(|seconds| seconds as i64 * SECOND)
    }

    /// Whether something happened since that makes a complete chain void.
    fn is_cancelled(&self, reached: Place) -> bool {
        let absent = self.trailing().into_iter().any(|number| {
            let within = self.stages[number].in_seconds as i64 * SECOND;
            let complete = self.complete(number);
            complete
                .iter()
                .any(|(x, _)| *x > reached && x.0 - reached.0 <= within)
        });
        absent || self.unless().chain(self.until()).any(|x| x > reached)
    }
}

impl Unit {
    pub(super) fn apply_chain(&mut self, seen: Seen, display: &[Option<String>]) {
        let Rule::Chain(sequence) = &self.rule else {
            return;
        };
        let sequence = sequence.clone();
        let (parts, _) = parts(&sequence);
        let stages = stages(&sequence);
        let stage = stages.get(seen.input);
        if let Some(stage) = stage
            && is_whole(stage)
            && begins_a_key(stage, parts[seen.input])
        {
            let key: Key = seen.key.iter().flatten().cloned().collect();
            self.known(&key, display);
        }
        let keys: Vec<Key> = self
            .keys
            .keys()
            .filter(|key| agrees(&seen, key))
            .cloned()
            .collect();
        for key in keys {
            let counts = match parts.get(seen.input) {
                Some(Part::Step(_)) => true,
                Some(Part::Optional(step)) => {
                    let view = View::new(self, &key).expect("a sequence");
                    view.has_reached(*step, seen.at)
                }
                Some(Part::Absent(_)) => {
                    let within = stages[seen.input].in_seconds as i64 * SECOND;
                    let known = self.keys.get_mut(&key).expect("listed");
                    known.keep = known.keep.max(seen.at.0 + within);
                    false
                }
                None => false,
            };
            if !counts {
                continue;
            }
            let known = self.keys.get_mut(&key).expect("listed");
            known.last = known.last.max(seen.at.0);
            if known.alert.is_some() {
                self.count(&key, &seen, None);
            } else {
                known.history.push(seen.clone());
            }
        }
        self.seen.push(seen);
    }

    /// What follows from all that was seen at a place.
    pub(super) fn settle(&mut self, at: Place, records: Records, out: &mut Vec<AlertRecord>) {
        if !matches!(self.rule, Rule::Chain(_)) {
            return;
        }
        let now: Vec<Seen> = self.seen.iter().filter(|s| s.at == at).cloned().collect();
        let mut keys: Vec<Key> = self.keys.keys().cloned().collect();
        keys.retain(|key| now.iter().any(|seen| agrees(seen, key)));
        keys.sort_by_key(super::order_of);
        for key in keys {
            let view = View::new(self, &key).expect("a sequence");
            let last = view.steps.saturating_sub(1);
            let complete = view.steps > 0 && !view.chains(last, at).is_empty();
            let ends = |s: &&Seen| view.parts.get(s.input) == Some(&Part::Step(last));
            let event = now.iter().filter(|s| agrees(s, &key)).rfind(ends);
            let event = event.map_or(0, |s| s.event);
            let waits = view.wait().is_some();
            let until = view.until().any(|u| u == at);
            if complete && waits {
                let known = self.keys.get_mut(&key).expect("listed");
                known.pending.push((at, event));
            }
            let holds = complete && !waits;
            self.chain_holds(&key, at, at, event, holds, records, out);
            if until {
                self.drop_before(&key, at);
            }
        }
    }

    /// What was counted before is dropped, and with it what came along in the same stretch.
    fn drop_before(&mut self, key: &Key, at: Place) {
        let span = self.span;
        let known = self.keys.get_mut(key).expect("listed");
        let mut began = None;
        for seen in &known.history {
            if began.is_none_or(|b: Place| seen.at.0 > b.0 + span) {
                began = Some(seen.at);
            }
        }
        known.history.retain(|seen| seen.at == at);
        if began != Some(at) {
            known
                .history
                .iter_mut()
                .for_each(|seen| seen.extras.clear());
        }
    }

    fn chain_holds(
        &mut self,
        key: &Key,
        reached: Place,
        effect: Place,
        event: u64,
        holds: bool,
        records: Records,
        out: &mut Vec<AlertRecord>,
    ) {
        let known = self.keys[key].clone();
        if known.alert.is_some() {
            self.report(key, effect.0, holds, records, out);
        } else if holds {
            let counted = self.stretches(&known, reached.0 - self.span);
            self.open(
                key, reached, effect, event, false, &counted, &counted, None, None, out,
            );
        }
    }

    pub(super) fn decided_at(&self, known: &Known) -> Option<i64> {
        let key: Key = known.display.iter().map(|v| super::fold(v)).collect();
        let view = View::new(self, &key)?;
        let wait = view.wait()?;
        let live = known
            .pending
            .iter()
            .filter(|(reached, _)| !view.is_cancelled(*reached));
        live.map(|(reached, _)| reached.0 + wait).min()
    }

    pub(super) fn decide_absences(
        &mut self,
        key: &Key,
        at: Place,
        records: Records,
        out: &mut Vec<AlertRecord>,
    ) {
        let Some(view) = View::new(self, key) else {
            return;
        };
        let Some(wait) = view.wait() else {
            return;
        };
        let pending = self.keys[key].pending.clone();
        let due = pending
            .iter()
            .filter(|(reached, _)| reached.0 + wait <= at.0);
        let live: Vec<(Place, u64)> = due
            .copied()
            .filter(|(r, _)| !view.is_cancelled(*r))
            .collect();
        let known = self.keys.get_mut(key).expect("it is due");
        known.pending.retain(|(reached, _)| reached.0 + wait > at.0);
        let is_open = known.alert.is_some();
        if let Some((reached, event)) = live.into_iter().min()
            && (!is_open || records == Records::Every)
        {
            self.chain_holds(key, reached, at, event, true, records, out);
        }
    }
}
