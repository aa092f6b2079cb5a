//! From matches in order to alerts and incidents, and what is written of all three.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use yagura_engine::alert::AlertState;
use yagura_engine::correlator::{Options, Records};
use yagura_engine::{CaseMatch, Casebook, Entry, Facts, RuleIndex, incident};
use yagura_parsers::Timestamp;

use super::case_match;
use super::findings::{Findings, Keeping};
use super::output::Output;
use super::rule_book::RuleBook;
use super::sink::Recorder;
use super::worker::Arrangement;
use crate::failure::Failure;
use crate::render::CaseRenderer;
use crate::sort::Record;

/// Which records of alerts are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum AlertPolicy {
    /// Opening, updates and closing.
    #[default]
    Lifecycle,
    /// Openings only.
    First,
    /// One for every match that satisfies the condition.
    Every,
}

/// What a recorder works with.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The rules.
    pub book: &'a RuleBook,
    /// How records look.
    pub renderer: CaseRenderer<'a>,
    /// How matches come.
    pub arrangement: Arrangement,
    /// How long they wait for earlier ones, where they do not come by time.
    pub lateness: Duration,
    /// Which records of alerts are written.
    pub alerts: AlertPolicy,
    /// Whether incidents alone are written.
    pub incidents_only: bool,
    /// How much is kept for a report.
    pub keeping: Keeping,
}

/// See the module.
#[derive(Debug)]
pub struct CaseRecorder<'a> {
    setting: Setting<'a>,
    lateness_ns: i64,
    casebook: Casebook,
    /// Of the match at hand.
    facts: Facts,
    /// The highest event time of the blocks before.
    high_water: Timestamp,
    /// All before it is decided.
    watermark: Timestamp,
    desk: Desk<'a>,
    took: Duration,
}

/// Takes what the casebook says.
#[derive(Debug)]
struct Desk<'a> {
    setting: Setting<'a>,
    findings: Findings,
    /// Records that are not written yet.
    text: Vec<u8>,
}

impl<'a> CaseRecorder<'a> {
    /// A recorder that has seen nothing.
    pub fn new(setting: Setting<'a>) -> Self {
        // Sorted matches have nothing to wait for.
        let lateness_ns = match setting.arrangement {
            Arrangement::ByTime => 0,
            Arrangement::ByArrival => {
                i64::try_from(setting.lateness.as_nanos()).unwrap_or(i64::MAX)
            }
        };
        let options = Options {
            lateness: lateness_ns,
            records: match setting.alerts {
                AlertPolicy::Every => Records::Every,
                AlertPolicy::Lifecycle | AlertPolicy::First => Records::Life,
            },
            ..Options::default()
        };
        let cases = Arc::clone(&setting.book.cases);
        Self {
            setting,
            lateness_ns,
            casebook: Casebook::new(cases, options, incident::Limits::default()),
            facts: Facts::default(),
            high_water: Timestamp::UNKNOWN,
            watermark: Timestamp::UNKNOWN,
            desk: Desk {
                setting,
                findings: Findings::new(setting.book, setting.keeping),
                text: Vec::new(),
            },
            took: Duration::ZERO,
        }
    }

    /// What was found so far.
    pub fn findings(&self) -> &Findings {
        &self.desk.findings
    }

    /// The time that correlations and incidents took.
    pub fn took(&self) -> Duration {
        self.took
    }

    fn push(&mut self, record: &Record<'_>) {
        let rule = RuleIndex(record.key.rule);
        let in_block = case_match::decode(record.carried, &mut self.facts);
        let time = Timestamp(record.key.time);
        let Some(detection) = self.setting.book.detection(rule) else {
            return;
        };
        self.desk.findings.detection(rule, time, &self.facts);
        if time == Timestamp::UNKNOWN {
            // Neither before nor after anything.
            self.desk.findings.without_time += 1;
            return;
        }
        let high_water = match self.setting.arrangement {
            Arrangement::ByTime => time,
            Arrangement::ByArrival => self.high_water.max(in_block).max(time),
        };
        // Matches that no correlation asks for move time on, too: without this the alerts before
        // them would come behind them, and in which order would depend on the ends of blocks.
        self.advance(high_water);
        let event = case_match::reference(record.key.input, record.key.position);
        let of = CaseMatch {
            detection,
            time,
            // Orders events of one time as they are sorted, and unlike a running number it does
            // not depend on what other rules match, so neither do the ids of alerts.
            sequence: event,
            high_water,
            event,
            facts: &self.facts,
        };
        self.casebook.push(&of, &mut |entry| self.desk.take(&entry));
    }

    /// Says how far event time has come.
    fn advance(&mut self, high_water: Timestamp) {
        let watermark = Timestamp(high_water.0.saturating_sub(self.lateness_ns));
        if watermark <= self.watermark {
            return;
        }
        self.watermark = watermark;
        self.casebook
            .advance(watermark, &mut |entry| self.desk.take(&entry));
    }

    fn write(&mut self, out: &mut Output) -> Result<(), Failure> {
        let written = out.write(&self.desk.text);
        self.desk.text.clear();
        written
    }
}

impl Desk<'_> {
    fn take(&mut self, entry: &Entry<'_>) {
        let setting = &self.setting;
        match entry {
            Entry::Alert(alert) => {
                let Some(meta) = setting.book.shown_meta(alert.rule) else {
                    return;
                };
                let number = setting.book.alerting_number(alert.rule);
                self.findings.alert(number, meta.level, alert);
                let is_wanted =
                    setting.alerts != AlertPolicy::First || alert.state == AlertState::Open;
                if is_wanted && !setting.incidents_only {
                    setting.renderer.alert(&mut self.text, alert, meta);
                }
            }
            Entry::Incident(incident) => {
                self.findings.incident(incident);
                setting.renderer.incident(&mut self.text, incident);
            }
        }
    }
}

impl Recorder for CaseRecorder<'_> {
    fn record(&mut self, record: Record<'_>, out: &mut Output) -> Result<(), Failure> {
        let started = Instant::now();
        self.push(&record);
        self.took += started.elapsed();
        self.write(out)?;
        out.write(record.shown)
    }

    fn pause(&mut self, high_water: Timestamp, out: &mut Output) -> Result<(), Failure> {
        self.high_water = self.high_water.max(high_water);
        if self.high_water != Timestamp::UNKNOWN {
            let started = Instant::now();
            self.advance(self.high_water);
            self.took += started.elapsed();
        }
        self.write(out)
    }

    fn finish(&mut self, out: &mut Output) -> Result<(), Failure> {
        let started = Instant::now();
        self.casebook.finish(&mut |entry| self.desk.take(&entry));
        self.took += started.elapsed();
        self.desk.findings.count(&self.casebook);
        self.write(out)
    }
}
