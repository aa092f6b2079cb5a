//! From matches in order to alerts and incidents, and what is written of all three.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use yagura_engine::alert::AlertState;
use yagura_engine::correlator::{Options, Records};
use yagura_engine::{Casebook, Entry, incident};
use yagura_parsers::Timestamp;

use super::case_feed::{CaseFeed, lateness_ns};
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
    feed: CaseFeed,
    desk: Desk<'a>,
    took: Duration,
    /// Since when matches are taken one after the other with nothing written between: the clock
    /// is not asked for each of them.
    working_since: Option<Instant>,
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
        let options = Options {
            lateness: lateness_ns(setting.arrangement, setting.lateness),
            records: match setting.alerts {
                AlertPolicy::Every => Records::Every,
                AlertPolicy::Lifecycle | AlertPolicy::First => Records::Life,
            },
            ..Options::default()
        };
        let cases = Arc::clone(&setting.book.cases);
        let casebook = Casebook::new(cases, options, incident::Limits::default());
        Self {
            setting,
            feed: CaseFeed::new(casebook, setting.arrangement, setting.lateness),
            desk: Desk {
                setting,
                findings: Findings::new(setting.book, setting.keeping),
                text: Vec::new(),
            },
            took: Duration::ZERO,
            working_since: None,
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
        let Some(of) = self.feed.read(self.setting.book, record) else {
            return;
        };
        let findings = &mut self.desk.findings;
        findings.detection(of.rule, of.time, self.feed.facts());
        if of.time == Timestamp::UNKNOWN {
            // Neither before nor after anything.
            findings.without_time += 1;
            return;
        }
        self.feed.push(of, &mut |entry| self.desk.take(&entry));
    }

    fn begin(&mut self) {
        self.working_since.get_or_insert_with(Instant::now);
    }

    fn end(&mut self) {
        if let Some(since) = self.working_since.take() {
            self.took += since.elapsed();
        }
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
        self.begin();
        self.push(&record);
        if self.desk.text.is_empty() && record.shown.is_empty() {
            return Ok(());
        }
        self.end();
        self.write(out)?;
        out.write(record.shown)
    }

    fn pause(&mut self, high_water: Timestamp, out: &mut Output) -> Result<(), Failure> {
        self.begin();
        let desk = &mut self.desk;
        self.feed.pause(high_water, &mut |entry| desk.take(&entry));
        self.end();
        self.write(out)
    }

    fn finish(&mut self, out: &mut Output) -> Result<(), Failure> {
        self.begin();
        self.feed.finish(&mut |entry| self.desk.take(&entry));
        self.end();
        self.desk.findings.count(self.feed.casebook());
        self.write(out)
    }
}
