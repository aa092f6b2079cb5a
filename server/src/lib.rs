//! The streaming server: log shippers stream into it, and nothing that was acknowledged is lost.
//!
//! ```text
//!  sockets ─▶ input ─▶ Parcel ─▶ Intake ─▶ spool (disk) ─▶ analysis ─▶ outbox (disk) ─▶ outputs
//!    ▲                              │
//!    └──── acknowledgement ◀────────┘ when it is durable
//! ```
//!
//! Inputs speak the protocols and know nothing of rules; the analysis is whoever evaluates what
//! the spool holds ([`Parcel`]s in order). Everything between them is bounded: an input waits
//! for room, and so does its client.

pub mod api;
pub mod checkpoint;
pub mod clock;
pub mod config;
pub mod entry;
pub mod finding;
pub mod http;
pub mod input;
pub mod inputs;
pub mod intake;
pub mod limits;
pub mod outbox;
pub mod output;
pub mod parcel;
pub mod source;
pub mod spool;
pub mod storage;
pub mod store;
pub mod storing;

pub use finding::Finding;
pub use intake::{Intake, Receipt, Refused};
pub use limits::Limits;
pub use parcel::Parcel;
pub use source::{DropReason, Source, Sources};
