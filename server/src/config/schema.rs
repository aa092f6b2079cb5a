//! `docs/config.schema.json` knows the keys and names that the reader knows.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use yagura_parsers::Format;

use super::{Config, InputConfig};

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/config.schema.json");
    serde_json::from_slice(&std::fs::read(path).expect("the schema")).expect("JSON")
}

/// The keys of an object of the schema.
fn keys(object: &Value) -> BTreeSet<String> {
    assert_eq!(object["additionalProperties"], false, "{object}");
    let properties = object["properties"].as_object().expect("properties");
    properties.keys().cloned().collect()
}

/// The keys that the reader names when it meets one that it does not know.
fn known(configuration: &str) -> BTreeSet<String> {
    let error = serde_yaml::from_str::<Config>(configuration).expect_err(configuration);
    let error = error.to_string();
    let (_, expected) = error.split_once("unknown field").expect(configuration);
    // `field`, expected one of `a`, `b` at line …
    let quoted = expected.split('`').skip(3).step_by(2);
    quoted.map(str::to_owned).collect()
}

fn with<'a>(keys: BTreeSet<String>, more: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    keys.into_iter()
        .chain(more.into_iter().map(str::to_owned))
        .collect()
}

#[test]
fn objects_have_the_keys_of_the_reader() {
    let schema = schema();
    assert_eq!(keys(&schema), known("none: 1"));
    for (name, configuration) in [
        ("spool", "spool: {none: 1}"),
        ("limits", "limits: {none: 1}"),
        ("api", "api: {none: 1}"),
        ("tls", "api: {tls: {none: 1}}"),
        ("filter", "outputs: [{type: stdout, filter: {none: 1}}]"),
        (
            "rotate",
            "outputs: [{type: file, path: x, rotate: {none: 1}}]",
        ),
    ] {
        assert_eq!(keys(&schema["$defs"][name]), known(configuration), "{name}");
    }
}

#[test]
fn inputs_and_outputs_have_the_keys_of_the_reader() {
    let schema = schema();
    let named = |list: &str| -> Vec<String> {
        let of = schema["properties"][list]["items"]["oneOf"].as_array();
        let names = of
            .expect("a list")
            .iter()
            .filter_map(|one| one["$ref"].as_str());
        names.map(|name| name.replace("#/$defs/", "")).collect()
    };
    let inputs: Vec<String> = InputConfig::TYPES
        .iter()
        .map(|kind| format!("input-{kind}"))
        .collect();
    assert_eq!(named("inputs"), inputs);
    for kind in InputConfig::TYPES {
        let own = known(&format!("inputs: [{{type: {kind}, none: 1}}]"));
        let common = if matches!(*kind, "file" | "stdin") {
            &["type", "name"][..]
        } else {
            &["type", "name", "listen", "tls"]
        };
        let object = &schema["$defs"][format!("input-{kind}")];
        assert_eq!(keys(object), with(own, common.iter().copied()), "{kind}");
        assert_eq!(object["properties"]["type"]["const"], *kind);
    }
    let outputs = ["file", "stdout", "syslog", "webhook", "sqlite"];
    assert_eq!(
        named("outputs"),
        outputs.map(|kind| format!("output-{kind}"))
    );
    for kind in outputs {
        let own = known(&format!("outputs: [{{type: {kind}, none: 1}}]"));
        let object = &schema["$defs"][format!("output-{kind}")];
        assert_eq!(
            keys(object),
            with(own, ["type", "name", "filter"]),
            "{kind}"
        );
    }
}

#[test]
fn formats_are_those_of_the_parsers() {
    let schema = schema();
    let names = &schema["$defs"]["input-relp"]["properties"]["format"]["enum"];
    let known = Format::ALL.map(Format::name);
    assert_eq!(*names, Value::from(known.to_vec()));
}
