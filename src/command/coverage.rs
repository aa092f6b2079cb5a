//! `yagura coverage`: what rules are about, and which logs they need.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::PoisonError;

use clap::{Args, ValueEnum};
use serde_json::json;
use yagura_rules::{Loaded, Meta, Taxonomy};

use super::bench::write;
use super::choices::{threads, threads_parser};
use crate::coverage::logsources::{self, Needed};
use crate::coverage::matrix::Matrix;
use crate::coverage::navigator;
use crate::failure::{Exit, Failure};
use crate::render::colour::{Style, paint};
use crate::render::escape::visible;
use crate::render::quantity::grouped;
use crate::render::{coverage_html, summary};
use crate::rule_set::{self, OnRefusal};
use crate::source::Sources;
use crate::standard_output::{print, print_error};
use crate::terminal::{Colour, Terminal};

const EXAMPLES: &str = "\
Examples:
  yagura coverage --rules rules/
  yagura coverage /var/log logs/ --rules rules/       which of the needed logs are there
  yagura coverage --rules rules/ --navigator layer.json --html coverage.html

A technique stands below the tactics of the rules that name it.";

/// The arguments of `yagura coverage`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CoverageArgs {
    /// Logs: which of the needed logsources they hold is counted
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Sigma rules: files and folders
    #[arg(long, short, required = true, num_args = 1.., value_name = "PATH")]
    rules: Vec<PathBuf>,
    /// What it looks like
    #[arg(
        long,
        short,
        value_enum,
        value_name = "FORMAT",
        default_value = "table"
    )]
    output: CoverageOutput,
    /// Write a layer for ATT&CK Navigator to this file
    #[arg(long, value_name = "FILE")]
    navigator: Option<PathBuf>,
    /// Write a heat map to this file, as a web page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Worker threads [default: one a core]
    #[arg(long, short = 'j', value_name = "N", value_parser = threads_parser())]
    threads: Option<NonZeroUsize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CoverageOutput {
    /// For people
    Table,
    /// One JSON object
    Json,
}

/// Runs the command.
pub fn run(args: &CoverageArgs, terminal: Terminal) -> Result<Exit, Failure> {
    let loaded = rule_set::load_to_scan(&args.rules, None, OnRefusal::KeepGoing, terminal.err)?;
    let matrix = Matrix::of(metas(&loaded));
    if matrix.rules == 0 {
        let why = "none was found where --rules points".to_owned();
        return Err(Failure::NoRules(why));
    }
    let mut needed = logsources::needed(&loaded.detections, &Taxonomy::shipped());
    let mut exit = if loaded.refused.is_empty() {
        Exit::Success
    } else {
        Exit::Errors
    };
    if !args.paths.is_empty() {
        let mut sources = Sources::new(&args.paths, None);
        let threads = threads(args.threads);
        logsources::count(&mut needed, &loaded.detections, &mut sources, threads)?;
        let errors = sources.errors();
        let errors = errors.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        summary::unreadable(&mut text, &errors, terminal.err.colour);
        print_error(&text);
        if !errors.is_empty() {
            exit = Exit::Errors;
        }
    }
    if let Some(path) = &args.navigator {
        let layer = navigator::layer(&matrix);
        write(path, &format!("{layer:#}\n"))?;
    }
    if let Some(path) = &args.html {
        write(path, &coverage_html::page(&matrix, &needed))?;
    }
    print(&match args.output {
        CoverageOutput::Table => table(&matrix, &needed, terminal.out.colour),
        CoverageOutput::Json => json(&matrix, &needed),
    })?;
    Ok(exit)
}

/// Of all rules that stand for themselves.
fn metas(loaded: &Loaded) -> impl Iterator<Item = &Meta> {
    let detections = loaded.detections.iter().filter(|rule| !rule.in_place);
    let detections = detections.map(|rule| &rule.meta);
    let correlations = loaded.correlations.iter().map(|rule| &rule.meta);
    let sequences = loaded.sequences.iter().map(|rule| &rule.meta);
    detections.chain(correlations).chain(sequences)
}

fn table(matrix: &Matrix, needed: &[Needed], colour: Colour) -> String {
    let mut out = String::new();
    let head = |text: String| paint(&text, Style::Heading, colour);
    let title = format!(
        "{:<22} {:>7} {:>11}  GRAVEST",
        "TACTIC", "RULES", "TECHNIQUES"
    );
    let _ = writeln!(out, "{}", head(title));
    for (tactic, covered) in &matrix.tactics {
        let techniques = matrix
            .cells
            .get(tactic)
            .map_or(0, std::collections::BTreeSet::len);
        let _ = writeln!(
            out,
            "{:<22} {:>7} {techniques:>11}  {}",
            tactic.name(),
            grouped(covered.rules),
            covered.level.name(),
        );
    }
    let _ = writeln!(
        out,
        "{} rules, {} techniques, {} rules without a tag of ATT&CK\n",
        grouped(matrix.rules),
        grouped(matrix.techniques.len() as u64),
        grouped(matrix.untagged),
    );
    let title = format!("{:<48} {:>7} {:>12}", "LOGSOURCE", "RULES", "EVENTS");
    let _ = writeln!(out, "{}", head(title));
    for of in needed {
        let events = match (of.known, of.events) {
            (false, _) => "unknown".to_owned(),
            (true, None) => "-".to_owned(),
            (true, Some(0)) => "none".to_owned(),
            (true, Some(events)) => grouped(events),
        };
        let logsource = visible(&of.logsource);
        let _ = writeln!(out, "{logsource:<48} {:>7} {events:>12}", grouped(of.rules));
    }
    let missing = |of: &&Needed| of.events == Some(0) && of.known;
    let without: u64 = needed.iter().filter(missing).map(|of| of.rules).sum();
    if needed.iter().any(|of| of.events.is_some()) {
        let rules = grouped(without);
        let _ = writeln!(out, "{rules} rules need logs of which there are none");
    }
    out
}

fn json(matrix: &Matrix, needed: &[Needed]) -> String {
    let tactics = matrix.tactics.iter().map(|(tactic, covered)| {
        json!({
            "tactic": tactic.name(),
            "rules": covered.rules,
            "level": covered.level.name(),
            "techniques": matrix.cells.get(tactic),
        })
    });
    let coverage = json!({
        "rules": matrix.rules,
        "untagged": matrix.untagged,
        "tactics": tactics.collect::<Vec<_>>(),
        "techniques": matrix.techniques,
        "logsources": needed,
    });
    format!("{coverage}\n")
}
