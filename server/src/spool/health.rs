use super::{AppendError, Position, Refused};
use crate::storage::Failure;

/// Whether records are taken at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Room {
    /// Yes.
    #[default]
    Open,
    /// Not until space is made, by a release or on the file system. Inputs that can make their
    /// senders wait stop reading; others refuse.
    Full,
    /// Not until the storage works again. It is tried again and again.
    Failing,
}

/// How a spool does. Counts are since it was opened.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// Whether records are taken.
    pub room: Room,
    /// What the segments take on disk.
    pub used_bytes: u64,
    /// What they may take.
    pub limit_bytes: u64,
    /// Number of segments.
    pub segments: usize,
    /// End of the last record that is durable.
    pub durable: Position,
    /// Records made durable.
    pub records: u64,
    /// Bytes of their payloads.
    pub payload_bytes: u64,
    /// Batches made durable: each cost one sync or more.
    pub commits: u64,
    /// What was refused, by reason.
    pub refused: RefusedCounts,
    /// Times that the storage failed.
    pub failures: u64,
    /// The last of them, also when it is over.
    pub last_failure: Option<Failure>,
}

/// Records refused, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RefusedCounts {
    /// The spool was full.
    pub full: u64,
    /// The file system was nearly full.
    pub no_space: u64,
    /// The record was too large.
    pub too_large: u64,
    /// The storage was failing, and was not tried again for this record.
    pub failing: u64,
    /// The storage failed with it: it may be durable or not.
    pub unknown: u64,
    /// The spool was being shut down.
    pub closed: u64,
}

impl RefusedCounts {
    pub(super) fn count(&mut self, refused: &Refused) {
        let counter = match refused {
            Refused::NotTaken(AppendError::Full { .. }) => &mut self.full,
            Refused::NotTaken(AppendError::NoSpace { .. }) => &mut self.no_space,
            Refused::NotTaken(AppendError::TooLarge { .. }) => &mut self.too_large,
            Refused::NotTaken(AppendError::Failed(_)) => &mut self.failing,
            Refused::Unknown(_) => &mut self.unknown,
            Refused::Closed => &mut self.closed,
        };
        *counter += 1;
    }
}
