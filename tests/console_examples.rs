//! Runs the examples of the documentation: what stands behind `$` in its ```` ```console ````
//! blocks, from the top of the repository, must give what stands below it.
//!
//! Shown is standard output, then standard error; of `… | head -n N` the first lines of standard
//! output. `YAGURA_BLESS=1` writes what came out into the documents.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use regex::Regex;

const DOCUMENTS: [&str; 3] = ["README.md", "docs/rules.md", "docs/formats.md"];

#[test]
fn examples_give_what_the_documents_show() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bless = env::var_os("YAGURA_BLESS").is_some_and(|v| v == "1");
    let mut examples = 0;
    for document in DOCUMENTS {
        let path = root.join(document);
        let text = fs::read_to_string(&path).expect("the document");
        let run = with_real_output(root, &text, &mut examples);
        if bless {
            fs::write(&path, run).expect("a writable document");
        } else {
            assert_eq!(run, text, "{document} shows something else");
        }
    }
    assert!(examples > 0, "no examples found");
}

fn with_real_output(root: &Path, text: &str, examples: &mut usize) -> String {
    let mut out = String::new();
    let mut in_console = false;
    for line in text.lines() {
        let fence = line.starts_with("```");
        if !in_console || fence {
            out.push_str(line);
            out.push('\n');
        }
        if fence {
            in_console = line == "```console";
        } else if in_console && let Some(command) = line.strip_prefix("$ ") {
            let _ = writeln!(out, "{line}\n{}", output(root, command).trim_end());
            *examples += 1;
        }
    }
    out
}

fn output(root: &Path, command: &str) -> String {
    let (command, lines_max) = match command.split_once(" | head -n ") {
        Some((command, n)) => (command, n.trim().parse().expect("a number")),
        None => (command, usize::MAX),
    };
    let mut words = command.split_whitespace();
    assert_eq!(words.next(), Some("yagura"), "{command}");
    let output = Command::new(env!("CARGO_BIN_EXE_yagura"))
        .args(words)
        .current_dir(root)
        .env_remove("NO_COLOR")
        .output()
        .expect("the command runs");
    let mut shown: String = String::from_utf8(output.stdout)
        .expect("UTF-8")
        .split_inclusive('\n')
        .take(lines_max)
        .collect();
    if lines_max == usize::MAX {
        shown += &String::from_utf8(output.stderr).expect("UTF-8");
    }
    // What differs from run to run is shown as one such run.
    let figures = Regex::new(r"in \d+\.\d+ s, [\d,]+ events/s").expect("valid");
    figures
        .replace_all(&shown, "in 0.01 s, 100,000 events/s")
        .into_owned()
}
