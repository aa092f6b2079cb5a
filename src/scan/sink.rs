//! Where the results of blocks end up, in the order of the source.

use yagura_engine::pipeline::Block;

use super::carried_time::{CarriedTime, TimeSlot};
use super::worker::BlockResult;
use crate::failure::Failure;
use crate::sort::ExternalSort;
use crate::standard_output::StandardOutput;

/// In which order detections come out.
pub enum Order {
    /// By event time, when everything is read.
    Time(ExternalSort),
    /// As they arrive, at once.
    Arrival,
}

/// Takes rendered detections and writes them in order.
pub struct Sink {
    out: StandardOutput,
    /// What stands above the first detection, until it is written.
    header: Vec<u8>,
    order: Order,
    carried_time: CarriedTime,
}

impl Sink {
    /// A sink for standard output.
    pub fn new(out: StandardOutput, header: Vec<u8>, order: Order, slot: TimeSlot) -> Self {
        Self {
            out,
            header,
            order,
            carried_time: CarriedTime::new(slot),
        }
    }

    /// Takes the detections of a block.
    pub fn add(&mut self, block: &Block, result: BlockResult) -> Result<(), Failure> {
        result.rendered.each_piece(|piece| {
            self.carried_time.pass(block, piece);
            match &mut self.order {
                Order::Time(sort) => piece.each(|key, record| sort.add(key, record)),
                Order::Arrival => self.pass_on(&piece.text),
            }
        })?;
        self.carried_time.end(block, result.last_time);
        Ok(())
    }

    /// Whether results are written before all is read. Then whoever writes them may not wait,
    /// when they cannot be written, for the thread that reads: input may pause for ever.
    pub fn passes_on(&self) -> bool {
        matches!(self.order, Order::Arrival)
    }

    /// Writes and flushes: a block of standard input ends where input pauses or a block is full,
    /// so nothing that was found waits for what has not come yet.
    fn pass_on(&mut self, text: &[u8]) -> Result<(), Failure> {
        if text.is_empty() {
            return Ok(());
        }
        let header = std::mem::take(&mut self.header);
        self.out.write(&header)?;
        self.out.write(text)?;
        self.out.flush()
    }

    /// Writes what waits for the end.
    pub fn finish(self) -> Result<StandardOutput, Failure> {
        let Self {
            mut out,
            mut header,
            order,
            carried_time: _,
        } = self;
        if let Order::Time(sort) = order {
            sort.finish(|record| {
                if !header.is_empty() {
                    out.write(&std::mem::take(&mut header))?;
                }
                out.write(record)
            })?;
        }
        Ok(out)
    }
}
