//! Where the results of blocks end up, in the order of the source.

use std::process;

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
    pub fn add(&mut self, block: &Block, mut result: BlockResult) -> Result<(), Failure> {
        self.carried_time.pass(block, &mut result);
        match &mut self.order {
            Order::Time(sort) => {
                let mut start = 0;
                for record in &result.records {
                    let text = result.text.get(start..record.end).unwrap_or_default();
                    sort.add(record.key, text)?;
                    start = record.end;
                }
                Ok(())
            }
            Order::Arrival => self.pass_on(&result.text),
        }
    }

    /// Writes and flushes: a block of standard input ends where input pauses or a block is full,
    /// so nothing that was found waits for what has not come yet.
    fn pass_on(&mut self, text: &[u8]) -> Result<(), Failure> {
        if text.is_empty() {
            return Ok(());
        }
        let header = std::mem::take(&mut self.header);
        let written = self
            .out
            .write(&header)
            .and_then(|()| self.out.write(text))
            .and_then(|()| self.out.flush());
        if let Err(Failure::ClosedPipe) = written {
            // The thread that reads standard input may be waiting for input that never comes;
            // returning would wait for it.
            process::exit(0);
        }
        written
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
