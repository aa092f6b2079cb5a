//! Policies, rules and contributions in a small notation.
//!
//! ```text
//! set join-within 24h            crowded, open-risk, open-tactics, or a limit: rows, candidates …
//! rule brute medium attack.credential-access
//! detection 10s brute host=web01 user=anna
//! alert a1 20s brute count=5 first=1s host=web01 key.User=anna stage.guess=5
//! 300000 1s alert a1 30s brute host=web01       so many, so far apart
//! advance 2d
//! ```
//!
//! Times count from the beginning of 2026. `own=host/address` states an own address.

use std::sync::Arc;

use yagura_engine::incident::{Contribution, Limits, RuleFacts, Source, StageFacts};
use yagura_parsers::Timestamp;
use yagura_rules::incident_policy::{EntityKind, OpenAt};
use yagura_rules::pattern::{Case, Pattern};
use yagura_rules::{IncidentPolicy, Level, Meta, SourceFile, Span};

pub const NANOS: i64 = 1_000_000_000;
pub const BEGIN: i64 = 1_767_225_600 * NANOS;
pub const KINDS: [&str; 4] = ["host", "user", "address", "file"];

pub fn meta(title: &str, level: Level, tags: &[&str]) -> Meta {
    Meta {
        id: None,
        name: None,
        title: title.to_owned(),
        status: None,
        description: None,
        author: None,
        date: None,
        modified: None,
        level,
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        references: Vec::new(),
        false_positives: Vec::new(),
        fields: Vec::new(),
        file: Arc::new(SourceFile {
            path: "test.yml".into(),
            text: String::new(),
        }),
        span: Span {
            start: 0,
            len: 0,
            line: 1,
            column: 1,
        },
    }
}

pub fn policy() -> IncidentPolicy {
    let ignore: [&[&str]; 4] = [
        &["SYSTEM", "root"],
        &["SYSTEM", "root", "*$", "-"],
        &["127.0.0.1"],
        &[],
    ];
    let kind = |(name, ignore): (&str, &[&str])| EntityKind {
        name: name.to_owned(),
        fields: Vec::new(),
        ignore: ignore
            .iter()
            .map(|p| Pattern::parse(p, Case::Insensitive))
            .collect(),
    };
    IncidentPolicy {
        meta: meta("Test", Level::Informational, &[]),
        entities: KINDS.into_iter().zip(ignore).map(kind).collect(),
        join_within_seconds: 86_400,
        crowded: 50,
        risk: [1.0, 5.0, 20.0, 50.0, 100.0],
        open_at: OpenAt {
            risk: Some(100.0),
            tactics: Some(3),
        },
    }
}

/// A contribution that owns what it says.
#[derive(Clone, Debug)]
pub struct Said {
    pub id: u128,
    pub source: Source,
    pub rule: u32,
    pub time: i64,
    pub count: u64,
    pub first: i64,
    pub last: i64,
    pub key: Vec<(String, String)>,
    pub stages: Vec<(String, u64)>,
    pub entities: Vec<(u8, String)>,
    pub own: Option<(String, String)>,
    pub samples: Vec<u64>,
}

impl Said {
    pub fn with<T>(&self, then: impl FnOnce(&Contribution<'_>) -> T) -> T {
        let key = self.key.iter().map(|(n, v)| (n.as_str(), v.as_bytes()));
        let stages = self.stages.iter().map(|(name, count)| StageFacts {
            name,
            count: *count,
            first: Timestamp(self.first),
            last: Timestamp(self.last),
        });
        let entities = self.entities.iter().map(|(k, v)| (*k, v.as_bytes()));
        then(&Contribution {
            id: self.id,
            source: self.source,
            rule: self.rule,
            time: Timestamp(self.time),
            count: self.count,
            first: Timestamp(self.first),
            last: Timestamp(self.last),
            key: &key.collect::<Vec<_>>(),
            stages: &stages.collect::<Vec<_>>(),
            entities: &entities.collect::<Vec<_>>(),
            own_address: self.own.as_ref().map(|(h, a)| (h.as_bytes(), a.as_bytes())),
            partial: false,
            samples: &self.samples,
        })
    }
}

pub enum Step {
    Add(Said),
    Advance(i64),
}

pub struct Script {
    pub policy: IncidentPolicy,
    pub limits: Limits,
    pub rules: Vec<RuleFacts>,
    names: Vec<String>,
    pub steps: Vec<Step>,
}

fn duration(text: &str) -> i64 {
    let (number, unit) = text.split_at(text.len() - 1);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => panic!("no unit: {text}"),
    };
    number.parse::<i64>().expect("a number") * seconds * NANOS
}

impl Script {
    pub fn parse(text: &str) -> Self {
        let mut script = Self {
            policy: policy(),
            limits: Limits::default(),
            rules: Vec::new(),
            names: Vec::new(),
            steps: Vec::new(),
        };
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                [] => {}
                ["set", name, value] => script.set(name, value),
                ["rule", name, level, tags @ ..] => {
                    let level = Level::from_name(level).expect("a level");
                    script
                        .rules
                        .push(RuleFacts::from_meta(&meta(name, level, tags)));
                    script.names.push((*name).to_owned());
                }
                ["advance", time] => script.steps.push(Step::Advance(BEGIN + duration(time))),
                [times, apart, rest @ ..] if times.parse::<u32>().is_ok() => {
                    for at in 0..times.parse::<i64>().expect("checked") {
                        script.say(rest, at * duration(apart), &(at + 1).to_string());
                    }
                }
                words => script.say(words, 0, "1"),
            }
        }
        script
    }

    fn set(&mut self, name: &str, value: &str) {
        let count = || value.parse::<usize>().expect("a number");
        match name {
            "join-within" => {
                self.policy.join_within_seconds = (duration(value) / NANOS).unsigned_abs();
            }
            "crowded" => self.policy.crowded = count() as u64,
            "open-risk" => self.policy.open_at.risk = value.parse().ok(),
            "open-tactics" => self.policy.open_at.tactics = value.parse().ok(),
            "candidates" => self.limits.candidates = count(),
            "incidents" => self.limits.incidents = count(),
            "entities" => self.limits.entities = count(),
            "incident-rows" => self.limits.incident_rows = count(),
            "incident-entities" => self.limits.incident_entities = count(),
            _ => panic!("nothing to set: {name}"),
        }
    }

    /// `@` in a value stands for the number of the repetition.
    fn say(&mut self, words: &[&str], later: i64, number: &str) {
        let (source, id, rest) = match words {
            ["detection", rest @ ..] => (Source::Detection, self.steps.len() as u128, rest),
            ["alert", id, rest @ ..] => {
                let id = id.replace('@', number);
                let id = id.bytes().fold(0, |id, byte| (id << 8) | u128::from(byte));
                (Source::Alert, id, rest)
            }
            _ => panic!("not understood: {words:?}"),
        };
        let [time, rule, rest @ ..] = rest else {
            panic!("time and rule: {words:?}");
        };
        let time = BEGIN + duration(time) + later;
        let rule = self.names.iter().position(|name| name == rule);
        let mut said = Said {
            id,
            source,
            rule: rule.expect("a known rule") as u32,
            time,
            count: 1,
            first: time,
            last: time,
            key: Vec::new(),
            stages: Vec::new(),
            entities: Vec::new(),
            own: None,
            samples: vec![self.steps.len() as u64],
        };
        for word in rest {
            let (name, value) = word.split_once('=').expect("name=value");
            let value = value.replace('@', number);
            match name.split_once('.') {
                Some(("key", name)) => said.key.push((name.to_owned(), value)),
                Some(("stage", name)) => {
                    said.stages
                        .push((name.to_owned(), value.parse().expect("a count")));
                }
                _ => said.set(name, value),
            }
        }
        self.steps.push(Step::Add(said));
    }
}

impl Said {
    fn set(&mut self, name: &str, value: String) {
        match name {
            "count" => self.count = value.parse().expect("a count"),
            "first" => self.first = BEGIN + duration(&value),
            "last" => self.last = BEGIN + duration(&value),
            "own" => {
                let (host, address) = value.split_once('/').expect("host/address");
                self.own = Some((host.to_owned(), address.to_owned()));
            }
            kind => {
                let kind = KINDS.iter().position(|known| *known == kind);
                self.entities.push((kind.expect("a kind") as u8, value));
            }
        }
    }
}
