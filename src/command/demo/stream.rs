//! The scenario as blocks: some minutes of each kind of log in turn.

use std::time::Duration;

use yagura_engine::pipeline::Block;
use yagura_parsers::{BlockExtent, EventBatch, Origin, Timestamp};

use crate::generate::scenario::{LATENESS_MAX_NANOS, Lane, LaneKind, START, ScenarioOptions};

/// So much event time is in a block.
const SLICE_NANOS: i64 = 5 * 60 * 1_000_000_000;

/// How far an event can lie behind the newest one before it: what lanes promise, and a slice of
/// another lane in between.
pub const LATENESS: Duration =
    Duration::from_nanos((LATENESS_MAX_NANOS + SLICE_NANOS).unsigned_abs());

/// See the module.
pub struct Blocks {
    lanes: Vec<(LaneKind, Lane, u64)>,
    /// The lane whose turn it is.
    turn: usize,
    /// The end of the slice.
    until: i64,
    end: i64,
}

impl Blocks {
    /// From the beginning.
    pub fn new(options: &ScenarioOptions) -> Self {
        Self {
            lanes: LaneKind::ALL
                .map(|kind| (kind, Lane::new(kind, options), 0))
                .into(),
            turn: 0,
            until: START.0 + SLICE_NANOS,
            end: options.end(),
        }
    }

    /// Fills the batch with the next block; `None` at the end.
    pub fn next(&mut self, batch: &mut EventBatch) -> Option<Block> {
        loop {
            let near = Timestamp(self.until.min(self.end) - SLICE_NANOS);
            // What is late on the last evening comes with the last slice.
            let until = if self.until >= self.end {
                i64::MAX
            } else {
                self.until
            };
            let turn = self.turn;
            let Some((kind, lane, position)) = self.lanes.get_mut(turn) else {
                if self.until >= self.end {
                    return None;
                }
                self.turn = 0;
                self.until += SLICE_NANOS;
                continue;
            };
            self.turn += 1;
            let input = batch.recycle();
            lane.write_until(until, input);
            if input.is_empty() {
                continue;
            }
            let block = Block {
                input: turn as u32,
                format: kind.format(),
                origin: Origin {
                    position: *position,
                    near,
                    extent: BlockExtent::Whole,
                },
            };
            *position += input.len() as u64;
            return Some(block);
        }
    }
}
