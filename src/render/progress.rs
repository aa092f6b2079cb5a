//! The progress bar: on standard error, and only where a person watches.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::source::Counters;
use crate::terminal::{Destination, Stream};

const TEMPLATE: &str = "{bar:30} {bytes}/{total_bytes}  {msg}  {binary_bytes_per_sec}  {eta} left";
const DRAWS_PER_SECOND: u8 = 10;

/// How far a scan is.
pub struct Progress {
    bar: ProgressBar,
    counters: Arc<Counters>,
}

impl Progress {
    /// A bar on standard error; nothing at all where that is no terminal.
    pub fn new(counters: Arc<Counters>, err: Stream) -> Self {
        if err.destination == Destination::Pipe {
            return Self::hidden(counters);
        }
        let total = counters.total_bytes.load(Ordering::Relaxed);
        let target = ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND);
        let bar = ProgressBar::with_draw_target(Some(total), target);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        // Draws while a block takes long, and until the first one is done.
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, counters }
    }

    /// No bar.
    pub fn hidden(counters: Arc<Counters>) -> Self {
        Self {
            bar: ProgressBar::hidden(),
            counters,
        }
    }

    /// Shows how far reading is, and how many events were seen.
    pub fn show(&self, events: u64) {
        if !self.bar.is_hidden() {
            let read = self.counters.read_bytes.load(Ordering::Relaxed);
            self.bar.set_position(read);
            self.bar
                .set_message(format!("{} events", HumanCount(events)));
        }
    }

    /// Takes the bar away.
    pub fn clear(self) {
        self.bar.finish_and_clear();
    }
}
