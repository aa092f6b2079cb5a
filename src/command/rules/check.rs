//! `yagura rules check`: every diagnostic.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use yagura_rules::{Diagnostic, Severity};

use crate::failure::{Exit, Failure};
use crate::render::diagnostics;
use crate::render::summary::plural;
use crate::rule_set;
use crate::standard_output::print;
use crate::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  yagura rules check rules/
  yagura rules check my_rule.yml && git commit

Exit codes: 0 all rules can be used, 2 at least one is refused";

/// The arguments of `yagura rules check`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckArgs {
    /// Sigma rules: files and folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// YAML file with values for placeholders (`|expand`)
    #[arg(long, value_name = "FILE")]
    placeholders: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &CheckArgs, terminal: Terminal) -> Result<Exit, Failure> {
    let loaded = rule_set::load(&args.paths, args.placeholders.as_deref())?;
    let mut text = diagnostics::render_all(&loaded.diagnostics, terminal.out);
    let refused = loaded.refused.len();
    let loaded_count = rule_set::rules_count(&loaded);
    // Writing to a string cannot fail.
    let _ = write!(text, "{loaded_count} loaded, {refused} refused");
    for (severity, name) in [(Severity::Warning, "warning"), (Severity::Info, "note")] {
        let of = |d: &&Diagnostic| d.severity == severity;
        let n = loaded.diagnostics.iter().filter(of).count() as u64;
        if n > 0 {
            let _ = write!(text, ", {}", plural(n, name));
        }
    }
    text.push('\n');
    print(&text)?;
    let has_errors = |d: &Diagnostic| d.severity == Severity::Error;
    Ok(
        if refused > 0 || loaded.diagnostics.iter().any(has_errors) {
            Exit::Errors
        } else {
            Exit::Success
        },
    )
}
