use std::fmt;
use std::str::FromStr;

use rusqlite::types::Value;
use yagura_parsers::Timestamp;
use yagura_rules::Level;

use super::StoreError;
use super::writer::{of_kind, state_name};
use crate::finding::{Kind, State};

/// Rows of a page, at most.
const PAGE_MAX: usize = 1000;

/// What is looked for; all parts must hold. The default is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// In one of these states; empty for all. Detections have none.
    pub states: Vec<State>,
    /// Of this level and above.
    pub min_level: Option<Level>,
    /// Of this rule.
    pub rule: Option<String>,
    /// Naming this value, without regard to case, and
    pub entity: Option<String>,
    /// as this kind of entity (`host`, `user`, …); of any kind without it.
    pub entity_kind: Option<String>,
    /// At this time or later.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
    /// This text somewhere in the record, without regard to the case of ASCII letters.
    pub text: Option<String>,
    /// Rows of a page, up to 1,000; 100 for 0.
    pub limit: usize,
    /// Where the page before ended.
    pub after: Option<PageCursor>,
}

/// Where a page ended. As text it goes through a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageCursor {
    pub(super) time: i64,
    pub(super) id: String,
}

impl fmt::Display for PageCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.time, self.id)
    }
}

impl FromStr for PageCursor {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let wrong = || StoreError::Cursor(text.chars().take(80).collect());
        let (time, id) = text.split_once('_').ok_or_else(wrong)?;
        let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_id {
            return Err(wrong());
        }
        Ok(Self {
            time: time.parse().map_err(|_| wrong())?,
            id: id.to_owned(),
        })
    }
}

/// The table of a kind.
pub(super) fn table(kind: Kind) -> &'static str {
    match kind {
        Kind::Detection => "detections",
        Kind::Alert => "alerts",
        Kind::Incident => "incidents",
    }
}

/// The columns that make a row, in the order in which the reader takes them.
pub(super) fn columns(kind: Kind) -> &'static str {
    match kind {
        Kind::Detection => "id, NULL, time, time, level, rule, title, 1, record",
        Kind::Alert | Kind::Incident => {
            "id, state, time, opened, level, rule, title, updates, record"
        }
    }
}

impl Search {
    pub(super) fn page_rows(&self) -> usize {
        match self.limit {
            0 => 100,
            limit => limit.min(PAGE_MAX),
        }
    }

    /// The statement and its parameters; asks for one row more than the page has.
    pub(super) fn select(&self, kind: Kind) -> (String, Vec<Value>) {
        let mut conditions = Vec::new();
        let mut values: Vec<Value> = Vec::new();
        self.conditions(kind, &mut conditions, &mut values);
        let mut query = format!("SELECT {} FROM {}", columns(kind), table(kind));
        if !conditions.is_empty() {
            query.push_str(" WHERE ");
            query.push_str(&conditions.join(" AND "));
        }
        query.push_str(" ORDER BY time DESC, id DESC LIMIT ?");
        values.push(Value::Integer(
            i64::try_from(self.page_rows()).unwrap_or(0) + 1,
        ));
        (query, values)
    }

    fn conditions(&self, kind: Kind, conditions: &mut Vec<String>, values: &mut Vec<Value>) {
        let mut add = |condition: &str, with: Vec<Value>| {
            conditions.push(condition.to_owned());
            values.extend(with);
        };
        if !self.states.is_empty() && kind != Kind::Detection {
            let marks = vec!["?"; self.states.len()].join(", ");
            let states = self.states.iter();
            let states = states.map(|&state| Value::Text(state_name(Some(state)).to_owned()));
            add(&format!("state IN ({marks})"), states.collect());
        }
        if let Some(level) = self.min_level {
            add("severity >= ?", vec![Value::Integer(level as i64)]);
        }
        if let Some(rule) = &self.rule {
            add("rule = ?", vec![Value::Text(rule.clone())]);
        }
        if let Some(value) = &self.entity {
            let (and, mut with) = match &self.entity_kind {
                None => ("", vec![]),
                Some(entity) => (" AND entity = ?", vec![Value::Text(entity.clone())]),
            };
            with.insert(0, Value::Text(value.clone()));
            let of = of_kind(kind);
            let within =
                format!("id IN (SELECT id FROM entities WHERE value = ?{and} AND of = '{of}')");
            add(&within, with);
        }
        if let Some(from) = self.from {
            add("time >= ?", vec![Value::Integer(from.0)]);
        }
        if let Some(to) = self.to {
            add("time < ?", vec![Value::Integer(to.0)]);
        }
        if let Some(text) = &self.text {
            let escaped = text
                .replace('\\', r"\\")
                .replace('%', r"\%")
                .replace('_', r"\_");
            let pattern = Value::Text(format!("%{escaped}%"));
            add(
                r"(title LIKE ? ESCAPE '\' OR record LIKE ? ESCAPE '\')",
                vec![pattern.clone(), pattern],
            );
        }
        if let Some(after) = &self.after {
            let with = vec![Value::Integer(after.time), Value::Text(after.id.clone())];
            add("(time, id) < (?, ?)", with);
        }
    }
}
