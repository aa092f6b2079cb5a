//! JSON lines of a scan: they fit the schema, and do not depend on threads or on the order in
//! which events of different times stand in the inputs.

#[path = "bench/schema.rs"]
mod schema;

use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn scan(arguments: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_yagura"))
        .arg("scan")
        .args(arguments.split(' '))
        .args(["--output", "jsonl"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the command runs");
    assert_eq!(output.status.code(), Some(0), "{arguments}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

const INPUTS: [&str; 3] = [
    "demo/logs --rules rules/packs/demo",
    "tests/cases/cli/scan_cases_jsonl/logs --rules tests/cases/cli/scan_cases_jsonl/rules.yml",
    "demo/logs --rules rules/packs/demo --full-event --alerts every",
];

#[test]
fn every_record_fits_the_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/records.schema.json");
    let text = std::fs::read_to_string(path).expect("the schema");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    for input in INPUTS {
        let shown = scan(input);
        let mut kinds = Vec::new();
        for line in shown.lines() {
            let record: Value = serde_json::from_str(line).expect("JSON");
            let kind = record["kind"].as_str().expect("a kind").to_owned();
            let mut of_kind = schema.clone();
            of_kind["$ref"] = Value::from(format!("#/$defs/{kind}"));
            let misfits = schema::misfits(&of_kind, &record);
            assert!(misfits.is_empty(), "{line}\n{misfits:?}");
            kinds.push(kind);
        }
        assert_eq!(kinds.last().map(String::as_str), Some("summary"));
        for kind in ["detection", "alert", "incident"] {
            assert!(kinds.iter().any(|k| k == kind), "{input}: no {kind}");
        }
    }
}

#[test]
fn threads_make_no_difference() {
    for input in INPUTS {
        let one = scan(&format!("{input} --threads 1"));
        for threads in [2, 3, 8] {
            assert_eq!(one, scan(&format!("{input} --threads {threads}")));
        }
    }
}

/// Lines of a file in any order give what they give by time, for a block may end anywhere.
#[test]
fn order_in_a_file_makes_no_difference_to_alerts() {
    let alerts = |lines: &[&str]| -> Vec<(Value, Value, Value)> {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("a.jsonl");
        std::fs::write(&log, lines.join("\n")).expect("a log");
        let rules = "tests/cases/cli/scan_cases_jsonl/rules.yml";
        let shown = scan(&format!("{} --rules {rules}", log.display()));
        let records = shown
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"));
        let alerts = records.filter(|record: &Value| record["kind"] == "alert");
        alerts
            .map(|a| {
                (
                    a["time"].clone(),
                    a["rule"]["title"].clone(),
                    a["count"].clone(),
                )
            })
            .collect()
    };
    let log = include_str!("cases/cli/scan_cases_jsonl/logs/a.jsonl");
    let mut lines: Vec<&str> = log.lines().collect();
    let by_time = alerts(&lines);
    assert!(by_time.len() >= 2, "{by_time:?}");
    lines.reverse();
    assert_eq!(alerts(&lines), by_time);
}

#[test]
fn the_page_shows_strange_text_as_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("page.html");
    scan(&format!("{} --html {}", INPUTS[1], page.display()));
    let page = std::fs::read_to_string(page).expect("the page");
    assert!(page.contains("eve&lt;b&gt;\\u{1b}"), "{page}");
    assert!(page.contains("<svg") && page.contains("Guessed, then in"));
    assert!(!page.chars().any(|c| c.is_control() && c != '\n'));
    for foreign in ["<b>", "<script", "http:", "https:", "url(", "@import"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}

/// What comes in pieces is the same as what comes at once.
#[test]
fn pauses_of_standard_input_make_no_difference() {
    use std::io::Write;
    let log = include_str!("cases/cli/scan_cases_jsonl/logs/a.jsonl");
    let other = include_str!("cases/cli/scan_cases_jsonl/logs/b.jsonl");
    let lines: Vec<&str> = log.lines().chain(other.lines()).collect();
    let run = |at_a_time: usize| {
        let rules = "tests/cases/cli/scan_cases_jsonl/rules.yml";
        let arguments = [
            "scan", "-", "-o", "jsonl", "--format", "jsonl", "--rules", rules,
        ];
        let mut child = Command::new(env!("CARGO_BIN_EXE_yagura"))
            .args(arguments)
            .args(["--lateness", "20s"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("the command runs");
        let mut input = child.stdin.take().expect("piped");
        for some in lines.chunks(at_a_time) {
            writeln!(input, "{}", some.join("\n")).expect("it reads");
            input.flush().expect("it reads");
            // Gives the other side the chance to see a pause; the result is the same if not.
            std::thread::yield_now();
        }
        drop(input);
        let output = child.wait_with_output().expect("it ends");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        // Where detections stand among alerts depends on when time is known to have come.
        let alone = |kind: &str| -> Vec<String> {
            let start = format!("{{\"kind\":\"{kind}\"");
            let of_kind = text.lines().filter(|line| line.starts_with(&start));
            of_kind.map(str::to_owned).collect()
        };
        ["alert", "incident", "detection", "summary"].map(alone)
    };
    let whole = run(usize::MAX);
    assert!(whole[0].len() >= 2);
    for at_a_time in [1, 2, 5] {
        assert_eq!(run(at_a_time), whole);
    }
}
