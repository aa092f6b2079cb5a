//! `yagura fmt`: brings files of rules into the usual form.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use yagura_rules::format;
use yagura_rules::{Diagnostic, Severity};

use super::lint::rewrite::rewrite;
use crate::failure::{Exit, Failure};
use crate::render::diagnostics;
use crate::render::escape::visible;
use crate::render::summary::plural;
use crate::standard_output::{print, print_error};
use crate::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  yagura fmt rules/
  yagura fmt rules/ --check

What rules mean never changes; comments and quotes stay as they are.

Exit codes: 0 done, 1 with --check some file would change, 2 a file is not YAML";

/// The arguments of `yagura fmt`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct FormatArgs {
    /// Rules: files and folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Change nothing, list the files that would be changed
    #[arg(long)]
    check: bool,
}

/// Runs the command.
pub fn run(args: &FormatArgs, terminal: Terminal) -> Result<Exit, Failure> {
    let input = format::read(&args.paths);
    let mut listed = String::new();
    let (mut changed, mut unreadable) = (0, 0);
    for file in &input.files {
        // A file that could not be read has no text; loading has said why.
        if file.text.is_empty() {
            continue;
        }
        let Some(text) = format::format(&file.text) else {
            unreadable += 1;
            let of_file = |d: &&Diagnostic| {
                d.severity == Severity::Error
                    && d.file.as_ref().is_some_and(|other| other.path == file.path)
            };
            let errors = input.diagnostics.iter().filter(of_file);
            print_error(&diagnostics::render_all(errors, terminal.err));
            continue;
        };
        if text == file.text {
            continue;
        }
        changed += 1;
        // Writing to a string cannot fail.
        let _ = writeln!(listed, "{}", visible(&file.path.to_string_lossy()));
        if !args.check {
            rewrite(&file.path, &file.text, &text)?;
        }
    }
    let of_paths = |d: &&Diagnostic| {
        d.severity == Severity::Error && d.file.as_ref().is_some_and(|file| file.text.is_empty())
    };
    let missing: Vec<&Diagnostic> = input.diagnostics.iter().filter(of_paths).collect();
    unreadable += missing.len();
    print_error(&diagnostics::render_all(missing, terminal.err));
    print(&listed)?;
    let verb = if args.check {
        "would change"
    } else {
        "changed"
    };
    let of = plural(input.files.len() as u64, "file");
    print_error(&format!(
        "{changed} of {of} {verb}, {unreadable} cannot be formatted\n"
    ));
    Ok(match (unreadable, changed) {
        (1.., _) => Exit::Errors,
        (0, 1..) if args.check => Exit::Detected,
        _ => Exit::Success,
    })
}
