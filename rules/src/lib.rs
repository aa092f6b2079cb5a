//! Reads and checks Sigma rules, correlations and filters.
//!
//! ```text
//!  files ─▶ document (YAML with places) ─▶ detection, correlation, filter ─▶ Loaded
//!              └── diagnostics: file, line, column, what to do ─────────────────▲
//!  taxonomy/*.yml ─▶ Taxonomy: logsource → routes; field → paths
//! ```
//!
//! What comes out is a checked model: modifiers are applied, `N of` is expanded, references are
//! resolved. This crate knows the Sigma specification (2.1) and neither events nor the engine.

pub mod correlation;
pub mod detection;
pub mod diagnostic;
pub mod filter;
mod load;
pub mod logsource;
pub mod meta;
pub mod pattern;
pub mod placeholder;
pub mod predicate;
pub mod taxonomy;

pub use correlation::Correlation;
pub use detection::{Activity, Detection};
pub use diagnostic::{Diagnostic, Severity, SourceFile, Span};
pub use filter::Filter;
pub use load::{LoadOptions, Loaded, Refusal, load};
pub use logsource::Logsource;
pub use meta::{Level, Meta};
pub use placeholder::Placeholders;
pub use taxonomy::Taxonomy;
