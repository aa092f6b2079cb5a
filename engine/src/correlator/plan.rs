//! Compiles correlations and sequences: their order, and which detection feeds which of them.
//!
//! A **unit** is a correlation or a sequence. Units are put into an order in which everything
//! stands behind what it refers to; a unit's place there is its rank. A **binding** says what a
//! match of a detection (or the alert of a unit) means to a unit: which part of it, and where
//! among the values of the match the key stands.

mod order;
mod sequence;

use std::fmt::Write;
use std::sync::Arc;

use hashbrown::HashMap;
use yagura_rules::correlation::{Alias, Correlation, Kind, Reference, Target};
use yagura_rules::{Detection, Meta, Sequence};

use super::hash::hash64;
use super::spec::{
    Condition, Decision, Measure, Role, SequenceSpec, Spec, StageSpec, StepSpec, Threshold, need,
};

/// Nanoseconds of a number of seconds.
pub(crate) fn nanos(seconds: u64) -> i64 {
    i64::try_from(seconds)
        .unwrap_or(i64::MAX)
        .saturating_mul(1_000_000_000)
}

/// Inputs of a sequence that are no stage.
pub(crate) const UNLESS: u32 = u32::MAX - 1;
/// See [`UNLESS`].
pub(crate) const UNTIL: u32 = u32::MAX;

/// What a match means to a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) unit: usize,
    /// Rule of a correlation, stage of a sequence, [`UNLESS`] or [`UNTIL`].
    pub(crate) input: u32,
    /// Where the values of the key are; `None`: not bound to this field.
    pub(crate) key: Vec<Option<u16>>,
    /// Where the values that are counted or summed are.
    pub(crate) values: Vec<u16>,
    /// Which of the unit's partial tables it uses.
    pub(crate) partial: Option<usize>,
}

/// A compiled correlation or sequence.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    pub(crate) rule: Target,
    /// The rule's id, or what stands in for it.
    pub(crate) id: String,
    /// `timespan` or `within`.
    pub(crate) span: i64,
    pub(crate) key_names: Vec<String>,
    pub(crate) stage_names: Vec<String>,
    pub(crate) spec: Spec,
    /// Who takes its alerts as matches.
    pub(crate) consumers: Vec<Binding>,
    /// Sets of key fields that some stage is bound to without the others.
    pub(crate) partial_keys: Vec<Vec<usize>>,
    /// The same as long as the rule and all it refers to mean the same.
    pub(crate) fingerprint: u64,
}

impl Unit {
    pub(crate) fn sequence(&self) -> Option<&SequenceSpec> {
        match &self.spec {
            Spec::Sequence(spec) => Some(spec),
            Spec::Threshold(_) => None,
        }
    }

    /// The stage of an alert that a match counts for.
    pub(crate) fn stage_of(&self, input: u32) -> usize {
        let input = input as usize;
        if input < self.stage_names.len() {
            input
        } else {
            0
        }
    }
}

/// Compiled correlations and sequences. Shared, never changed.
#[derive(Debug, Default)]
pub struct Plan {
    pub(crate) units: Vec<Unit>,
    pub(crate) detections: Vec<DetectionPlan>,
    left_out: Vec<Target>,
}

/// What the correlator asks of a detection.
#[derive(Clone, Debug, Default)]
pub(crate) struct DetectionPlan {
    pub(crate) wanted: Vec<String>,
    pub(crate) bindings: Vec<Binding>,
    pub(crate) fingerprint: u64,
    referred: bool,
    generate: bool,
}

impl Plan {
    /// Compiles. References that lead nowhere are left out; units that refer to each other in a
    /// circle are too (see [`Plan::left_out`]).
    pub fn compile(
        correlations: &[Correlation],
        sequences: &[Sequence],
        detections: &[Arc<Detection>],
    ) -> Self {
        let (order, left_out) = order::order(correlations, sequences);
        let mut compiler = Compiler {
            plan: Self {
                left_out,
                ..Self::default()
            },
        };
        for detection in detections {
            let meaning = format!(
                "{} {:?} {:?}",
                identity(&detection.meta),
                detection.logsource,
                detection.matches
            );
            compiler.plan.detections.push(DetectionPlan {
                fingerprint: hash64(0, meaning.as_bytes()),
                ..DetectionPlan::default()
            });
        }
        for target in order {
            match target {
                Target::Correlation(index) => {
                    if let Some(correlation) = correlations.get(index) {
                        compiler.correlation(index, correlation);
                    }
                }
                Target::Sequence(index) => {
                    if let Some(sequence) = sequences.get(index) {
                        compiler.sequence(index, sequence);
                    }
                }
                Target::Detection(_) => {}
            }
        }
        compiler.plan
    }

    /// The fields, as rules call them, whose first value a match of this detection has to carry,
    /// in this order.
    pub fn wanted(&self, detection: usize) -> &[String] {
        self.detections.get(detection).map_or(&[], |d| &d.wanted)
    }

    /// Whether a correlation or sequence refers to this detection: its matches have to be handed
    /// to [`super::Correlator::push`].
    pub fn is_referred_to(&self, detection: usize) -> bool {
        self.detections.get(detection).is_some_and(|d| d.referred)
    }

    /// Whether matches of this detection are written as its own: nothing refers to it, or what
    /// does says `generate`.
    pub fn keeps_records(&self, detection: usize) -> bool {
        self.detections
            .get(detection)
            .is_none_or(|d| !d.referred || d.generate)
    }

    /// Units that refer to each other in a circle.
    pub fn left_out(&self) -> &[Target] {
        &self.left_out
    }
}

/// Which of the fingerprints now are those before: by place before, the place now. Of several
/// that are the same each is taken once, in their order.
pub(crate) fn pair(
    before: impl IntoIterator<Item = u64>,
    now: impl DoubleEndedIterator<Item = u64> + ExactSizeIterator,
) -> Vec<Option<usize>> {
    let mut known = HashMap::<u64, Vec<usize>>::new();
    for (place, fingerprint) in now.enumerate().rev() {
        known.entry(fingerprint).or_default().push(place);
    }
    let place = |fingerprint| known.get_mut(&fingerprint).and_then(Vec::pop);
    before.into_iter().map(place).collect()
}

/// By what a rule is known across reloads and replays.
fn identity(meta: &Meta) -> &str {
    let name = meta.id.as_ref().or(meta.name.as_ref());
    name.unwrap_or(&meta.title)
}

struct Compiler {
    plan: Plan,
}

impl Compiler {
    /// The place of a field among the values of a target's matches. Alerts of a unit have the
    /// fields of its key only.
    fn place(&mut self, target: Target, field: &str) -> Option<u16> {
        let names = match target {
            Target::Detection(index) => {
                let wanted = &mut self.plan.detections.get_mut(index)?.wanted;
                if !wanted.iter().any(|name| name == field) {
                    wanted.push(field.to_owned());
                }
                wanted
            }
            _ => &self.unit(target)?.key_names,
        };
        let place = names.iter().position(|name| name == field)?;
        u16::try_from(place).ok()
    }

    fn unit(&self, target: Target) -> Option<&Unit> {
        self.plan.units.iter().find(|unit| unit.rule == target)
    }

    /// `u16::MAX` is no place of any match: such matches are counted as without key.
    fn place_or_none(&mut self, target: Target, field: &str) -> u16 {
        self.place(target, field).unwrap_or(u16::MAX)
    }

    fn add(&mut self, target: Target, binding: Binding, generate: bool) {
        let bindings = match target {
            Target::Detection(index) => {
                let Some(detection) = self.plan.detections.get_mut(index) else {
                    return;
                };
                detection.referred = true;
                detection.generate |= generate;
                &mut detection.bindings
            }
            _ => match self.plan.units.iter_mut().find(|unit| unit.rule == target) {
                Some(unit) => &mut unit.consumers,
                None => return,
            },
        };
        // A stage may name the same rule by its id and by its name.
        if !bindings.contains(&binding) {
            bindings.push(binding);
        }
    }

    fn fingerprint_of(&self, target: Target) -> u64 {
        match target {
            Target::Detection(index) => {
                let detection = self.plan.detections.get(index);
                detection.map_or(0, |d| d.fingerprint)
            }
            _ => self.unit(target).map_or(0, |unit| unit.fingerprint),
        }
    }

    fn correlation(&mut self, index: usize, correlation: &Correlation) {
        let rank = self.plan.units.len();
        let mut meaning = format!(
            "{:?} {:?} {:?} {} {:?} {:?} {:?}",
            correlation.kind,
            correlation.group_by,
            correlation.aliases,
            correlation.timespan_seconds,
            correlation.condition,
            correlation.fields,
            correlation.percentile,
        );
        let ordered = correlation.kind == Kind::TemporalOrdered;
        let temporal = ordered || correlation.kind == Kind::Temporal;
        for (number, reference) in correlation.rules.iter().enumerate() {
            let target = reference.target;
            let _ = write!(meaning, " {:x}", self.fingerprint_of(target));
            let key = correlation.group_by.iter().map(|name| {
                let field = aliased(&correlation.aliases, number, name);
                Some(self.place_or_none(target, field))
            });
            let key = key.collect();
            let values = correlation.fields.iter().map(|name| {
                let field = aliased(&correlation.aliases, number, name);
                self.place_or_none(target, field)
            });
            let binding = Binding {
                unit: rank,
                input: if temporal { number as u32 } else { 0 },
                key,
                values: if temporal {
                    Vec::new()
                } else {
                    values.collect()
                },
                partial: None,
            };
            self.add(target, binding, correlation.generate);
        }
        let span = nanos(correlation.timespan_seconds);
        let unit = Unit {
            rule: Target::Correlation(index),
            id: identity(&correlation.meta).to_owned(),
            span,
            key_names: correlation.group_by.clone(),
            stage_names: stage_names(&correlation.rules, temporal),
            spec: if ordered {
                Spec::Sequence(ordered_steps(correlation.rules.len(), span))
            } else {
                Spec::Threshold(threshold(correlation))
            },
            consumers: Vec::new(),
            partial_keys: Vec::new(),
            fingerprint: 0,
        };
        self.finish(unit, &meaning);
    }

    fn finish(&mut self, mut unit: Unit, meaning: &str) {
        unit.fingerprint = hash64(hash64(0, unit.id.as_bytes()), meaning.as_bytes());
        self.plan.units.push(unit);
    }
}

/// What a rule calls a field of the key.
fn aliased<'a>(aliases: &'a [Alias], rule: usize, name: &'a str) -> &'a str {
    let alias = aliases.iter().find(|alias| alias.name == name);
    let field = alias.and_then(|alias| alias.fields.iter().find(|(of, _)| *of == rule));
    field.map_or(name, |(_, field)| field)
}

fn stage_names(rules: &[Reference], each: bool) -> Vec<String> {
    let names = rules.iter().map(|rule| rule.written.clone());
    if each {
        names.collect()
    } else {
        vec![names.collect::<Vec<_>>().join(", ")]
    }
}

/// A window that is decided at its end tells so many distinct values apart, even if fewer decide.
const DISTINCT_TOLD_MIN: u64 = 256;

fn threshold(correlation: &Correlation) -> Threshold {
    let measure = match correlation.kind {
        Kind::EventCount => Measure::Matches,
        Kind::ValueCount => Measure::Distinct,
        Kind::Temporal | Kind::TemporalOrdered => Measure::Rules(correlation.rules.len()),
        Kind::ValueSum => Measure::Sum,
        Kind::ValueAvg => Measure::Average,
        Kind::ValuePercentile => Measure::Percentile(correlation.percentile.unwrap_or(95.0)),
        Kind::ValueMedian => Measure::Median,
    };
    let (condition, bounds) = match &correlation.condition {
        yagura_rules::correlation::Condition::Bounds(bounds) => {
            (Condition::Bounds(bounds.clone()), &bounds[..])
        }
        yagura_rules::correlation::Condition::References(expr) => {
            (Condition::Rules(expr.clone()), &[][..])
        }
    };
    let decision = condition.decision();
    let mut need = need(bounds, decision);
    if decision == Decision::WindowEnd {
        need = need.max(DISTINCT_TOLD_MIN);
    }
    Threshold {
        measure,
        condition,
        decision,
        need,
    }
}

/// `temporal_ordered` is the simplest of sequences.
fn ordered_steps(rules: usize, span: i64) -> SequenceSpec {
    let stage = |step| StageSpec {
        at_least: 1,
        within: span,
        distinct: false,
        role: Role::Step(step),
    };
    let step = |stage| StepSpec {
        stages: vec![stage],
        gap: None,
    };
    SequenceSpec {
        stages: (0..rules).map(stage).collect(),
        steps: (0..rules).map(step).collect(),
        leading: Vec::new(),
        trailing: Vec::new(),
    }
}

impl Threshold {
    /// Whether the times of the last matches are all the state there is.
    pub(crate) fn is_plain_count(&self) -> bool {
        self.measure == Measure::Matches && self.decision == Decision::EachMatch
    }
}
