//! Input that no repository can hold: pipes, names that are no text, dates of files, full disks.
#![cfg(unix)]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

const RULE: &str = "\
title: A
logsource: {category: test}
detection: {sel: {a: b}, condition: sel}
";

fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("rule.yml"), RULE).expect("a rule");
    folder
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yagura"));
    command.args(arguments).current_dir(folder);
    command
}

fn yagura(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn make_pipe(path: &Path) {
    let status = Command::new("mkfifo").arg(path).status();
    assert!(status.expect("mkfifo runs").success());
}

#[test]
fn pipes_in_folders_are_named_and_not_waited_for() {
    let folder = folder();
    for name in ["logs", "rules"] {
        fs::create_dir(folder.path().join(name)).expect("a folder");
    }
    make_pipe(&folder.path().join("logs/pipe"));
    make_pipe(&folder.path().join("rules/pipe.yml"));
    let output = yagura(folder.path(), &["scan", "logs", "-r", "rule.yml"]);
    assert!(text(&output.stderr).contains("logs/pipe: not a regular file"));
    assert_eq!(output.status.code(), Some(2));
    let output = yagura(folder.path(), &["rules", "check", "rules", "rule.yml"]);
    assert!(text(&output.stdout).contains("rules/pipe.yml: not a regular file"));
    assert!(text(&output.stdout).contains("1 loaded"));
}

#[test]
fn file_names_need_not_be_text() {
    let folder = folder();
    let name = OsStr::from_bytes(b"log\xff\x1b[2J.jsonl");
    fs::write(folder.path().join(name), "{\"a\":\"b\"}\n").expect("a log");
    for format in ["table", "jsonl", "csv"] {
        let output = command(
            folder.path(),
            &["scan", "-r", "rule.yml", "-o", format, "--"],
        )
        .arg(name)
        .output()
        .expect("it runs");
        let shown = text(&output.stdout);
        assert!(!shown.contains('\x1b'), "{shown:?}");
        assert!(text(&output.stderr).contains("1 detection"));
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn times_without_a_year_are_not_after_the_files_last_change() {
    let folder = folder();
    let path = folder.path().join("auth.log");
    let mut file = File::create(&path).expect("a log");
    for line in [
        "Dec 31 23:59:59 web01 app: a",
        "Mar  4 07:12:44 web01 app: b",
        "Jul  1 00:00:00 web01 app: c",
        "Nov 24 00:00:00 web01 app: d",
    ] {
        writeln!(file, "{line}").expect("written");
    }
    // 2026-11-25
    let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_564_800);
    file.set_modified(changed).expect("a date");
    let output = yagura(folder.path(), &["events", "auth.log"]);
    let shown = text(&output.stdout);
    let times: Vec<&str> = shown.lines().filter_map(|l| l.get(9..19)).collect();
    assert_eq!(
        times,
        ["2025-12-31", "2026-03-04", "2026-07-01", "2026-11-24"],
        "{shown}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn full_output_is_an_error() {
    let folder = folder();
    fs::write(folder.path().join("a.jsonl"), "{\"a\":\"b\"}\n").expect("a log");
    let output = command(folder.path(), &["scan", "a.jsonl", "-r", "rule.yml"])
        .stdout(File::create("/dev/full").expect("Linux has it"))
        .stderr(Stdio::piped())
        .output()
        .expect("it runs");
    assert!(text(&output.stderr).starts_with("error: standard output cannot be written"));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn no_room_to_sort_is_an_error_that_says_where() {
    let folder = folder();
    // More detections than are sorted in memory.
    let line = format!("{{\"a\":\"b\",\"pad\":\"{}\"}}\n", "x".repeat(100));
    fs::write(folder.path().join("a.jsonl"), line.repeat(200_000)).expect("a log");
    let output = command(
        folder.path(),
        &[
            "scan",
            "a.jsonl",
            "-r",
            "rule.yml",
            "--full-event",
            "-o",
            "jsonl",
        ],
    )
    .env("TMPDIR", "/nonexistent")
    .output()
    .expect("it runs");
    assert!(text(&output.stderr).contains("set TMPDIR to a folder"));
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
}

#[test]
fn results_are_bounded_and_the_same_on_any_number_of_threads() {
    let folder = folder();
    let rules: Vec<String> = (0..60)
        .map(|n| RULE.replace("title: A", &format!("title: R{n}")))
        .collect();
    fs::write(folder.path().join("rules.yml"), rules.join("---\n")).expect("rules");
    let long = "x".repeat(300_000);
    // One long event, and enough short ones that the results of a block go to a file.
    let lines = "{\"a\":\"b\",\"n\":1}\n".repeat(4_000);
    let content = format!("{{\"a\":\"b\",\"long\":\"{long}\"}}\n{lines}");
    fs::write(folder.path().join("a.jsonl"), content).expect("a log");
    let run = |threads| {
        let arguments = "scan a.jsonl -r rules.yml --full-event -o jsonl -j";
        let arguments: Vec<&str> = arguments.split(' ').chain([threads]).collect();
        let output = yagura(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let shown = run("1");
    assert!(shown.len() > 8 << 20, "{}", shown.len());
    let is_detection = |line: &&str| line.starts_with("{\"kind\":\"detection\"");
    assert_eq!(shown.lines().filter(is_detection).count(), 60 * 4_001);
    assert_eq!(shown.matches("x… (300000 bytes)").count(), 60);
    let mut detections = shown.lines().filter(is_detection);
    assert!(detections.all(|line| line.len() < 70_000));
    assert!(shown == run("2"), "threads make a difference");
}

#[test]
fn figures_that_cannot_be_written_hide_nothing() {
    let folder = folder();
    fs::write(folder.path().join("a.jsonl"), "{\"a\":\"b\"}\n").expect("a log");
    let arguments = "scan a.jsonl missing.log -r rule.yml --stats none/stats.json";
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let output = yagura(folder.path(), &arguments);
    let shown = text(&output.stderr);
    for part in [
        "1 detection",
        "missing.log: there is no such file",
        "none/stats.json cannot be written",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn names_that_look_alike_have_different_identities() {
    let folder = folder();
    for name in [b"log\xff.jsonl", b"log\xfe.jsonl"] {
        let path = folder.path().join(OsStr::from_bytes(name));
        fs::write(path, "{\"a\":\"b\"}\n").expect("a log");
    }
    let output = yagura(folder.path(), &["scan", ".", "-r", "rule.yml", "-o", "csv"]);
    let shown = text(&output.stdout);
    let ids: Vec<&str> = shown.lines().skip(1).filter_map(|l| l.get(..32)).collect();
    assert_eq!(ids.len(), 2, "{shown}");
    assert_ne!(ids.first(), ids.last(), "{shown}");
}
