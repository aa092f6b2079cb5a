//! What goes out: the whole of an incident, at the times that matter.

use std::sync::Arc;

use yagura_parsers::Timestamp;
use yagura_rules::Level;

use super::builder::Builder;
use super::entities::{ALERT, EntityId};
use super::rule_facts::RuleFacts;
use super::state::{Incident, RuleTally};
use super::tactic::Tactic;
use super::timeline::{Row, StageTally};

/// Of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It became grave enough to be shown.
    Open,
    /// There is news.
    Update,
    /// It is over, or part of another.
    Closed,
}

impl State {
    /// As records write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Update => "update",
            Self::Closed => "closed",
        }
    }
}

/// An incident at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct IncidentRecord {
    /// The same on every replay.
    pub id: u128,
    /// What the record says.
    pub state: State,
    /// The older incident that it is part of now.
    pub merged_into: Option<u128>,
    /// Of its highest rule; of several, the one that matched first.
    pub title: Arc<str>,
    /// Of the same rule.
    pub level: Level,
    /// See the policy.
    pub risk: f64,
    /// First match.
    pub first: Timestamp,
    /// Last match.
    pub last: Timestamp,
    /// In the order in which they were first seen.
    pub tactics: Vec<(Tactic, Timestamp)>,
    /// Of all its rules, in order.
    pub techniques: Vec<Arc<str>>,
    /// By kind in the order of the policy, then by first time.
    pub entities: Vec<EntityView>,
    /// The timeline, by first time.
    pub alerts: Vec<RowView>,
    /// Rows beyond the limit, by rule.
    pub summarised: Vec<SummaryView>,
    /// A limit was reached: something is missing from the lists. Counts are complete unless the
    /// whole incident was let go before.
    pub partial: bool,
}

/// An entity and its role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityView {
    /// `host`, `user`, … as the policy says.
    pub kind: String,
    /// As first seen; bytes that are no text are replaced.
    pub value: String,
    /// When it was first seen here.
    pub first: Timestamp,
    /// When it was last seen here.
    pub last: Timestamp,
    /// How many contributions named it.
    pub count: u64,
}

/// An alert, or the detections of a rule on a host.
#[derive(Clone, Debug, PartialEq)]
pub struct RowView {
    /// Its rule.
    pub rule: Arc<RuleFacts>,
    /// The alert; `None` for single detections.
    pub alert: Option<u128>,
    /// Matches that it brought to this incident.
    pub count: u64,
    /// First match.
    pub first: Timestamp,
    /// Last match.
    pub last: Timestamp,
    /// Of an alert its key, of detections their host.
    pub key: Vec<(String, String)>,
    /// Of a sequence.
    pub stages: Vec<StageView>,
    /// References to sample events.
    pub samples: Vec<u64>,
}

/// A stage of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageView {
    /// Its name.
    pub name: String,
    /// Its matches.
    pub count: u64,
    /// First match.
    pub first: Timestamp,
    /// Last match.
    pub last: Timestamp,
}

/// Rows of a rule that the timeline has no room for.
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryView {
    /// The rule.
    pub rule: Arc<RuleFacts>,
    /// How many rows.
    pub rows: u64,
    /// Their matches.
    pub count: u64,
    /// First match.
    pub first: Timestamp,
    /// Last match.
    pub last: Timestamp,
}

impl IncidentRecord {
    pub(super) fn new(
        builder: &Builder,
        incident: &Incident,
        state: State,
        merged_into: Option<u128>,
    ) -> Self {
        let (title, level) = heading(builder, incident);
        let mut tactics: Vec<_> = incident.tactics.clone();
        tactics.sort_by_key(|(tactic, first)| (*first, *tactic));
        let facts = incident.rules.items().iter();
        let facts = facts.filter_map(|tally| builder.rules.get(tally.rule as usize));
        let mut techniques: Vec<_> = facts.flat_map(|f| f.techniques.iter().cloned()).collect();
        techniques.sort_unstable();
        techniques.dedup();
        Self {
            id: incident.id,
            state,
            merged_into,
            title,
            level,
            risk: incident.risk,
            first: Timestamp(incident.first),
            last: Timestamp(incident.last),
            tactics: tactics
                .into_iter()
                .map(|(t, first)| (t, Timestamp(first)))
                .collect(),
            techniques,
            entities: entities(builder, incident),
            alerts: rows(builder, incident),
            summarised: summarised(builder, incident),
            partial: incident.partial,
        }
    }
}

fn heading(builder: &Builder, incident: &Incident) -> (Arc<str>, Level) {
    let rules = incident.rules.items().iter();
    let rules = rules.filter_map(|tally| Some((tally, builder.rules.get(tally.rule as usize)?)));
    let highest = rules.min_by_key(|(tally, facts)| {
        (
            std::cmp::Reverse(facts.level),
            tally.first,
            Arc::clone(&facts.title),
        )
    });
    highest.map_or_else(
        || (Arc::from(""), Level::default()),
        |(_, facts)| (Arc::clone(&facts.title), facts.level),
    )
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn entities(builder: &Builder, incident: &Incident) -> Vec<EntityView> {
    let listed = incident.entities.items().iter();
    let known = listed.filter_map(|listed| Some((listed, builder.entities.get(listed.entity)?)));
    let mut shown: Vec<_> = known.filter(|(_, entity)| entity.is_shown()).collect();
    shown.sort_by(|(a, x), (b, y)| (x.kind, a.first, &x.folded).cmp(&(y.kind, b.first, &y.folded)));
    let view = shown.into_iter().map(|(listed, entity)| EntityView {
        kind: kind_name(builder, entity.kind),
        value: text(entity.written()),
        first: Timestamp(listed.first),
        last: Timestamp(listed.last),
        count: listed.count,
    });
    view.collect()
}

fn kind_name(builder: &Builder, kind: u8) -> String {
    let kind = builder.policy.entities.get(usize::from(kind));
    kind.map(|kind| kind.name.clone()).unwrap_or_default()
}

fn rows(builder: &Builder, incident: &Incident) -> Vec<RowView> {
    let rows = incident
        .rows
        .items()
        .iter()
        .filter_map(|row| row_view(builder, row));
    let mut rows: Vec<RowView> = rows.collect();
    rows.sort_by(|a, b| {
        let order = |row: &RowView| (row.first, row.last, row.alert);
        let names = |row: &RowView| (Arc::clone(&row.rule.title), row.key.clone());
        order(a)
            .cmp(&order(b))
            .then_with(|| names(a).cmp(&names(b)))
    });
    rows
}

fn row_view(builder: &Builder, row: &Row) -> Option<RowView> {
    let fields = row.key.iter();
    let mut key: Vec<_> = fields
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect();
    let alert = alert_id(builder, row.subject);
    if alert.is_none() {
        let host = builder.entities.get(row.subject);
        key.extend(host.map(|host| (kind_name(builder, host.kind), text(host.written()))));
    }
    let stage = |stage: &StageTally| StageView {
        name: stage.name.to_string(),
        count: stage.count,
        first: Timestamp(stage.first),
        last: Timestamp(stage.last),
    };
    Some(RowView {
        rule: builder.rules.get(row.rule as usize)?.clone(),
        alert,
        count: row.count,
        first: Timestamp(row.first),
        last: Timestamp(row.last),
        key,
        stages: row.stages.iter().map(stage).collect(),
        samples: row.samples().to_vec(),
    })
}

fn alert_id(builder: &Builder, subject: EntityId) -> Option<u128> {
    let entity = builder.entities.get(subject)?;
    let bytes = entity.folded.first_chunk::<16>()?;
    (entity.kind == ALERT).then(|| u128::from_le_bytes(*bytes))
}

fn summarised(builder: &Builder, incident: &Incident) -> Vec<SummaryView> {
    let view = |tally: &RuleTally| {
        let sum = &tally.summarised;
        let rule = builder.rules.get(tally.rule as usize)?;
        (sum.rows > 0).then(|| SummaryView {
            rule: rule.clone(),
            rows: sum.rows,
            count: sum.count,
            first: Timestamp(sum.first),
            last: Timestamp(sum.last),
        })
    };
    let mut all: Vec<SummaryView> = incident.rules.items().iter().filter_map(view).collect();
    all.sort_by(|a, b| {
        let order = |s: &SummaryView| (s.first, Arc::clone(&s.rule.title), s.rule.id.clone());
        order(a).cmp(&order(b))
    });
    all
}
