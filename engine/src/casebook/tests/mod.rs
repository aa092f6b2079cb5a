//! The casebook by itself: what comes out in which order, and what is left after a restore.

mod exchanged;
mod laws;
mod order;
mod restored;

use std::sync::Arc;

use yagura_parsers::Timestamp;
use yagura_rules::{LoadOptions, load};

use super::{CaseMatch, CaseRules, Casebook, Entry};
use crate::correlator::Options;
use crate::facts::Facts;
use crate::incident::Limits;

const RULES: &str = include_str!("rules.yml");
const NANOS: i64 = 1_000_000_000;
const BEGIN: i64 = 1_767_225_600 * NANOS;

/// Rules, and what their detections are called.
struct Rules {
    compiled: Arc<CaseRules>,
    names: Vec<String>,
}

/// A match of a detection.
#[derive(Clone, Debug)]
struct Found {
    rule: &'static str,
    time: i64,
    host: &'static str,
    user: &'static str,
}

fn found(rule: &'static str, seconds: i64, host: &'static str, user: &'static str) -> Found {
    let time = BEGIN + seconds * NANOS;
    Found {
        rule,
        time,
        host,
        user,
    }
}

impl Rules {
    /// Of YAML documents.
    fn of(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("rules.yml"), text).expect("written");
        let loaded = load(&[folder.path()], &LoadOptions::default());
        assert!(loaded.refused.is_empty(), "{:?}", loaded.refused);
        let names = loaded.detections.iter();
        let names = names.filter_map(|rule| rule.meta.name.clone());
        Self {
            compiled: Arc::new(CaseRules::compile(&loaded)),
            names: names.collect(),
        }
    }

    fn casebook(&self, options: Options) -> Casebook {
        let rules = Arc::clone(&self.compiled);
        Casebook::new(rules, options, Limits::default())
    }

    /// What the engine would gather of it.
    fn facts(&self, detection: usize, of: &Found) -> Facts {
        let value = |name: &String| match name.as_str() {
            "Computer" => Some(of.host.as_bytes()),
            "TargetUserName" => Some(of.user.as_bytes()),
            _ => None,
        };
        let wanted = self.compiled.plan.wanted(detection).iter();
        let values: Vec<Option<&[u8]>> = wanted.map(value).collect();
        let kinds = self.compiled.policy.entities.iter();
        let kind = |name: &str| kinds.clone().position(|kind| kind.name == name);
        let kind = |name: &str| kind(name).expect("of the shipped policy") as u8;
        let entities = [("host", of.host), ("user", of.user)];
        let entities = entities.map(|(name, value)| (kind(name), value.as_bytes()));
        Facts::of(&values, &entities)
    }
}

/// A casebook, and all that it said.
struct Told<'r> {
    rules: &'r Rules,
    casebook: Casebook,
    sequence: u64,
    high_water: i64,
    said: Vec<String>,
}

fn text(entry: &Entry<'_>) -> String {
    match entry {
        Entry::Alert(alert) => format!("{alert:?}"),
        Entry::Incident(incident) => format!("{incident:?}"),
    }
}

impl<'r> Told<'r> {
    fn new(rules: &'r Rules) -> Self {
        Self {
            rules,
            casebook: rules.casebook(Options::default()),
            sequence: 0,
            high_water: i64::MIN,
            said: Vec::new(),
        }
    }

    fn push(&mut self, of: &Found) {
        let detection = self.rules.names.iter().position(|name| name == of.rule);
        let detection = detection.expect("a rule of this name");
        self.high_water = self.high_water.max(of.time);
        let facts = self.rules.facts(detection, of);
        let of = CaseMatch {
            detection,
            time: Timestamp(of.time),
            sequence: self.sequence,
            high_water: Timestamp(self.high_water),
            event: self.sequence,
            facts: &facts,
        };
        self.sequence += 1;
        let said = &mut self.said;
        self.casebook
            .push(&of, &mut |entry| said.push(text(&entry)));
    }

    fn advance(&mut self, time: i64) {
        let said = &mut self.said;
        let mut sink = |entry: Entry<'_>| said.push(text(&entry));
        self.casebook.advance(Timestamp(time), &mut sink);
    }

    /// Goes over to another casebook by way of a snapshot.
    fn restore(&mut self) {
        let bytes = self.casebook.snapshot();
        let rules = Arc::clone(&self.rules.compiled);
        let restored = Casebook::restore(rules, Options::default(), Limits::default(), &bytes);
        let restored = restored.expect("it was just written");
        assert_eq!(restored.forgotten_rules, 0);
        assert_eq!(restored.forgotten_matches, 0);
        self.casebook = restored.casebook;
    }

    fn finish(mut self) -> Vec<String> {
        let said = &mut self.said;
        self.casebook.finish(&mut |entry| said.push(text(&entry)));
        self.said
    }
}
