//! Tests of rules: files of cases, what the rules say to their events, and what was expected.
//!
//! ```text
//!  *_test.yml ─┐
//!  info.yml ───┴▶ file: cases ─▶ evaluation: engine, casebook ─▶ verdict ─▶ report
//! ```

pub mod evaluation;
pub mod file;
pub mod report;
pub mod walk;

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
    /// File and name of the case.
    pub name: String,
    /// How it ended.
    pub verdict: Verdict,
}
