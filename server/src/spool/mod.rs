//! The spool: where events are from the moment they are acknowledged until a checkpoint holds
//! what they did.
//!
//! ```text
//!  producers ─▶ Writer (bounded queue, one thread) ─▶ Spool ─▶ segments ─▶ Reader ─▶ engine
//!     ▲            │ one fsync for all that waits        ▲                              │
//!     └─ receipts ─┘                                     └── release(older checkpoint) ─┘
//! ```
//!
//! What is promised, whatever crashes or fails in between:
//!
//! - A record whose receipt said `Ok` is read after any restart, whole, in order and once, until
//!   it is released. A record whose receipt said something else may be read or not, but never in
//!   part.
//! - A [`Position`] is never used twice.
//! - Nothing is thrown away to make room: a full spool refuses ([`AppendError::Full`]).
//! - What cannot be read any more is said: by [`Recovery`] when the spool is opened, by
//!   [`Item::Lost`] when it is read.
//! - A failing disk makes the spool refuse and try again; it neither stops the process nor is a
//!   failed `fsync` ever believed later (`docs/decisions/020-spool.md`).
//!
//! ```
//! use std::sync::{Arc, mpsc};
//! use yagura_server::spool::{Item, Options, OwnedRecord, Position, Spool, Writer, WriterOptions};
//! use yagura_server::storage::Disk;
//!
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let (spool, recovery) = Spool::open(Arc::new(Disk), folder, Options::default())?;
//! assert!(recovery.damaged.is_empty());
//! let writer = Writer::start(spool, WriterOptions::default())?;
//!
//! let payload = b"Failed password for root from 192.0.2.7 port 4711 ssh2".to_vec();
//! let record = OwnedRecord { received_ns: 0, source: 1, kind: 0, format: 0, payload };
//! let (told, outcome) = mpsc::channel();
//! writer.sender().send(record, move |outcome| { let _ = told.send(outcome); });
//! let position = outcome.recv()??; // Now the sender may be told.
//!
//! let mut reader = writer.reader(Position::START);
//! let Some(Item::Record { position: read, next, .. }) = reader.next()? else { panic!() };
//! assert_eq!(read, position);
//! // Once the older of two checkpoints is at `next`:
//! writer.release(next);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A spool needs a folder of its own: a `sync` of the folder that failed for somebody else would
//! take the error away from the spool.

mod active;
mod append;
mod aside;
mod catalog;
mod cursor;
mod health;
mod options;
mod position;
mod queue;
mod reader;
mod receipt;
mod record;
mod recovery;
mod segment;
mod writer;

pub use append::{AppendError, CommitError, Spool};
pub use health::{Health, RefusedCounts, Room};
pub use options::Options;
pub use position::Position;
pub use reader::{Item, Lost, LostReason, Reader, Readers};
pub use receipt::{Outcome, Receipt, Refused};
pub use record::{OwnedRecord, PAYLOAD_BYTES_MAX, Record};
pub use recovery::{Damage, DamageKind, OpenError, Recovery};
pub use writer::{Busy, Sender, Writer, WriterOptions};
