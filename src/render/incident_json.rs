//! Records of incidents as JSON lines; `docs/records.md` says what the members mean.
//!
//! The engine writes them too, with events as numbers: here samples are places in files.

use yagura_engine::incident::{IncidentRecord, RowView, RuleFacts};

use super::case::Names;
use super::json_object::Object;

/// Writes a record, its line end included.
pub fn line(out: &mut Vec<u8>, incident: &IncidentRecord, names: Names<'_>) {
    let mut record = Object::new(out);
    record
        .text("kind", "incident")
        .text("id", id(incident.id))
        .text("state", incident.state.name());
    if let Some(into) = incident.merged_into {
        record.text("merged_into", id(into));
    }
    let tactics = incident.tactics.iter().map(|(tactic, _)| tactic.name());
    record
        .text("title", &*incident.title)
        .text("level", incident.level.name())
        .plain("risk", format_args!("{:.1}", incident.risk))
        .time("first", incident.first)
        .time("last", incident.last)
        .texts("tactics", tactics)
        .texts("techniques", incident.techniques.iter().map(|t| &**t))
        .object("entities", |object| entities(object, incident))
        .objects("seen", &incident.entities, |object, entity| {
            object
                .text("kind", &entity.kind)
                .text("value", &entity.value)
                .plain("count", entity.count)
                .time("first", entity.first)
                .time("last", entity.last);
        })
        .objects("alerts", &incident.alerts, |object, of| {
            row(object, of, names);
        });
    if !incident.summarised.is_empty() {
        record.objects("summarised", &incident.summarised, |object, sum| {
            object.object("rule", |object| rule(object, &sum.rule));
            object
                .plain("alerts", sum.rows)
                .plain("count", sum.count)
                .time("first", sum.first)
                .time("last", sum.last);
        });
    }
    record.plain("partial", incident.partial);
    record.end();
    out.push(b'\n');
}

/// 32 hexadecimal digits.
pub fn id(id: u128) -> String {
    format!("{id:032x}")
}

/// Values by kind; entities come ordered by kind.
pub fn entities(object: &mut Object<'_>, incident: &IncidentRecord) {
    for same in incident.entities.chunk_by(|a, b| a.kind == b.kind) {
        let kind = same.first().map_or("", |entity| &entity.kind);
        object.texts(kind, same.iter().map(|entity| &entity.value));
    }
}

fn rule(object: &mut Object<'_>, rule: &RuleFacts) {
    if let Some(id) = &rule.id {
        object.text("id", &**id);
    }
    object
        .text("title", &*rule.title)
        .text("level", rule.level.name());
}

fn row(object: &mut Object<'_>, row: &RowView, names: Names<'_>) {
    object.object("rule", |object| rule(object, &row.rule));
    if let Some(alert) = row.alert {
        object.text("id", id(alert));
    }
    object
        .plain("count", row.count)
        .time("first", row.first)
        .time("last", row.last)
        .object("key", |key| {
            for (name, value) in &row.key {
                key.text(name, value);
            }
        });
    if !row.stages.is_empty() {
        object.objects("stages", &row.stages, |object, stage| {
            object
                .text("name", &stage.name)
                .plain("count", stage.count)
                .time("first", stage.first)
                .time("last", stage.last);
        });
    }
    if !row.samples.is_empty() {
        object.texts("samples", row.samples.iter().map(|of| names.event(*of)));
    }
}
