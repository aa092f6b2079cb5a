//! Checkpoints: what the engine knows after all events before a
//! [`Position`](crate::spool::Position) of the spool.
//!
//! ```text
//!  state, position ─▶ 7.tmp ─▶ fsync ─▶ rename to 7.checkpoint ─▶ fsync of the folder ─▶ 5.checkpoint is removed
//! ```
//!
//! The two newest generations are kept. Segments of the spool may be released only up to
//! [`Store::releasable`], the position of the older one: if the newest turns out to be damaged,
//! the older one and the events after it give the same state again.
//!
//! A checkpoint needs a folder of its own, and up to three times the size of a state on disk
//! (four times after a start).
//!
//! ```
//! use std::sync::Arc;
//! use yagura_server::checkpoint::{Options, Store};
//! use yagura_server::spool::Position;
//! use yagura_server::storage::Disk;
//!
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let (mut store, loaded) = Store::open(Arc::new(Disk), folder, Options::default())?;
//! assert!(loaded.newest.is_none() && loaded.rejected.is_empty());
//! store.save(Position::new(4096), 1, b"what the engine knows")?;
//! drop(store);
//!
//! let (_, loaded) = Store::open(Arc::new(Disk), folder, Options::default())?;
//! assert_eq!(loaded.newest.map(|newest| newest.position), Some(Position::new(4096)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod file;
mod store;

pub use store::{Checkpoint, Loaded, OpenError, Options, Rejected, RejectedReason, Store};
