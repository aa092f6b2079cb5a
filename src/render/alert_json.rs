//! Records of alerts as JSON lines; `docs/records.md` says what the members mean.

use yagura_engine::alert::{AlertRecord, StageRecord};
use yagura_parsers::Timestamp;
use yagura_rules::Meta;

use super::case::Names;
use super::json_object::Object;
use super::json_text::string;
use super::jsonl;

/// Writes a record, its line end included.
pub fn line(out: &mut Vec<u8>, alert: &AlertRecord, meta: &Meta, names: Names<'_>) {
    let mut record = Object::new(out);
    record
        .text("kind", "alert")
        .text("id", alert.id.to_string())
        .text("state", alert.state.name())
        .time("time", Timestamp(alert.at));
    jsonl::rule(record.member("rule"), meta);
    record.object("key", |key| {
        for (name, value) in &alert.key {
            key.text(name, value);
        }
    });
    record.plain("count", alert.count);
    if let Some(distinct) = alert.distinct {
        record.plain("distinct", distinct);
    }
    if let Some(value) = alert.value.filter(|value| value.is_finite()) {
        record.plain("value", value);
    }
    record
        .time("first", Timestamp(alert.first))
        .time("last", Timestamp(alert.last))
        .plain("partial", alert.partial)
        .objects("stages", &alert.stages, |object, of| {
            stage(object, of, names);
        })
        .object("entities", |object| entities(object, alert, names));
    if alert.extras_omitted > 0 {
        record.plain("entities_omitted", alert.extras_omitted);
    }
    record.end();
    out.push(b'\n');
}

fn stage(object: &mut Object<'_>, stage: &StageRecord, names: Names<'_>) {
    let time = |ns: Option<i64>| ns.map_or(Timestamp::UNKNOWN, Timestamp);
    object.text("name", &stage.name).plain("count", stage.count);
    if let Some(distinct) = stage.distinct {
        object.plain("distinct", distinct);
    }
    object
        .time("first", time(stage.first))
        .time("last", time(stage.last))
        .texts("samples", stage.samples.iter().map(|of| names.event(*of)));
}

/// Values by kind, each kind in its order of appearance.
fn entities(object: &mut Object<'_>, alert: &AlertRecord, names: Names<'_>) {
    let mut of_kind = alert.extras.clone();
    of_kind.sort_by_key(|(kind, _)| *kind);
    for same in of_kind.chunk_by(|(a, _), (b, _)| a == b) {
        let Some((kind, _)) = same.first() else {
            continue;
        };
        object.list(names.kind(*kind), same, |out, (_, value)| {
            string(out, value);
        });
    }
}
