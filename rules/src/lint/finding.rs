//! What a check found, and how it can be mended.

use super::catalogue::Code;
use crate::diagnostic::Diagnostic;

/// One finding of a check.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The check.
    pub code: Code,
    /// What is wrong, where, how bad, what to do.
    pub diagnostic: Diagnostic,
    /// How to mend it without changing what the rule means, where that is possible.
    pub fix: Option<Fix>,
}

/// Changes of one file that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// In order of their places, apart from each other.
    pub edits: Vec<Edit>,
}

/// A stretch of a file's text and what takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Byte offset of its beginning.
    pub start: usize,
    /// Byte offset of its end.
    pub end: usize,
    /// What is there afterwards.
    pub text: String,
}

impl Edit {
    pub(super) fn new(start: usize, end: usize, text: impl Into<String>) -> Self {
        Self {
            start,
            end,
            text: text.into(),
        }
    }
}

/// What a run of all checks found.
#[derive(Debug, Default)]
pub struct Linted {
    /// By file and place.
    pub findings: Vec<Finding>,
    /// How many findings comments in the files have suppressed.
    pub suppressed: usize,
    /// How many findings the configuration has disabled.
    pub disabled: usize,
    /// Files read.
    pub files: usize,
    /// Rules that could be loaded.
    pub rules: usize,
}
