use serde_json::{Value, json};
use yagura_rules::Level;
use yagura_server::finding::{Kind, State};
use yagura_server::output::OutputSettings;

use crate::world::{World, alert};

fn read(value: Value) -> Result<OutputSettings, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

#[test]
fn each_output_can_be_set_up() {
    let world = World::new();
    let sinks = [
        json!({"file": {"path": "a.jsonl", "format": "ocsf", "rotate": {"age-seconds": 60}}}),
        json!({"stdout": {}}),
        json!({"syslog": {"address": "localhost:5514", "transport": "udp"}}),
        json!({"webhook": {"url": "https://localhost/", "template": "{\"a\": {{b}}}"}}),
        json!({"store": {"detections": 10}}),
    ];
    for sink in sinks {
        let settings = read(json!({"name": "one", "to": sink})).expect("settings");
        settings.set_up(world.path()).expect("an output");
    }
}

#[test]
fn by_default_detections_go_to_the_store_only() {
    let world = World::new();
    let kinds = |sink: &str| {
        let settings = read(json!({"name": "one", "to": {sink: {"path": "x"}}}));
        let (_, filter) = settings
            .expect("settings")
            .set_up(world.path())
            .expect("an output");
        filter.kinds
    };
    assert_eq!(kinds("file"), [Kind::Alert, Kind::Incident]);
    std::fs::remove_file(world.path().join("x")).expect("removed");
    assert_eq!(
        kinds("store"),
        [Kind::Detection, Kind::Alert, Kind::Incident]
    );
}

#[test]
fn a_filter_takes_what_all_its_parts_take() {
    let world = World::new();
    let filter = json!({"kinds": ["alert"], "min-level": "medium", "states": ["open"]});
    let settings = read(json!({"name": "one", "filter": filter, "to": {"stdout": {}}}));
    let (_, filter) = settings
        .expect("settings")
        .set_up(world.path())
        .expect("an output");
    let mut finding = alert(1, 0);
    assert!(filter.passes(&finding));
    finding.level = Level::Low;
    assert!(!filter.passes(&finding));
    finding = alert(1, 0);
    finding.state = Some(State::Closed);
    assert!(!filter.passes(&finding));
    finding.state = None;
    assert!(filter.passes(&finding));
    finding.kind = Kind::Incident;
    assert!(!filter.passes(&finding));
}

#[test]
fn what_is_wrong_is_told() {
    let world = World::new();
    let told = |value: Value| match read(value) {
        Err(error) => error,
        Ok(settings) => match settings.set_up(world.path()) {
            Ok(_) => "fine".to_owned(),
            Err(error) => error.to_string(),
        },
    };
    let name = json!({"name": "../x", "to": {"stdout": {}}});
    assert_eq!(
        told(name),
        "output ../x: a name has 1 to 64 letters, digits, '-' and '_'"
    );
    let unknown = json!({"name": "x", "to": {"stdout": {"colour": 1}}});
    assert!(told(unknown).contains("unknown field `colour`"));
    let tls = json!({"name": "x", "to": {"syslog": {"address": "a:1", "transport": "tls"}}});
    assert_eq!(
        told(tls),
        "output x: with transport tls, ca-file must say whom to trust"
    );
    let missing = json!({"name": "x", "to": {"webhook": {"url": "http://a/", "token-file": "no"}}});
    assert!(told(missing).starts_with("output x: cannot read "));
}
