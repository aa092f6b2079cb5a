//! `yagura bench` on a tiny input: what it reports, never how fast.

mod markup;
mod schema;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/bench/tiny")
}

fn bench(args: &[&str], to: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_yagura"))
        .args(["bench", "logs", "--rules", "rules", "--duration", "20ms"])
        .args(args)
        .args(["--json".as_ref(), to.join("report.json").as_os_str()])
        .args(["--html".as_ref(), to.join("report.html").as_os_str()])
        .current_dir(fixture())
        .output()
        .expect("the command runs")
}

fn report(args: &[&str]) -> (Value, String, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = bench(args, folder.path());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let read = |name| fs::read_to_string(folder.path().join(name)).expect("a report");
    let json = serde_json::from_str(&read("report.json")).expect("JSON");
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    (json, read("report.html"), stdout)
}

#[test]
fn reports_each_configuration_once() {
    let (json, ..) = report(&["--threads", "1,3", "--rules-sweep", "1,all"]);
    let measured: Vec<(&str, u64, u64)> = json["measurements"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|m| {
            let number = |name: &str| m[name].as_u64().expect("a number");
            (
                m["stage"].as_str().expect("a name"),
                number("threads"),
                number("rules"),
            )
        })
        .collect();
    let of_rules = |n| {
        [
            ("parse", 1, n),
            ("match", 1, n),
            ("all", 1, n),
            ("all", 3, n),
        ]
    };
    assert_eq!(measured, [of_rules(1), of_rules(3)].concat());
}

#[test]
fn finds_the_same_in_all_stages_and_threads() {
    let (json, ..) = report(&["--threads", "1,2,3"]);
    let all = json["measurements"].as_array().expect("a list");
    let finding: Vec<&Value> = all.iter().filter(|m| m["stage"] != "parse").collect();
    assert_eq!(finding.len(), 4);
    for m in finding {
        assert_eq!(m["detections"], 3);
        assert_eq!(&m["digest"], finding_of(all));
    }
    assert_eq!(json["rules"]["matched"], 2);
    assert_eq!(json["input"]["events"], 4);
}

fn finding_of(all: &[Value]) -> &Value {
    let first = all.iter().find(|m| m["stage"] == "match");
    &first.expect("the stage match")["digest"]
}

#[test]
fn json_fits_its_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/bench.schema.json");
    let schema = fs::read_to_string(path).expect("the schema");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    for args in [&["--profile-rules"][..], &["--stage", "parse"]] {
        let (json, ..) = report(args);
        let misfits = schema::misfits(&schema, &json);
        assert!(misfits.is_empty(), "{misfits:#?}");
    }
}

#[test]
fn schema_refuses_what_does_not_fit() {
    let schema = serde_json::json!({
        "type": "object", "required": ["a"], "additionalProperties": false,
        "properties": {"a": {"type": "integer", "minimum": 1}}
    });
    for wrong in [
        "[]",
        "{}",
        r#"{"a": 0}"#,
        r#"{"a": 1.5}"#,
        r#"{"a": 1, "b": 2}"#,
    ] {
        let value = serde_json::from_str(wrong).expect("JSON");
        assert!(!schema::misfits(&schema, &value).is_empty(), "{wrong}");
    }
}

#[test]
fn figures_are_in_order() {
    let (json, ..) = report(&[]);
    for m in json["measurements"].as_array().expect("a list") {
        let ascending = |of: &Value, names: &[&str]| {
            let figures: Vec<f64> = names.iter().filter_map(|n| of[n].as_f64()).collect();
            assert_eq!(figures.len(), names.len());
            assert!(figures.is_sorted(), "{of}");
        };
        ascending(&m["events_per_second"], &["min", "median", "max"]);
        ascending(&m["batch_ns"], &["p50", "p90", "p99", "p99_9", "max"]);
        assert!(m["passes"].as_u64() >= m["rounds"].as_u64());
    }
}

#[test]
fn page_is_whole_and_needs_nothing_else() {
    let (_, page, _) = report(&[
        "--profile-rules",
        "--rules-sweep",
        "1,2,all",
        "--threads",
        "1,2",
    ]);
    markup::assert_well_formed(&page);
    markup::assert_self_contained(&page);
    for heading in [
        "Events per second by threads",
        "Events per second by number of rules",
        "Time by stage",
        "Latency of batches",
        "The costliest rules",
        "All figures",
    ] {
        assert!(page.contains(heading), "{heading}");
    }
}

#[test]
fn page_shows_titles_as_text() {
    let (_, page, _) = report(&["--profile-rules"]);
    assert!(page.contains("Shell &lt;b&gt;run&lt;/b&gt; &amp; more"));
    assert!(!page.contains("<b>run</b>"));
}

#[test]
fn profile_says_what_opens_a_rule_and_how_often_it_held() {
    let (json, _, table) = report(&["--profile-rules"]);
    let rules = json["profile"]["rules"].as_array().expect("a list");
    let rule = |title: &str| {
        let mut those = rules.iter().filter(|r| r["title"] == title);
        those
            .next()
            .unwrap_or_else(|| panic!("{title} in {rules:#?}"))
    };
    let whoami = rule("Who am I");
    assert_eq!(
        (&whoami["evaluated"], &whoami["held"]),
        (&2.into(), &2.into())
    );
    assert_eq!(whoami["events"], 3);
    assert_eq!(
        whoami["access"],
        serde_json::json!([r"Image: '*\whoami.exe'"])
    );
    let always = rule("Not from the services");
    assert_eq!(
        (&always["evaluated"], &always["held"]),
        (&3.into(), &0.into())
    );
    assert_eq!(always["access"], Value::Null);
    assert!(table.contains("no access predicate"), "{table}");
}
