//! What is measured.

use clap::ValueEnum;
use serde::Serialize;

/// A part of the way from bytes to detections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Bytes to events, on one thread
    Parse,
    /// Events that were parsed before to matches, on one thread
    Match,
    /// Both, through the pipeline that `scan` uses, on any number of threads
    All,
}

impl Stage {
    /// All stages, in the order of the way.
    pub const ALL: [Self; 3] = [Self::Parse, Self::Match, Self::All];

    /// Its name in arguments and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Match => "match",
            Self::All => "all",
        }
    }
}
