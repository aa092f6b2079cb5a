//! From matches to incidents: facts are gathered by the workers, cases are kept in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use yagura_engine::alert::{AlertRecord, AlertState};
use yagura_engine::correlator::Options;
use yagura_engine::incident::{IncidentRecord, Limits, State};
use yagura_engine::pipeline::Block;
use yagura_engine::{CaseMatch, CaseRules, Casebook, Engine, Entry, Facts};
use yagura_parsers::{EventBatch, Timestamp};

use super::stream::LATENESS_NANOS;

/// A match, on its way from a worker.
struct Found {
    detection: usize,
    /// Of the event within its block.
    number: u64,
    time: Timestamp,
    /// The highest event time of the block up to there.
    high_water: Timestamp,
    facts_end: usize,
}

/// What was found in a block.
#[derive(Default)]
pub struct Matched {
    events: u64,
    bytes: u64,
    unparsed: u64,
    high_water: Timestamp,
    found: Vec<Found>,
    /// One encoding of facts after the other.
    facts: Vec<u8>,
}

/// What one worker does with each block.
pub fn worker(engine: &Arc<Engine>) -> impl FnMut(&Block, &mut EventBatch) -> Matched + use<'_> {
    let mut matcher = engine.matcher();
    let (mut found, mut facts) = (Vec::new(), Facts::default());
    move |block, batch| {
        batch.parse(block.format, block.origin, engine.projection());
        found.clear();
        matcher.scan(batch, block.format, &mut found);
        found.sort_unstable_by_key(|of| (of.event, of.rule));
        let mut result = Matched {
            events: batch.len() as u64,
            bytes: batch.input().len() as u64,
            unparsed: batch.unparsed().total(),
            high_water: Timestamp(i64::MIN),
            ..Matched::default()
        };
        let mut found = found.iter().peekable();
        for (number, event) in batch.events().enumerate() {
            let time = event.time();
            if time != Timestamp::UNKNOWN {
                result.high_water = result.high_water.max(time);
            }
            while let Some(of) = found.next_if(|of| of.event == number) {
                engine.gather(of.rule, event, &mut facts);
                facts.encode(&mut result.facts);
                result.found.push(Found {
                    detection: of.rule.0 as usize,
                    number: number as u64,
                    time,
                    high_water: result.high_water,
                    facts_end: result.facts.len(),
                });
            }
        }
        result
    }
}

/// The casebook, and what became of it.
pub struct Cases {
    casebook: Casebook,
    facts: Facts,
    events: u64,
    bytes: u64,
    unparsed: u64,
    alerts: u64,
    high_water: i64,
    /// The last record of each incident.
    incidents: BTreeMap<(i64, u128), IncidentRecord>,
}

/// Takes alerts as they open.
pub type OnAlert<'s> = dyn FnMut(&AlertRecord) + 's;

impl Cases {
    /// None yet.
    pub fn new(rules: &Arc<CaseRules>) -> Self {
        let options = Options {
            lateness: LATENESS_NANOS,
            ..Options::default()
        };
        Self {
            casebook: Casebook::new(Arc::clone(rules), options, Limits::default()),
            facts: Facts::default(),
            events: 0,
            bytes: 0,
            unparsed: 0,
            alerts: 0,
            high_water: i64::MIN,
            incidents: BTreeMap::new(),
        }
    }

    /// Takes what was found in the next block.
    pub fn add(&mut self, matched: &Matched, on_alert: &mut OnAlert<'_>) {
        let mut start = 0;
        for found in &matched.found {
            let facts = matched.facts.get(start..found.facts_end);
            self.facts.decode(facts.unwrap_or_default());
            start = found.facts_end;
            let event = self.events + found.number;
            let of = CaseMatch {
                detection: found.detection,
                time: found.time,
                sequence: event,
                high_water: Timestamp(self.high_water.max(found.high_water.0)),
                event,
                facts: &self.facts,
            };
            let (incidents, alerts) = (&mut self.incidents, &mut self.alerts);
            self.casebook
                .push(&of, &mut |entry| take(&entry, incidents, alerts, on_alert));
        }
        self.events += matched.events;
        self.bytes += matched.bytes;
        self.unparsed += matched.unparsed;
        self.high_water = self.high_water.max(matched.high_water.0);
        let watermark = Timestamp(self.high_water.saturating_sub(LATENESS_NANOS));
        let (incidents, alerts) = (&mut self.incidents, &mut self.alerts);
        self.casebook.advance(watermark, &mut |entry| {
            take(&entry, incidents, alerts, on_alert);
        });
    }

    /// Says that nothing comes any more.
    pub fn finish(&mut self, on_alert: &mut OnAlert<'_>) {
        let (incidents, alerts) = (&mut self.incidents, &mut self.alerts);
        self.casebook
            .finish(&mut |entry| take(&entry, incidents, alerts, on_alert));
    }

    /// The incidents, by their beginnings.
    pub fn incidents(&self) -> impl ExactSizeIterator<Item = &IncidentRecord> {
        self.incidents.values()
    }

    /// Events so far.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Events that were not understood.
    pub fn unparsed(&self) -> u64 {
        self.unparsed
    }

    /// Alerts that opened.
    pub fn alerts(&self) -> u64 {
        self.alerts
    }

    /// Matches that came too late to count.
    pub fn late(&self) -> u64 {
        self.casebook.correlator_counters().late
    }
}

fn take(
    entry: &Entry<'_>,
    incidents: &mut BTreeMap<(i64, u128), IncidentRecord>,
    alerts: &mut u64,
    on_alert: &mut OnAlert<'_>,
) {
    match entry {
        Entry::Alert(alert) if alert.state == AlertState::Open => {
            *alerts += 1;
            on_alert(alert);
        }
        Entry::Alert(_) => {}
        Entry::Incident(incident) => {
            incidents.retain(|(_, id), _| *id != incident.id);
            if incident.state != State::Closed || incident.merged_into.is_none() {
                incidents.insert((incident.first.0, incident.id), (*incident).clone());
            }
        }
    }
}
