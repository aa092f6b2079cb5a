//! Checks of rules beyond what loading them needs: slips, waste, and what can never match.
//!
//! ```text
//!  paths ─▶ load ─▶ diagnostics ─▶ known by their words ─────────┐
//!             └──▶ files ─▶ trees ─▶ checks of one document ─────┼─▶ suppression, ─▶ Linted
//!                  rules ──────────▶ checks over all rules ──────┘   configuration
//! ```
//!
//! Every check has a [`Code`] and an entry in `catalogue.yml`, from which `docs/lint/` is made.
//! A check never says *error* of a rule that loads: that is left to the configuration.

mod attributes;
mod catalogue;
mod classify;
mod conditions;
mod configuration;
mod document;
mod finding;
mod fix;
mod layout;
mod logsource;
mod report;
mod rule_set;
mod run;
mod suppression;
mod tags;
mod values;

pub use catalogue::{Check, Code, checks, documentation};
pub use configuration::{Configuration, ConfigurationError};
pub use finding::{Edit, Finding, Fix, Linted};
pub use fix::{apply, mend};
pub(crate) use run::files;
pub use run::lint;
