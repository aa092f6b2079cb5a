//! From matches in order to findings.

use std::sync::Arc;
use std::time::Duration;

use yagura_engine::alert::{AlertRecord, AlertState};
use yagura_engine::correlator::{Options, Records};
use yagura_engine::incident::{IncidentRecord, Limits, State as IncidentState};
use yagura_engine::{Casebook, Entry, RestoreError, RuleIndex};
use yagura_parsers::Timestamp;
use yagura_rules::Meta;
use yagura_server::finding::{Finding, Kind, State};

use super::rules::ServeRules;
use crate::render::{CaseRenderer, Look, Names};
use crate::scan::{Arrangement, CaseFeed, Inputs, lateness_ns};
use crate::sort::Record;

/// Takes findings as they come.
pub type Take<'t> = dyn FnMut(Finding) + 't;

/// See the module.
#[derive(Debug)]
pub struct Recorder {
    rules: Arc<ServeRules>,
    feed: CaseFeed,
    lateness: Duration,
    /// Rules whose state did not survive an exchange of rules.
    pub forgotten_rules: u64,
}

/// What travels with each state of a casebook.
const ARRANGEMENT: Arrangement = Arrangement::ByArrival;

impl Recorder {
    /// A recorder that has seen nothing.
    pub fn new(rules: Arc<ServeRules>, lateness: Duration) -> Self {
        Self {
            feed: CaseFeed::new(empty(&rules, lateness), ARRANGEMENT, lateness),
            rules,
            lateness,
            forgotten_rules: 0,
        }
    }

    /// Goes on from a state.
    pub fn restore(
        rules: Arc<ServeRules>,
        lateness: Duration,
        (high_water, watermark): (Timestamp, Timestamp),
        casebook: &[u8],
    ) -> Result<Self, RestoreError> {
        let cases = Arc::clone(&rules.book.cases);
        let restored = Casebook::restore(cases, options(lateness), Limits::default(), casebook)?;
        let mut feed = CaseFeed::new(restored.casebook, ARRANGEMENT, lateness);
        feed.resume(high_water, watermark);
        Ok(Self {
            rules,
            feed,
            lateness,
            forgotten_rules: restored.forgotten_rules as u64,
        })
    }

    /// How far event time has come: the highest one, and before which all is decided.
    pub fn progress(&self) -> (Timestamp, Timestamp) {
        self.feed.progress()
    }

    /// What is fed.
    pub fn casebook(&self) -> &Casebook {
        self.feed.casebook()
    }

    /// Whether these are its rules.
    pub fn works_by(&self, rules: &Arc<ServeRules>) -> bool {
        Arc::ptr_eq(rules, &self.rules)
    }

    /// Goes on with other rules: state of those that did not change is kept, open alerts of the
    /// others are closed.
    pub fn exchange(&mut self, rules: &Arc<ServeRules>, inputs: &Inputs, take: &mut Take<'_>) {
        let desk = Desk::new(&self.rules, inputs);
        let cases = Arc::clone(&rules.book.cases);
        let mut sink = |entry: Entry<'_>| desk.entry(&entry, take);
        match self.feed.exchange(cases, Limits::default(), &mut sink) {
            Ok(forgotten) => {
                self.forgotten_rules += forgotten.rules as u64;
                if forgotten.matches > 0 {
                    let matches = forgotten.matches;
                    tracing::warn!(matches, "matches that waited were of rules that are gone");
                }
            }
            Err(error) => {
                tracing::error!(%error, "correlations and incidents begin anew");
                let alerting = self.rules.book.alerting().count();
                self.forgotten_rules += alerting as u64;
                // Whoever was told of an alert is told that it ended.
                let mut sink = |entry: Entry<'_>| desk.entry(&entry, take);
                self.feed.finish(&mut sink);
                self.feed.replace(empty(rules, self.lateness));
            }
        }
        self.rules = Arc::clone(rules);
    }

    /// Takes the next match.
    pub fn record(&mut self, record: &Record<'_>, inputs: &Inputs, take: &mut Take<'_>) {
        let Some(of) = self.feed.read(&self.rules.book, record) else {
            return;
        };
        let desk = Desk::new(&self.rules, inputs);
        if of.time != Timestamp::UNKNOWN {
            self.feed.push(of, &mut |entry| desk.entry(&entry, take));
        }
        if !record.shown.is_empty() {
            desk.detection(record, take);
        }
    }

    /// Takes the end of a block, and the highest event time in it.
    pub fn pause(&mut self, high_water: Timestamp, inputs: &Inputs, take: &mut Take<'_>) {
        let desk = Desk::new(&self.rules, inputs);
        self.feed
            .pause(high_water, &mut |entry| desk.entry(&entry, take));
    }
}

/// A casebook that has seen nothing.
fn empty(rules: &ServeRules, lateness: Duration) -> Casebook {
    let cases = Arc::clone(&rules.book.cases);
    Casebook::new(cases, options(lateness), Limits::default())
}

fn options(lateness: Duration) -> Options {
    Options {
        lateness: lateness_ns(ARRANGEMENT, lateness),
        records: Records::Life,
        ..Options::default()
    }
}

/// Makes findings of records.
#[derive(Clone, Copy)]
struct Desk<'a> {
    rules: &'a ServeRules,
    inputs: &'a Inputs,
    renderer: CaseRenderer<'a>,
}

impl<'a> Desk<'a> {
    fn new(rules: &'a ServeRules, inputs: &'a Inputs) -> Self {
        let names = Names {
            book: &rules.book,
            inputs,
        };
        Self {
            rules,
            inputs,
            renderer: CaseRenderer {
                look: Look::Jsonl,
                names,
            },
        }
    }

    fn detection(self, record: &Record<'_>, take: &mut Take<'_>) {
        let index = RuleIndex(record.key.rule);
        let engine = &self.rules.book.engine;
        let meta = engine.rules().get(index.0 as usize).map(|rule| &rule.meta);
        let (Some(rule), Some(meta)) = (self.rules.rule(index), meta) else {
            return;
        };
        let id = rule.card.id.part(self.inputs.identity(record.key.input));
        take(Finding {
            kind: Kind::Detection,
            state: None,
            id: id.finish(record.key.position).number(),
            time: Timestamp(record.key.time),
            level: meta.level,
            rule: name(meta),
            title: meta.title.clone(),
            json: line(record.shown.to_vec()),
        });
    }

    fn entry(self, entry: &Entry<'_>, take: &mut Take<'_>) {
        match entry {
            Entry::Alert(alert) => self.alert(alert, take),
            Entry::Incident(incident) => self.incident(incident, take),
        }
    }

    fn alert(self, alert: &AlertRecord, take: &mut Take<'_>) {
        let Some(meta) = self.rules.book.shown_meta(alert.rule) else {
            return;
        };
        let mut json = Vec::new();
        self.renderer.alert(&mut json, alert, meta);
        take(Finding {
            kind: Kind::Alert,
            state: Some(match alert.state {
                AlertState::Open => State::Open,
                AlertState::Update => State::Update,
                AlertState::Close => State::Closed,
            }),
            id: alert.id.0,
            time: Timestamp(alert.at),
            level: meta.level,
            rule: name(meta),
            title: meta.title.clone(),
            json: line(json),
        });
    }

    fn incident(self, incident: &IncidentRecord, take: &mut Take<'_>) {
        let mut json = Vec::new();
        self.renderer.incident(&mut json, incident);
        take(Finding {
            kind: Kind::Incident,
            state: Some(match incident.state {
                IncidentState::Open => State::Open,
                IncidentState::Update => State::Update,
                IncidentState::Closed => State::Closed,
            }),
            id: incident.id,
            time: incident.last,
            level: incident.level,
            rule: String::new(),
            title: incident.title.to_string(),
            json: line(json),
        });
    }
}

fn name(meta: &Meta) -> String {
    let id = meta.id.as_deref().or(meta.name.as_deref());
    id.unwrap_or(&meta.title).to_owned()
}

fn line(mut json: Vec<u8>) -> Vec<u8> {
    json.truncate(json.trim_ascii_end().len());
    json
}
