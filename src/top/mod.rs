//! A view of a server that runs, on a terminal.
//!
//! ```text
//!  API ─▶ Glance, each second (feed) ─▶ History ─▶ screen ─▶ terminal, or one frame as text
//! ```

pub mod feed;
pub mod glance;
pub mod screen;
