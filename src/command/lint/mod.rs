//! `yagura lint`: what is wrong with rules, beyond what keeps them from loading.

mod github;
mod json;
pub(super) mod rewrite;
mod sarif;
mod table;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use yagura_rules::lint::{Code, Configuration, Finding, Linted, lint, mend};
use yagura_rules::{LoadOptions, Placeholders, Severity};

use crate::failure::{Exit, Failure};
use crate::standard_output::{print, print_error};
use crate::terminal::Terminal;

/// Where a configuration is looked for when none is named.
const CONFIGURATION: &str = ".yagura-lint.yml";
/// Fixes that touch each other take several rounds.
const ROUNDS_MAX: usize = 8;

const EXAMPLES: &str = "\
Examples:
  yagura lint rules/
  yagura lint rules/ --level info --disable YG307
  yagura lint rules/ --fix && git diff
  yagura lint rules/ --output sarif > lint.sarif
  yagura lint rules/ --output github --fail-on warning

A comment behind a value suppresses a check on its line, one alone on a line
in the whole file:  # yagura-lint: disable=YG308

Exit codes: 0 nothing as grave as --fail-on names, 1 something, 2 wrong usage";

/// The arguments of `yagura lint`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct LintArgs {
    /// Rules: files and folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Mend what can be mended without changing what rules mean
    #[arg(long)]
    fix: bool,
    /// What the findings look like
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value_t)]
    output: LintFormat,
    /// Leave out findings that are less grave
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "warning")]
    level: LintLevel,
    /// End with code 1 if there is a finding as grave as this
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "error")]
    fail_on: LintLevel,
    /// Do not run a check, by its code or name; may be repeated
    #[arg(long, value_name = "CODE", value_parser = code)]
    disable: Vec<Code>,
    /// Configuration [default: .yagura-lint.yml in the working directory, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// YAML file with values for placeholders (`|expand`)
    #[arg(long, value_name = "FILE")]
    placeholders: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum LintFormat {
    /// For people
    #[default]
    Table,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LintLevel {
    Info,
    Warning,
    Error,
}

impl From<LintLevel> for Severity {
    fn from(level: LintLevel) -> Self {
        match level {
            LintLevel::Info => Self::Info,
            LintLevel::Warning => Self::Warning,
            LintLevel::Error => Self::Error,
        }
    }
}

fn code(text: &str) -> Result<Code, &'static str> {
    text.parse()
        .map_err(|()| "there is no such check; docs/lint/ lists them")
}

/// Runs the command.
pub fn run(args: &LintArgs, terminal: Terminal) -> Result<Exit, Failure> {
    let configuration = configuration(args)?;
    let placeholders = match &args.placeholders {
        Some(path) => {
            Placeholders::read(path).map_err(|error| Failure::Placeholders(error.to_string()))?
        }
        None => Placeholders::default(),
    };
    let options = LoadOptions { placeholders };
    let mut linted = lint(&args.paths, &options, &configuration);
    if args.fix {
        linted = fix(args, &options, &configuration, linted)?;
    }
    let level = Severity::from(args.level);
    let shown: Vec<&Finding> = linted
        .findings
        .iter()
        .filter(|finding| finding.diagnostic.severity >= level)
        .collect();
    match args.output {
        LintFormat::Table => print(&table::render(&shown, &linted, terminal.out))?,
        LintFormat::Json => print(&json::render(&shown, &linted))?,
        LintFormat::Sarif => print(&sarif::render(&shown))?,
        LintFormat::Github => print(&github::render(&shown))?,
    }
    let fail_on = Severity::from(args.fail_on);
    let fails = |finding: &Finding| finding.diagnostic.severity >= fail_on;
    Ok(if linted.findings.iter().any(fails) {
        Exit::Detected
    } else {
        Exit::Success
    })
}

fn configuration(args: &LintArgs) -> Result<Configuration, Failure> {
    let by_default = Path::new(CONFIGURATION);
    let path = match &args.config {
        Some(path) => Some(path.as_path()),
        None => by_default.is_file().then_some(by_default),
    };
    let mut configuration = match path {
        Some(path) => Configuration::read(path).map_err(|error| Failure::LintConfiguration {
            path: path.to_owned(),
            source: error,
        })?,
        None => Configuration::default(),
    };
    for code in &args.disable {
        configuration.disable(*code);
    }
    Ok(configuration)
}

/// Applies fixes until there are none left, and says how many there were.
fn fix(
    args: &LintArgs,
    options: &LoadOptions,
    configuration: &Configuration,
    mut linted: Linted,
) -> Result<Linted, Failure> {
    let (mut applied, mut touched) = (0, 0);
    for round in 0..ROUNDS_MAX {
        let mut changed = 0;
        for group in by_file(&linted.findings) {
            let Some(file) = group.first().and_then(|f| f.diagnostic.file.as_ref()) else {
                continue;
            };
            let fixes = group.iter().filter_map(|finding| finding.fix.as_ref());
            let Some((text, count)) = mend(file, fixes) else {
                continue;
            };
            rewrite::rewrite(&file.path, &file.text, &text)?;
            applied += count;
            changed += 1;
        }
        if round == 0 {
            touched = changed;
        }
        if changed == 0 {
            break;
        }
        linted = lint(&args.paths, options, configuration);
    }
    print_error(&format!("{applied} fixes in {touched} files\n"));
    Ok(linted)
}

/// Findings are in order of their files.
fn by_file(findings: &[Finding]) -> impl Iterator<Item = &[Finding]> {
    findings.chunk_by(
        |one, other| match (&one.diagnostic.file, &other.diagnostic.file) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other) || one.path == other.path,
            _ => false,
        },
    )
}
