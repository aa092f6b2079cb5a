//! The demo: one incident with exact figures, the same with any number of threads, none without
//! the attack; and that what its samples tell people to try works.
//!
//! Ordinary traffic is a hundredth of the usual here, but what the story does is whole.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn yagura(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_yagura"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the command runs")
}

/// Standard output of the demo as JSON lines.
fn demo(options: &[&str]) -> String {
    let usual = ["demo", "--scale", "1", "--output", "jsonl"];
    let folder = tempfile::tempdir().expect("a folder");
    let output = yagura(&[&usual, options].concat(), folder.path());
    assert_eq!(output.status.code(), Some(0), "{options:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn records(text: &str) -> Vec<Value> {
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().expect("JSON lines")
}

/// The number of matches of a rule in an incident, over all its alerts.
fn count(incident: &Value, title: &str) -> u64 {
    let alerts = incident["alerts"].as_array().expect("alerts").iter();
    let of_rule = alerts.filter(|alert| alert["rule"]["title"] == title);
    of_rule.filter_map(|alert| alert["count"].as_u64()).sum()
}

fn check_story(incident: &Value) {
    assert_eq!(incident["kind"], "incident");
    assert_eq!(incident["state"], "closed");
    assert_eq!(incident["level"], "critical");
    assert_eq!(incident["partial"], false);
    let figures = [
        ("Mass export of drawings from a server by scripts", 300_000),
        ("The same malware on ten machines or more", 83),
        ("Known malware started", 83),
        ("The same unusual service on ten machines or more", 83),
        ("Upload to the outside in many parts", 24),
    ];
    for (title, expected) in figures {
        assert_eq!(count(incident, title), expected, "{title}");
    }
    let hosts = incident["entities"]["host"].as_array().expect("hosts");
    assert_eq!(hosts.len(), 83);
    assert!(
        hosts
            .iter()
            .any(|host| host == "ridge-web-14.tidemark.example")
    );
    let workstations = hosts
        .iter()
        .filter(|host| host.as_str().is_some_and(|host| host.contains("-ws-")));
    assert_eq!(workstations.count(), 38);
    let tactics = [
        "initial-access",
        "execution",
        "persistence",
        "lateral-movement",
        "command-and-control",
        "collection",
        "exfiltration",
    ];
    assert_eq!(incident["tactics"], serde_json::json!(tactics));
}

fn check_stages(incident: &Value) {
    let alerts = incident["alerts"].as_array().expect("alerts").iter();
    let stages: Vec<&Value> = alerts
        .flat_map(|alert| alert["stages"].as_array().into_iter().flatten())
        .filter(|stage| stage["name"] != "")
        .collect();
    let of = |name: &str| {
        let stage = stages.iter().find(|stage| stage["name"] == name);
        stage.unwrap_or_else(|| panic!("no stage {name} among {stages:?}"))
    };
    let names = [
        "mass export",
        "malware spreads",
        "files packed",
        "sent outside",
    ];
    let times = names.map(|name| of(name)["last"].as_str().expect("a time").to_owned());
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(of("files packed")["count"], 6);
}

#[test]
fn the_attack_is_one_incident_with_exact_figures() {
    for seed in ["1", "7"] {
        let found = records(&demo(&["--seed", seed]));
        assert_eq!(found.len(), 1, "seed {seed}");
        check_story(&found[0]);
        check_stages(&found[0]);
    }
}

#[test]
fn nothing_is_above_medium_without_the_attack() {
    let found = records(&demo(&["--without-attack"]));
    let grave = |record: &&Value| record["level"] == "high" || record["level"] == "critical";
    assert_eq!(found.iter().find(grave), None);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let one = demo(&["--threads", "1"]);
    for threads in ["2", "3", "8"] {
        assert!(demo(&["--threads", threads]) == one, "{threads} threads");
    }
}

/// What people read names the server, the counts, and the stages.
#[test]
fn the_table_tells_the_story() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = yagura(&["demo", "--scale", "1"], folder.path());
    let told = String::from_utf8(output.stdout).expect("UTF-8");
    for part in [
        "300,000",
        "ridge-web-14",
        "(83 in all)",
        "at 83 places",
        "sent outside",
        "risk",
    ] {
        assert!(told.contains(part), "{part} is missing from\n{told}");
    }
    let figures = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(figures.contains("events/s"), "{figures}");
    assert!(figures.contains("1 incident: 1 critical\n"), "{figures}");
}

/// The page needs nothing but itself, and names what the table names.
#[test]
fn the_page_is_written_and_complete() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = ["demo", "--scale", "1", "--html", "story.html"];
    let output = yagura(&options, folder.path());
    assert_eq!(output.status.code(), Some(0));
    let page = std::fs::read_to_string(folder.path().join("story.html")).expect("a page");
    let incident = "The same malware on ten machines or more";
    for part in [
        incident,
        "300,000",
        "ridge-web-14",
        "sent outside",
        "</html>",
    ] {
        assert!(page.contains(part), "{part} is missing from the page");
    }
    for fetched in [
        "http://", "https://", "<script", "<link", "url(", "@import", " src=",
    ] {
        assert!(
            !page.contains(fetched),
            "the page fetches something: {fetched}"
        );
    }
}

#[test]
fn says_where_a_page_cannot_be_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = ["demo", "--scale", "1", "--html", "no/story.html"];
    let output = yagura(&options, folder.path());
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("no/story.html"), "{said}");
}

/// The commands that `--extract` shows, with their folder, run one after the other.
#[test]
fn samples_come_with_commands_that_work() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = yagura(&["demo", "--extract", "samples"], folder.path());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let program = env!("CARGO_BIN_EXE_yagura");
    let mut commands = 0;
    for line in told.lines() {
        let Some(command) = line.trim_start().strip_prefix(program) else {
            continue;
        };
        let command = command.split(" | ").next().unwrap_or_default();
        let arguments: Vec<&str> = command
            .split('"')
            .enumerate()
            .flat_map(|(i, part)| match i % 2 {
                1 => vec![part],
                _ => part.split_whitespace().collect(),
            })
            .collect();
        let output = yagura(&arguments, folder.path());
        assert_eq!(output.status.code(), Some(0), "{command}");
        commands += 1;
    }
    assert_eq!(commands, 4, "{told}");
}

#[test]
fn overwrites_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = yagura(&["demo", "--extract", "."], folder.path());
    assert_eq!(output.status.code(), Some(2));
}
