use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock;
use crate::finding::Finding;
use crate::spool::{
    self, AppendError, CommitError, Item, OpenError, PAYLOAD_BYTES_MAX, Position, Reader, Record,
    Recovery, Spool,
};
use crate::storage::{Failure, Storage};

use super::codec::encode;
use super::cursor::{Cursor, CursorError};
use super::replay::Replay;

/// Encoded findings that wait for [`Outbox::commit`], at most.
const PENDING_BYTES_MAX: usize = 32 << 20;

/// The disk that an outbox may take at least: with less, the largest finding would never fit.
const BYTES_MIN: u64 = 40 << 20;

/// How an outbox is kept.
#[derive(Clone, Debug)]
pub struct Options {
    /// How far an output may be behind before it loses its oldest findings to its dead-letter
    /// file.
    pub limit_bytes: u64,
    /// Positions begin after this one: that of the newest checkpoint. Matters if the outbox was
    /// lost and the checkpoints were not.
    pub begin_after: Position,
    /// What is left free on the file system.
    pub reserve_bytes: u64,
}

impl Default for Options {
    /// 256 MiB; 64 MiB left free.
    fn default() -> Self {
        Self {
            limit_bytes: 256 << 20,
            begin_after: Position::START,
            reserve_bytes: 64 << 20,
        }
    }
}

/// Where one output reads.
pub struct Subscription {
    /// The output.
    pub name: String,
    /// What comes next for it.
    pub reader: Reader,
    /// How far it is.
    pub cursor: Arc<Cursor>,
    /// How full the outbox is.
    pub level: Arc<OutboxLevel>,
    /// See [`Options::limit_bytes`].
    pub limit_bytes: u64,
}

/// How full an outbox is, for all threads to see.
#[derive(Debug, Default)]
pub struct OutboxLevel {
    durable: AtomicU64,
    used_bytes: AtomicU64,
}

impl OutboxLevel {
    /// End of what is durable.
    pub fn durable(&self) -> Position {
        Position::new(self.durable.load(Ordering::Acquire))
    }

    /// About how many bytes an output at this position has before it. Positions leap at every
    /// restart, so there are never more than the disk holds.
    pub fn bytes_after(&self, position: Position) -> u64 {
        let used_bytes = self.used_bytes.load(Ordering::Acquire);
        self.durable().bytes_since(position).min(used_bytes)
    }
}

/// What became of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It goes out once [`Outbox::commit`] succeeds.
    Taken,
    /// It was there before the crash.
    Replayed,
}

/// Why findings are not durable.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The folder or its content.
    #[error("cannot open the outbox: {0}")]
    Open(#[from] OpenError),
    /// A cursor.
    #[error(transparent)]
    Cursor(#[from] CursorError),
    /// The disk does not take them now. They are kept: call [`Outbox::commit`] again later.
    #[error("findings wait for the disk: {0}")]
    Append(#[from] AppendError),
    /// The same, at the end of a batch.
    #[error("findings wait for the disk: {0}")]
    Commit(#[from] CommitError),
    /// One that no spool takes; it was not taken and never will be.
    #[error("a record of {0} bytes is larger than an outbox takes")]
    TooLarge(usize),
    /// What is there cannot be read.
    #[error("cannot read the outbox: {0}")]
    Read(Failure),
}

/// The end where the analysis appends; for one thread.
pub struct Outbox {
    spool: Spool,
    cursors: Vec<Arc<Cursor>>,
    level: Arc<OutboxLevel>,
    limit_bytes: u64,
    /// Not known to be durable, oldest first, with the position where it was written.
    pending: VecDeque<(Option<Position>, Vec<u8>)>,
    pending_bytes: usize,
    /// What a replay of the analysis needs.
    kept_from: Position,
    replay: Replay,
    replayed: u64,
}

impl Outbox {
    /// Opens the outbox in `folder` (or makes one) for outputs of these names, whose cursors
    /// stand in `cursors`. With a name comes the position that the output itself knows of, if it
    /// keeps one. An output without a cursor begins with the oldest finding that is there.
    ///
    /// The storage must be the real [`Disk`](crate::storage::Disk) outside of tests: cursors are
    /// kept by the file system in any case.
    pub fn open(
        storage: Arc<dyn Storage>,
        folder: &Path,
        cursors: &Path,
        outputs: &[(&str, Option<Position>)],
        options: &Options,
    ) -> Result<(Self, Vec<Subscription>, Recovery), OutboxError> {
        std::fs::create_dir_all(cursors).map_err(|source| CursorError::Io {
            action: "make",
            path: cursors.to_path_buf(),
            source,
        })?;
        let mut begin_after = options.begin_after;
        let mut found = Vec::new();
        for (name, known) in outputs {
            let path = cursors.join(format!("{name}.cursor"));
            let cursor = Cursor::load(&path)?;
            let at = cursor.as_ref().map(Cursor::position);
            begin_after = begin_after.max(at.unwrap_or_default());
            begin_after = begin_after.max(known.unwrap_or_default());
            found.push((*name, path, cursor));
        }
        let spool_options = spool::Options {
            segment_bytes: (options.limit_bytes / 16).clamp(1 << 16, 64 << 20),
            // Beyond the limit there is room for what comes while an output, which is in the
            // midst of a delivery, has not yet let go.
            limit_bytes: options.limit_bytes.saturating_mul(2).max(BYTES_MIN),
            reserve_bytes: options.reserve_bytes,
            begin_after,
            ..spool::Options::default()
        };
        let (spool, recovery) = Spool::open(storage, folder, spool_options)?;
        let mut outbox = Self {
            spool,
            cursors: Vec::new(),
            level: Arc::default(),
            limit_bytes: options.limit_bytes,
            pending: VecDeque::new(),
            pending_bytes: 0,
            kept_from: Position::START,
            replay: Replay::default(),
            replayed: 0,
        };
        let mut subscriptions = Vec::new();
        for (name, path, cursor) in found {
            let cursor = match cursor {
                Some(cursor) => cursor,
                None => Cursor::create(&path, Position::START)?,
            };
            let cursor = Arc::new(cursor);
            outbox.cursors.push(Arc::clone(&cursor));
            subscriptions.push(Subscription {
                name: name.to_owned(),
                reader: outbox.spool.reader(cursor.position()),
                cursor,
                level: Arc::clone(&outbox.level),
                limit_bytes: options.limit_bytes,
            });
        }
        outbox.publish_level();
        Ok((outbox, subscriptions, recovery))
    }

    /// Remembers what is there from this position on, which is that of the checkpoint that the
    /// analysis begins with; [`Self::append`] leaves that out.
    pub fn begin_replay(&mut self, from: Position) -> Result<(), OutboxError> {
        self.kept_from = from;
        self.replay = Replay::default();
        let mut reader = self.spool.reader(from);
        while let Some(item) = reader.next().map_err(OutboxError::Read)? {
            if let Item::Record { record, .. } = item {
                self.replay.remember(record.payload);
            }
        }
        Ok(())
    }

    /// Forgets the replay; says how many findings were not found again, and how many there was no
    /// memory for.
    pub fn end_replay(&mut self) -> (usize, u64) {
        let replay = std::mem::take(&mut self.replay);
        (replay.left(), replay.not_remembered())
    }

    /// How many findings were left out because they were there already.
    pub fn replayed(&self) -> u64 {
        self.replayed
    }

    /// Takes a finding in. It is durable, and goes out, once [`Self::commit`] succeeds. After an
    /// error it was not taken: it is too large, or too many wait for the disk already.
    pub fn append(&mut self, finding: &Finding) -> Result<Appended, OutboxError> {
        let encoded = encode(finding);
        if encoded.len() > PAYLOAD_BYTES_MAX {
            return Err(OutboxError::TooLarge(encoded.len()));
        }
        if self.pending_bytes > 0 && self.pending_bytes + encoded.len() > PENDING_BYTES_MAX {
            self.commit()?;
        }
        if self.replay.takes(&encoded) {
            self.replayed += 1;
            return Ok(Appended::Replayed);
        }
        self.pending_bytes += encoded.len();
        self.pending.push_back((None, encoded));
        Ok(Appended::Taken)
    }

    /// Makes durable all that was taken, and says up to where. After an error nothing is lost:
    /// the next call tries the rest again.
    pub fn commit(&mut self) -> Result<Position, OutboxError> {
        self.release();
        let appended = self.write_pending();
        match self.spool.commit() {
            Ok(durable) => {
                self.forget_before(durable);
                self.release();
                self.publish_level();
                appended?;
                Ok(durable)
            }
            Err(error) => {
                self.forget_before(error.durable);
                // They have to be written again, at other positions.
                for (position, _) in &mut self.pending {
                    *position = None;
                }
                Err(error.into())
            }
        }
    }

    /// The analysis never asks again for findings before this position, which a call of
    /// [`Self::commit`] gave and a checkpoint holds.
    pub fn checkpointed(&mut self, position: Position) {
        self.kept_from = self.kept_from.max(position);
        self.release();
    }

    /// End of what is durable.
    pub fn durable(&self) -> Position {
        self.spool.durable()
    }

    /// What it takes on disk.
    pub fn used_bytes(&self) -> u64 {
        self.spool.used_bytes()
    }

    fn publish_level(&self) {
        let Self { level, spool, .. } = self;
        level
            .used_bytes
            .store(spool.used_bytes(), Ordering::Release);
        level
            .durable
            .store(spool.durable().get(), Ordering::Release);
    }

    fn write_pending(&mut self) -> Result<(), OutboxError> {
        let received_ns = clock::now().0;
        for at in 0..self.pending.len() {
            let Some((position @ None, payload)) = self.pending.get_mut(at) else {
                continue;
            };
            let record = Record {
                received_ns,
                source: 0,
                kind: 0,
                format: 0,
                payload,
            };
            *position = match self.spool.append(&record) {
                Ok(position) => Some(position),
                Err(AppendError::Full { .. }) => {
                    make_room(&mut self.spool, self.limit_bytes);
                    Some(self.spool.append(&record)?)
                }
                Err(error) => return Err(error.into()),
            };
        }
        Ok(())
    }

    fn forget_before(&mut self, durable: Position) {
        while let Some((Some(position), payload)) = self.pending.front()
            && *position < durable
        {
            self.pending_bytes -= payload.len();
            self.pending.pop_front();
        }
    }

    fn release(&mut self) {
        let behind = self.cursors.iter().map(|cursor| cursor.durable()).min();
        let up_to = behind
            .unwrap_or_else(|| self.spool.durable())
            .min(self.kept_from);
        if let Err(failure) = self.spool.release(up_to) {
            tracing::warn!("the outbox keeps what it no longer needs: {failure}");
        }
    }
}

/// Lets go of what outputs did not fetch in time although they had it for longer than their limit
/// allows. Their readers are told, and count it.
fn make_room(spool: &mut Spool, limit_bytes: u64) {
    let up_to = Position::new(spool.durable().get().saturating_sub(limit_bytes));
    if let Err(failure) = spool.release(up_to) {
        tracing::warn!("the outbox is full and cannot let go: {failure}");
    }
}
