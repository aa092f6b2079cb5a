//! Matches events against compiled rules, in batches and on all cores.
//!
//! ```text
//!  rules ─▶ compile ─▶ Engine (shared, never changed) ─▶ Matcher (one a thread): batch → matches
//!                         └─▶ Projection for the parsers
//!  blocks ─▶ pipeline: source → workers (parse, match) → merge in the order of the source
//! ```
//!
//! No sockets, files or clocks here: batches in, matches out.

pub mod alert;
mod casebook;
mod classes;
mod compile;
pub mod correlator;
mod engine;
pub mod explain;
mod facts;
mod fold;
pub mod incident;
mod live;
mod matcher;
mod needles;
mod number;
pub mod pipeline;
mod profile;

pub use casebook::{CaseMatch, CaseRules, Casebook, Entry, RestoreError, Restored, Sink};
pub use correlator::Forgotten;
pub use engine::{CompileError, Engine, RuleIndex, everything};
pub use facts::{FACT_BYTES_MAX, Facts, Wanted};
pub use live::{Follower, Live};
pub use matcher::{Evidence, Match, Matcher};
pub use profile::{Access, PredicateCost, Profile, Profiler, RuleCost};
