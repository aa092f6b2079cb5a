//! Where the results of blocks end up, in the order of the source.

use yagura_engine::pipeline::Block;
use yagura_parsers::Timestamp;

use super::carried_time::{CarriedTime, TimeSlot};
use super::output::Output;
use super::worker::BlockResult;
use crate::failure::Failure;
use crate::sort::{ExternalSort, Record};

/// In which order records are taken.
pub enum Order {
    /// By event time, when everything is read.
    Time(ExternalSort),
    /// As they arrive, at once.
    Arrival,
}

/// Takes the records of all blocks in order, and writes what comes of them.
pub trait Recorder {
    /// Takes the next record.
    fn record(&mut self, record: Record<'_>, out: &mut Output) -> Result<(), Failure>;

    /// Takes the end of a block whose records were taken as they arrived, and the highest event
    /// time in it.
    fn pause(&mut self, high_water: Timestamp, out: &mut Output) -> Result<(), Failure>;

    /// Says that there are no more.
    fn finish(&mut self, out: &mut Output) -> Result<(), Failure>;
}

/// Brings records into order.
pub struct Sink<R> {
    out: Output,
    order: Order,
    carried_time: CarriedTime,
    recorder: R,
}

impl<R: Recorder> Sink<R> {
    /// A sink that has seen nothing.
    pub fn new(out: Output, order: Order, slot: TimeSlot, recorder: R) -> Self {
        Self {
            out,
            order,
            carried_time: CarriedTime::new(slot),
            recorder,
        }
    }

    /// Takes the records of a block.
    pub fn add(&mut self, block: &Block, result: BlockResult) -> Result<(), Failure> {
        let (recorder, out) = (&mut self.recorder, &mut self.out);
        result.rendered.each_piece(|piece| {
            self.carried_time.pass(block, piece);
            match &mut self.order {
                Order::Time(sort) => piece.each(|record| sort.add(record)),
                Order::Arrival => piece.each(|record| recorder.record(record, out)),
            }
        })?;
        self.carried_time.end(block, result.last_time);
        if matches!(self.order, Order::Arrival) {
            // A block of standard input ends where input pauses or a block is full, so nothing
            // that was found waits for what has not come yet.
            recorder.pause(result.high_water, out)?;
            out.flush()?;
        }
        Ok(())
    }

    /// Whether results are written before all is read. Then whoever writes them may not wait,
    /// when they cannot be written, for the thread that reads: input may pause for ever.
    pub fn passes_on(&self) -> bool {
        matches!(self.order, Order::Arrival)
    }

    /// What takes the records.
    pub fn recorder(&self) -> &R {
        &self.recorder
    }

    /// Hands over what waits for the end.
    pub fn finish(&mut self) -> Result<(), Failure> {
        let Self {
            out,
            order,
            recorder,
            ..
        } = self;
        if let Order::Time(sort) = std::mem::replace(order, Order::Arrival) {
            sort.finish(|record| recorder.record(record, out))?;
        }
        recorder.finish(out)
    }

    /// The recorder, and where further results go.
    pub fn into_parts(self) -> (R, Output) {
        (self.recorder, self.out)
    }
}

/// Writes what is shown of each record, and nothing else.
#[derive(Debug)]
pub struct Verbatim;

impl Recorder for Verbatim {
    fn record(&mut self, record: Record<'_>, out: &mut Output) -> Result<(), Failure> {
        out.write(record.shown)
    }

    fn pause(&mut self, _: Timestamp, _: &mut Output) -> Result<(), Failure> {
        Ok(())
    }

    fn finish(&mut self, _: &mut Output) -> Result<(), Failure> {
        Ok(())
    }
}
