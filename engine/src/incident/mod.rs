//! Incidents: what a person reads in place of a flood of alerts.
//!
//! ```text
//!  alert records, detections ─▶ naming: entities, claims, sightings ─▶ through whom it joins
//!                                                                          │
//!       records ◀─ report: open, update, closed ◀─ state: rows, risk ◀─ join, merge
//! ```
//!
//! A synchronous library without clocks, threads or I/O. Contributions come in the order of
//! (time, sequence); the same contributions give the same records, however often
//! [`Builder::advance`] is called between them.
//!
//! # What joins what
//!
//! - A contribution joins the live incident that shares an entity with it: kind and value,
//!   regardless of case. Where it shares with several, they become one; the oldest stays. An
//!   incident lives for `join-within` from its last activity (inclusive). Records of the same
//!   alert belong together whatever their entities.
//! - What the policy ignores is no entity at all: nothing joins on it, no list shows it (the key
//!   of an alert still does).
//! - An entity that was seen on more than `crowded` different hosts within a day connects nothing
//!   while that is so. It is listed where it was seen. Hosts are never crowded; an alert that
//!   names several hosts and users is a sighting of each user on each host, when it first says so:
//!   its later records are none.
//! - A contribution whose entities are all ignored or crowded joins others of its rule like it.
//! - An address that exactly one host called its own within the last day is that host, and so is
//!   a short name that is the first label of exactly one long host name seen within the last
//!   day. Names that several claim connect nothing but what names them alone. What joined on
//!   such a name before a host claimed it becomes part of that host's incident at the claim.
//!
//! # Records
//!
//! A candidate opens when its risk or the number of its tactics reaches the policy's threshold.
//! An update is worth a record when there is a new rule, tactic or kind of entity, the risk is
//! up by a quarter or the entities have doubled since the last record, or another incident was
//! merged; and it is written as soon as a minute of event time has passed since the last record,
//! at the latest when the watermark shows that. An incident that was merged closes with the id of
//! the one that it is part of now.
//!
//! # Cost
//!
//! A contribution whose entities, incident and row are known does not allocate: one hash for each
//! entity, one for each list of the incident. Memory is bounded by [`Limits`].

mod builder;
mod claims;
mod contribution;
mod entities;
mod exchange;
mod id;
mod json;
mod keyed_list;
mod limits;
mod naming;
mod record;
mod risk;
mod room;
mod rule_facts;
mod schedule;
mod sightings;
mod snapshot;
mod state;
mod tactic;
mod timeline;

pub use builder::{Builder, Sink};
pub use contribution::{Contribution, Source, StageFacts};
pub use limits::{Counters, Limits};
pub use record::{EntityView, IncidentRecord, RowView, StageView, State, SummaryView};
pub use rule_facts::RuleFacts;
pub use snapshot::SnapshotError;
pub use tactic::Tactic;

const NANOS: i64 = 1_000_000_000;
const MINUTE_NS: i64 = 60 * NANOS;
const DAY_NS: i64 = 86_400 * NANOS;

/// How long ago a time is, in nanoseconds.
fn since(time: i64, now: i64) -> i64 {
    now.saturating_sub(time)
}
