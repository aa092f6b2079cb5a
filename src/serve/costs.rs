//! What rules cost, by samples: now and then a block is gone over once more, rule by rule.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use yagura_engine::{Engine, Profiler, RuleIndex};
use yagura_parsers::{EventBatch, Format};

/// A worker looks that seldom, so that it costs next to nothing.
const INTERVAL: Duration = Duration::from_secs(10);

/// See the module. Shared by all workers.
#[derive(Debug, Default)]
pub struct Costs(Mutex<Sampled>);

/// What was found out about one set of rules.
#[derive(Debug, Default)]
struct Sampled {
    generation: u64,
    events: u64,
    nanos: HashMap<RuleIndex, u64>,
}

impl Costs {
    /// Looks at the events of a block under the rules of this generation.
    pub fn sample(&self, engine: &Arc<Engine>, generation: u64, batch: &EventBatch, of: Format) {
        let begun = Instant::now();
        let clock = || u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let mut profiler = Profiler::new(engine, clock);
        profiler.add(batch, of);
        let profile = profiler.finish();
        let mut sampled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sampled.generation != generation {
            *sampled = Sampled {
                generation,
                ..Sampled::default()
            };
        }
        sampled.events += profile.events;
        for rule in profile.rules.iter().filter(|rule| rule.cost_ns > 0) {
            *sampled.nanos.entry(rule.rule).or_default() += rule.cost_ns;
        }
    }

    /// Nanoseconds that a thousand events cost because of a rule, on average; `None`: no sample.
    pub fn of(&self, generation: u64, rule: RuleIndex) -> Option<u64> {
        let sampled = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sampled.generation != generation || sampled.events == 0 {
            return None;
        }
        let nanos = sampled.nanos.get(&rule).copied().unwrap_or(0);
        Some(nanos.saturating_mul(1000) / sampled.events)
    }
}

/// When one worker samples next.
#[derive(Debug)]
pub struct Turn(Instant);

impl Turn {
    /// The first block after a while.
    pub fn new() -> Self {
        Self(Instant::now())
    }

    /// Whether it is time.
    pub fn is_due(&mut self) -> bool {
        let due = self.0.elapsed() >= INTERVAL;
        if due {
            self.0 = Instant::now();
        }
        due
    }
}
