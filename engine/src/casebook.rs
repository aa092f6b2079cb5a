//! From matches to alerts and incidents: one place that feeds the correlator and the incidents,
//! in order.
//!
//! ```text
//!  matches ─▶ Casebook ─┬─▶ Correlator ── alerts ──┐
//!                       └── those with records of ─┴─ by time ─▶ incidents
//!                           their own, waiting
//! ```

mod exchange;
mod snapshot;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use yagura_parsers::Timestamp;
use yagura_rules::correlation::Target;
use yagura_rules::{IncidentPolicy, Loaded};

use crate::alert::AlertRecord;
use crate::correlator::{self, Correlator, Options, Plan};
use crate::facts::{Facts, Wanted};
use crate::incident::{self, Builder, Contribution, IncidentRecord, RuleFacts, Source, StageFacts};

pub use snapshot::{RestoreError, Restored};

/// The rules of a casebook, compiled. Shared, never changed.
#[derive(Debug)]
pub struct CaseRules {
    plan: Arc<Plan>,
    policy: Arc<IncidentPolicy>,
    /// Of detections, then of correlations, then of sequences.
    rules: Vec<RuleFacts>,
    detections: usize,
    correlations: usize,
}

/// A match on its way into a casebook.
#[derive(Clone, Copy, Debug)]
pub struct CaseMatch<'a> {
    /// The detection, by its place in [`Loaded::detections`].
    pub detection: usize,
    /// Event time.
    pub time: Timestamp,
    /// Sequence number of the event.
    pub sequence: u64,
    /// The highest event time so far, in the order of sequence numbers.
    pub high_water: Timestamp,
    /// What the caller calls the event; comes back in samples.
    pub event: u64,
    /// What [`CaseRules::wanted`] asked for.
    pub facts: &'a Facts,
}

/// What a casebook has to say.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// An alert opened, goes on, or closed.
    Alert(&'a AlertRecord),
    /// An incident opened, goes on, or closed.
    Incident(&'a IncidentRecord),
}

/// Takes what a casebook has to say.
pub type Sink<'s> = dyn FnMut(Entry<'_>) + 's;

/// See the module.
#[derive(Debug)]
pub struct Casebook {
    rules: Arc<CaseRules>,
    correlator: Correlator,
    lateness_ns: i64,
    /// All before it was applied; matches of one time need not ask again.
    advanced: i64,
    incidents: Incidents,
}

/// A match that counts for itself, until all before it are known.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    time: i64,
    sequence: u64,
    detection: usize,
    event: u64,
    facts: Vec<u8>,
}

#[derive(Debug)]
struct Incidents {
    builder: Builder,
    waiting: BinaryHeap<Reverse<Waiting>>,
    waiting_max: usize,
    /// Matches taken before their time, because too many were waiting.
    pushed_out: u64,
    facts: Facts,
}

impl CaseRules {
    /// Compiles the correlations, sequences and the policy of what was loaded; without a policy
    /// the shipped one.
    pub fn compile(loaded: &Loaded) -> Self {
        let policy = loaded.policies.first().cloned();
        let metas = loaded.detections.iter().map(|rule| &rule.meta);
        let metas = metas.chain(loaded.correlations.iter().map(|rule| &rule.meta));
        let metas = metas.chain(loaded.sequences.iter().map(|rule| &rule.meta));
        Self {
            plan: Arc::new(Plan::compile(
                &loaded.correlations,
                &loaded.sequences,
                &loaded.detections,
            )),
            policy: Arc::new(policy.unwrap_or_else(IncidentPolicy::shipped)),
            rules: metas.map(RuleFacts::from_meta).collect(),
            detections: loaded.detections.len(),
            correlations: loaded.correlations.len(),
        }
    }

    /// What the engine has to gather of each match, if its rules are [`Loaded::detections`].
    pub fn wanted(&self) -> Wanted {
        let kinds = self.policy.entities.iter();
        Wanted {
            by_rule: (0..self.detections)
                .map(|detection| self.plan.wanted(detection).to_vec())
                .collect(),
            entities: kinds.map(|kind| kind.fields.clone()).collect(),
        }
    }

    /// Whether matches of a detection stand for themselves: no correlation refers to it, or one
    /// that does says `generate`.
    pub fn keeps_records(&self, detection: usize) -> bool {
        self.plan.keeps_records(detection)
    }

    /// Whether a correlation or sequence refers to a detection.
    pub fn is_referred_to(&self, detection: usize) -> bool {
        self.plan.is_referred_to(detection)
    }

    /// The kinds of entities, by number.
    pub fn policy(&self) -> &IncidentPolicy {
        &self.policy
    }

    /// What is known of the rule of an alert.
    pub fn rule(&self, target: Target) -> Option<&RuleFacts> {
        self.rules.get(self.place(target))
    }

    fn place(&self, target: Target) -> usize {
        match target {
            Target::Detection(index) => index,
            Target::Correlation(index) => self.detections + index,
            Target::Sequence(index) => self.detections + self.correlations + index,
        }
    }
}

impl Casebook {
    /// An empty casebook.
    pub fn new(rules: Arc<CaseRules>, options: Options, limits: incident::Limits) -> Self {
        let policy = Arc::clone(&rules.policy);
        Self {
            lateness_ns: options.lateness,
            advanced: i64::MIN,
            correlator: Correlator::new(Arc::clone(&rules.plan), options),
            incidents: Incidents::new(
                Builder::new(policy, rules.rules.clone(), limits),
                options.waiting_max,
            ),
            rules,
        }
    }

    /// Takes a match. They may come in any order within the lateness.
    pub fn push(&mut self, of: &CaseMatch<'_>, sink: &mut Sink<'_>) {
        let high_water = of.high_water.0.max(of.time.0);
        let watermark = high_water.saturating_sub(self.lateness_ns);
        // A match that no correlation asks for moves time on, too: without this the alerts
        // before it would come behind it.
        if watermark > self.advanced {
            self.advance(Timestamp(watermark), sink);
        }
        if self.rules.keeps_records(of.detection) {
            let mut facts = Vec::new();
            of.facts.encode(&mut facts);
            self.incidents.waiting.push(Reverse(Waiting {
                time: of.time.0,
                sequence: of.sequence,
                detection: of.detection,
                event: of.event,
                facts,
            }));
        }
        if self.rules.is_referred_to(of.detection) {
            self.correlate(of, sink);
        }
        self.incidents.take_waiting(watermark, sink);
        self.incidents.push_out(sink);
    }

    fn correlate(&mut self, of: &CaseMatch<'_>, sink: &mut Sink<'_>) {
        let Self {
            rules,
            correlator,
            incidents,
            ..
        } = self;
        let (mut values, mut extras) = ([None; USUAL_MAX], [(0, &b""[..]); USUAL_MAX]);
        let (mut many_values, mut many_extras) = (Vec::new(), Vec::new());
        let of_values = fill(&mut values, &mut many_values, of.facts.values());
        let of_extras = fill(&mut extras, &mut many_extras, of.facts.entities());
        let of = correlator::Match {
            detection: of.detection,
            time: of.time.0,
            sequence: of.sequence,
            high_water: of.high_water.0,
            event: of.event,
            values: of_values,
            extras: of_extras,
        };
        correlator.push(of, &mut |alert| incidents.alert(rules, alert, sink));
    }

    /// Says that all matches before `watermark` have come.
    pub fn advance(&mut self, watermark: Timestamp, sink: &mut Sink<'_>) {
        let Self {
            rules,
            correlator,
            incidents,
            advanced,
            ..
        } = self;
        *advanced = watermark.0.max(*advanced);
        correlator.advance(watermark.0, &mut |alert| {
            incidents.alert(rules, alert, sink);
        });
        incidents.take_waiting(watermark.0, sink);
        let mut pass = |record: &IncidentRecord| sink(Entry::Incident(record));
        incidents.builder.advance(watermark, &mut pass);
    }

    /// Says that nothing comes any more: closes everything.
    pub fn finish(&mut self, sink: &mut Sink<'_>) {
        let Self {
            rules,
            correlator,
            incidents,
            ..
        } = self;
        correlator.finish(&mut |alert| incidents.alert(rules, alert, sink));
        incidents.take_waiting(i64::MAX, sink);
        let mut pass = |record: &IncidentRecord| sink(Entry::Incident(record));
        incidents.builder.finish(&mut pass);
    }

    /// Keys of correlations and sequences that have state.
    pub fn keys(&self) -> usize {
        self.correlator.keys()
    }

    /// What their state takes, by the estimate that limits go by.
    pub fn bytes(&self) -> usize {
        self.correlator.bytes()
    }

    /// What the correlator counted.
    pub fn correlator_counters(&self) -> &correlator::Counters {
        self.correlator.counters()
    }

    /// Matches that the incidents took before their time, because more were waiting than
    /// [`Options::waiting_max`]. One that comes behind them is counted as late.
    pub fn pushed_out(&self) -> u64 {
        self.incidents.pushed_out
    }

    /// What the incidents counted.
    pub fn incident_counters(&self) -> &incident::Counters {
        self.incidents.builder.counters()
    }
}

/// Few fields are asked for, and few kinds of entities are there: so many need no allocation.
const USUAL_MAX: usize = 16;

/// Puts values into `room`, or if that is too small into `many`.
fn fill<'r, T: Copy>(
    room: &'r mut [T],
    many: &'r mut Vec<T>,
    values: impl ExactSizeIterator<Item = T>,
) -> &'r [T] {
    let count = values.len();
    if count > room.len() {
        many.extend(values);
        return many;
    }
    for (place, value) in room.iter_mut().zip(values) {
        *place = value;
    }
    &room[..count]
}

impl Incidents {
    fn new(builder: Builder, waiting_max: usize) -> Self {
        Self {
            builder,
            waiting: BinaryHeap::new(),
            waiting_max,
            pushed_out: 0,
            facts: Facts::default(),
        }
    }

    /// Takes the matches before a time.
    fn take_waiting(&mut self, before: i64, sink: &mut Sink<'_>) {
        while let Some(Reverse(first)) = self.waiting.peek()
            && first.time < before
            && let Some(Reverse(of)) = self.waiting.pop()
        {
            self.detection(&of, sink);
        }
    }

    /// Takes the earliest of those that wait, until no more wait than may.
    fn push_out(&mut self, sink: &mut Sink<'_>) {
        while self.waiting.len() > self.waiting_max
            && let Some(Reverse(of)) = self.waiting.pop()
        {
            self.pushed_out += 1;
            self.detection(&of, sink);
        }
    }

    fn detection(&mut self, of: &Waiting, sink: &mut Sink<'_>) {
        self.facts.decode(&of.facts);
        let entities: Vec<(u8, &[u8])> = self.facts.entities().collect();
        let host = entities.first().filter(|(kind, _)| *kind == 0);
        let time = Timestamp(of.time);
        let contribution = Contribution {
            id: u128::from(of.event) << 32 | of.detection as u128,
            source: Source::Detection,
            rule: of.detection as u32,
            time,
            count: 1,
            first: time,
            last: time,
            key: &[],
            stages: &[],
            entities: &entities,
            own_address: host.map(|host| host.1).zip(self.facts.own_address()),
            partial: false,
            samples: &[of.event],
        };
        let mut pass = |record: &IncidentRecord| sink(Entry::Incident(record));
        self.builder.add(&contribution, &mut pass);
    }

    fn alert(&mut self, rules: &CaseRules, alert: &AlertRecord, sink: &mut Sink<'_>) {
        self.take_waiting(alert.at, sink);
        sink(Entry::Alert(alert));
        let key: Vec<(&str, &[u8])> = alert
            .key
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        let time = |ns: Option<i64>| ns.map_or(Timestamp::UNKNOWN, Timestamp);
        let stages: Vec<StageFacts<'_>> = alert
            .stages
            .iter()
            .map(|stage| StageFacts {
                name: &stage.name,
                count: stage.count,
                first: time(stage.first),
                last: time(stage.last),
            })
            .collect();
        let entities = alert.extras.iter();
        let entities: Vec<(u8, &[u8])> = entities.map(|(kind, v)| (*kind, v.as_slice())).collect();
        let samples = alert.stages.iter().flat_map(|stage| &stage.samples);
        let samples: Vec<u64> = samples.copied().take(SAMPLES_MAX).collect();
        let contribution = Contribution {
            id: alert.id.0,
            source: Source::Alert,
            rule: rules.place(alert.rule) as u32,
            time: Timestamp(alert.at),
            count: alert.count,
            first: Timestamp(alert.first),
            last: Timestamp(alert.last),
            key: &key,
            stages: &stages,
            entities: &entities,
            own_address: None,
            partial: alert.partial,
            samples: &samples,
        };
        let mut pass = |record: &IncidentRecord| sink(Entry::Incident(record));
        self.builder.add(&contribution, &mut pass);
    }
}

/// As many as the specification says.
const SAMPLES_MAX: usize = 5;
