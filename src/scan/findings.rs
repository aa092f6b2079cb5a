//! What a scan found, in numbers.

use std::cmp::Reverse;

use hashbrown::{HashMap, HashSet};
use yagura_engine::alert::{AlertRecord, AlertState};
use yagura_engine::incident::{self, IncidentRecord, State};
use yagura_engine::{Casebook, correlator};
use yagura_engine::{Facts, RuleIndex};
use yagura_parsers::Timestamp;
use yagura_rules::Level;

use super::kept::Kept;
use super::rule_book::RuleBook;

/// By level.
pub type ByLevel = [u64; Level::ALL.len()];

/// How much is kept of what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// Numbers.
    Numbers,
    /// The last state of each alert and incident too, and when and where rules matched.
    Lists,
}

/// Alerts of a rule.
#[derive(Clone, Copy, Debug, Default)]
pub struct AlertTally {
    /// How many opened.
    pub alerts: u64,
}

/// Matches of a rule.
#[derive(Clone, Debug)]
pub struct MatchTally {
    /// The earliest time; unknown where none has one.
    pub first: Timestamp,
    /// The latest time.
    pub last: Timestamp,
    /// The hosts, without case.
    hosts: HashSet<Box<[u8]>>,
}

/// So many hosts of a rule are told apart.
pub const HOSTS_MAX: usize = 10_000;

impl MatchTally {
    fn new() -> Self {
        Self {
            first: Timestamp::UNKNOWN,
            last: Timestamp::UNKNOWN,
            hosts: HashSet::new(),
        }
    }

    fn add(&mut self, time: Timestamp, host: Option<&[u8]>) {
        self.last = self.last.max(time);
        if self.first == Timestamp::UNKNOWN || time != Timestamp::UNKNOWN && time < self.first {
            self.first = time;
        }
        if let Some(host) = host
            && self.hosts.len() < HOSTS_MAX
        {
            let host = host.to_ascii_lowercase();
            self.hosts.get_or_insert_with(&*host, |host| host.into());
        }
    }

    /// How many hosts; [`HOSTS_MAX`] is that many or more.
    pub fn hosts(&self) -> usize {
        self.hosts.len()
    }
}

/// See the module.
#[derive(Debug)]
pub struct Findings {
    keeping: Keeping,
    /// The number of the kind of entity that is called `host`.
    host_kind: Option<usize>,
    /// By index in the engine, where lists are kept.
    matches: Vec<MatchTally>,
    kept_alerts: Kept<AlertRecord>,
    kept_incidents: Kept<IncidentRecord>,
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
    pub fn new(book: &RuleBook, keeping: Keeping) -> Self {
        let matches = match keeping {
            Keeping::Numbers => 0,
            Keeping::Lists => book.engine.rules().len(),
        };
        let kinds = &book.cases.policy().entities;
        Self {
            keeping,
            host_kind: kinds.iter().position(|kind| kind.name == "host"),
            matches: vec![MatchTally::new(); matches],
            kept_alerts: Kept::default(),
            kept_incidents: Kept::default(),
            alerts_by_rule: vec![AlertTally::default(); book.alerting().count()],
            alerts_by_level: ByLevel::default(),
            closed_by_level: ByLevel::default(),
            open_incidents: HashMap::new(),
            without_time: 0,
            correlator: correlator::Counters::default(),
            incidents: incident::Counters::default(),
        }
    }

    /// Takes a match.
    pub fn detection(&mut self, rule: RuleIndex, time: Timestamp, facts: &Facts) {
        if let Some(tally) = self.matches.get_mut(rule.0 as usize) {
            let is_host = |(kind, _): &(u8, &[u8])| Some(usize::from(*kind)) == self.host_kind;
            let host = facts.entities().find(is_host);
            tally.add(time, host.map(|(_, host)| host));
        }
    }

    /// Takes a record of an alert of a rule of that number and level.
    pub fn alert(&mut self, number: Option<usize>, level: Level, alert: &AlertRecord) {
        if self.keeping == Keeping::Lists {
            let mut state = alert.clone();
            // Nothing shows them.
            state.extras = Vec::new();
            let is_first = alert.state == AlertState::Open;
            let weight = |alert: &AlertRecord| (alert.count, Reverse(alert.first));
            self.kept_alerts.keep(alert.id.0, is_first, state, weight);
        }
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
        if self.keeping == Keeping::Lists {
            if incident.merged_into.is_some() {
                self.kept_incidents.forget(incident.id);
            } else {
                let is_first = incident.state == State::Open;
                self.kept_incidents
                    .keep(incident.id, is_first, incident.clone(), weight);
            }
        }
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

    /// The last state of the incidents, the gravest first, and how many there are besides.
    pub fn kept_incidents(&self) -> (Vec<&IncidentRecord>, u64) {
        self.kept_incidents.sorted(weight)
    }

    /// The last state of the alerts, the gravest first by `level`, and how many there are
    /// besides.
    pub fn kept_alerts(&self, level: impl Fn(&AlertRecord) -> Level) -> (Vec<&AlertRecord>, u64) {
        self.kept_alerts
            .sorted(|alert| (level(alert), Reverse(alert.first)))
    }

    /// When and where a rule matched, if lists are kept.
    pub fn matches(&self, rule: RuleIndex) -> Option<&MatchTally> {
        self.matches.get(rule.0 as usize)
    }
}

/// By risk, in tenths, then by first time.
fn weight(incident: &IncidentRecord) -> (u64, Reverse<Timestamp>) {
    let tenths = (incident.risk * 10.0).clamp(0.0, 1e15);
    #[expect(clippy::cast_sign_loss, reason = "clamped")]
    let tenths = tenths as u64;
    (tenths, Reverse(incident.first))
}
