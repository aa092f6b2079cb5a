//! Runs the command line on the cases of `tests/cases/cli`.
//!
//! A case is a folder: `cmd` (one line: `yagura scan logs --rules rules < input.jsonl`), whatever
//! files it needs, and what must come out: `expected.stdout`, `expected.stderr`,
//! `expected.code`. It runs in its own folder. `YAGURA_BLESS=1` rewrites the expected files.
//!
//! A file `pending` says what a case waits for; such a case is named and skipped.

use std::env;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use regex::Regex;

struct Outcome {
    stdout: String,
    stderr: String,
    code: String,
}

#[test]
fn cases() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/cli");
    let bless = env::var_os("YAGURA_BLESS").is_some_and(|v| v == "1");
    let mut folders: Vec<PathBuf> = fs::read_dir(&root)
        .expect("the folder of cases")
        .map(|entry| entry.expect("a case").path())
        .collect();
    folders.sort();
    let mut failures = String::new();
    for folder in &folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let pending = folder.join("pending");
        if bless {
            // Whoever blesses a case has seen what it waited for.
            let _ = fs::remove_file(&pending);
        } else if let Ok(why) = fs::read_to_string(&pending) {
            println!("skipped: {name} waits for {}", why.trim());
            continue;
        }
        let outcome = run(folder);
        for (file, got) in [
            ("expected.stdout", &outcome.stdout),
            ("expected.stderr", &outcome.stderr),
            ("expected.code", &outcome.code),
        ] {
            let path = folder.join(file);
            if bless {
                fs::write(&path, got).expect("a writable case");
                continue;
            }
            let expected = fs::read_to_string(&path).unwrap_or_default();
            if expected != *got {
                let _ = write!(
                    failures,
                    "\n== {name}/{file}\n-- expected\n{expected}-- got\n{got}"
                );
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(!folders.is_empty(), "no cases in {}", root.display());
}

fn run(folder: &Path) -> Outcome {
    let line = fs::read_to_string(folder.join("cmd")).expect("a file `cmd`");
    let (line, input) = match line.split_once('<') {
        Some((line, input)) => (line.to_owned(), Some(input.trim().to_owned())),
        None => (line, None),
    };
    let mut words = words(&line).into_iter();
    assert_eq!(
        words.next().as_deref(),
        Some("yagura"),
        "{}",
        folder.display()
    );
    let stdin = match input {
        Some(input) => Stdio::from(File::open(folder.join(input)).expect("the input")),
        None => Stdio::null(),
    };
    let output = Command::new(env!("CARGO_BIN_EXE_yagura"))
        .args(words)
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .stdin(stdin)
        .output()
        .expect("the command runs");
    Outcome {
        stdout: without_figures(
            &String::from_utf8(output.stdout).expect("UTF-8 on standard output"),
        ),
        stderr: without_figures(&String::from_utf8(output.stderr).expect("UTF-8 on stderr")),
        code: format!("{}\n", output.status.code().unwrap_or(-1)),
    }
}

/// The words of a command, blanks within double quotes kept.
fn words(line: &str) -> Vec<String> {
    line.trim()
        .split('"')
        .enumerate()
        .flat_map(|(index, part)| {
            if index % 2 == 1 {
                vec![part.to_owned()]
            } else {
                part.split_whitespace().map(str::to_owned).collect()
            }
        })
        .collect()
}

/// Replaces what differs from run to run.
fn without_figures(text: &str) -> String {
    let rate = Regex::new(r"in \d+\.\d+ s, [\d,]+ events/s").expect("valid");
    let text = rate.replace_all(text, "in [time], [rate]");
    let took = Regex::new(r#""seconds":\d+(\.\d+)?(e-?\d+)?"#).expect("valid");
    let text = took.replace_all(&text, "\"seconds\":[time]");
    // Only said where the tests run without optimisation.
    let slow = Regex::new(r"(?m)^warning: this is a .* build \(opt-level .*\n.*\n").expect("valid");
    slow.replace_all(&text, "").into_owned()
}
