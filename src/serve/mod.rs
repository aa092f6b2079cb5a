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
mod assembly;
mod control;
mod costs;
mod figures;
mod keeper;
mod latency;
mod ledger;
mod reading;
mod recorder;
mod rules;
mod state;

pub use assembly::{Server, make_folder};
pub use rules::{RuleSet, RuleSetting};
