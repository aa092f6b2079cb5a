//! The outbox: findings on disk, between the analysis and the outputs.
//!
//! ```text
//!                     append, commit            ┌─ cursor "store"   ─▶ output thread
//!  analysis thread ────────────────▶ spool ─────┼─ cursor "webhook" ─▶ output thread
//!                   (one fsync a batch)         └─ cursor "file"    ─▶ output thread
//! ```
//!
//! Every output reads at its own pace, from its own cursor, which stands in a file of its own.
//! What all of them have behind them, and the analysis' checkpoint too, is given back to the disk.
//!
//! - A finding that [`Outbox::commit`] confirmed reaches every output at least once, whatever
//!   crashes. Its [`Position`](crate::spool::Position) is the same each time, which lets a store
//!   tell a repetition.
//! - The analysis never waits for an output. One that falls behind by more than
//!   [`Options::limit_bytes`] loses its oldest findings to its dead-letter file.
//! - After a crash the analysis evaluates again what is not in its checkpoint, and finds the same
//!   again. [`Outbox::begin_replay`] knows what the outbox has already and leaves that out.

mod codec;
mod cursor;
mod queue;
mod replay;

pub use codec::{DecodeError, decode, encode};
pub use cursor::{Cursor, CursorError};
pub use queue::{Appended, Options, Outbox, OutboxError, OutboxLevel, Subscription};
pub use replay::FINDINGS_MAX as REPLAYED_FINDINGS_MAX;
