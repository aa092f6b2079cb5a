//! How much is kept, and what is counted when it is not.

/// Bounds of a builder. When one is reached, the least recently touched is let go, a counter
/// rises, and the incident concerned says `partial`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Candidates that are not shown yet.
    pub candidates: usize,
    /// Incidents that are shown and not closed.
    pub incidents: usize,
    /// Entities known, over all incidents and those of the last day.
    pub entities: usize,
    /// Rows of timelines, over all incidents.
    pub rows: usize,
    /// Rows of one incident; further ones are summarised by rule.
    pub incident_rows: usize,
    /// Entities of one incident.
    pub incident_entities: usize,
    /// Entities of one contribution.
    pub contribution_entities: usize,
    /// Bytes of a value. Longer entities are left out, longer values of a key are cut.
    pub value_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            candidates: 100_000,
            incidents: 20_000,
            entities: 1_000_000,
            rows: 500_000,
            incident_rows: 1_000,
            incident_entities: 2_000,
            contribution_entities: 256,
            value_bytes: 1_024,
        }
    }
}

/// What was counted since the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Contributions taken in.
    pub contributions: u64,
    /// Among them those that came behind a later one; they count as if they came now.
    pub late: u64,
    /// Contributions left out: their last activity lies further back than incidents live.
    pub stale: u64,
    /// Contributions left out: no such rule.
    pub unknown_rule: u64,
    /// Entities left out: no such kind, too long, or too many in one contribution.
    pub refused_entities: u64,
    /// Incidents shown.
    pub opened: u64,
    /// Incidents that became part of an older one, candidates included.
    pub merged: u64,
    /// Incidents closed after their last activity.
    pub closed: u64,
    /// Candidates that never came to be shown.
    pub forgotten: u64,
    /// Candidates let go for want of room.
    pub evicted_candidates: u64,
    /// Incidents closed early for want of room.
    pub evicted_incidents: u64,
    /// Entities let go for want of room.
    pub evicted_entities: u64,
    /// Rows that were summarised.
    pub summarised_rows: u64,
}

impl Counters {
    /// All of them, in the order above, for snapshots.
    pub(super) fn fields(&mut self) -> [&mut u64; 13] {
        [
            &mut self.contributions,
            &mut self.late,
            &mut self.stale,
            &mut self.unknown_rule,
            &mut self.refused_entities,
            &mut self.opened,
            &mut self.merged,
            &mut self.closed,
            &mut self.forgotten,
            &mut self.evicted_candidates,
            &mut self.evicted_incidents,
            &mut self.evicted_entities,
            &mut self.summarised_rows,
        ]
    }
}
