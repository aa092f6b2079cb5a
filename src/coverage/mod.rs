//! What rules cover: ATT&CK's tactics and techniques, and logs.
//!
//! ```text
//!  rules ─┬▶ matrix: tactics × techniques ─▶ table, navigator layer, heat map
//!         └▶ logsources ◀─ presence: which of them logs hold
//! ```

pub mod logsources;
pub mod matrix;
pub mod navigator;
