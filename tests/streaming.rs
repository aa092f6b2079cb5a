//! What only shows with two programs at the ends of pipes: results that come at once, readers
//! that leave early.

use std::fs;
#[cfg(target_os = "linux")]
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A command that reads standard input, in a folder with a rule that matches `{"a":"b"}`.
fn reading_stdin(folder: &TempDir, arguments: &str, stdout: Stdio) -> Child {
    let rule = "title: A\nlogsource: {category: test}\nlevel: high\n\
                detection: {sel: {a: b}, condition: sel}\n";
    fs::write(folder.path().join("rule.yml"), rule).expect("a rule");
    Command::new(env!("CARGO_BIN_EXE_yagura"))
        .args(arguments.split(' '))
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs")
}

fn events_of_stdin() -> Child {
    Command::new(env!("CARGO_BIN_EXE_yagura"))
        .args(["events", "-", "--format", "raw"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs")
}

#[test]
fn shows_what_came_while_input_pauses() {
    let mut child = events_of_stdin();
    let mut input = child.stdin.take().expect("piped");
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    for word in ["first", "second"] {
        writeln!(input, "{word}").expect("the command reads");
        let mut line = String::new();
        // Would wait for ever if the line waited for more input.
        output.read_line(&mut line).expect("the command writes");
        assert!(line.contains(word), "{line}");
    }
    drop(input);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn ends_quietly_when_nobody_reads_any_more() {
    let mut child = events_of_stdin();
    let mut input = child.stdin.take().expect("piped");
    drop(child.stdout.take());
    // Input stays open: the command must not wait for its end. Writing fails once it is gone.
    while writeln!(input, "line").is_ok() {}
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn an_endless_generator_ends_with_its_reader() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_yagura"))
        .args(["gen", "--kind", "sshd", "--rate", "200000"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    output.read_line(&mut line).expect("the command writes");
    assert!(line.contains("sshd["), "{line}");
    drop(output);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_reader_that_leaves_hides_neither_detections_nor_errors() {
    let folder = tempfile::tempdir().expect("a folder");
    for (arguments, code, message) in [
        ("scan - -r rule.yml", 0, ""),
        ("scan - -r rule.yml --fail-on-detection high", 1, ""),
        ("scan - -r rule.yml --fail-on-detection critical", 0, ""),
        ("scan - none.log -r rule.yml", 2, "none.log: there is no"),
        ("events - none.log", 2, "none.log: there is no"),
    ] {
        let mut child = reading_stdin(&folder, arguments, Stdio::piped());
        let mut input = child.stdin.take().expect("piped");
        drop(child.stdout.take());
        // Input stays open.
        while writeln!(input, "{{\"a\":\"b\"}}").is_ok() {}
        let output = child.wait_with_output().expect("it ends");
        let shown = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments}: {shown}");
        assert!(shown.contains(message), "{arguments}: {shown}");
        assert_eq!(shown.is_empty(), message.is_empty(), "{arguments}: {shown}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn full_output_ends_the_command_while_input_pauses() {
    let folder = tempfile::tempdir().expect("a folder");
    for arguments in [
        "scan - -r rule.yml -j 1",
        "scan - -r rule.yml -j 2",
        "events -",
    ] {
        let full = File::options().write(true).open("/dev/full");
        let full = full.expect("Linux has it").into();
        let mut child = reading_stdin(&folder, arguments, full);
        let mut input = child.stdin.take().expect("piped");
        writeln!(input, "{{\"a\":\"b\"}}").expect("the command reads");
        // Would wait for ever if the command waited for more input, which stays open.
        let output = child.wait_with_output().expect("it ends");
        drop(input);
        let shown = String::from_utf8_lossy(&output.stderr);
        assert!(
            shown.starts_with("error: standard output cannot be written"),
            "{shown}"
        );
        assert_eq!(output.status.code(), Some(2));
    }
}
