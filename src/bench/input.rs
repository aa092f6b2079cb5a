//! The input, in memory as blocks, so that nothing but yagura is measured.

use yagura_engine::pipeline::Block;
use yagura_parsers::EventBatch;

use crate::source::Sources;

/// A block and its bytes.
#[derive(Debug)]
pub struct InputBlock {
    /// What the source says of it; `input` is its number here, so that findings can be told
    /// apart by place.
    pub block: Block,
    bytes: Vec<u8>,
}

impl InputBlock {
    /// Puts the block into a batch, to be parsed.
    pub fn fill(&self, batch: &mut EventBatch) {
        batch.recycle().extend_from_slice(&self.bytes);
    }
}

/// How much of what the paths hold was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// All.
    Whole,
    /// Only the beginning; the limit was reached.
    Beginning,
}

/// All blocks.
#[derive(Debug)]
pub struct Input {
    /// In the order of the source.
    pub blocks: Vec<InputBlock>,
    /// Bytes of all blocks.
    pub bytes: u64,
    /// Whether the source had more.
    pub taken: Taken,
}

impl Input {
    /// Reads until the end or the limit; at least one block.
    pub fn load(sources: &mut Sources, limit_bytes: u64) -> Self {
        let mut batch = EventBatch::new();
        let mut input = Self {
            blocks: Vec::new(),
            bytes: 0,
            taken: Taken::Whole,
        };
        for number in 0.. {
            let Some(block) = sources.next(&mut batch) else {
                break;
            };
            let len = batch.input().len() as u64;
            if number > 0 && input.bytes + len > limit_bytes {
                input.taken = Taken::Beginning;
                break;
            }
            input.bytes += len;
            input.blocks.push(InputBlock {
                block: Block {
                    input: number,
                    ..block
                },
                bytes: batch.input().to_vec(),
            });
        }
        input
    }
}
