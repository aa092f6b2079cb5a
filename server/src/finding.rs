//! What the analysis found, on its way to the outputs.

use yagura_parsers::Timestamp;
use yagura_rules::Level;

/// What is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One event that a rule matches.
    Detection,
    /// A correlation or sequence that holds.
    Alert,
    /// What belongs together.
    Incident,
}

/// Of alerts and incidents: where in their life they are. Detections have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It began.
    Open,
    /// It goes on.
    Update,
    /// It ended.
    Closed,
}

/// One record. The same `id` comes again with every state; replays give the same records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// Where in its life.
    pub state: Option<State>,
    /// 128 bits that are the same on every replay.
    pub id: u128,
    /// Event time of the record.
    pub time: Timestamp,
    /// How bad.
    pub level: Level,
    /// The rule's id or name; of an incident empty.
    pub rule: String,
    /// The rule's title, or the incident's.
    pub title: String,
    /// The record as `scan --output jsonl` writes it (`docs/records.md`), without a line end.
    pub json: Vec<u8>,
}
