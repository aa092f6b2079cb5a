//! The slow twin: keeps every match, and computes everything anew in the most obvious way.
//!
//! It shares the model of rules and the record type with the engine, and no code.

mod chains;
mod windows;

use std::collections::{BTreeMap, BTreeSet};

use yagura_engine::alert::{AlertId, AlertRecord, AlertState, StageRecord};
use yagura_engine::correlator::Records;
use yagura_rules::correlation::{Correlation, Kind, Reference, Target};
use yagura_rules::sequence::{KeyField, KeyedReference, Presence, Sequence, Stage, Step};

/// An event, in the order of sequence numbers.
#[derive(Clone, Debug, Default)]
pub struct Event {
    pub time: i64,
    pub fields: BTreeMap<String, String>,
    pub extra: Option<String>,
    pub detections: BTreeSet<usize>,
}

pub type Place = (i64, u64);
pub type Key = Vec<String>;

const MINUTE: i64 = 60_000_000_000;
pub const SECOND: i64 = 1_000_000_000;

/// A match of a detection, or an alert as a match.
#[derive(Clone, Debug)]
struct Match {
    source: Target,
    at: Place,
    event: u64,
    late: bool,
    fields: BTreeMap<String, String>,
    extras: Vec<String>,
    /// For alerts: their key, to order them by.
    key: Key,
}

/// A match as a unit sees it.
#[derive(Clone, Debug)]
struct Seen {
    at: Place,
    input: usize,
    /// The key, folded; `None` where unbound.
    key: Vec<Option<String>>,
    value: Vec<String>,
    number: f64,
    event: u64,
    extras: Vec<String>,
}

#[derive(Clone, Debug)]
struct Alert {
    opened: Place,
    stages: Vec<Tally>,
    extras: Vec<String>,
    omitted: u64,
    value: Option<f64>,
    recorded: (i64, u64),
}

#[derive(Clone, Debug, Default)]
struct Tally {
    count: u64,
    first: Option<i64>,
    last: Option<i64>,
    samples: Vec<u64>,
    values: BTreeSet<Vec<String>>,
}

impl Tally {
    fn add(&mut self, seen: &Seen) {
        self.count += 1;
        self.first = Some(self.first.unwrap_or(seen.at.0).min(seen.at.0));
        self.last = Some(self.last.unwrap_or(seen.at.0).max(seen.at.0));
        if self.samples.len() < 5 {
            self.samples.push(seen.event);
        }
        self.values.insert(seen.value.clone());
    }
}

/// What is known of a key.
#[derive(Clone, Debug)]
struct Known {
    display: Key,
    last: i64,
    keep: i64,
    /// What counts, in the order of arrival.
    history: Vec<Seen>,
    alert: Option<Alert>,
    /// When the window that is decided at its end began.
    window: Option<Place>,
    /// Complete chains that wait for absences behind them.
    pending: Vec<(Place, u64)>,
}

enum Rule {
    Threshold(Correlation),
    Chain(Sequence),
}

struct Unit {
    target: Target,
    rule: Rule,
    span: i64,
    key_names: Vec<String>,
    stage_names: Vec<String>,
    /// Which stages count distinct values.
    distinct: Vec<bool>,
    keys: BTreeMap<Key, Known>,
    /// Everything that a chain saw, of all keys.
    seen: Vec<Seen>,
    openings: Vec<Match>,
}

pub struct Run<'a> {
    units: Vec<Unit>,
    records: Records,
    watermark: i64,
    out: &'a mut Vec<AlertRecord>,
}

fn fold(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// All records, with ids left zero.
pub fn run(
    correlations: &[Correlation],
    sequences: &[Sequence],
    events: &[Event],
    lateness: i64,
    records: Records,
) -> Vec<AlertRecord> {
    let mut out = Vec::new();
    let mut run = Run {
        units: units(correlations, sequences),
        records,
        watermark: i64::MIN,
        out: &mut out,
    };
    let mut waiting: Vec<Match> = Vec::new();
    let mut high = i64::MIN;
    for (n, event) in (0u64..).zip(events) {
        high = high.max(event.time);
        for detection in &event.detections {
            run.advance(high - lateness, &mut waiting);
            let found = Match {
                source: Target::Detection(*detection),
                at: (event.time, n),
                event: n + 1000,
                late: event.time < run.watermark,
                fields: event.fields.clone(),
                extras: event.extra.clone().into_iter().collect(),
                key: Vec::new(),
            };
            if found.late {
                run.instant(found.at, vec![found], false);
            } else {
                waiting.push(found);
            }
        }
    }
    let end = if run
        .units
        .iter()
        .any(|u| !u.seen.is_empty() || !u.keys.is_empty())
        || !waiting.is_empty()
    {
        waiting.iter().map(|m| m.at.0).max().unwrap_or(i64::MIN)
    } else {
        i64::MIN
    };
    // The engine hears of events by their matches only.
    let matched = (0u64..)
        .zip(events)
        .filter(|(_, e)| !e.detections.is_empty());
    let heard = matched.map(|(n, _)| n as usize).max();
    let high = heard.map_or(end, |n| {
        events[..=n].iter().map(|e| e.time).max().unwrap_or(end)
    });
    run.apply(i64::MAX, &mut waiting);
    run.watermark = high;
    run.end_windows(high);
    run.close_all();
    out
}

fn units(correlations: &[Correlation], sequences: &[Sequence]) -> Vec<Unit> {
    let mut waiting: Vec<Unit> = Vec::new();
    for (index, correlation) in correlations.iter().enumerate() {
        let each = matches!(correlation.kind, Kind::Temporal | Kind::TemporalOrdered);
        let names: Vec<String> = correlation
            .rules
            .iter()
            .map(|r| r.written.clone())
            .collect();
        let stage_names = if each { names } else { vec![names.join(", ")] };
        let counts = correlation.kind == Kind::ValueCount;
        let rule = if correlation.kind == Kind::TemporalOrdered {
            Rule::Chain(as_sequence(correlation))
        } else {
            Rule::Threshold(correlation.clone())
        };
        waiting.push(Unit {
            target: Target::Correlation(index),
            rule,
            span: correlation.timespan_seconds as i64 * SECOND,
            key_names: correlation.group_by.clone(),
            distinct: vec![counts; stage_names.len()],
            stage_names,
            keys: BTreeMap::new(),
            seen: Vec::new(),
            openings: Vec::new(),
        });
    }
    for (index, sequence) in sequences.iter().enumerate() {
        let stages: Vec<&Stage> = stages(sequence);
        waiting.push(Unit {
            target: Target::Sequence(index),
            span: sequence.within_seconds as i64 * SECOND,
            key_names: sequence.by.clone(),
            stage_names: stages.iter().map(|s| s.name.clone()).collect(),
            distinct: stages.iter().map(|s| s.distinct.is_some()).collect(),
            rule: Rule::Chain(sequence.clone()),
            keys: BTreeMap::new(),
            seen: Vec::new(),
            openings: Vec::new(),
        });
    }
    // Everything behind what it refers to.
    let mut units: Vec<Unit> = Vec::new();
    while !waiting.is_empty() {
        let mut rest = Vec::new();
        for unit in waiting {
            let ready = references(&unit.rule).iter().all(|r| match r {
                Target::Detection(_) => true,
                target => units.iter().any(|u| u.target == *target),
            });
            if ready {
                units.push(unit);
            } else {
                rest.push(unit);
            }
        }
        waiting = rest;
    }
    units
}

fn stages(sequence: &Sequence) -> Vec<&Stage> {
    let steps = sequence.steps.iter();
    let stages = steps.flat_map(|step| match step {
        Step::Stage(stage) => vec![stage],
        Step::AnyOrder(stages) => stages.iter().collect(),
    });
    stages.collect()
}

fn field_of(correlation: &Correlation, rule: usize, name: &str) -> String {
    let alias = correlation.aliases.iter().find(|a| a.name == name);
    let field = alias.and_then(|a| a.fields.iter().find(|(r, _)| *r == rule));
    field.map_or(name.to_owned(), |(_, field)| field.clone())
}

fn as_sequence(correlation: &Correlation) -> Sequence {
    let steps = correlation.rules.iter().enumerate().map(|(number, rule)| {
        let by = correlation.group_by.iter();
        Step::Stage(Stage {
            name: rule.written.clone(),
            matches: vec![rule.clone()],
            by: by
                .map(|name| KeyField::Field(field_of(correlation, number, name)))
                .collect(),
            at_least: 1,
            in_seconds: correlation.timespan_seconds,
            distinct: None,
            gap_seconds: None,
            presence: Presence::Required,
        })
    });
    Sequence {
        meta: correlation.meta.clone(),
        by: correlation.group_by.clone(),
        within_seconds: correlation.timespan_seconds,
        steps: steps.collect(),
        unless: Vec::new(),
        until: Vec::new(),
        generate: false,
    }
}

fn references(rule: &Rule) -> Vec<Target> {
    match rule {
        Rule::Threshold(correlation) => correlation.rules.iter().map(|r| r.target).collect(),
        Rule::Chain(sequence) => {
            let stages = stages(sequence).into_iter().flat_map(|s| s.matches.iter());
            let others = sequence.unless.iter().chain(&sequence.until);
            let others = others.map(|k: &KeyedReference| &k.rule);
            stages.chain(others).map(|r: &Reference| r.target).collect()
        }
    }
}

impl Run<'_> {
    fn advance(&mut self, watermark: i64, waiting: &mut Vec<Match>) {
        if watermark > self.watermark {
            self.watermark = watermark;
            self.apply(watermark, waiting);
            self.end_windows(watermark);
        }
    }

    fn apply(&mut self, end: i64, waiting: &mut Vec<Match>) {
        while let Some(at) = waiting.iter().map(|m| m.at).min().filter(|at| at.0 < end) {
            self.end_windows(at.0);
            let (mut now, rest): (Vec<Match>, Vec<Match>) = std::mem::take(waiting)
                .into_iter()
                .partition(|m| m.at == at);
            *waiting = rest;
            now.sort_by_key(|m| match m.source {
                Target::Detection(index) => index,
                _ => 0,
            });
            self.instant(at, now, false);
        }
    }

    fn end_windows(&mut self, limit: i64) {
        loop {
            let dues = self
                .units
                .iter()
                .flat_map(|unit| unit.keys.values().map(|known| unit.due(known)));
            let Some(time) = dues.min().filter(|time| *time < limit) else {
                return;
            };
            self.instant((time, u64::MAX), Vec::new(), true);
        }
    }

    /// Everything that happens at one place of the order.
    fn instant(&mut self, at: Place, matches: Vec<Match>, windows_end: bool) {
        let mut matches = matches;
        for rank in 0..self.units.len() {
            let unit = &mut self.units[rank];
            for found in &matches {
                unit.apply(found, self.watermark, self.records, self.out);
            }
            unit.settle(at, self.records, self.out);
            if windows_end {
                let keys: Vec<Key> = unit.keys.keys().cloned().collect();
                let mut due: Vec<Key> = keys
                    .into_iter()
                    .filter(|key| unit.due(&unit.keys[key]) <= at.0)
                    .collect();
                due.sort_by_key(order_of);
                for key in due {
                    unit.end_window(&key, at, self.records, self.out);
                }
            }
            let mut openings = std::mem::take(&mut unit.openings);
            openings.sort_by_key(|opening| order_of(&opening.key));
            matches.extend(openings);
        }
    }

    fn close_all(&mut self) {
        let mut open = Vec::new();
        for (rank, unit) in self.units.iter().enumerate() {
            for (key, known) in &unit.keys {
                if known.alert.is_some() {
                    open.push((known.last + unit.span, rank, order_of(key), key.clone()));
                }
            }
        }
        open.sort();
        for (time, rank, _, key) in open {
            self.units[rank].close(&key, time, self.records, self.out);
        }
    }
}

/// Keys are ordered by their values, each after its length in four bytes, lowest first.
fn order_of(key: &Key) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in key {
        bytes.extend((value.len() as u32).to_le_bytes());
        bytes.extend(value.as_bytes());
    }
    bytes
}

impl Unit {
    /// How a match is seen by this unit: once for each place that names its rule.
    fn seen_as(&self, found: &Match) -> Vec<(Seen, Vec<Option<String>>)> {
        // Input, fields of the key, fields of the value.
        let mut places: Vec<(usize, Vec<KeyField>, Vec<String>)> = Vec::new();
        match &self.rule {
            Rule::Threshold(correlation) => {
                for (number, rule) in correlation.rules.iter().enumerate() {
                    if rule.target != found.source {
                        continue;
                    }
                    let temporal = correlation.kind == Kind::Temporal;
                    let name = |name: &String| field_of(correlation, number, name);
                    let key = correlation.group_by.iter().map(name).map(KeyField::Field);
                    let values = correlation.fields.iter().map(name).collect();
                    let input = if temporal { number } else { 0 };
                    let values = if temporal { Vec::new() } else { values };
                    places.push((input, key.collect(), values));
                }
            }
            Rule::Chain(sequence) => {
                let stages = stages(sequence);
                for (number, stage) in stages.iter().enumerate() {
                    for _ in stage.matches.iter().filter(|r| r.target == found.source) {
                        let values = stage.distinct.iter().cloned().collect();
                        places.push((number, stage.by.clone(), values));
                    }
                }
                for (input, list) in [
                    (stages.len(), &sequence.unless),
                    (stages.len() + 1, &sequence.until),
                ] {
                    for keyed in list.iter().filter(|k| k.rule.target == found.source) {
                        places.push((input, keyed.by.clone(), Vec::new()));
                    }
                }
            }
        }
        let mut unique = Vec::new();
        for place in places {
            if !unique.contains(&place) {
                unique.push(place);
            }
        }
        let mut all = Vec::new();
        for (input, key, values) in unique {
            let mut display = Vec::new();
            let mut complete = true;
            for field in key {
                match field {
                    KeyField::Unbound => display.push(None),
                    KeyField::Field(name) => {
                        let value = found.fields.get(&name).cloned();
                        complete &= value.is_some();
                        display.push(value);
                    }
                }
            }
            let value: Option<Vec<String>> = values
                .iter()
                .map(|name| found.fields.get(name).map(|v| fold(v)))
                .collect();
            let Some(value) = value.filter(|_| complete) else {
                continue;
            };
            all.push((
                Seen {
                    at: found.at,
                    input,
                    key: display.iter().map(|v| v.as_deref().map(fold)).collect(),
                    number: value
                        .first()
                        .and_then(|v| v.parse().ok())
                        .unwrap_or(f64::NAN),
                    value,
                    event: found.event,
                    extras: found.extras.clone(),
                },
                display,
            ));
        }
        all
    }

    fn apply(
        &mut self,
        found: &Match,
        watermark: i64,
        records: Records,
        out: &mut Vec<AlertRecord>,
    ) {
        for (seen, display) in self.seen_as(found) {
            match &self.rule {
                Rule::Threshold(_) => {
                    if !found.late || seen.at.0 + self.span >= watermark {
                        self.apply_threshold(seen, &display, found.late, records, out);
                    }
                }
                Rule::Chain(_) if found.late => {}
                Rule::Chain(_) => self.apply_chain(seen, &display),
            }
        }
    }

    fn known(&mut self, key: &Key, display: &[Option<String>]) -> &mut Known {
        self.keys.entry(key.clone()).or_insert_with(|| Known {
            display: display
                .iter()
                .cloned()
                .map(Option::unwrap_or_default)
                .collect(),
            last: i64::MIN / 2,
            keep: i64::MIN,
            history: Vec::new(),
            alert: None,
            window: None,
            pending: Vec::new(),
        })
    }

    /// What was counted in the stretch at hand, and in the one before where the window reaches
    /// into it.
    fn stretches(&self, known: &Known, since: i64) -> Vec<Seen> {
        let (mut before, mut now): (Vec<Seen>, Vec<Seen>) = (Vec::new(), Vec::new());
        let mut began = i64::MIN;
        for seen in &known.history {
            if now.is_empty() || seen.at.0 > began + self.span {
                before = std::mem::take(&mut now);
                began = seen.at.0;
            }
            now.push(seen.clone());
        }
        if before.iter().all(|seen| seen.at.0 < since) {
            return now;
        }
        before.extend(now);
        before
    }

    fn open(
        &mut self,
        key: &Key,
        opened: Place,
        effect: Place,
        event: u64,
        late: bool,
        counted: &[Seen],
        extras_from: &[Seen],
        value: Option<f64>,
        distinct: Option<BTreeSet<Vec<String>>>,
        out: &mut Vec<AlertRecord>,
    ) {
        let stages = self.stage_names.len();
        let mut alert = Alert {
            opened,
            stages: vec![Tally::default(); stages],
            extras: Vec::new(),
            omitted: 0,
            value,
            recorded: (0, 0),
        };
        for seen in counted {
            alert.stages[if stages > 1 { seen.input } else { 0 }].add(seen);
        }
        for seen in extras_from {
            alert.add_extras(seen);
        }
        if let Some(values) = distinct {
            alert.stages[0].values = values;
        }
        let known = self.keys.get_mut(key).expect("an alert has a key");
        let fields = self.key_names.iter().cloned().zip(known.display.clone());
        self.openings.push(Match {
            source: self.target,
            at: effect,
            event,
            late,
            fields: fields.collect(),
            extras: alert.extras.clone(),
            key: key.clone(),
        });
        known.alert = Some(alert);
        self.write(key, AlertState::Open, effect.0, out);
    }

    /// Counts a match for an open alert.
    fn count(&mut self, key: &Key, seen: &Seen, value: Option<f64>) {
        let stages = self.stage_names.len();
        let alert = self.keys.get_mut(key).and_then(|k| k.alert.as_mut());
        let alert = alert.expect("it is open");
        alert.stages[if stages > 1 { seen.input } else { 0 }].add(seen);
        alert.add_extras(seen);
        alert.value = value.or(alert.value);
    }

    fn report(
        &mut self,
        key: &Key,
        now: i64,
        holds: bool,
        records: Records,
        out: &mut Vec<AlertRecord>,
    ) {
        let Some(alert) = self.keys.get(key).and_then(|k| k.alert.as_ref()) else {
            return;
        };
        let wanted = match records {
            Records::Life => {
                now - alert.recorded.0 >= MINUTE && alert.count() >= 2 * alert.recorded.1
            }
            Records::Every => holds,
        };
        if wanted {
            self.write(key, AlertState::Update, now, out);
        }
    }

    fn close(&mut self, key: &Key, now: i64, records: Records, out: &mut Vec<AlertRecord>) {
        if records == Records::Life {
            self.write(key, AlertState::Close, now, out);
        }
        self.keys.get_mut(key).expect("it is open").alert = None;
    }

    fn write(&mut self, key: &Key, state: AlertState, now: i64, out: &mut Vec<AlertRecord>) {
        let known = self.keys.get_mut(key).expect("it is open");
        let alert = known.alert.as_mut().expect("it is open");
        alert.recorded = (now, alert.count());
        let mut stages = Vec::new();
        for ((name, tally), distinct) in self
            .stage_names
            .iter()
            .zip(&alert.stages)
            .zip(&self.distinct)
        {
            stages.push(StageRecord {
                name: name.clone(),
                count: tally.count,
                first: tally.first,
                last: tally.last,
                distinct: distinct.then_some(tally.values.len() as u64),
                samples: tally.samples.clone(),
            });
        }
        let names = self.key_names.iter().cloned();
        out.push(AlertRecord {
            id: AlertId(0),
            state,
            rule: self.target,
            key: names
                .zip(known.display.iter().map(|v| v.clone().into_bytes()))
                .collect(),
            count: alert.count(),
            distinct: if stages.len() == 1 {
                stages[0].distinct
            } else {
                None
            },
            value: alert.value,
            opened: alert.opened,
            at: now,
            first: stages
                .iter()
                .filter_map(|s| s.first)
                .min()
                .unwrap_or(alert.opened.0),
            last: stages
                .iter()
                .filter_map(|s| s.last)
                .max()
                .unwrap_or(alert.opened.0),
            partial: false,
            stages,
            extras: alert
                .extras
                .iter()
                .map(|e| (7, e.clone().into_bytes()))
                .collect(),
            extras_omitted: alert.omitted,
        });
    }
}

impl Alert {
    fn count(&self) -> u64 {
        self.stages.iter().map(|s| s.count).sum()
    }

    fn add_extras(&mut self, seen: &Seen) {
        for extra in &seen.extras {
            if !self.extras.iter().any(|e| fold(e) == fold(extra)) {
                self.extras.push(extra.clone());
            }
        }
    }
}
