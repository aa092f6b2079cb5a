//! Cases: `ocsf/NAME/record.json` gives `ocsf/NAME/expected.json`. `YAGURA_BLESS=1` writes these.

use std::fs;
use std::path::Path;

use serde_json::Value;
use yagura_parsers::Timestamp;
use yagura_rules::Level;
use yagura_server::Finding;
use yagura_server::finding::{Kind, State};
use yagura_server::output::to_ocsf;

fn finding(json: &str) -> Finding {
    let record: Value = serde_json::from_str(json).expect("JSON");
    let text = |value: &Value| value.as_str().map(str::to_owned).unwrap_or_default();
    let rule = if record["kind"] == "incident" {
        &record
    } else {
        &record["rule"]
    };
    let level = text(&rule["level"]);
    let time = [&record["time"], &record["last"]].map(|time| text(time).into_bytes());
    Finding {
        kind: match record["kind"].as_str() {
            Some("incident") => Kind::Incident,
            Some("alert") => Kind::Alert,
            _ => Kind::Detection,
        },
        state: match record["state"].as_str() {
            Some("open") => Some(State::Open),
            Some("update") => Some(State::Update),
            Some("closed") => Some(State::Closed),
            _ => None,
        },
        id: u128::from_str_radix(&text(&record["id"]), 16).expect("an id"),
        time: time
            .iter()
            .find_map(|time| yagura_parsers::time::parse_any(time))
            .unwrap_or(Timestamp::UNKNOWN),
        level: Level::ALL
            .into_iter()
            .find(|one| one.name() == level)
            .expect("a level"),
        rule: if record["kind"] == "incident" {
            String::new()
        } else {
            text(&rule["id"])
        },
        title: text(&rule["title"]),
        json: json.trim().as_bytes().to_vec(),
    }
}

#[test]
fn records_become_ocsf_findings() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/outputs/ocsf");
    let mut cases = 0;
    for case in fs::read_dir(folder).expect("a folder") {
        let case = case.expect("an entry").path();
        let record = fs::read_to_string(case.join("record.json")).expect("a record");
        let event = to_ocsf(&finding(&record)).expect("an event");
        check_required(&event);
        let text = format!("{}\n", serde_json::to_string_pretty(&event).expect("JSON"));
        let text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
        let expected = case.join("expected.json");
        if std::env::var_os("YAGURA_BLESS").is_some() {
            fs::write(&expected, &text).expect("written");
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        // As values: the order of members depends on what else is built.
        let values = [&text, &expected].map(|text| serde_json::from_str::<Value>(text).ok());
        assert_eq!(values[0], values[1], "{}", case.display());
        cases += 1;
    }
    assert!(cases >= 3);
}

/// What OCSF 1.3 requires of the two classes.
fn check_required(event: &Value) {
    let numbers = [
        "activity_id",
        "category_uid",
        "class_uid",
        "severity_id",
        "time",
        "type_uid",
    ];
    for number in numbers {
        assert!(event[number].is_i64(), "{number}");
    }
    assert!(event["metadata"]["version"].is_string());
    assert!(event["metadata"]["product"]["vendor_name"].is_string());
    let type_uid = event["class_uid"]
        .as_i64()
        .zip(event["activity_id"].as_i64());
    assert_eq!(
        event["type_uid"].as_i64(),
        type_uid.map(|(class, activity)| class * 100 + activity)
    );
    let infos = match event["class_uid"].as_i64() {
        Some(2005) => {
            assert!(event["status_id"].is_i64());
            event["finding_info_list"]
                .as_array()
                .expect("a list")
                .clone()
        }
        _ => vec![event["finding_info"].clone()],
    };
    assert!(!infos.is_empty());
    for info in infos {
        assert!(
            info["uid"].is_string() && info["title"].is_string(),
            "{info}"
        );
    }
}

#[test]
fn what_is_no_object_is_refused() {
    let mut finding = crate::world::alert(1, 0);
    finding.json = b"[]".to_vec();
    assert!(to_ocsf(&finding).is_err());
}
