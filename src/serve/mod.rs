//! The streaming server's analysis: from what the spool holds to findings, with a state that
//! survives.
//!
//! ```text
//!  spool ─▶ reading ─▶ Ticket + batch ─▶ workers: parse, match, render ─▶ recorder ─▶ findings
//!              ▲                                                             │
//!              │ position                                                    ▼
//!              └─────────────── checkpoint: position, casebook, sources ◀── every few seconds
//! ```
//!
//! Sockets, spool and outputs are `yagura_server`'s; this is what it knows nothing of: rules.

mod analysis;
mod reading;
mod recorder;
mod rules;
mod state;

pub use analysis::{Analysis, Figures, Setting};
pub use rules::{RuleSet, RuleSetting, ServeRules};
