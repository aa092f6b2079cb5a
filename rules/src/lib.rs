//! Reads and checks Sigma rules, correlations and filters, and yagura's own sequences and
//! incident policies.
//!
//! ```text
//!  files ─▶ document (YAML with places) ─▶ detection, correlation, sequence … ─▶ Loaded
//!              └── diagnostics: file, line, column, what to do ────────────────────▲
//!  taxonomy/*.yml ─▶ Taxonomy: logsource → routes; field → paths
//! ```
//!
//! What comes out is a checked model: modifiers are applied, `N of` is expanded, references are
//! resolved. This crate knows the Sigma specification (2.1) and neither events nor the engine.

mod attributes;
mod collection;
mod condition;
pub mod correlation;
pub mod detection;
mod detection_body;
pub mod diagnostic;
mod document;
mod encoding;
pub mod filter;
pub mod format;
pub mod incident_policy;
mod item;
mod length_of_time;
pub mod lint;
mod load;
pub mod logsource;
pub mod meta;
mod modifier;
mod network;
mod operand;
pub mod pattern;
pub mod placeholder;
pub mod predicate;
mod reference;
mod regular_expression;
mod rule_file;
mod rule_index;
mod selection;
pub mod sequence;
mod show;
mod strict_mapping;
mod suggestion;
pub mod taxonomy;

pub use correlation::Correlation;
pub use detection::{Activity, Detection};
pub use diagnostic::{Diagnostic, Severity, SourceFile, Span};
pub use filter::Filter;
pub use incident_policy::IncidentPolicy;
pub use load::{LoadOptions, Loaded, Refusal, load};
pub use logsource::Logsource;
pub use meta::{Level, Meta};
pub use placeholder::{PlaceholderError, Placeholders};
pub use sequence::Sequence;
pub use taxonomy::Taxonomy;
