//! What a running yagura needs around the engine.
//!
//! ```text
//!  inputs ─▶ spool (on disk, then acknowledged) ─▶ engine ─▶ checkpoint (state, spool position)
//!               ▲                                               │
//!               └────────────── release what is no longer needed ┘
//! ```

pub mod checkpoint;
pub mod spool;
pub mod storage;
