use std::time::{Duration, Instant};

use super::Queued;
use super::filter::Filter;
use crate::outbox::{DecodeError, decode};
use crate::spool::{Item, Lost, Position, Reader};
use crate::storage::Failure;

/// Records looked at for one batch, most of which a filter may leave out.
const EXAMINED_MAX: usize = 10_000;
const BATCH_BYTES_MAX: usize = 4 << 20;
/// How long a look at an empty outbox takes.
pub(super) const PAUSE: Duration = Duration::from_millis(200);
/// Attempts at a block of the disk before it is passed.
const READ_ATTEMPTS_MAX: u32 = 50;

/// Findings as they come from the outbox, those of a filter only.
pub(super) struct Batches {
    reader: Reader,
    failures: u32,
    pub(super) batch_max: usize,
    pub(super) linger: Duration,
}

/// What was read at once.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) queued: Vec<Queued>,
    /// Everything before was looked at.
    pub(super) next: Position,
    pub(super) filtered: usize,
    /// What is no finding, with the reason.
    pub(super) damaged: Vec<(Vec<u8>, DecodeError)>,
    pub(super) lost: Vec<Lost>,
    /// Nothing more was there.
    pub(super) at_end: bool,
    /// Reading failed.
    pub(super) failure: Option<Failure>,
}

impl Batches {
    pub(super) fn new(reader: Reader, batch_max: usize, linger: Duration) -> Self {
        Self {
            reader,
            failures: 0,
            batch_max,
            linger,
        }
    }

    /// The next batch: full, or what came within the linger time after its first finding. Empty
    /// after a pause without any.
    pub(super) fn next(&mut self, filter: &Filter) -> Batch {
        let mut batch = Batch::default();
        let mut until: Option<Instant> = None;
        let mut bytes = 0;
        for _ in 0..EXAMINED_MAX {
            let taken = self.take_one(filter, &mut batch);
            bytes += taken;
            if taken > 0 && until.is_none() {
                until = Some(Instant::now() + self.linger);
            }
            if batch.queued.len() >= self.batch_max || bytes >= BATCH_BYTES_MAX {
                break;
            }
            if !batch.at_end && batch.failure.is_none() {
                continue;
            }
            let left = until.map_or(PAUSE, |until| {
                until.saturating_duration_since(Instant::now())
            });
            // Of a closed outbox nothing comes any more.
            let is_open = self.reader.wait(left);
            if until.is_none() || !is_open || left.is_zero() || batch.failure.is_some() {
                break;
            }
        }
        batch.next = self.reader.position();
        batch
    }

    /// Takes the next record in, if there is one; says how many bytes were kept of it.
    fn take_one(&mut self, filter: &Filter, batch: &mut Batch) -> usize {
        batch.at_end = false;
        match self.reader.next() {
            Ok(Some(Item::Record {
                position, record, ..
            })) => {
                self.failures = 0;
                match decode(record.payload) {
                    Ok(finding) if filter.passes(&finding) => {
                        batch.queued.push(Queued { position, finding });
                        return record.payload.len().max(1);
                    }
                    Ok(_) => batch.filtered += 1,
                    Err(error) => {
                        batch.damaged.push((record.payload.to_vec(), error));
                        return record.payload.len().max(1);
                    }
                }
            }
            Ok(Some(Item::Lost(lost))) => batch.lost.push(lost),
            Ok(None) => batch.at_end = true,
            Err(failure) => {
                self.failures += 1;
                batch.failure = Some(failure);
            }
        }
        if self.failures >= READ_ATTEMPTS_MAX {
            self.failures = 0;
            batch.lost.extend(self.reader.skip_unreadable());
        }
        0
    }
}
