use thiserror::Error;

use super::{AppendError, Position};
use crate::storage::Failure;

/// What became of a record: durable at this position, or refused.
pub type Outcome = Result<Position, Refused>;

/// Told once what became of a record. What the sender is told, it may be told now.
///
/// It is called by the thread that writes the spool: it must not block, and not panic.
pub trait Receipt: Send {
    /// The record is durable, or was refused.
    fn done(self: Box<Self>, outcome: Outcome);
}

impl<F: FnOnce(Outcome) + Send> Receipt for F {
    fn done(self: Box<Self>, outcome: Outcome) {
        self(outcome);
    }
}

/// Why a record is not known to be durable. The sender keeps it, and sends it again if
/// [`Refused::is_temporary`].
#[derive(Debug, Clone, Error)]
pub enum Refused {
    /// It was not taken in.
    #[error(transparent)]
    NotTaken(AppendError),
    /// The storage failed: it may be read later, or not. If it is sent again it may be doubled.
    #[error("the event may be lost, the spool could not be written: {0}")]
    Unknown(Failure),
    /// The spool is being shut down.
    #[error("the spool is closed; yagura is stopping")]
    Closed,
}

impl Refused {
    /// Whether the same record may be taken later.
    pub fn is_temporary(&self) -> bool {
        !matches!(self, Self::NotTaken(AppendError::TooLarge { .. }))
    }
}
