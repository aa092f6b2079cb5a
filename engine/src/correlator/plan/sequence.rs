//! Compiles sequences.

use std::fmt::Write;

use yagura_rules::Sequence;
use yagura_rules::correlation::{Reference, Target};
use yagura_rules::sequence::{KeyField, Presence, Stage, Step};

use super::order::stages;
use super::{Binding, Compiler, UNLESS, UNTIL, Unit, identity, nanos};
use crate::correlator::spec::{Role, SequenceSpec, Spec, StageSpec, StepSpec};

impl Compiler {
    pub(super) fn sequence(&mut self, index: usize, sequence: &Sequence) {
        let rank = self.plan.units.len();
        let mut partial_keys = Vec::new();
        let spec = steps(sequence);
        let mut meaning = format!("{:?} {} {spec:?}", sequence.by, sequence.within_seconds);
        let all = sequence.steps.iter().flat_map(stages);
        for (number, stage) in (0u32..).zip(all.clone()) {
            let distinct = stage.distinct.as_ref();
            let _ = write!(meaning, " {} {distinct:?}", stage.name);
            for reference in &stage.matches {
                let values = distinct.map(|field| self.place_or_none(reference.target, field));
                let values = values.into_iter().collect();
                let partial = partial_key(&stage.by, &mut partial_keys);
                let input = Input { number, partial };
                self.bind(rank, reference, &stage.by, input, values, sequence.generate);
                self.describe(reference, &stage.by, &mut meaning);
            }
        }
        let others = [(UNLESS, &sequence.unless), (UNTIL, &sequence.until)];
        for (number, references) in others {
            for keyed in references {
                let partial = partial_key(&keyed.by, &mut partial_keys);
                let input = Input { number, partial };
                let generate = sequence.generate;
                self.bind(rank, &keyed.rule, &keyed.by, input, Vec::new(), generate);
                let _ = write!(meaning, " {number}");
                self.describe(&keyed.rule, &keyed.by, &mut meaning);
            }
        }
        let unit = Unit {
            rule: Target::Sequence(index),
            id: identity(&sequence.meta).to_owned(),
            span: nanos(sequence.within_seconds),
            key_names: sequence.by.clone(),
            stage_names: all.map(|stage| stage.name.clone()).collect(),
            spec: Spec::Sequence(spec),
            consumers: Vec::new(),
            partial_keys,
            fingerprint: 0,
        };
        self.finish(unit, &meaning);
    }

    fn describe(&self, reference: &Reference, by: &[KeyField], meaning: &mut String) {
        let fingerprint = self.fingerprint_of(reference.target);
        let _ = write!(meaning, " {fingerprint:x} {by:?}");
    }

    fn bind(
        &mut self,
        unit: usize,
        reference: &Reference,
        by: &[KeyField],
        input: Input,
        values: Vec<u16>,
        generate: bool,
    ) {
        let key = by.iter().map(|field| match field {
            KeyField::Field(name) => Some(self.place_or_none(reference.target, name)),
            KeyField::Unbound => None,
        });
        let binding = Binding {
            unit,
            input: input.number,
            key: key.collect(),
            values,
            partial: input.partial,
        };
        self.add(reference.target, binding, generate);
    }
}

#[derive(Clone, Copy)]
struct Input {
    number: u32,
    partial: Option<usize>,
}

/// Which of the partial keys a set of fields is; `None` where all are bound.
fn partial_key(by: &[KeyField], keys: &mut Vec<Vec<usize>>) -> Option<usize> {
    let bound = |(place, field): (usize, &KeyField)| match field {
        KeyField::Field(_) => Some(place),
        KeyField::Unbound => None,
    };
    let bound: Vec<usize> = by.iter().enumerate().filter_map(bound).collect();
    if bound.len() == by.len() {
        return None;
    }
    let known = keys.iter().position(|key| *key == bound);
    Some(known.unwrap_or_else(|| {
        keys.push(bound);
        keys.len() - 1
    }))
}

fn steps(sequence: &Sequence) -> SequenceSpec {
    let mut spec = SequenceSpec::default();
    for step in &sequence.steps {
        let first = spec.stages.len();
        let in_a_group = matches!(step, Step::AnyOrder(_));
        let mut gap: Option<i64> = None;
        let before = spec.steps.len().checked_sub(1);
        for stage in stages(step) {
            let role = match stage.presence {
                Presence::Optional if !in_a_group => Role::Optional(before),
                Presence::Absent if !in_a_group => Role::Absent(before),
                _ => Role::Step(spec.steps.len()),
            };
            let own = stage.gap_seconds.map(nanos);
            gap = gap.into_iter().chain(own).min();
            spec.stages.push(stage_spec(stage, role));
        }
        let members: Vec<usize> = (first..spec.stages.len())
            .filter(|s| matches!(spec.stages.get(*s).map(|s| s.role), Some(Role::Step(_))))
            .collect();
        if !members.is_empty() {
            spec.steps.push(StepSpec {
                stages: members,
                gap,
            });
        }
    }
    let last = spec.steps.len().checked_sub(1);
    let absent = |role| {
        let stages = spec.stages.iter().enumerate();
        let those = stages.filter(|(_, stage)| stage.role == role);
        those.map(|(number, _)| number).collect::<Vec<usize>>()
    };
    spec.leading = absent(Role::Absent(None));
    if last.is_some() {
        spec.trailing = absent(Role::Absent(last));
    }
    spec
}

fn stage_spec(stage: &Stage, role: Role) -> StageSpec {
    StageSpec {
        at_least: stage.at_least.max(1),
        within: nanos(stage.in_seconds),
        distinct: stage.distinct.is_some(),
        role,
    }
}
