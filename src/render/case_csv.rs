//! Alerts and incidents as rows among those of detections.

use yagura_engine::alert::AlertRecord;
use yagura_engine::incident::IncidentRecord;
use yagura_parsers::Timestamp;
use yagura_rules::Meta;

use super::case::Names;
use super::csv::{self, CaseRow, Columns};
use super::incident_json;
use super::json_object::Object;

/// Writes a record of an alert.
pub fn alert(
    out: &mut Vec<u8>,
    columns: Columns,
    alert: &AlertRecord,
    meta: &Meta,
    names: Names<'_>,
) {
    let (mut rule, mut key) = (Vec::new(), Vec::new());
    csv::rule(&mut rule, meta);
    let mut object = Object::new(&mut key);
    for (name, value) in &alert.key {
        object.text(name, value);
    }
    object.end();
    let hosts = alert.extras.iter();
    let hosts = hosts.filter(|(kind, _)| names.kind(*kind) == "host");
    let hosts: Vec<_> = hosts.map(|(_, v)| String::from_utf8_lossy(v)).collect();
    let row = CaseRow {
        kind: "alert",
        id: alert.id.to_string(),
        time: Timestamp(alert.at),
        rule: &rule,
        hosts: hosts.join(" "),
        matched: &key,
        state: alert.state.name(),
        count: alert.count,
        first: Timestamp(alert.first),
        last: Timestamp(alert.last),
    };
    csv::case(out, columns, &row);
}

/// Writes a record of an incident: the title and level of its highest rule, its tactics in place
/// of tags.
pub fn incident(out: &mut Vec<u8>, columns: Columns, incident: &IncidentRecord) {
    let (mut rule, mut entities) = (Vec::new(), Vec::new());
    let tactics: Vec<&str> = incident.tactics.iter().map(|(t, _)| t.name()).collect();
    csv::heading(
        &mut rule,
        "",
        &incident.title,
        incident.level,
        &tactics.join(" "),
    );
    let mut object = Object::new(&mut entities);
    incident_json::entities(&mut object, incident);
    object.end();
    let hosts = incident.entities.iter().filter(|e| e.kind == "host");
    let hosts: Vec<&str> = hosts.map(|e| e.value.as_str()).collect();
    let row = CaseRow {
        kind: "incident",
        id: incident_json::id(incident.id),
        time: incident.last,
        rule: &rule,
        hosts: hosts.join(" "),
        matched: &entities,
        state: incident.state.name(),
        count: incident.alerts.iter().map(|row| row.count).sum::<u64>()
            + incident.summarised.iter().map(|sum| sum.count).sum::<u64>(),
        first: incident.first,
        last: incident.last,
    };
    csv::case(out, columns, &row);
}
