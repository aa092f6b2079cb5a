//! Runs a stage in rounds and times them.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use yagura_engine::pipeline::{self, Block};
use yagura_engine::{Engine, Match, Matcher};
use yagura_parsers::EventBatch;

use super::cpu_time;
use super::findings::Findings;
use super::input::Input;
use super::machine::reset_peak_memory;
use super::stage::Stage;
use crate::memory::peak_rss_bytes;

/// Fewer rounds say nothing about noise.
pub const ROUNDS_MIN: u32 = 5;
/// A round ends with the pass in which it reaches this: enough for the start of threads and
/// cold caches not to count.
const ROUND_BYTES_MIN: u64 = 32 << 20;
/// Times of batches are kept with three significant digits.
const HISTOGRAM_DIGITS: u8 = 3;

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// The input.
    pub input: &'a Input,
    /// The compiled rules.
    pub engine: &'a Arc<Engine>,
    /// The stage.
    pub stage: Stage,
    /// Threads; only [`Stage::All`] takes more than one.
    pub threads: NonZeroUsize,
    /// How long to measure.
    pub duration: Duration,
}

/// One round.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// Whole passes.
    pub passes: u64,
    /// What they took.
    pub elapsed: Duration,
    /// What they found together.
    pub findings: Findings,
}

/// All rounds of a task.
#[derive(Debug)]
pub struct Measured {
    /// In the order of time, without the first one.
    pub rounds: Vec<Round>,
    /// Processor time of the whole process in these rounds.
    pub cpu: Option<Duration>,
    /// How long batches took, in nanoseconds.
    pub batch_ns: Histogram<u64>,
    /// Peak memory of the process meanwhile, input included.
    pub peak_rss_bytes: Option<u64>,
}

/// Runs rounds until the duration is over, but some in any case.
pub fn measure(task: Task<'_>) -> Measured {
    reset_peak_memory();
    let batches = match task.stage {
        Stage::Match => parsed(task),
        Stage::Parse | Stage::All => Vec::new(),
    };
    let mut batch_ns = histogram();
    let mut round = || match task.stage {
        Stage::Parse => parse_round(task, &mut batch_ns),
        Stage::Match => match_round(task, &batches, &mut batch_ns),
        Stage::All => pipeline_round(task, &mut batch_ns),
    };
    // The first one meets cold caches, pages not yet mapped and a processor at rest.
    round();
    let cpu_before = cpu_time::of_process();
    let started = Instant::now();
    let mut rounds = Vec::new();
    while rounds.len() < ROUNDS_MIN as usize || started.elapsed() < task.duration {
        rounds.push(round());
    }
    let cpu_after = cpu_time::of_process();
    let cpu = cpu_after.zip(cpu_before);
    Measured {
        rounds,
        cpu: cpu.map(|(after, before)| after.saturating_sub(before)),
        batch_ns,
        peak_rss_bytes: peak_rss_bytes(),
    }
}

fn histogram() -> Histogram<u64> {
    // Resizes itself; fails for more than five digits only.
    Histogram::new(HISTOGRAM_DIGITS).unwrap_or_else(|_| unreachable!("three digits are valid"))
}

fn record(batch_ns: &mut Histogram<u64>, took: Duration) {
    let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
    // Grows as needed; fails only where memory for a few thousand counters is lacking.
    let _ = batch_ns.record(ns);
}

/// Says when a round has enough passes.
struct Passes {
    pass_bytes: u64,
    round_limit: Duration,
    started: Instant,
    done: u64,
}

impl Passes {
    fn begin(task: Task<'_>) -> Self {
        Self {
            pass_bytes: task.input.bytes,
            round_limit: task.duration / ROUNDS_MIN,
            started: Instant::now(),
            done: 0,
        }
    }

    fn another(&mut self) -> ControlFlow<()> {
        self.done += 1;
        let is_enough = self.done * self.pass_bytes >= ROUND_BYTES_MIN
            || self.started.elapsed() >= self.round_limit;
        if is_enough {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

/// Copying the input into the batch is not timed.
fn parse_round(task: Task<'_>, batch_ns: &mut Histogram<u64>) -> Round {
    let mut passes = Passes::begin(task);
    let mut batch = EventBatch::new();
    let mut findings = Findings::default();
    let mut elapsed = Duration::ZERO;
    loop {
        for one in &task.input.blocks {
            one.fill(&mut batch);
            let started = Instant::now();
            batch.parse(one.block.format, one.block.origin, task.engine.projection());
            let took = started.elapsed();
            elapsed += took;
            record(batch_ns, took);
            findings.add(Findings::of_block(one.block.input, batch.len(), &[]));
        }
        if passes.another().is_break() {
            return Round {
                passes: passes.done,
                elapsed,
                findings,
            };
        }
    }
}

fn parsed(task: Task<'_>) -> Vec<(Block, EventBatch)> {
    let blocks = task.input.blocks.iter();
    blocks
        .map(|one| {
            let mut batch = EventBatch::new();
            one.fill(&mut batch);
            batch.parse(one.block.format, one.block.origin, task.engine.projection());
            (one.block, batch)
        })
        .collect()
}

fn match_round(
    task: Task<'_>,
    batches: &[(Block, EventBatch)],
    batch_ns: &mut Histogram<u64>,
) -> Round {
    let mut matcher = task.engine.matcher();
    let mut passes = Passes::begin(task);
    let mut found: Vec<Match> = Vec::new();
    let mut findings = Findings::default();
    let mut elapsed = Duration::ZERO;
    loop {
        for (block, batch) in batches {
            found.clear();
            let started = Instant::now();
            matcher.scan(batch, block.format, &mut found);
            let took = started.elapsed();
            elapsed += took;
            record(batch_ns, took);
            findings.add(Findings::of_block(block.input, batch.len(), &found));
        }
        if passes.another().is_break() {
            return Round {
                passes: passes.done,
                elapsed,
                findings,
            };
        }
    }
}

/// From the first block to the last result, copying and hand-over included: what `scan` does
/// but for reading and writing.
fn pipeline_round(task: Task<'_>, batch_ns: &mut Histogram<u64>) -> Round {
    // Made before the clock starts; each worker takes one.
    let fresh: Mutex<Vec<Matcher>> = Mutex::new(
        (0..task.threads.get())
            .map(|_| task.engine.matcher())
            .collect(),
    );
    let mut findings = Findings::default();
    let mut passes = Passes::begin(task);
    let mut blocks = task.input.blocks.iter();
    let source = |batch: &mut EventBatch| {
        let one = match blocks.next() {
            Some(one) => one,
            None if passes.another().is_break() => return None,
            None => {
                blocks = task.input.blocks.iter();
                blocks.next()?
            }
        };
        one.fill(batch);
        Some(one.block)
    };
    let worker = || {
        let taken = fresh.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut matcher = taken.unwrap_or_else(|| task.engine.matcher());
        let mut found = Vec::new();
        move |block: &Block, batch: &mut EventBatch| {
            let started = Instant::now();
            batch.parse(block.format, block.origin, task.engine.projection());
            found.clear();
            matcher.scan(batch, block.format, &mut found);
            let findings = Findings::of_block(block.input, batch.len(), &found);
            (started.elapsed(), findings)
        }
    };
    let started = Instant::now();
    pipeline::run(task.threads, source, worker, |_, (took, of_block)| {
        record(batch_ns, took);
        findings.add(of_block);
        ControlFlow::Continue(())
    });
    let elapsed = started.elapsed();
    Round {
        passes: passes.done,
        elapsed,
        findings,
    }
}
