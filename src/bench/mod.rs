//! Measuring how fast yagura is, in a way that can be trusted.
//!
//! ```text
//!  paths ─▶ input (in memory) ─┐
//!  rules ─▶ subsets ─▶ Engine ─┴▶ stage: rounds of whole passes ─▶ Measurement ─▶ Report
//!                                   └─▶ findings, compared with those of the first pass
//! ```
//!
//! - A *pass* is the whole input once. A *round* is as many passes as it takes to be worth
//!   timing; each begins with matchers that have seen nothing, since what a matcher remembers
//!   of one pass would make the next one look faster than any real log is.
//! - A measurement is at least [`measure::ROUNDS_MIN`] rounds after one that is thrown away. The
//!   median round is reported, the slowest and the fastest beside it.
//! - Each pass of each round must find the same, whatever the stage and number of threads.

pub mod cpu_time;
pub mod findings;
pub mod input;
pub mod input_statistics;
pub mod machine;
pub mod measure;
pub mod pass;
pub mod profile;
pub mod report;
pub mod server;
pub mod stage;
pub mod subset;
pub mod warnings;
