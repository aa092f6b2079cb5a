//! What the rules of a pack say to some logs, as text:
//!
//! ```text
//!   10 attack_ssh_login_failed
//!    1 attack_ssh_password_login
//!   alert attack_ssh_guessing_then_login address=203.0.113.9, 11 matches
//! ```
//!
//! Detections by name, with the number of their matches, in the order of their first; then
//! alerts in the order in which they opened, with all that they count until they close.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use yagura_engine::alert::{AlertId, AlertRecord};
use yagura_engine::correlator::Options;
use yagura_engine::incident::Limits;
use yagura_engine::{CaseMatch, CaseRules, Casebook, Engine, Entry, Facts};
use yagura_parsers::{BlockExtent, EventBatch, Extent, Origin, Timestamp, recognise};
use yagura_rules::correlation::Target;
use yagura_rules::{Loaded, Meta, Taxonomy};

/// The rules of a pack.
pub struct Compiled {
    loaded: Loaded,
    engine: Arc<Engine>,
    cases: Arc<CaseRules>,
}

struct Found {
    time: Timestamp,
    rule: usize,
    facts: Facts,
}

struct Alert {
    id: AlertId,
    rule: String,
    key: String,
    count: u64,
}

/// See the module.
#[derive(Default)]
pub struct Outcome {
    detections: Vec<(String, u64)>,
    alerts: Vec<Alert>,
}

impl Compiled {
    pub fn new(loaded: Loaded) -> Self {
        let cases = CaseRules::compile(&loaded);
        let (rules, wanted) = (&loaded.detections, cases.wanted());
        let taxonomy = Taxonomy::shipped();
        let engine = Engine::compile_wanting(rules, &taxonomy, Extent::Projected, &wanted);
        Self {
            engine: Arc::new(engine.expect("compiles")),
            cases: Arc::new(cases),
            loaded,
        }
    }

    /// What they say to these files, read together by event time.
    pub fn scan(&self, inputs: &[PathBuf]) -> Outcome {
        let mut found = Vec::new();
        for input in inputs {
            self.matches(input, &mut found);
        }
        found.sort_by_key(|one| one.time);
        let mut outcome = Outcome::default();
        let limits = Limits::default();
        let mut book = Casebook::new(Arc::clone(&self.cases), Options::default(), limits);
        for (sequence, one) in (0..).zip(&found) {
            let rule = &self.loaded.detections[one.rule];
            if !rule.in_place {
                outcome.detection(&called(&rule.meta));
            }
            let of = CaseMatch {
                detection: one.rule,
                time: one.time,
                sequence,
                high_water: one.time,
                event: sequence,
                facts: &one.facts,
            };
            book.push(&of, &mut |entry| self.note(entry, &mut outcome));
        }
        book.finish(&mut |entry| self.note(entry, &mut outcome));
        outcome
    }

    fn matches(&self, input: &Path, found: &mut Vec<Found>) {
        let bytes = fs::read(input).expect("readable");
        let format = recognise(&bytes[..bytes.len().min(65_536)]);
        let mut batch = EventBatch::new();
        batch.recycle().extend_from_slice(&bytes);
        let origin = Origin {
            position: 0,
            near: Timestamp::UNKNOWN,
            extent: BlockExtent::Whole,
        };
        batch.parse(format, origin, self.engine.projection());
        let mut matches = Vec::new();
        self.engine.matcher().scan(&batch, format, &mut matches);
        for one in matches {
            let event = batch.event(one.event).expect("an event of the batch");
            let mut facts = Facts::default();
            self.engine.gather(one.rule, event, &mut facts);
            found.push(Found {
                time: event.time(),
                rule: one.rule.0 as usize,
                facts,
            });
        }
    }

    fn note(&self, entry: Entry<'_>, outcome: &mut Outcome) {
        if let Entry::Alert(record) = entry {
            outcome.alert(record, called(self.meta(record.rule)));
        }
    }

    fn meta(&self, target: Target) -> &Meta {
        match target {
            Target::Detection(index) => &self.loaded.detections[index].meta,
            Target::Correlation(index) => &self.loaded.correlations[index].meta,
            Target::Sequence(index) => &self.loaded.sequences[index].meta,
        }
    }
}

fn called(meta: &Meta) -> String {
    meta.name.clone().unwrap_or_else(|| meta.title.clone())
}

impl Outcome {
    /// Whether a rule has alerted.
    pub fn alerts_of(&self, rule: &str) -> bool {
        self.alerts.iter().any(|alert| alert.rule == rule)
    }

    /// The rule of each alert, in the order in which they opened.
    pub fn alerting_rules(&self) -> impl Iterator<Item = &str> {
        self.alerts.iter().map(|alert| alert.rule.as_str())
    }

    fn detection(&mut self, name: &str) {
        match self.detections.iter_mut().find(|(known, _)| known == name) {
            Some((_, count)) => *count += 1,
            None => self.detections.push((name.to_owned(), 1)),
        }
    }

    fn alert(&mut self, record: &AlertRecord, rule: String) {
        if let Some(known) = self.alerts.iter_mut().find(|alert| alert.id == record.id) {
            known.count = record.count;
            return;
        }
        let key = record.key.iter();
        let key = key.map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value)));
        self.alerts.push(Alert {
            id: record.id,
            rule,
            key: key.collect::<Vec<_>>().join(" "),
            count: record.count,
        });
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, count) in &self.detections {
            writeln!(f, "{count:>5} {name}")?;
        }
        for alert in &self.alerts {
            let Alert {
                rule, key, count, ..
            } = alert;
            let matches = if *count == 1 { "match" } else { "matches" };
            writeln!(f, "  alert {rule} {key}, {count} {matches}")?;
        }
        Ok(())
    }
}
