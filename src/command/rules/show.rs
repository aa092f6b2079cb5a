//! `yagura rules show`: one rule in full.

use std::path::{Path, PathBuf};

use clap::Args;
use yagura_rules::{Diagnostic, Loaded, Meta, Taxonomy};

use crate::failure::{Exit, Failure};
use crate::render::diagnostics;
use crate::render::rule::RuleText;
use crate::rule_set;
use crate::standard_output::{print, print_error};
use crate::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  yagura rules show my_rule.yml
  yagura rules show 5f7c1e1e-5d0c-4f0c-9d3b-0d1c2b3a4e5f --rules rules/
  yagura rules show \"encoded powershell\" --rules rules/";

/// The arguments of `yagura rules show`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ShowArgs {
    /// A file of rules; with --rules the id, name or title of a rule
    #[arg(value_name = "RULE")]
    rule: String,
    /// Where to look for the rule: files and folders
    #[arg(long, short, num_args = 1.., value_name = "PATH")]
    rules: Vec<PathBuf>,
    /// YAML file with values for placeholders (`|expand`)
    #[arg(long, value_name = "FILE")]
    placeholders: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &ShowArgs, terminal: Terminal) -> Result<Exit, Failure> {
    let placeholders = args.placeholders.as_deref();
    if args.rules.is_empty() {
        let paths = [PathBuf::from(&args.rule)];
        let loaded = rule_set::load(&paths, placeholders)?;
        return show(&loaded, |_| true, terminal);
    }
    let loaded = rule_set::load(&args.rules, placeholders)?;
    let wanted = args.rule.as_str();
    if !metas(&loaded).any(|meta| is_called(meta, wanted)) {
        // It may be among those that could not be read.
        rule_set::print_errors(&loaded, terminal.err);
        return Err(Failure::UnknownRule {
            wanted: wanted.to_owned(),
            close: close_title(&loaded, wanted),
        });
    }
    show(&loaded, |meta| is_called(meta, wanted), terminal)
}

fn show(
    loaded: &Loaded,
    is_wanted: impl Fn(&Meta) -> bool,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let taxonomy = Taxonomy::shipped();
    let mut text = RuleText::new(terminal.out.colour);
    let rules = loaded.detections.iter().filter(|r| !r.in_place);
    for rule in rules.filter(|r| is_wanted(&r.meta)) {
        text.detection(rule, &taxonomy);
    }
    for rule in loaded.correlations.iter().filter(|r| is_wanted(&r.meta)) {
        text.correlation(rule);
    }
    for rule in loaded.sequences.iter().filter(|r| is_wanted(&r.meta)) {
        text.sequence(rule, loaded);
    }
    for policy in loaded.policies.iter().filter(|p| is_wanted(&p.meta)) {
        text.policy(policy);
    }
    for filter in loaded.filters.iter().filter(|r| is_wanted(&r.meta)) {
        text.filter(filter);
    }
    print(&text.into_text())?;
    let files: Vec<&Path> = metas(loaded)
        .filter(|meta| is_wanted(meta))
        .map(|meta| meta.file.path.as_path())
        .collect();
    let concerns = |d: &&Diagnostic| {
        let file = d.file.as_ref();
        files.is_empty() || file.is_some_and(|file| files.contains(&file.path.as_path()))
    };
    let diagnostics = loaded.diagnostics.iter().filter(concerns);
    print_error(&diagnostics::render_all(diagnostics, terminal.err));
    Ok(if files.is_empty() {
        Exit::Errors
    } else {
        Exit::Success
    })
}

pub(in crate::command) fn metas(loaded: &Loaded) -> impl Iterator<Item = &Meta> {
    let detections = loaded.detections.iter().filter(|r| !r.in_place);
    let detections = detections.map(|r| &r.meta);
    let correlations = loaded.correlations.iter().map(|r| &r.meta);
    let sequences = loaded.sequences.iter().map(|r| &r.meta);
    let policies = loaded.policies.iter().map(|p| &p.meta);
    let filters = loaded.filters.iter().map(|r| &r.meta);
    let evaluated = detections.chain(correlations).chain(sequences);
    evaluated.chain(policies).chain(filters)
}

pub(in crate::command) fn is_called(meta: &Meta, wanted: &str) -> bool {
    let is = |name: &str| name.eq_ignore_ascii_case(wanted);
    is(&meta.title) || meta.id.as_deref().is_some_and(is) || meta.name.as_deref().is_some_and(is)
}

/// A title that contains what is wanted, or is spelled much like it.
pub(in crate::command) fn close_title(loaded: &Loaded, wanted: &str) -> Option<String> {
    let wanted = wanted.to_lowercase();
    let mut best = (0.7, None);
    for meta in metas(loaded) {
        let title = meta.title.to_lowercase();
        if title.contains(&wanted) {
            return Some(meta.title.clone());
        }
        let likeness = strsim::jaro_winkler(&title, &wanted);
        if likeness > best.0 {
            best = (likeness, Some(&meta.title));
        }
    }
    best.1.cloned()
}
