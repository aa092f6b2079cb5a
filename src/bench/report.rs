//! What a benchmark tells: the content of `--json`, and what tables and charts are drawn from.
//!
//! The shape is documented in `docs/benchmarks.md` and checked against
//! `docs/bench.schema.json` by the tests. Whoever changes it counts [`SCHEMA`] up.

use std::num::NonZeroUsize;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::findings::Findings;
use super::input_statistics::InputStatistics;
use super::machine::Machine;
use super::measure::{Measured, Round};
use super::profile::ProfileReport;
use super::stage::Stage;
use crate::scan::per_second;

/// Name and version of the shape.
pub const SCHEMA: &str = "yagura-bench/1";

/// The whole report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// What was measured.
    pub yagura: Build,
    /// On what.
    pub machine: Machine,
    /// With what input.
    pub input: InputStatistics,
    /// With what rules.
    pub rules: RuleStatistics,
    /// Asked-for duration of each measurement.
    pub duration_seconds: f64,
    /// In the order in which they were made.
    pub measurements: Vec<Measurement>,
    /// Costs by rule, if asked for.
    pub profile: Option<ProfileReport>,
    /// What makes the figures less than they seem.
    pub warnings: Vec<String>,
}

/// This program.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Build {
    /// Its version.
    pub version: &'static str,
    /// cargo's kind of profile: `release` or `debug`.
    pub profile: &'static str,
    /// rustc's level of optimisation.
    pub opt_level: &'static str,
    /// Whether overflow checks and the like are compiled in.
    pub debug_assertions: bool,
}

impl Build {
    /// As compiled.
    pub fn this() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            profile: env!("YAGURA_PROFILE"),
            opt_level: env!("YAGURA_OPT_LEVEL"),
            debug_assertions: cfg!(debug_assertions),
        }
    }

    /// Whether figures of this build say nothing about a released one.
    pub fn is_slow(&self) -> bool {
        self.debug_assertions || self.opt_level != "3"
    }
}

/// The rules.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RuleStatistics {
    /// Detection rules that were read without fault.
    pub loaded: u64,
    /// Of these, the ones that take part.
    pub active: u64,
    /// Active ones for logs that no event can be.
    pub unrouted: u64,
    /// Files or documents with faults.
    pub refused: u64,
    /// Loading and compiling all of them.
    pub load_seconds: f64,
    /// Active rules with at least one detection in the input.
    pub matched: u64,
}

/// One configuration, measured.
#[derive(Clone, Debug, Serialize)]
pub struct Measurement {
    /// The stage.
    pub stage: Stage,
    /// Its threads.
    pub threads: NonZeroUsize,
    /// Active rules.
    pub rules: u64,
    /// Timed rounds, each with matchers that had seen nothing.
    pub rounds: u64,
    /// Passes over the input in all rounds.
    pub passes: u64,
    /// Over rounds.
    pub events_per_second: Spread,
    /// Over rounds.
    pub bytes_per_second: Spread,
    /// Elapsed time by event, of the median round.
    pub event_ns: f64,
    /// Processor time by event, of all threads in all rounds, filling batches included.
    pub cpu_event_ns: Option<f64>,
    /// What a worker took for a batch.
    pub batch_ns: Percentiles,
    /// Peak memory of the process while it was measured, input included.
    pub peak_rss_bytes: Option<u64>,
    /// Detections of one pass; none for the stage `parse`.
    pub detections: Option<u64>,
    /// Which ones, as a sum of hashes: equal if and (nearly) only if the same.
    pub digest: Option<String>,
}

/// Slowest, middle and fastest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// The least.
    pub min: f64,
    /// Half are below.
    pub median: f64,
    /// The most.
    pub max: f64,
}

impl Spread {
    /// Of any figures; zeros of none.
    pub fn of(figures: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = figures.collect();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
        let middle = sorted.len() / 2;
        let median = if sorted.len().is_multiple_of(2) {
            f64::midpoint(at(middle.saturating_sub(1)), at(middle))
        } else {
            at(middle)
        };
        Self {
            min: at(0),
            median,
            max: at(sorted.len().saturating_sub(1)),
        }
    }

    /// Half the way from the least to the most, in hundredths of the median.
    pub fn noise_percent(&self) -> f64 {
        if self.median > 0.0 {
            (self.max - self.min) / 2.0 / self.median * 100.0
        } else {
            0.0
        }
    }
}

/// A distribution of times, in nanoseconds, to three digits.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Percentiles {
    /// Batches.
    pub count: u64,
    /// Half took at most this.
    pub p50: u64,
    /// 9 of 10.
    pub p90: u64,
    /// 99 of 100.
    pub p99: u64,
    /// 999 of 1,000.
    pub p99_9: u64,
    /// All.
    pub max: u64,
}

impl From<&Histogram<u64>> for Percentiles {
    fn from(histogram: &Histogram<u64>) -> Self {
        Self {
            count: histogram.len(),
            p50: histogram.value_at_quantile(0.5),
            p90: histogram.value_at_quantile(0.9),
            p99: histogram.value_at_quantile(0.99),
            p99_9: histogram.value_at_quantile(0.999),
            max: histogram.max(),
        }
    }
}

impl Measurement {
    /// Sums up the rounds. `of_pass`: what each pass found.
    pub fn new(
        stage: Stage,
        threads: NonZeroUsize,
        rules: u64,
        pass_bytes: u64,
        of_pass: Findings,
        measured: &Measured,
    ) -> Self {
        let rounds = &measured.rounds;
        let events_per_second = Spread::of(
            rounds
                .iter()
                .map(|r| per_second(r.findings.events, r.elapsed)),
        );
        let bytes = |r: &Round| per_second(r.passes * pass_bytes, r.elapsed);
        let event_ns = if events_per_second.median > 0.0 {
            1e9 / events_per_second.median
        } else {
            0.0
        };
        let events: u64 = rounds.iter().map(|r| r.findings.events).sum();
        let finds = stage != Stage::Parse;
        Self {
            stage,
            threads,
            rules,
            rounds: rounds.len() as u64,
            passes: rounds.iter().map(|r| r.passes).sum(),
            events_per_second,
            bytes_per_second: Spread::of(rounds.iter().map(bytes)),
            event_ns,
            cpu_event_ns: measured.cpu.and_then(|cpu| ns_per_event(cpu, events)),
            batch_ns: Percentiles::from(&measured.batch_ns),
            peak_rss_bytes: measured.peak_rss_bytes,
            detections: finds.then_some(of_pass.detections),
            digest: finds.then(|| format!("{:016x}", of_pass.digest)),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a time for people")]
fn ns_per_event(cpu: Duration, events: u64) -> Option<f64> {
    (events > 0).then(|| cpu.as_secs_f64() * 1e9 / events as f64)
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn finds_the_middle() {
        let spread = |figures: &[f64]| Spread::of(figures.iter().copied());
        assert_eq!(spread(&[]), Spread::default());
        let odd = spread(&[3.0, 1.0, 2.0]);
        assert_eq!((odd.min, odd.median, odd.max), (1.0, 2.0, 3.0));
        assert!((spread(&[1.0, 2.0, 4.0, 8.0]).median - 3.0).abs() < 1e-9);
        assert!((odd.noise_percent() - 50.0).abs() < 1e-9);
    }
}
