//! An explanation as a JSON object on one line.

use serde_json::{Value, json};
use yagura_engine::explain::{Body, Item, Join, Part, Seen, Truth, Verdict};
use yagura_parsers::Timestamp;
use yagura_rules::predicate::Subject;

use super::{Explained, mismatch};
use crate::render::json_text;

/// The explanation as a line.
pub fn line(of: &Explained<'_>) -> String {
    let time = (of.time != Timestamp::UNKNOWN).then(|| of.time.to_string());
    let routes = of.why.routes.iter().map(|(route, mismatches)| {
        let why = mismatches.iter().map(|m| mismatch::sentence(route, m));
        json!({
            "name": route.name,
            "holds": mismatches.is_empty(),
            "mismatches": why.collect::<Vec<_>>(),
        })
    });
    let mut object = json!({
        "event": of.number,
        "source": {"path": of.path, "position": of.position},
        "time": time,
        "rule": {"id": of.rule.meta.id, "title": of.rule.meta.title},
        "verdict": verdict(of.why.verdict),
        "logsource": {
            "rule": of.rule.logsource.to_string(),
            "holds": of.why.body.is_some(),
            "routes": routes.collect::<Vec<_>>(),
        },
    });
    if let (Some(body), Some(members)) = (&of.why.body, object.as_object_mut()) {
        add_body(members, body, of);
    }
    let mut text = object.to_string();
    json_text::escape_controls(&mut text);
    text.push('\n');
    text
}

fn add_body(members: &mut serde_json::Map<String, Value>, body: &Body<'_>, of: &Explained<'_>) {
    let (selections, filters) = body
        .named
        .split_at(of.rule.selections.len().min(body.named.len()));
    for (name, parts) in [("selections", selections), ("filters", filters)] {
        let parts = parts.iter().map(|named| {
            json!({
                "name": named.name,
                "holds": named.truth.holds,
                "parts": truth(body, &named.truth),
            })
        });
        members.insert(name.to_owned(), parts.collect());
    }
    members.insert(
        "condition".to_owned(),
        json!({
            "written": of.rule.conditions,
            "holds": body.condition.holds,
            "parts": truth(body, &body.condition),
        }),
    );
    members.insert("distance".to_owned(), json!(body.distance()));
    let decisive = body.decisive();
    let decisive = decisive.into_iter().map(|(of, wanted)| {
        let mut one = item(of, !wanted);
        one["wanted"] = Value::Bool(wanted);
        one
    });
    members.insert("decisive".to_owned(), decisive.collect());
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Inactive => "inactive",
        Verdict::OtherLogsource => "other_logsource",
        Verdict::Unmatched => "not_matched",
        Verdict::Nearly => "nearly_matched",
        Verdict::Matched => "matched",
    }
}

fn truth(body: &Body<'_>, of: &Truth<'_>) -> Value {
    let each = |parts: &[Truth<'_>]| -> Value { parts.iter().map(|p| truth(body, p)).collect() };
    match &of.part {
        Part::Item(inner) => item(inner, of.holds),
        Part::Named(at) => {
            let name = body.named.get(*at).map(|named| named.name);
            json!({"holds": of.holds, "name": name})
        }
        Part::All(parts) => json!({"holds": of.holds, "all": each(parts)}),
        Part::Any(parts) => json!({"holds": of.holds, "any": each(parts)}),
        Part::AtLeast(count, parts) => {
            json!({"holds": of.holds, "at_least": count, "of": each(parts)})
        }
        Part::Not(inner) => json!({"holds": of.holds, "not": truth(body, inner)}),
    }
}

fn item(of: &Item<'_>, holds: bool) -> Value {
    let (field, name) = match of.subject {
        Subject::Field(name) => (Some(name), name.as_str()),
        Subject::Anything => (None, "keyword"),
    };
    let tests = of.tests.iter();
    let tests = tests.map(|(test, holds)| json!({"test": format!("{name}{test}"), "holds": holds}));
    json!({
        "holds": holds,
        "field": field,
        "join": match of.join { Join::Any => "any", Join::All => "all" },
        "tests": tests.collect::<Vec<_>>(),
        "values": of.values.iter().chain(&of.others).map(seen).collect::<Vec<_>>(),
    })
}

fn seen(value: &Seen) -> Value {
    let text = (!value.is_null).then_some(&value.text);
    json!({"field": value.field, "text": text, "cut_chars": value.cut_chars})
}
