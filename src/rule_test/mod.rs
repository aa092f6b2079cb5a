//! Tests of rules: files of cases, what the rules say to their events, and what was expected.
//!
//! ```text
//!  *_test.yml ─┐
//!  info.yml    ├▶ file: cases ─▶ evaluation: engine, casebook ─▶ expectation: verdict ─▶ report
//!  exemplars   │
//!  folders ────┘
//! ```

pub mod evaluation;
pub mod exemplars;
pub mod expectation;
pub mod file;
pub mod folder;
pub mod instant;
pub mod junit;
pub mod report;
pub mod walk;

use std::time::Duration;

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As expected.
    Pass,
    /// The rules said something else.
    Fail {
        /// What the case expects.
        expected: String,
        /// What came.
        got: String,
    },
    /// The case cannot be run.
    Broken(String),
}

/// A case that was run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The file that the case is in.
    pub file: String,
    /// Its name.
    pub name: String,
    /// How long it took.
    pub took: Duration,
    /// How it ended.
    pub verdict: Verdict,
}
