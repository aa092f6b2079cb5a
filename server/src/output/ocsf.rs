//! Findings as OCSF 1.3 events: detections and alerts as Detection Finding (2004), incidents as
//! Incident Finding (2005). `docs/outputs.md` has the mapping.

use serde_json::{Map, Value, json};
use yagura_parsers::Timestamp;
use yagura_rules::Level;

use crate::finding::{Finding, Kind, State};

const DETECTION_FINDING: u32 = 2004;
const INCIDENT_FINDING: u32 = 2005;
/// What is in the record and has a place of its own in OCSF.
const MAPPED: [&str; 5] = ["kind", "id", "state", "title", "level"];

/// The finding as an OCSF event.
///
/// # Errors
/// The record is no JSON object.
pub fn to_ocsf(finding: &Finding) -> Result<Value, serde_json::Error> {
    let record: Map<String, Value> = serde_json::from_slice(&finding.json)?;
    let class = match finding.kind {
        Kind::Incident => INCIDENT_FINDING,
        Kind::Detection | Kind::Alert => DETECTION_FINDING,
    };
    let (activity, activity_name) = match finding.state {
        None | Some(State::Open) => (1, "Create"),
        Some(State::Update) => (2, "Update"),
        Some(State::Closed) => (3, "Close"),
    };
    let (severity, severity_name) = match finding.level {
        Level::Informational => (1, "Informational"),
        Level::Low => (2, "Low"),
        Level::Medium => (3, "Medium"),
        Level::High => (4, "High"),
        Level::Critical => (5, "Critical"),
    };
    let (status, status_name) = match (finding.kind, finding.state) {
        (_, None | Some(State::Open)) => (1, "New"),
        (_, Some(State::Update)) => (2, "In Progress"),
        (Kind::Incident, Some(State::Closed)) => (5, "Closed"),
        (_, Some(State::Closed)) => (4, "Resolved"),
    };
    let mut event = json!({
        "category_uid": 2, "category_name": "Findings",
        "class_uid": class,
        "class_name": if class == INCIDENT_FINDING { "Incident Finding" } else { "Detection Finding" },
        "activity_id": activity, "activity_name": activity_name,
        "type_uid": class * 100 + activity,
        "severity_id": severity, "severity": severity_name,
        "status_id": status, "status": status_name,
        "time": milliseconds(finding.time),
        "message": finding.title,
        "metadata": {
            "version": "1.3.0",
            "uid": format!("{:032x}", finding.id),
            "product": {
                "name": "yagura", "vendor_name": "yagura", "version": env!("CARGO_PKG_VERSION"),
            },
        },
    });
    for (member, of) in [("start_time", "first"), ("end_time", "last")] {
        if let Some(at) = time_of(record.get(of)) {
            event[member] = at.into();
        }
    }
    if let Some(count) = record.get("count").filter(|count| count.is_u64()) {
        event["count"] = count.clone();
    }
    let observables = observables(&record);
    if !observables.is_empty() {
        event["observables"] = observables.into();
    }
    let attacks = attacks(&record);
    if class == INCIDENT_FINDING {
        event["desc"] = finding.title.as_str().into();
        event["finding_info_list"] = finding_info_list(finding, &record);
        if !attacks.is_empty() {
            event["attacks"] = attacks.into();
        }
    } else {
        event["finding_info"] = finding_info(finding, &record, attacks);
        if finding.kind == Kind::Detection
            && let Some(matched) = record.get("matched")
        {
            event["evidences"] = json!([{ "data": matched }]);
        }
    }
    let unmapped = record.into_iter();
    let unmapped = unmapped.filter(|(name, _)| !MAPPED.contains(&name.as_str()));
    event["unmapped"] = Value::Object(unmapped.collect());
    Ok(event)
}

fn finding_info(finding: &Finding, record: &Map<String, Value>, attacks: Vec<Value>) -> Value {
    let analytic = json!({
        "type_id": 1, "type": "Rule", "uid": finding.rule, "name": finding.title,
    });
    let mut info = json!({
        "uid": format!("{:032x}", finding.id),
        "title": finding.title,
        "types": [if finding.kind == Kind::Alert { "alert" } else { "detection" }],
        "analytic": analytic,
    });
    for (member, of) in [("first_seen_time", "first"), ("last_seen_time", "last")] {
        if let Some(at) = time_of(record.get(of)) {
            info[member] = at.into();
        }
    }
    if !attacks.is_empty() {
        info["attacks"] = attacks.into();
    }
    info
}

/// One for each row of the timeline; an incident has one at least.
fn finding_info_list(finding: &Finding, record: &Map<String, Value>) -> Value {
    let rows = record.get("alerts").and_then(Value::as_array);
    let infos: Vec<Value> = rows.into_iter().flatten().map(info_of_row).collect();
    if infos.is_empty() {
        return json!([{ "uid": format!("{:032x}", finding.id), "title": finding.title }]);
    }
    infos.into()
}

fn info_of_row(row: &Value) -> Value {
    let rule = row.get("rule");
    let of_rule = |name: &str| rule.and_then(|rule| rule.get(name)).cloned();
    let title = of_rule("title").unwrap_or_default();
    let rule_id = of_rule("id").unwrap_or_else(|| title.clone());
    let mut info = json!({
        // Single detections of a timeline have no id of their own.
        "uid": row.get("id").cloned().unwrap_or_else(|| rule_id.clone()),
        "title": title,
        "analytic": { "type_id": 1, "type": "Rule", "uid": rule_id, "name": title },
    });
    for (member, of) in [("first_seen_time", "first"), ("last_seen_time", "last")] {
        if let Some(at) = time_of(row.get(of)) {
            info[member] = at.into();
        }
    }
    info
}

/// Of tags (`attack.t1110`, `attack.persistence`) or, in incidents, of lists.
fn attacks(record: &Map<String, Value>) -> Vec<Value> {
    let rule_tags = record.get("rule").and_then(|rule| rule.get("tags"));
    let listed = |name: &str| record.get(name).and_then(Value::as_array);
    let tags = rule_tags.and_then(Value::as_array).into_iter().flatten();
    let tags = tags
        .filter_map(Value::as_str)
        .filter_map(|tag| tag.strip_prefix("attack."));
    let named = [listed("tactics"), listed("techniques")];
    let named = named
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(Value::as_str);
    tags.chain(named).filter_map(attack).collect()
}

fn attack(name: &str) -> Option<Value> {
    let number = name.strip_prefix(['t', 'T']);
    if number.is_some_and(|number| number.starts_with(|first: char| first.is_ascii_digit())) {
        return Some(json!({ "technique": { "uid": name.to_ascii_uppercase() } }));
    }
    let is_tactic = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte == b'_');
    is_tactic.then(|| json!({ "tactic": { "name": name.replace('_', "-") } }))
}

fn observables(record: &Map<String, Value>) -> Vec<Value> {
    let entities = record.get("entities").and_then(Value::as_object);
    let of_entities = entities.into_iter().flatten().flat_map(|(kind, values)| {
        let values = values.as_array().into_iter().flatten();
        values.map(move |value| observable("entities", kind, value))
    });
    let host = record.get("host").filter(|host| host.is_string());
    let host = host.map(|host| observable("", "host", host));
    of_entities.chain(host).collect()
}

fn observable(within: &str, kind: &str, value: &Value) -> Value {
    let (type_id, type_name) = match kind {
        "host" => (1, "Hostname"),
        "address" | "ip" => (2, "IP Address"),
        "user" => (4, "User Name"),
        "file" => (8, "Hash"),
        _ => (99, kind),
    };
    let dot = if within.is_empty() { "" } else { "." };
    json!({
        "name": format!("unmapped.{within}{dot}{kind}"),
        "type_id": type_id, "type": type_name, "value": value,
    })
}

fn time_of(value: Option<&Value>) -> Option<i64> {
    let text = value?.as_str()?;
    yagura_parsers::time::parse_any(text.as_bytes()).map(milliseconds)
}

/// OCSF counts milliseconds since 1970; what has no time has 0.
fn milliseconds(time: Timestamp) -> i64 {
    if time == Timestamp::UNKNOWN {
        return 0;
    }
    time.0.div_euclid(1_000_000)
}
