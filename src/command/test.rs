//! `yagura test`: runs the tests that stand beside rules.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use yagura_parsers::Extent;
use yagura_rules::{Level, Taxonomy};

use super::choices::{threads, threads_parser};
use crate::failure::{Exit, Failure};
use crate::rule_set::{self, OnRefusal};
use crate::rule_test::{Outcome, Verdict, evaluation, file, junit, report, walk};
use crate::scan::RuleBook;
use crate::standard_output::print;
use crate::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  yagura test rules/
  yagura test regression_data/ --rules sigma/rules/
  yagura test rules/ --junit report.xml --output jsonl

Exit codes:
  0  all pass
  1  some fail
  2  some are broken, or there are none";

/// The arguments of `yagura test`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct TestArgs {
    /// Files of tests, and folders with `*_test.yml` or `SigmaHQ` `info.yml`
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Test these rules instead of those beside the tests
    #[arg(long, short, num_args = 1.., value_name = "PATH")]
    pub rules: Vec<PathBuf>,
    /// Run only the cases whose file and name contain this
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// How outcomes are written
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "text")]
    pub output: TestOutput,
    /// Write the outcomes to this file as `JUnit` XML, too
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Worker threads [default: one a core]
    #[arg(long, short = 'j', value_name = "N", value_parser = threads_parser())]
    pub threads: Option<NonZeroUsize>,
}

/// How outcomes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TestOutput {
    /// For people
    Text,
    /// One JSON object a case, then one of the sums
    Jsonl,
}

/// Runs the command.
pub fn run(args: &TestArgs, terminal: Terminal) -> Result<Exit, Failure> {
    let shared = match args.rules.as_slice() {
        [] => None,
        rules => {
            // What the rules of others are refused for is no matter of these tests; a case whose
            // rule is missing is broken, and says so.
            let loaded = rule_set::load_to_scan(rules, None, OnRefusal::KeepGoing, terminal.err)?;
            Some(compile(loaded)?)
        }
    };
    let (files, unreadable) = walk::find(&args.paths);
    let mut outcomes: Vec<Outcome> = unreadable
        .into_iter()
        .map(|why| broken(Path::new("folder"), why))
        .collect();
    outcomes.extend(run_all(args, &files, shared.as_ref()));
    print(&match args.output {
        TestOutput::Text => report::text(&outcomes, terminal.out.colour),
        TestOutput::Jsonl => report::jsonl(&outcomes),
    })?;
    if let Some(path) = &args.junit {
        fs::write(path, junit::xml(&outcomes)).map_err(|source| Failure::File {
            path: path.clone(),
            source,
        })?;
    }
    Ok(exit(&outcomes))
}

fn exit(outcomes: &[Outcome]) -> Exit {
    let is_broken = |of: &Outcome| matches!(of.verdict, Verdict::Broken(_));
    if outcomes.is_empty() || outcomes.iter().any(is_broken) {
        Exit::Errors
    } else if outcomes.iter().any(|of| of.verdict != Verdict::Pass) {
        Exit::Detected
    } else {
        Exit::Success
    }
}

/// The outcomes of all files, in their order whatever the number of threads.
fn run_all(args: &TestArgs, files: &[PathBuf], shared: Option<&RuleBook>) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = files.get(at) else {
                return done;
            };
            done.push((at, run_file(path, shared, args.filter.as_deref())));
        }
    };
    let mut done = thread::scope(|scope| {
        let count = threads(args.threads).get().min(files.len());
        let workers: Vec<_> = (0..count).map(|_| scope.spawn(work)).collect();
        let mut done = Vec::new();
        for worker in workers {
            match worker.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter()
        .flat_map(|(_, outcomes)| outcomes)
        .collect()
}

fn run_file(path: &Path, shared: Option<&RuleBook>, filter: Option<&str>) -> Vec<Outcome> {
    let tests = match file::read(path) {
        Ok(tests) => tests,
        Err(why) => return vec![broken(path, why)],
    };
    let own;
    let book = match (shared, &tests.rules) {
        (Some(book), _) => book,
        (None, Some(rules)) => match load(rules) {
            Ok(book) => {
                own = book;
                &own
            }
            Err(why) => return vec![broken(path, why)],
        },
        (None, None) => {
            let why = "no rules beside it: write `rules`, or give --rules";
            return vec![broken(path, why.to_owned())];
        }
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let cases = tests.cases.iter().filter_map(|case| {
        let name = format!("{}: {}", path.display(), case.name);
        let is_wanted = filter.is_none_or(|filter| name.contains(filter));
        is_wanted.then(|| {
            let begun = Instant::now();
            Outcome {
                file: path.display().to_string(),
                name: case.name.clone(),
                verdict: evaluation::run(case, book, folder),
                took: begun.elapsed(),
            }
        })
    });
    cases.collect()
}

fn load(rules: &Path) -> Result<RuleBook, String> {
    let loaded =
        rule_set::load(&[rules.to_owned()], None).map_err(|failure| failure.to_string())?;
    if let Some(refused) = loaded.refused.first() {
        let path = refused.path.display();
        return Err(format!(
            "{path}: {} (`yagura rules check` shows where)",
            refused.reason
        ));
    }
    compile(loaded).map_err(|failure| failure.to_string())
}

fn compile(loaded: yagura_rules::Loaded) -> Result<RuleBook, Failure> {
    let taxonomy = Taxonomy::shipped();
    Ok(RuleBook::compile(
        loaded,
        Level::Informational,
        Extent::Projected,
        &taxonomy,
    )?)
}

fn broken(path: &Path, why: String) -> Outcome {
    Outcome {
        file: path.display().to_string(),
        name: "reading".to_owned(),
        took: Duration::ZERO,
        verdict: Verdict::Broken(why),
    }
}
