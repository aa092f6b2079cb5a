//! Checkpoints: what the engine knows after all events before a [`Position`] of the spool.
//!
//! ```text
//!  state, position ─▶ 7.tmp ─▶ fsync ─▶ rename to 7.checkpoint ─▶ fsync of the folder ─▶ 5.checkpoint is removed
//! ```
//!
//! The two newest generations are kept. Segments of the spool may be released only up to
//! [`Store::releasable`], the position of the older one: if the newest turns out to be damaged,
//! the older one and the events after it give the same state again.
//!
//! A checkpoint needs a folder of its own, and up to three times the size of a state on disk.

mod file;
mod store;

pub use store::{Checkpoint, Loaded, OpenError, Options, Rejected, RejectedReason, Store};
