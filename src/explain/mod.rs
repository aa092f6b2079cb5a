//! What `yagura explain` shows: for each event, why a rule did or did not match it.
//!
//! ```text
//!  event ─▶ engine::explain (why) ─┬─▶ text, json: how it looks
//!        └▶ matcher (whether) ─────┴─▶ tally: how many, which were near, do both agree
//! ```
//!
//! The explanation is a second evaluator's; the matcher runs beside it on the same events, so
//! that nobody is told a story that the engine does not share.

pub mod json;
mod mismatch;
pub mod tally;
pub mod text;

use yagura_engine::explain::{Explanation, Verdict};
use yagura_parsers::Timestamp;
use yagura_rules::Detection;

/// A rule, an event and why.
#[derive(Debug)]
pub struct Explained<'x> {
    /// The rule.
    pub rule: &'x Detection,
    /// Whether others are explained as well, so that it has to be named.
    pub among: Among,
    /// The event's number, from 1, in all inputs.
    pub number: u64,
    /// The input.
    pub path: &'x str,
    /// Where the event begins there.
    pub position: u64,
    /// When it happened.
    pub time: Timestamp,
    /// Why the rule does or does not match it.
    pub why: &'x Explanation<'x>,
}

/// How many rules are explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    /// Just the one.
    One,
    /// Several.
    Several,
}

/// A verdict in a word or two.
pub fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Inactive => "inactive",
        Verdict::OtherLogsource => "other logsource",
        Verdict::Unmatched => "not matched",
        Verdict::Nearly => "nearly matched",
        Verdict::Matched => "matched",
    }
}
