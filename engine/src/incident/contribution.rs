//! What comes in.

use yagura_parsers::Timestamp;

/// Where a contribution comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A record of an alert: the same id comes again and again while the alert lives.
    Alert,
    /// One match of a detection rule. Those of the same rule and host share one row.
    Detection,
}

/// A stage of an alert so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageFacts<'a> {
    /// Its name.
    pub name: &'a str,
    /// Matches of it so far.
    pub count: u64,
    /// Of its first match; unknown without any.
    pub first: Timestamp,
    /// Of its last match.
    pub last: Timestamp,
}

/// What an alert record or a single detection brings.
#[derive(Clone, Copy, Debug)]
pub struct Contribution<'a> {
    /// Of the alert or the detection; the same on every replay.
    pub id: u128,
    /// Alert or detection.
    pub source: Source,
    /// The rule, as an index into the facts that the builder was given.
    pub rule: u32,
    /// When it is said: contributions come in the order of this time. An alert that closes says
    /// so later than its last match.
    pub time: Timestamp,
    /// How many matches: 1 for a detection, the total so far for an alert. Of an alert only
    /// what came since its previous record is added, so that saying it again adds nothing.
    pub count: u64,
    /// The first match.
    pub first: Timestamp,
    /// The last match: the activity that keeps an incident open.
    pub last: Timestamp,
    /// The key of an alert: field names and values.
    pub key: &'a [(&'a str, &'a [u8])],
    /// The stages of an alert, with totals so far.
    pub stages: &'a [StageFacts<'a>],
    /// Kinds (places in [`yagura_rules::IncidentPolicy::entities`]) and values. Records of an
    /// alert say those of the records before first and in the same order, so that it is known
    /// which are new.
    pub entities: &'a [(u8, &'a [u8])],
    /// A host and an address that the event calls its own.
    pub own_address: Option<(&'a [u8], &'a [u8])>,
    /// The alert lost something to limits: its counts may be too low.
    pub partial: bool,
    /// References to sample events, as the caller gave them out.
    pub samples: &'a [u64],
}
