//! From blocks to detections, in order, in bounded memory.
//!
//! ```text
//!  Sources ─▶ pipeline::run ─▶ worker: parse, match, render ─▶ BlockResult ─▶ sink
//!                                                                              │
//!                    by time: external merge sort ◀── files ───────────────────┤
//!                    by arrival: straight out ◀────── standard input ──────────┤
//!                    numbers only ◀────────────────── --count ─────────────────┘
//! ```
//!
//! Workers render what they find, so that the sink only moves bytes; nothing of an event
//! outlives its block. The order of the output does not depend on the number of threads: the
//! pipeline delivers blocks in the order of the source, and the sort breaks ties by place.

mod carried_time;
mod case_match;
mod findings;
mod inputs;
mod output;
mod recorder;
mod rendered;
mod rule_book;
mod sink;
mod statistics;
mod worker;

pub use carried_time::TimeSlot;
pub use case_match::place;
pub use findings::Findings;
pub use inputs::Inputs;
pub use output::Output;
pub use recorder::{AlertPolicy, CaseRecorder, Setting};
pub use rule_book::RuleBook;
pub use sink::{Order, Sink, Verbatim};
pub use statistics::{Statistics, per_second};
pub use worker::{Arrangement, BlockResult, Finder, ScanRule, What, host};
