//! Alerts and incidents as lines among those of detections, as they come.

use yagura_engine::alert::AlertRecord;
use yagura_engine::incident::IncidentRecord;
use yagura_parsers::{Timestamp, Value, ValueKind};
use yagura_rules::{Level, Meta};

use super::incident_json::id;
use super::table::{self, Layout, Row};
use crate::detection::{Duplicates, FieldList, ListLimits};

/// Writes a record of an alert.
pub fn alert(out: &mut Vec<u8>, layout: Layout, alert: &AlertRecord, meta: &Meta) {
    let mut fields = Fields::new();
    fields.add("count", alert.count.to_string().as_bytes());
    for (name, value) in &alert.key {
        fields.add(name, value);
    }
    let what = format!("alert {}", alert.state.name());
    fields.row(
        out,
        layout,
        (Timestamp(alert.at), meta.level),
        &what,
        &meta.title,
    );
}

/// Writes a record of an incident.
pub fn incident(out: &mut Vec<u8>, layout: Layout, incident: &IncidentRecord) {
    let mut fields = Fields::new();
    fields.add("risk", format!("{:.0}", incident.risk).as_bytes());
    if let Some(into) = incident.merged_into {
        fields.add("merged_into", short(into).as_bytes());
    }
    fields.add("id", short(incident.id).as_bytes());
    for entity in &incident.entities {
        fields.add(&entity.kind, entity.value.as_bytes());
    }
    let what = format!("incident {}", incident.state.name());
    let when = (incident.last, incident.level);
    fields.row(out, layout, when, &what, &incident.title);
}

/// The first digits of an id: enough for people.
pub fn short(of: u128) -> String {
    let mut text = id(of);
    text.truncate(8);
    text
}

struct Fields(FieldList);

impl Fields {
    fn new() -> Self {
        Self(FieldList::new(Duplicates::Drop, ListLimits::MATCHED))
    }

    fn add(&mut self, name: &str, value: &[u8]) {
        self.0
            .push(name.as_bytes(), Value::new(ValueKind::Text, value));
    }

    fn row(
        mut self,
        out: &mut Vec<u8>,
        layout: Layout,
        (time, level): (Timestamp, Level),
        what: &str,
        title: &str,
    ) {
        self.0.close();
        let mut cell = Vec::new();
        table::title(&mut cell, layout, title);
        let row = Row {
            time,
            level,
            host: what.as_bytes(),
            title: &cell,
            fields: &self.0,
        };
        table::row(out, layout, &row);
    }
}
