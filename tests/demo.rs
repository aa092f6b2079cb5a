//! The demo: what is found in its logs, and that what it tells people to try works.

use std::collections::BTreeMap;
use std::process::{Command, Output};

fn yagura(arguments: &[&str], folder: &std::path::Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_yagura"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the command runs")
}

#[test]
fn finds_what_its_description_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = yagura(&["demo", "--output", "jsonl"], folder.path());
    assert_eq!(output.status.code(), Some(0));
    let mut counts = BTreeMap::<String, u32>::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let detection: serde_json::Value = serde_json::from_str(line).expect("JSON");
        if detection["kind"] != "detection" {
            continue;
        }
        let title = detection["rule"]["title"].as_str().expect("a title");
        *counts.entry(title.to_owned()).or_default() += 1;
    }
    let counts: Vec<(&str, u32)> = counts.iter().map(|(t, n)| (t.as_str(), *n)).collect();
    assert_eq!(
        counts,
        [
            ("Archive sent away by a command line tool", 6),
            ("Archive with a password made on the command line", 3),
            ("Memory of LSASS read", 1),
            ("Office starts a command interpreter", 1),
            ("PowerShell with an encoded command", 2),
            ("Program in a public folder starts at logon", 1),
            ("Program in shared memory", 3),
            ("Script answers from an upload folder", 7),
            ("Security log cleared", 1),
            ("Service from a file dropped beside Windows", 3),
            ("Web scanner by its user agent", 154),
        ]
    );
}

/// The commands at its end, with their folder, run one after the other.
#[test]
fn ends_with_commands_that_work() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = yagura(&["demo"], folder.path());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let program = env!("CARGO_BIN_EXE_yagura");
    let mut commands = 0;
    for line in told.lines() {
        let Some(command) = line.trim_start().strip_prefix(program) else {
            continue;
        };
        let command = command.split(" | ").next().unwrap_or_default();
        if command.contains("/var/log") {
            continue; // not on every machine
        }
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
