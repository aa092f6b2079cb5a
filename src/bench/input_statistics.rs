//! What the input is like: what speed depends on besides the engine.

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashSet};
use serde::Serialize;
use yagura_engine::Engine;
use yagura_parsers::EventBatch;

use super::input::{Input, Taken};

/// Values looked at to find the share of distinct ones; more would cost more memory than the
/// input.
const VALUES_MAX: u64 = 4_000_000;

/// Figures of the input.
#[derive(Clone, Debug, Default, Serialize)]
pub struct InputStatistics {
    /// Events of one pass.
    pub events: u64,
    /// Bytes of one pass, after decompression.
    pub bytes: u64,
    /// Blocks: what one thread works on at a time.
    pub blocks: u64,
    /// Whether there was more than the limit allows.
    pub is_cut: bool,
    /// Events by format.
    pub formats: BTreeMap<&'static str, u64>,
    /// Events that were not understood.
    pub unparsed: u64,
    /// Values of fields that rules ask for, of as many as were looked at.
    pub values: u64,
    /// Of these, the share that no earlier value of the same field is equal to.
    pub distinct_share: f64,
}

impl InputStatistics {
    /// Parses the input once.
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    pub fn of(input: &Input, engine: &Engine) -> Self {
        let mut statistics = Self {
            bytes: input.bytes,
            blocks: input.blocks.len() as u64,
            is_cut: input.taken == Taken::Beginning,
            ..Self::default()
        };
        let hasher = DefaultHashBuilder::default();
        let mut seen: HashSet<u64> = HashSet::new();
        let mut batch = EventBatch::new();
        for one in &input.blocks {
            one.fill(&mut batch);
            let block = one.block;
            batch.parse(block.format, block.origin, engine.projection());
            let events = batch.len() as u64;
            statistics.events += events;
            *statistics.formats.entry(block.format.name()).or_default() += events;
            statistics.unparsed += batch.unparsed().total();
            if statistics.values < VALUES_MAX {
                for (field, value) in batch.events().flat_map(|event| event.values()) {
                    statistics.values += 1;
                    seen.insert(hasher.hash_one((field, value.written())));
                }
            }
        }
        if statistics.values > 0 {
            statistics.distinct_share = seen.len() as f64 / statistics.values as f64;
        }
        statistics
    }
}
