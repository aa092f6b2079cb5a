//! Matches events against compiled rules, in batches and on all cores.
//!
//! ```text
//!  rules ─▶ compile ─▶ Engine (shared, never changed) ─▶ Matcher (one a thread): batch → matches
//!                         └─▶ Projection for the parsers
//!  blocks ─▶ pipeline: source → workers (parse, match) → merge in the order of the source
//! ```
//!
//! No sockets, files or clocks here: batches in, matches out.

mod engine;
pub mod pipeline;

pub use engine::{CompileError, Engine, Evidence, Match, Matcher, RuleIndex, everything};
