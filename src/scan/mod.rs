//! From blocks to detections, in order, in bounded memory.
//!
//! ```text
//!  Sources ─▶ pipeline::run ─▶ worker: parse, match, render ─▶ BlockResult ─▶ sink
//!                                                                              │
//!                    by time: external merge sort ◀── files ───────────────────┤
//!                    by arrival, with lateness ◀───── standard input ──────────┘
//!                              │
//!                              └─▶ recorder: Casebook ─▶ alerts, incidents ─▶ output, report
//! ```
//!
//! A record of the sort is a match: how it is shown, if it is, and the facts of it that
//! correlations and incidents want. Sorting the few matches in place of the many events gives
//! what a merge of all inputs by event time would.
//!
//! Workers render what they find, so that the sink only moves bytes; nothing of an event
//! outlives its block. The order of the output does not depend on the number of threads: the
//! pipeline delivers blocks in the order of the source, and the sort breaks ties by place.

mod carried_time;
mod case_feed;
mod case_match;
mod findings;
mod inputs;
mod kept;
mod output;
mod recorder;
mod rendered;
mod rule_book;
mod sink;
mod statistics;
mod worker;

pub use carried_time::TimeSlot;
pub use case_feed::{CaseFeed, lateness_ns};
pub use case_match::place;
pub use findings::{ByLevel, Findings, HOSTS_MAX, Keeping, MatchTally};
pub use inputs::Inputs;
pub use output::Output;
pub use recorder::{AlertPolicy, CaseRecorder, Setting};
pub use rule_book::{MatchedRule, RuleBook};
pub use sink::{Order, Sink, Verbatim};
pub use statistics::{Statistics, per_second};
pub use worker::{Arrangement, Bench, BlockResult, Finder, ScanRule, What, host};
