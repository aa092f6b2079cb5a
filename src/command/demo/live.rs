//! What a person sees while the days go by: how far, how fast, and alerts as they open.

use std::time::Instant;

use hashbrown::HashSet;
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use yagura_engine::alert::{AlertId, AlertRecord};
use yagura_parsers::Timestamp;
use yagura_rules::Level;

use crate::generate::scenario::{START, ScenarioOptions};
use crate::render::colour::{Style, paint};
use crate::render::escape::visible;
use crate::scan::{Findings, RuleBook};
use crate::terminal::{Colour, Destination, Stream};

const TEMPLATE: &str = "{bar:30} {msg}";
const DRAWS_PER_SECOND: u8 = 10;
const NANOS: i64 = 1_000_000_000;

/// See the module.
pub struct LiveView {
    bar: ProgressBar,
    started: Instant,
    colour: Colour,
    /// How many alerts had opened the last time.
    opened: u64,
    shown: HashSet<AlertId>,
}

impl LiveView {
    /// On standard error; nothing at all where that is no terminal.
    pub fn new(options: &ScenarioOptions, err: Stream) -> Self {
        let bar = if err.destination == Destination::Pipe {
            ProgressBar::hidden()
        } else {
            let seconds = (options.end() - START.0) / NANOS;
            let target = ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND);
            ProgressBar::with_draw_target(u64::try_from(seconds).ok(), target)
        };
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        Self {
            bar,
            started: Instant::now(),
            colour: err.colour,
            opened: 0,
            shown: HashSet::new(),
        }
    }

    /// Shows where in the days the stream is, and how many events were read.
    pub fn show(&self, time: Timestamp, events: u64) {
        if self.bar.is_hidden() {
            return;
        }
        let seconds = time.0.saturating_sub(START.0) / NANOS;
        self.bar.set_position(u64::try_from(seconds).unwrap_or(0));
        let millis = self.started.elapsed().as_millis().max(1);
        let rate = u128::from(events) * 1000 / millis;
        let rate = HumanCount(u64::try_from(rate).unwrap_or(u64::MAX));
        let (time, events) = (minute(time), HumanCount(events));
        self.bar
            .set_message(format!("{time}  {events} events  {rate}/s"));
    }

    /// Shows the alerts that opened since the last time.
    pub fn alerts(&mut self, book: &RuleBook, findings: &Findings) {
        let opened = findings.alerts_by_level.iter().sum();
        if self.bar.is_hidden() || self.opened == opened {
            return;
        }
        self.opened = opened;
        let level = |alert: &AlertRecord| {
            book.meta(alert.rule)
                .map_or(Level::default(), |meta| meta.level)
        };
        let (alerts, _) = findings.kept_alerts(level);
        let mut new: Vec<_> = alerts
            .into_iter()
            .filter(|alert| self.shown.insert(alert.id))
            .collect();
        new.sort_by_key(|alert| (alert.opened, alert.id));
        for alert in new {
            self.alert(book, alert);
        }
    }

    fn alert(&self, book: &RuleBook, alert: &AlertRecord) {
        let Some(meta) = book.meta(alert.rule) else {
            return;
        };
        let key = alert.key.iter().map(|(_, value)| {
            let value = String::from_utf8_lossy(value);
            visible(&value).to_string()
        });
        let key = key.collect::<Vec<_>>().join(", ");
        let level = format!("{:8}", meta.level.name());
        let level = paint(&level, Style::Level(meta.level), self.colour);
        let time = minute(Timestamp(alert.opened.0));
        let line = format!("{time}  {level}  {}  {key}", visible(&meta.title));
        self.bar.println(line);
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// `2026-03-02 08:00`
fn minute(time: Timestamp) -> String {
    let text = time.to_string();
    let (day, rest) = text.split_once('T').unwrap_or((&text, ""));
    format!("{day} {}", rest.get(..5).unwrap_or_default())
}
