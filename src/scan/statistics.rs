//! What a scan counted. Merged block by block in the sink, so that no two threads share it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use yagura_engine::pipeline::Block;
use yagura_parsers::{EXAMPLES_MAX, Example, Reason};
use yagura_rules::Level;

use super::findings::ByLevel;
use super::recorder::CaseRecorder;
use super::worker::BlockResult;
use crate::memory::peak_rss_bytes;

/// Something that was not understood, and in which input.
#[derive(Debug)]
pub struct PathExample {
    /// Index of the input.
    pub input: u32,
    /// What and where.
    pub example: Example,
}

/// The figures of a scan.
#[derive(Debug, Default)]
pub struct Statistics {
    /// Events.
    pub events: u64,
    /// Bytes, after decompression.
    pub bytes: u64,
    /// Events that were not understood, by reason.
    pub unparsed: BTreeMap<Reason, u64>,
    /// The first of them, by reason.
    pub examples: Vec<PathExample>,
    /// Detections by level.
    pub by_level: ByLevel,
    /// Matches by rule.
    pub by_rule: Vec<u64>,
    /// Alerts by level.
    pub alerts: ByLevel,
    /// Incidents by level.
    pub incidents: ByLevel,
    /// The time that correlations and incidents took.
    pub correlate: Duration,
}

impl Statistics {
    /// Nothing counted yet.
    pub fn new(rules: usize) -> Self {
        Self {
            by_rule: vec![0; rules],
            ..Self::default()
        }
    }

    /// Adds a block.
    pub fn add(&mut self, block: &Block, result: &BlockResult) {
        self.events += result.events;
        self.bytes += result.bytes;
        for (sum, n) in self.by_level.iter_mut().zip(result.by_level) {
            *sum += n;
        }
        for (rule, n) in &result.counts {
            if let Some(sum) = self.by_rule.get_mut(*rule as usize) {
                *sum += n;
            }
        }
        let Some(unparsed) = &result.unparsed else {
            return;
        };
        for (reason, n) in unparsed.counts() {
            *self.unparsed.entry(reason).or_default() += n;
        }
        for example in unparsed.examples() {
            let known = self
                .examples
                .iter()
                .filter(|e| e.example.reason == example.reason);
            if known.count() < EXAMPLES_MAX {
                self.examples.push(PathExample {
                    input: block.input,
                    example: example.clone(),
                });
            }
        }
    }

    /// All detections.
    pub fn detections(&self) -> u64 {
        self.by_level.iter().sum()
    }

    /// Notes what a recorder has found so far.
    pub fn note(&mut self, recorder: &CaseRecorder<'_>) {
        self.alerts = recorder.findings().alerts_by_level;
        self.incidents = recorder.findings().incidents_by_level();
        self.correlate = recorder.took();
    }

    /// Whether there is a detection, alert or incident of this level or above.
    pub fn reaches(&self, level: Level) -> bool {
        let kinds = [&self.by_level, &self.alerts, &self.incidents];
        kinds
            .into_iter()
            .any(|kind| kind.iter().skip(level as usize).any(|n| *n > 0))
    }

    /// The content of `--stats`.
    pub fn report(&self, load: Duration, elapsed: Duration) -> Report {
        let unparsed = self.unparsed.iter();
        Report {
            events: self.events,
            bytes: self.bytes,
            unparsed: unparsed.map(|(reason, n)| (reason.name(), *n)).collect(),
            detections: self.detections(),
            alerts: self.alerts.iter().sum(),
            incidents: self.incidents.iter().sum(),
            correlate_seconds: self.correlate.as_secs_f64(),
            load_seconds: load.as_secs_f64(),
            elapsed_seconds: elapsed.as_secs_f64(),
            events_per_second: per_second(self.events, elapsed),
            peak_rss_bytes: peak_rss_bytes(),
        }
    }
}

/// A rate; 0 where no time has passed.
#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
pub fn per_second(count: u64, elapsed: Duration) -> f64 {
    let seconds = elapsed.as_secs_f64();
    if seconds > 0.0 {
        count as f64 / seconds
    } else {
        0.0
    }
}

/// What `--stats` writes.
#[derive(Debug, Serialize)]
pub struct Report {
    events: u64,
    bytes: u64,
    unparsed: BTreeMap<&'static str, u64>,
    detections: u64,
    alerts: u64,
    incidents: u64,
    correlate_seconds: f64,
    load_seconds: f64,
    elapsed_seconds: f64,
    events_per_second: f64,
    peak_rss_bytes: Option<u64>,
}
