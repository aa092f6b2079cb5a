//! How results look.
//!
//! A [`DetectionRenderer`] turns what is known of a detection into bytes, in the worker that
//! found it; what a rule contributes is rendered once, when the rules are known ([`RuleCard`]).

mod alert_json;
pub mod bench_html;
pub mod bench_table;
mod case;
mod case_csv;
pub mod case_html;
mod case_line;
pub mod case_table;
pub mod colour;
pub mod counts;
pub mod coverage_html;
pub mod csv;
mod detection;
pub mod diagnostics;
pub mod escape;
pub mod event;
pub mod expression;
mod incident_json;
mod incident_policy;
mod json_object;
pub mod json_text;
mod jsonl;
pub mod progress;
pub mod quantity;
pub mod rule;
mod sequence;
pub mod summary;
pub mod summary_json;
pub mod table;

pub use case::{CaseRenderer, Look, Names};
pub use detection::{DetectionRenderer, DetectionView, RuleCard};

use clap::ValueEnum;

/// What results look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people.
    #[default]
    Table,
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values with a header (RFC 4180).
    Csv,
}
