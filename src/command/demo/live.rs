//! What a person sees while the days go by: how far, how fast, and alerts as they open.

use std::time::Instant;

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use yagura_engine::alert::AlertRecord;
use yagura_parsers::Timestamp;
use yagura_rules::correlation::Target;
use yagura_rules::{Loaded, Meta};

use super::report::minute;
use crate::generate::scenario::{START, ScenarioOptions};
use crate::render::colour::{Style, paint};
use crate::render::escape::visible;
use crate::terminal::{Colour, Destination, Stream};

const TEMPLATE: &str = "{bar:30} {msg}";
const DRAWS_PER_SECOND: u8 = 10;
const NANOS: i64 = 1_000_000_000;

/// See the module.
pub struct LiveView {
    bar: ProgressBar,
    started: Instant,
    colour: Colour,
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

    /// Shows an alert that opens.
    pub fn alert(&self, loaded: &Loaded, alert: &AlertRecord) {
        let Some(meta) = meta(loaded, alert.rule).filter(|_| !self.bar.is_hidden()) else {
            return;
        };
        let key = alert.key.iter().map(|(_, value)| {
            let value = String::from_utf8_lossy(value);
            visible(&value).to_string()
        });
        let key = key.collect::<Vec<_>>().join(", ");
        let level = format!("{:8}", meta.level.name());
        let level = paint(&level, Style::Level(meta.level), self.colour);
        let time = minute(Timestamp(alert.at));
        let line = format!("{time}  {level}  {}  {key}", visible(&meta.title));
        self.bar.println(line);
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

fn meta(loaded: &Loaded, rule: Target) -> Option<&Meta> {
    match rule {
        Target::Detection(at) => loaded.detections.get(at).map(|rule| &rule.meta),
        Target::Correlation(at) => loaded.correlations.get(at).map(|rule| &rule.meta),
        Target::Sequence(at) => loaded.sequences.get(at).map(|rule| &rule.meta),
    }
}
