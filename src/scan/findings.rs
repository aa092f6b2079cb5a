//! What a scan found, in numbers.

use hashbrown::HashMap;
use yagura_engine::alert::{AlertRecord, AlertState};
use yagura_engine::incident::{self, IncidentRecord, State};
use yagura_engine::{Casebook, correlator};
use yagura_rules::Level;

use super::rule_book::RuleBook;

/// By level.
pub type ByLevel = [u64; Level::ALL.len()];

/// Alerts of a rule.
#[derive(Clone, Copy, Debug, Default)]
pub struct AlertTally {
    /// How many opened.
    pub alerts: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Findings {
    /// By number among [`RuleBook::alerting`].
    pub alerts_by_rule: Vec<AlertTally>,
    /// Alerts by level.
    pub alerts_by_level: ByLevel,
    /// Incidents that are over, by level. Those that became part of another are not counted.
    closed_by_level: ByLevel,
    /// The levels of incidents that are not over.
    open_incidents: HashMap<u128, Level>,
    /// Matches without a time, in inputs that had none before either: no part of anything.
    pub without_time: u64,
    /// What the correlator counted.
    pub correlator: correlator::Counters,
    /// What the incidents counted.
    pub incidents: incident::Counters,
}

impl Findings {
    /// Nothing found.
    pub fn new(book: &RuleBook) -> Self {
        Self {
            alerts_by_rule: vec![AlertTally::default(); book.alerting().count()],
            ..Self::default()
        }
    }

    /// Takes a record of an alert of a rule of that number and level.
    pub fn alert(&mut self, number: Option<usize>, level: Level, alert: &AlertRecord) {
        if alert.state != AlertState::Open {
            return;
        }
        self.alerts_by_level[level as usize] += 1;
        let tally = number.and_then(|number| self.alerts_by_rule.get_mut(number));
        if let Some(tally) = tally {
            tally.alerts += 1;
        }
    }

    /// Takes a record of an incident.
    pub fn incident(&mut self, incident: &IncidentRecord) {
        match incident.state {
            State::Open | State::Update => {
                self.open_incidents.insert(incident.id, incident.level);
            }
            State::Closed => {
                self.open_incidents.remove(&incident.id);
                if incident.merged_into.is_none() {
                    self.closed_by_level[incident.level as usize] += 1;
                }
            }
        }
    }

    /// Takes what a casebook counted.
    pub fn count(&mut self, casebook: &Casebook) {
        self.correlator = casebook.correlator_counters().clone();
        self.incidents = *casebook.incident_counters();
    }

    /// Incidents by level.
    pub fn incidents_by_level(&self) -> ByLevel {
        let mut by_level = self.closed_by_level;
        for level in self.open_incidents.values() {
            by_level[*level as usize] += 1;
        }
        by_level
    }
}
