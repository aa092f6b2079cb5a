//! Alerts: what the correlator says.

use std::fmt;

use yagura_rules::correlation::Target;

/// The same on every replay: a hash of the rule's id, the key without case, and the match that
/// opened the alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertId(pub u128);

/// 32 hexadecimal digits.
impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Where in its life an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AlertState {
    /// It has just opened.
    Open,
    /// It goes on.
    Update,
    /// No match came for the length of the window; or its key was let go (see
    /// [`AlertRecord::partial`]).
    Close,
}

impl AlertState {
    /// The name that records use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Update => "update",
            Self::Close => "closed",
        }
    }
}

/// An alert at a point of its life. All times are event times in nanoseconds since 1970, UTC.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertRecord {
    /// Its id.
    pub id: AlertId,
    /// Why the record is written.
    pub state: AlertState,
    /// The rule.
    pub rule: Target,
    /// The fields of the key, by the names that `group-by` (or `by`) gives them, as first seen.
    pub key: Vec<(String, Vec<u8>)>,
    /// How many matches, from the first of the window that opened it.
    pub count: u64,
    /// How many distinct values, where the rule counts them.
    pub distinct: Option<u64>,
    /// What a numeric aggregation came to last.
    pub value: Option<f64>,
    /// Time and sequence number of the match that opened it. A condition that was decided at the
    /// end of a window has the first match of that window here.
    pub opened: (i64, u64),
    /// The event time at which the record is written: of the match, or of the decision.
    pub at: i64,
    /// Time of the first match.
    pub first: i64,
    /// Time of the last match so far.
    pub last: i64,
    /// Something was let go to stay within limits: counts may be too low.
    pub partial: bool,
    /// The parts of the rule, in its order.
    pub stages: Vec<StageRecord>,
    /// Values handed in with the matches (entities), each once.
    pub extras: Vec<(u8, Vec<u8>)>,
    /// How many further ones there was no room for.
    pub extras_omitted: u64,
}

/// One part of an alert: a rule of a temporal correlation, a stage of a sequence, or all matches
/// of a threshold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageRecord {
    /// Its name.
    pub name: String,
    /// How many matches.
    pub count: u64,
    /// Time of the first; `None` without any.
    pub first: Option<i64>,
    /// Time of the last.
    pub last: Option<i64>,
    /// How many distinct values, where the stage counts them.
    pub distinct: Option<u64>,
    /// The first few events, as the caller calls them.
    pub samples: Vec<u64>,
}
