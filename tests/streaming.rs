//! What only shows with two programs at the ends of pipes: results that come at once, readers
//! that leave early.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

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
