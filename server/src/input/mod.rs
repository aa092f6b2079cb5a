//! The protocols by which events arrive: one file or folder each.
//!
//! Each takes bytes from its clients, makes [`crate::Parcel`]s of them, hands these to the
//! [`Intake`], and acknowledges in its own way what is durable, and only that.

mod body;
pub mod bulk;
pub mod file;
pub mod forward;
pub mod hec;
pub mod http;
mod inflow;
pub mod ingest;
mod ledger;
pub mod listener;
pub mod lumberjack;
mod octets;
pub mod otlp;
pub mod packer;
pub mod relp;
pub mod room;
pub mod stdin;
pub mod stream;
mod syslog_format;
pub mod syslog_tcp;
pub mod syslog_udp;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::intake::Intake;
use crate::limits::Limits;
use crate::source::Sources;

/// What every input works with; cheap to clone.
#[derive(Clone, Debug)]
pub struct Context {
    /// The input's name: its type, unless the configuration gives another.
    pub name: Arc<str>,
    /// Where parcels go.
    pub intake: Intake,
    /// Who sends.
    pub sources: Sources,
    /// What is taken at most.
    pub limits: Limits,
    /// Cancelled when the input has to end: it takes nothing new, acknowledges what is under
    /// way, and closes its connections.
    pub stop: CancellationToken,
}

/// Why an input cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// Its address is taken, or not of this machine.
    #[error("cannot listen on {address}: {error}")]
    Bind {
        /// Where it should listen.
        address: SocketAddr,
        /// What the system says.
        error: std::io::Error,
    },
}
