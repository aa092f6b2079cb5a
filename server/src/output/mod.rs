//! Where findings go.
//!
//! ```text
//!  outbox ─▶ reader ─▶ filter ─▶ batch ─▶ Output::deliver ─┬─ delivered: the cursor goes on
//!  (disk)      one thread an output                        ├─ later: back-off, the same again
//!                                                          └─ refused: dead-letter file
//! ```
//!
//! Each output has a thread and a cursor of its own, so one that is slow or down disturbs no
//! other. Delivery is at least once and in order; a repetition has the same id. The store keeps
//! each record once ([`crate::store`]).

mod backoff;
mod batch;
mod dead_letter;
mod file;
mod filter;
mod format;
mod ocsf;
mod running;
mod settings;
mod status;
mod stdout;
mod syslog;
mod tls;
mod webhook;

use std::time::Duration;

use crate::finding::Finding;
use crate::spool::Position;

pub use backoff::Backoff;
pub use file::{FileOutput, FileSettings, RotateSettings};
pub use filter::{Filter, FilterSettings};
pub use format::Format;
pub use ocsf::to_ocsf;
pub use running::{Running, RunningOptions};
pub use settings::{KindName, LevelName, OutputSettings, SetUpError, SinkSettings, StateName};
pub use status::{OutputStatus, Status};
pub use stdout::{LineOutput, StdoutSettings};
pub use syslog::{SyslogOutput, SyslogSettings, Transport};
pub use webhook::{Template, TemplateError, WebhookOutput, WebhookSettings};

/// A finding with its place in the outbox, which is the same whenever it is delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// Grows from one to the next.
    pub position: Position,
    /// What is to be delivered.
    pub finding: Finding,
}

/// A place where findings go. Called by one thread only.
pub trait Output: Send {
    /// Delivers a batch, in order. What was delivered must be as durable as it will ever be when
    /// this returns: the outbox forgets it then. Must return within a time of its own choosing,
    /// well below a minute.
    ///
    /// # Errors
    /// [`Undelivered`] if not all were.
    fn deliver(&mut self, batch: &[Queued]) -> Result<(), Undelivered>;

    /// How far it is in the outbox, if it keeps that itself; to be told to
    /// [`Outbox::open`](crate::outbox::Outbox::open), so that positions never go back behind it.
    fn position(&self) -> Option<Position> {
        None
    }

    /// Called about five times a second while there is nothing to deliver.
    ///
    /// # Errors
    /// The reason why the output does not work, to be shown.
    fn idle(&mut self) -> Result<(), String> {
        Ok(())
    }

    /// Called once, last.
    ///
    /// # Errors
    /// What could not be done, to be shown.
    fn finish(&mut self) -> Result<(), String> {
        Ok(())
    }
}

/// A batch was not delivered, or only its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// How many were delivered, from its beginning.
    pub delivered: usize,
    /// Why the one after those was not.
    pub why: Why,
}

/// Why a finding was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It may work later.
    Later {
        /// For people.
        reason: String,
        /// Not before, if the other side said so.
        after: Option<Duration>,
    },
    /// Nothing is wrong: the output gives its thread time to look after other things.
    Paused,
    /// It never will.
    Refused {
        /// For people.
        reason: String,
    },
}

impl Undelivered {
    /// The output does not work now.
    pub fn later(delivered: usize, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self {
            delivered,
            why: Why::Later {
                reason,
                after: None,
            },
        }
    }

    /// This finding is not for this output.
    pub fn refused(delivered: usize, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self {
            delivered,
            why: Why::Refused { reason },
        }
    }
}
