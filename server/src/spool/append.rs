use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use super::active::Active;
use super::catalog::{Catalog, Segment};
use super::record::{PAYLOAD_BYTES_MAX, framed_bytes};
use super::{Options, Position, Reader, Readers, Record, segment};
use crate::storage::{Failure, Lock, Storage};

/// The one that appends to a spool, for one thread. [`Writer`](super::Writer) makes it available
/// to many.
pub struct Spool {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) folder: PathBuf,
    pub(super) options: Options,
    pub(super) catalog: Arc<Catalog>,
    pub(super) lock: Option<Lock>,
    /// None after a failure, until a new segment can be begun.
    pub(super) active: Option<Active>,
    /// The segment that the next one follows, and where its records end.
    pub(super) before: Option<(Position, Position)>,
    /// Where the next segment begins.
    pub(super) next_base: Position,
    /// End of the last record that is durable.
    pub(super) durable: Position,
    /// Why records of this batch may be lost; taken by `commit`.
    pub(super) broken: Option<Failure>,
    /// Why there is no active segment.
    pub(super) failure: Option<Failure>,
    /// What may still be written, as the file system said when the batch began.
    pub(super) space_left: u64,
    pub(super) was_full: bool,
}

/// Why a record was not appended.
#[derive(Debug, Clone, Error)]
pub enum AppendError {
    /// The spool has reached its limit; what is processed must be released first.
    #[error(
        "the spool is full: {used_bytes} of {limit_bytes} bytes; it takes events again when earlier ones are processed"
    )]
    Full {
        /// What its segments take on disk.
        used_bytes: u64,
        /// What they may take.
        limit_bytes: u64,
    },
    /// The file system is nearly full.
    #[error(
        "too little space in {}: {left_bytes} bytes, {reserve_bytes} of them are kept for checkpoints; free space there", folder.display()
    )]
    NoSpace {
        /// The spool's folder.
        folder: PathBuf,
        /// What the file system has left.
        left_bytes: u64,
        /// What is not to be used.
        reserve_bytes: u64,
    },
    /// No record may be so large.
    #[error(
        "a record of {bytes} bytes is larger than the {limit_bytes} that a spool takes; send smaller batches"
    )]
    TooLarge {
        /// Length of the payload.
        bytes: u64,
        /// What is allowed.
        limit_bytes: u64,
    },
    /// The storage failed, and this record was not taken. The batch is over: [`Spool::commit`]
    /// says what of it is durable, and after that records are taken again.
    #[error("the spool cannot be written: {0}")]
    Failed(Failure),
}

/// Records of a batch may be lost. A new segment is begun with the next batch.
#[derive(Debug, Clone, Error)]
#[error("events could not be made durable: {failure}")]
pub struct CommitError {
    /// What failed.
    pub failure: Failure,
    /// Records of the batch before this position are durable nonetheless.
    pub durable: Position,
}

impl Spool {
    /// Takes a record in; it is durable once [`Spool::commit`] said so.
    pub fn append(&mut self, record: &Record<'_>) -> Result<Position, AppendError> {
        if let Some(failure) = &self.broken {
            return Err(AppendError::Failed(failure.clone()));
        }
        let bytes = framed_bytes(record.payload.len());
        self.admit(record.payload.len(), bytes)?;
        self.make_room(bytes).map_err(AppendError::Failed)?;
        let salt = self.catalog.salt;
        let Some(active) = &mut self.active else {
            return Err(AppendError::Failed(self.no_segment()));
        };
        let position = active.append(record, salt);
        self.was_full = false;
        self.space_left = self.space_left.saturating_sub(bytes);
        if let Err(failure) = active.write_if_much(self.options.write_bytes) {
            // The record may be on disk or not; `commit` will say that this is not known.
            self.give_up_segment(&failure);
        }
        Ok(position)
    }

    /// Makes all that was appended durable, and says up to where all is.
    pub fn commit(&mut self) -> Result<Position, CommitError> {
        if self.broken.is_none()
            && let Err(failure) = self.sync_active()
        {
            self.give_up_segment(&failure);
        }
        match self.broken.take() {
            None => Ok(self.durable),
            Some(failure) => Err(CommitError {
                failure,
                durable: self.durable,
            }),
        }
    }

    /// Gives whole segments before this position back to the file system.
    ///
    /// Segments that cannot be removed stay, are tried again by the next call, and count as used.
    pub fn release(&mut self, up_to: Position) -> Result<(), Failure> {
        self.begin_anew_if_all_is_read(up_to);
        while let Some(segment) = self.catalog.releasable(up_to) {
            let path = segment::path(&self.folder, segment.base);
            match self.storage.remove(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Failure::new("remove", &path, error));
                }
                _ => self.catalog.pop_released(),
            }
        }
        Ok(())
    }

    /// Reads what is committed, from this position on.
    pub fn reader(&self, from: Position) -> Reader {
        self.readers().reader(from)
    }

    /// Makes readers after the spool was given to another thread.
    pub fn readers(&self) -> Readers {
        Readers {
            storage: self.storage.clone(),
            folder: self.folder.clone(),
            catalog: self.catalog.clone(),
        }
    }

    /// End of the last record that is durable.
    pub fn durable(&self) -> Position {
        self.durable
    }

    /// What the segments take on disk, with what is about to be written.
    pub fn used_bytes(&self) -> u64 {
        self.catalog.totals().1 + self.active.as_ref().map_or(0, Active::uncounted_bytes)
    }

    /// What the segments may take on disk.
    pub fn limit_bytes(&self) -> u64 {
        self.options.limit_bytes
    }

    /// Number of segments.
    pub fn segments(&self) -> usize {
        self.catalog.totals().0
    }

    /// Why nothing can be written at the moment.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Tries to get over a failure; does nothing if there is none.
    pub fn retry(&mut self) -> Result<(), Failure> {
        if self.failure.is_none() {
            Ok(())
        } else {
            self.begin_segment()
        }
    }

    /// Whether so many bytes would be refused, and why.
    pub fn admits(&mut self, bytes: u64) -> Result<(), AppendError> {
        let used_bytes = self.used_bytes();
        let limit_bytes = self.options.limit_bytes;
        if used_bytes
            .saturating_add(bytes)
            .saturating_add(segment::HEADER_BYTES)
            > limit_bytes
        {
            self.was_full = true;
            return Err(AppendError::Full {
                used_bytes,
                limit_bytes,
            });
        }
        if self.active.as_ref().is_none_or(Active::is_durable) {
            // If the file system does not say, writing will tell.
            self.space_left = self.storage.space_left(&self.folder).unwrap_or(u64::MAX);
        }
        let (left_bytes, reserve_bytes) = (self.space_left, self.options.reserve_bytes);
        if left_bytes < reserve_bytes.saturating_add(bytes) {
            let folder = self.folder.clone();
            return Err(AppendError::NoSpace {
                folder,
                left_bytes,
                reserve_bytes,
            });
        }
        Ok(())
    }

    fn admit(&mut self, payload_bytes: usize, bytes: u64) -> Result<(), AppendError> {
        let largest = self
            .options
            .limit_bytes
            .saturating_sub(4 * segment::HEADER_BYTES);
        let limit_bytes = largest.min(PAYLOAD_BYTES_MAX as u64);
        if payload_bytes as u64 > limit_bytes {
            return Err(AppendError::TooLarge {
                bytes: payload_bytes as u64,
                limit_bytes,
            });
        }
        self.admits(bytes)
    }

    /// Has an active segment that takes so many bytes more.
    fn make_room(&mut self, bytes: u64) -> Result<(), Failure> {
        let segment_bytes = self.options.segment_bytes();
        match &self.active {
            Some(active) if active.takes(bytes, segment_bytes) => return Ok(()),
            Some(_) => {
                // What stands in this segment must be durable before anything in the next.
                if let Err(failure) = self.sync_active() {
                    self.give_up_segment(&failure);
                    return Err(failure);
                }
            }
            None => {}
        }
        self.begin_segment()
            .inspect_err(|failure| self.broken = Some(failure.clone()))
    }

    fn sync_active(&mut self) -> Result<(), Failure> {
        let Some(active) = &mut self.active else {
            return Ok(());
        };
        if active.is_durable() {
            return Ok(());
        }
        active.sync()?;
        self.durable = active.end();
        self.before = Some((active.base(), self.durable));
        self.catalog.set_last(self.durable, active.written_bytes());
        Ok(())
    }

    /// Seals the active segment where it was durable last. It is not synced again: a second sync
    /// may succeed without having written what the first one lost.
    fn give_up_segment(&mut self, failure: &Failure) {
        self.broken = Some(failure.clone());
        self.failure = Some(failure.clone());
        if let Some(active) = self.active.take() {
            self.next_base = active.base().plus(self.options.span());
            let bytes = active.cut_off_undurable();
            self.catalog.set_last(active.end(), bytes);
        }
    }

    fn no_segment(&self) -> Failure {
        let error = || std::io::Error::other("no segment is open");
        self.failure
            .clone()
            .unwrap_or_else(|| Failure::new("write to", &self.folder, error()))
    }

    /// The last segment is never released. If it takes what new records need, or much of it, it
    /// must not be the last any more.
    fn begin_anew_if_all_is_read(&mut self, up_to: Position) {
        let segment_bytes = self.options.segment_bytes();
        let Some(active) = &self.active else { return };
        let is_large = self.was_full || active.written_bytes() > segment_bytes / 2;
        if is_large && active.is_durable() && active.has_records() && active.end() <= up_to {
            // If that fails, the next batch or `retry` tries again.
            let _ = self.begin_segment();
        }
    }

    /// Makes the next segment, with its name durable, and the active one.
    ///
    /// The one before gets no more records even if this fails: the file that was attempted may
    /// stay behind, and its header says where the records before it end.
    pub(super) fn begin_segment(&mut self) -> Result<(), Failure> {
        if let Some(active) = self.active.take() {
            debug_assert!(
                active.is_durable(),
                "a segment was left before it was durable"
            );
            self.next_base = active.end();
        }
        let base = self.next_base;
        let active = self
            .create_segment(base)
            .inspect_err(|failure| self.failure = Some(failure.clone()))?;
        let (end, bytes) = (active.end(), active.written_bytes());
        self.catalog.push(Segment {
            base,
            end,
            bytes,
            missing: None,
        });
        self.active = Some(active);
        self.failure = None;
        self.remove_empty_segments();
        Ok(())
    }

    fn create_segment(&mut self, base: Position) -> Result<Active, Failure> {
        if base > Position::MAX {
            let error = std::io::Error::other("all positions are used up");
            return Err(Failure::new("write to", &self.folder, error));
        }
        if self.lock.is_none() {
            self.lock = Some(take_lock(&*self.storage, &self.folder)?);
        }
        let (before, before_end) = self.before.unwrap_or((base, base));
        let span = self.options.span();
        let header = segment::Header {
            base,
            span,
            before,
            before_end,
            salt: self.catalog.salt,
        };
        Active::create(&*self.storage, &self.folder, header)
    }

    /// A segment without records is no use, and would be in the way of the chain from each
    /// segment to the one before with records.
    fn remove_empty_segments(&mut self) {
        for segment in self.catalog.empty_ones() {
            if self
                .storage
                .remove(&segment::path(&self.folder, segment.base))
                .is_ok()
            {
                self.catalog.forget(segment.base);
            }
        }
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.catalog.close();
    }
}

/// Makes sure that no other process appends to the spool in this folder.
pub(super) fn take_lock(storage: &dyn Storage, folder: &Path) -> Result<Lock, Failure> {
    let path = folder.join("lock");
    storage
        .lock(&path)
        .map_err(|error| Failure::new("lock", &path, error))
}
