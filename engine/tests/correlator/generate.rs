//! Random rules and events, small enough that they meet.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use proptest::prelude::*;
use yagura_engine::correlator::Records;
use yagura_rules::correlation::{
    Alias, Comparison, Condition, Correlation, Kind, Reference, ReferenceExpr, Target,
};
use yagura_rules::predicate::Expr;
use yagura_rules::sequence::{KeyField, KeyedReference, Presence, Sequence, Stage, Step};
use yagura_rules::{Activity, Detection, Level, Logsource, Meta, SourceFile, Span};

use super::reference::{Event, SECOND};

pub const DETECTIONS: usize = 4;

#[derive(Clone)]
pub struct Scenario {
    pub correlations: Vec<Correlation>,
    pub sequences: Vec<Sequence>,
    pub events: Vec<Event>,
    pub lateness: i64,
    pub records: Records,
    /// Where to cut, with a snapshot.
    pub cut: usize,
}

/// Without what decides nothing.
impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lateness, cut) = (self.lateness / SECOND, self.cut);
        writeln!(f, "lateness {lateness} {:?} cut at {cut}", self.records)?;
        let targets = |list: &[Reference]| list.iter().map(|r| r.target).collect::<Vec<_>>();
        for c in &self.correlations {
            let rules = targets(&c.rules);
            writeln!(
                f,
                "{:?} {rules:?} by {:?} span {}",
                c.kind, c.group_by, c.timespan_seconds
            )?;
            let aliases: Vec<_> = c.aliases.iter().map(|a| &a.fields).collect();
            writeln!(f, "    {:?} {:?} {aliases:?}", c.condition, c.fields)?;
        }
        for s in &self.sequences {
            writeln!(f, "sequence by {:?} within {}", s.by, s.within_seconds)?;
            for step in &s.steps {
                let (name, stages) = match step {
                    Step::Stage(stage) => ("  stage", std::slice::from_ref(stage)),
                    Step::AnyOrder(stages) => ("  any of", &stages[..]),
                };
                for s in stages {
                    let (rules, by) = (targets(&s.matches), &s.by);
                    write!(f, "{name} {rules:?} {by:?} {:?} {}", s.presence, s.at_least)?;
                    let (distinct, gap) = (&s.distinct, s.gap_seconds);
                    writeln!(f, " in {} distinct {distinct:?} gap {gap:?}", s.in_seconds)?;
                }
            }
            for (name, list) in [("unless", &s.unless), ("until", &s.until)] {
                for k in list {
                    writeln!(f, "  {name} {:?} {:?}", k.rule.target, k.by)?;
                }
            }
        }
        for (n, e) in self.events.iter().enumerate() {
            let time = e.time as f64 / SECOND as f64 - 1_700_000_000.0;
            writeln!(
                f,
                "{n} {time} {:?} {:?} {:?}",
                e.detections, e.fields, e.extra
            )?;
        }
        Ok(())
    }
}

pub fn meta(title: &str) -> Meta {
    let file = SourceFile {
        path: "rules.yml".into(),
        text: String::new(),
    };
    Meta {
        id: None,
        name: None,
        title: title.to_owned(),
        status: None,
        description: None,
        author: None,
        date: None,
        modified: None,
        level: Level::Low,
        tags: Vec::new(),
        references: Vec::new(),
        false_positives: Vec::new(),
        fields: Vec::new(),
        file: Arc::new(file),
        span: Span {
            start: 0,
            len: 0,
            line: 1,
            column: 1,
        },
    }
}

pub fn detections() -> Vec<Arc<Detection>> {
    let detection = |number| Detection {
        meta: meta(&format!("detection {number}")),
        logsource: Logsource::default(),
        selections: Vec::new(),
        conditions: Vec::new(),
        filters: Vec::new(),
        matches: Expr::All(Vec::new()),
        activity: Activity::Active,
        in_place: false,
    };
    (0..DETECTIONS).map(|n| Arc::new(detection(n))).collect()
}

fn reference(target: Target) -> Reference {
    Reference {
        written: format!("{target:?}"),
        target,
    }
}

fn detection() -> impl Strategy<Value = Target> {
    (0..DETECTIONS).prop_map(Target::Detection)
}

/// A rule that stands before: detections, and the first units.
fn target(correlations: usize, sequences: usize) -> BoxedStrategy<Target> {
    let mut all = vec![(6, detection().boxed())];
    if correlations > 0 {
        all.push((2, (0..correlations).prop_map(Target::Correlation).boxed()));
    }
    if sequences > 0 {
        all.push((2, (0..sequences).prop_map(Target::Sequence).boxed()));
    }
    proptest::strategy::Union::new_weighted(all).boxed()
}

fn group_by() -> impl Strategy<Value = Vec<String>> {
    let fields = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    prop_oneof![
        1 => Just(fields(&[])),
        4 => Just(fields(&["a"])),
        2 => Just(fields(&["a", "b"])),
        1 => Just(fields(&["g"])),
    ]
}

fn bounds(limit: u32) -> impl Strategy<Value = Vec<(Comparison, f64)>> {
    let bound = (0..=limit).prop_map(f64::from);
    let lower = prop_oneof![Just(Comparison::GreaterOrEqual), Just(Comparison::Greater)];
    let upper = prop_oneof![
        Just(Comparison::Less),
        Just(Comparison::LessOrEqual),
        Just(Comparison::Equal),
        Just(Comparison::NotEqual),
    ];
    prop_oneof![
        4 => (lower.clone(), bound.clone()).prop_map(|b| vec![b]),
        1 => (upper.clone(), bound.clone()).prop_map(|b| vec![b]),
        1 => ((lower, bound.clone()), (upper, bound)).prop_map(|(a, b)| vec![a, b]),
    ]
}

fn expression(rules: usize) -> impl Strategy<Value = ReferenceExpr> {
    let leaf = (0..rules).prop_map(ReferenceExpr::Rule);
    leaf.prop_recursive(3, 6, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|e| ReferenceExpr::Not(Box::new(e))),
            prop::collection::vec(inner.clone(), 1..3).prop_map(ReferenceExpr::All),
            prop::collection::vec(inner, 1..3).prop_map(ReferenceExpr::Any),
        ]
    })
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        3 => Just(Kind::EventCount),
        3 => Just(Kind::ValueCount),
        3 => Just(Kind::Temporal),
        3 => Just(Kind::TemporalOrdered),
        1 => Just(Kind::ValueSum),
        1 => Just(Kind::ValueAvg),
        1 => Just(Kind::ValuePercentile),
        1 => Just(Kind::ValueMedian),
    ]
}

fn condition(kind: Kind, rules: usize) -> BoxedStrategy<Condition> {
    match kind {
        Kind::Temporal => prop_oneof![
            bounds(rules as u32).prop_map(Condition::Bounds),
            Just(Condition::Bounds(vec![(
                Comparison::GreaterOrEqual,
                rules as f64
            )])),
            expression(rules).prop_map(Condition::References),
        ]
        .boxed(),
        Kind::ValueSum => bounds(20).prop_map(Condition::Bounds).boxed(),
        _ => bounds(4).prop_map(Condition::Bounds).boxed(),
    }
}

fn correlation(index: usize, sequences: usize) -> impl Strategy<Value = Correlation> {
    let rules = prop::collection::vec(target(index, sequences), 1..4);
    (kind(), rules, group_by(), 1u64..8, any::<[bool; 4]>()).prop_flat_map(
        move |(kind, rules, group_by, span, flags)| {
            let aliases = Alias {
                name: "g".to_owned(),
                fields: flags
                    .iter()
                    .take(rules.len())
                    .enumerate()
                    .map(|(n, flag)| (n, if *flag { "a" } else { "b" }.to_owned()))
                    .collect(),
            };
            let mut fields = vec!["v".to_owned()];
            if kind == Kind::ValueCount && flags[3] {
                fields.push("b".to_owned());
            }
            if matches!(
                kind,
                Kind::EventCount | Kind::Temporal | Kind::TemporalOrdered
            ) {
                fields.clear();
            }
            condition(kind, rules.len()).prop_map(move |condition| Correlation {
                meta: meta(&format!("correlation {index}")),
                kind,
                rules: rules.iter().copied().map(reference).collect(),
                group_by: group_by.clone(),
                aliases: vec![aliases.clone()],
                timespan_seconds: span,
                condition,
                fields: fields.clone(),
                percentile: (kind == Kind::ValuePercentile).then_some(60.0),
                generate: false,
            })
        },
    )
}

fn key_fields(by: usize, may_lack: bool) -> impl Strategy<Value = Vec<KeyField>> {
    let name = prop_oneof![3 => Just("a"), 1 => Just("b")];
    let field = name.prop_map(|name| KeyField::Field(name.to_owned()));
    let field = if may_lack {
        prop_oneof![3 => field, 1 => Just(KeyField::Unbound)].boxed()
    } else {
        field.boxed()
    };
    prop::collection::vec(field, by)
}

fn stage(
    number: usize,
    by: usize,
    within: u64,
    first: bool,
    in_a_group: bool,
    correlations: usize,
) -> impl Strategy<Value = Stage> {
    let presence = if in_a_group {
        Just(Presence::Required).boxed()
    } else {
        prop_oneof![
            6 => Just(Presence::Required),
            2 => Just(Presence::Optional),
            2 => Just(Presence::Absent),
        ]
        .boxed()
    };
    let matches = prop::collection::vec(target(correlations, 0), 1..3);
    let gap = prop_oneof![3 => Just(None), 1 => (1..=within).prop_map(Some)];
    let distinct = prop_oneof![3 => Just(None), 1 => Just(Some("v".to_owned()))];
    (
        matches,
        key_fields(by, !first),
        prop_oneof![3 => Just(1u64), 1 => 2u64..4],
        1..=within,
        distinct,
        gap,
        presence,
    )
        .prop_map(
            move |(matches, by, at_least, in_seconds, distinct, gap, presence)| Stage {
                name: format!("stage {number}"),
                matches: matches.into_iter().map(reference).collect(),
                by,
                at_least,
                in_seconds,
                distinct,
                gap_seconds: gap.filter(|_| !first),
                presence,
            },
        )
}

fn keyed(by: usize) -> impl Strategy<Value = Vec<KeyedReference>> {
    let one = (detection(), key_fields(by, true)).prop_map(|(target, by)| KeyedReference {
        rule: reference(target),
        by,
    });
    prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(one, 1..2)]
}

fn sequence(index: usize, correlations: usize) -> impl Strategy<Value = Sequence> {
    let sizes = prop::collection::vec(prop_oneof![4 => Just(1usize), 1 => 2usize..4], 1..4);
    (0usize..3, 2u64..10, sizes).prop_flat_map(move |(by, within, sizes)| {
        let mut steps = Vec::new();
        let mut number = 0;
        for (place, size) in sizes.into_iter().enumerate() {
            let mut stages = Vec::new();
            for _ in 0..size {
                // The stages before the first that has to happen are bound to the whole key.
                let first = place < 1;
                stages.push(stage(number, by, within, first, size > 1, correlations));
                number += 1;
            }
            steps.push(stages.prop_map(|mut stages| {
                if stages.len() == 1 {
                    Step::Stage(stages.remove(0))
                } else {
                    Step::AnyOrder(stages)
                }
            }));
        }
        (steps, keyed(by), keyed(by)).prop_map(move |(mut steps, unless, until)| {
            let required = steps.iter_mut().any(|step| match step {
                Step::Stage(stage) => stage.presence == Presence::Required,
                Step::AnyOrder(_) => true,
            });
            if !required && let Some(Step::Stage(stage)) = steps.first_mut() {
                stage.presence = Presence::Required;
            }
            bind_whole_key(&mut steps);
            Sequence {
                meta: meta(&format!("sequence {index}")),
                by: ["a", "k"]
                    .iter()
                    .take(by)
                    .map(|n| (*n).to_owned())
                    .collect(),
                within_seconds: within,
                steps,
                unless,
                until,
                generate: false,
            }
        })
    })
}

/// The first step that has to happen, and all before it, know the whole key: anything else is
/// refused by the reader of rules.
fn bind_whole_key(steps: &mut [Step]) {
    for step in steps {
        let stages = match step {
            Step::Stage(stage) => std::slice::from_mut(stage),
            Step::AnyOrder(stages) => &mut stages[..],
        };
        for field in stages.iter_mut().flat_map(|stage| &mut stage.by) {
            if *field == KeyField::Unbound {
                *field = KeyField::Field("a".to_owned());
            }
        }
        if stages
            .iter()
            .any(|stage| stage.presence == Presence::Required)
        {
            return;
        }
    }
}

fn event() -> impl Strategy<Value = (i64, i64, Event)> {
    let key = prop_oneof![4 => Just("x"), 2 => Just("y"), 1 => Just("X")];
    let value = prop_oneof![Just("1"), Just("2"), Just("3"), Just("q"), Just("Q")];
    let maybe =
        |s: BoxedStrategy<&'static str>| prop_oneof![12 => s.prop_map(Some), 1 => Just(None)];
    let step = prop_oneof![
        3 => Just(0i64),
        4 => Just(1),
        4 => 0..4i64,
        1 => 4..14i64,
    ];
    let lag = prop_oneof![8 => Just(0i64), 2 => 0..6i64, 1 => 0..20i64];
    (
        step,
        lag,
        maybe(key.clone().boxed()),
        maybe(key.boxed()),
        maybe(value.boxed()),
        prop::collection::btree_set(0..DETECTIONS, 0..3),
        prop::option::of(prop_oneof![Just("e"), Just("E"), Just("f")]),
    )
        .prop_map(|(step, lag, a, b, v, detections, extra)| {
            let fields = [("a", a), ("b", b), ("v", v)];
            let fields = fields
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
            let event = Event {
                time: 0,
                fields: fields.collect::<BTreeMap<_, _>>(),
                extra: extra.map(str::to_owned),
                detections: detections.into_iter().collect::<BTreeSet<_>>(),
            };
            (step, lag, event)
        })
}

/// Half seconds or quarters of a minute (updates are written once a minute), from some day on.
fn events(max: usize) -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(event(), 0..max).prop_map(|list| {
        let mut now = 1_700_000_000 * SECOND;
        let mut events = Vec::new();
        for (step, lag, mut event) in list {
            now += step * SECOND / 2;
            event.time = now - lag * SECOND / 2;
            events.push(event);
        }
        events
    })
}

fn scenario(
    correlations: impl Strategy<Value = Vec<Correlation>>,
    sequences: impl Strategy<Value = Vec<Sequence>>,
    events_max: usize,
) -> impl Strategy<Value = Scenario> {
    let records = prop_oneof![3 => Just(Records::Life), 1 => Just(Records::Every)];
    let scale = prop_oneof![3 => Just(1u64), 1 => Just(20)];
    let lateness = prop_oneof![Just(0), Just(1), Just(5)];
    (
        correlations,
        sequences,
        events(events_max),
        lateness,
        records,
        scale,
        0..events_max,
    )
        .prop_map(
            |(correlations, sequences, events, lateness, records, scale, cut)| {
                let mut scenario = Scenario {
                    correlations,
                    sequences,
                    events,
                    lateness: lateness * SECOND,
                    records,
                    cut,
                };
                stretch(&mut scenario, scale);
                // What waits for absences is decided once; see the reference.
                if scenario.sequences.iter().any(ends_absent) {
                    scenario.records = Records::Life;
                }
                scenario
            },
        )
}

fn ends_absent(sequence: &Sequence) -> bool {
    let behind = sequence.steps.iter().rev().take_while(
        |step| matches!(step, Step::Stage(stage) if stage.presence != Presence::Required),
    );
    behind
        .into_iter()
        .any(|step| matches!(step, Step::Stage(stage) if stage.presence == Presence::Absent))
}

/// Makes everything last longer.
fn stretch(scenario: &mut Scenario, scale: u64) {
    let base = 1_700_000_000 * SECOND;
    scenario.lateness *= scale as i64;
    for event in &mut scenario.events {
        event.time = base + (event.time - base) * scale as i64;
    }
    for correlation in &mut scenario.correlations {
        correlation.timespan_seconds *= scale;
    }
    for sequence in &mut scenario.sequences {
        sequence.within_seconds *= scale;
        for step in &mut sequence.steps {
            let stages = match step {
                Step::Stage(stage) => std::slice::from_mut(stage),
                Step::AnyOrder(stages) => &mut stages[..],
            };
            for stage in stages {
                stage.in_seconds *= scale;
                stage.gap_seconds = stage.gap_seconds.map(|gap| gap * scale);
            }
        }
    }
}

fn correlations(sequences: usize) -> impl Strategy<Value = Vec<Correlation>> {
    prop_oneof![
        3 => correlation(0, sequences).prop_map(|a| vec![a]),
        1 => (correlation(0, sequences), correlation(1, sequences)).prop_map(|(a, b)| vec![a, b]),
        1 => (correlation(0, sequences), correlation(1, sequences), correlation(2, sequences))
            .prop_map(|(a, b, c)| vec![a, b, c]),
    ]
}

pub fn correlations_only() -> impl Strategy<Value = Scenario> {
    scenario(correlations(0), Just(Vec::new()), 40)
}

pub fn one_sequence() -> impl Strategy<Value = Scenario> {
    scenario(Just(Vec::new()), sequence(0, 0).prop_map(|s| vec![s]), 16)
}

/// A sequence over detections, correlations over both, in a chain.
pub fn anything() -> impl Strategy<Value = Scenario> {
    let behind = (correlation(0, 0), sequence(0, 1)).prop_map(|(c, s)| (vec![c], vec![s]));
    let before = (correlations(1), sequence(0, 0)).prop_map(|(c, s)| (c, vec![s]));
    prop_oneof![behind, before].prop_flat_map(|(correlations, sequences)| {
        scenario(Just(correlations), Just(sequences), 16)
    })
}
