//! The records of one request.

use std::mem;

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;
use yagura_parsers::Format;

use crate::clock;
use crate::input::Context;
use crate::input::packer::Packer;
use crate::intake::Refused;
use crate::parcel::{PARCEL_BYTES_MAX, Parcel};
use crate::source::{DropReason, Source};

/// Collects records in the order in which they came; the whole batch is stored, or the client
/// sends all of it again.
#[derive(Debug)]
pub(crate) struct Batch {
    source: Source,
    line_bytes: usize,
    current: Option<Current>,
    parcels: Vec<Parcel>,
    bytes: usize,
}

/// The parcel that is being filled.
#[derive(Debug)]
struct Current {
    format: Format,
    packer: Packer,
    bytes: usize,
}

impl Batch {
    pub(crate) fn new(source: Source, line_bytes: usize) -> Self {
        Self {
            source,
            line_bytes,
            current: None,
            parcels: Vec::new(),
            bytes: 0,
        }
    }

    /// About how many bytes it holds.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a line or message of a line format.
    pub(crate) fn line(&mut self, format: Format, line: &[u8]) {
        self.packer(format, line.len()).line(line);
        self.grow(line.len());
    }

    /// Adds a record as it stands: JSON without line ends, or XML.
    pub(crate) fn record(&mut self, format: Format, record: &[u8]) {
        self.write(format, record.len(), |out| out.extend_from_slice(record));
    }

    /// Adds a record; `bytes` is about how many it will have.
    pub(crate) fn write(
        &mut self,
        format: Format,
        bytes: usize,
        write: impl FnOnce(&mut BytesMut),
    ) {
        let mut written = 0;
        self.packer(format, bytes).json(|out| {
            let before = out.len();
            write(out);
            written = out.len() - before;
        });
        self.grow(written);
    }

    /// Adds a parcel of its own.
    pub(crate) fn block(&mut self, format: Format, bytes: &[u8], records: u32) {
        self.bytes += bytes.len();
        self.finish();
        let mut block = BytesMut::with_capacity(bytes.len() + 1);
        block.extend_from_slice(bytes);
        if format != Format::Evtx && !bytes.ends_with(b"\n") {
            block.extend_from_slice(b"\n");
        }
        self.parcels
            .push(self.parcel(format, block.freeze(), records));
    }

    fn parcel(&self, format: Format, bytes: Bytes, records: u32) -> Parcel {
        Parcel {
            source: self.source.clone(),
            format,
            received: clock::now(),
            records,
            bytes,
        }
    }

    /// The packer for a record of that size: a new one where the format changes or the parcel
    /// would grow too large.
    fn packer(&mut self, format: Format, bytes: usize) -> &mut Packer {
        let fits = |current: &mut Current| {
            current.format == format && current.bytes + bytes < PARCEL_BYTES_MAX
        };
        if !self.current.as_mut().is_some_and(fits) {
            self.finish();
        }
        let source = &self.source;
        let current = self.current.get_or_insert_with(|| Current {
            format,
            packer: Packer::new(source.clone(), format, self.line_bytes),
            bytes: 0,
        });
        &mut current.packer
    }

    /// Counts a record that was added, with the end of its line.
    fn grow(&mut self, bytes: usize) {
        self.bytes += bytes + 1;
        if let Some(current) = &mut self.current {
            current.bytes += bytes + 1;
        }
    }

    fn finish(&mut self) {
        let parcel = self
            .current
            .take()
            .and_then(|mut current| current.packer.take());
        self.parcels.extend(parcel);
    }

    /// Hands over everything and waits until all of it is durable.
    pub(crate) async fn deliver(mut self, context: &Context) -> Result<(), Refused> {
        self.finish();
        let due = Instant::now() + context.limits.room;
        let mut receipts = Vec::with_capacity(self.parcels.len());
        let mut parcels = mem::take(&mut self.parcels).into_iter();
        while let Some(parcel) = parcels.next() {
            let records = parcel.records;
            let left = due.saturating_duration_since(Instant::now());
            match context.intake.submit_within(parcel, left).await {
                Ok(receipt) => receipts.push(receipt),
                Err(refused) => {
                    let others = parcels.map(|parcel| u64::from(parcel.records));
                    let lost = u64::from(records) + others.sum::<u64>();
                    self.source.dropped(DropReason::NotStored, lost);
                    return Err(refused);
                }
            }
        }
        for receipt in receipts {
            receipt.durable().await?;
        }
        Ok(())
    }
}
