//! `yagura bench`: how fast yagura is here, with these logs and these rules.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use yagura_engine::Engine;
use yagura_parsers::{Extent, Format};
use yagura_rules::{Activity, Detection, Loaded, Taxonomy};

use super::bench_server::{self, ServerArgs};
use super::choices::{duration, format_parser, threads};
use crate::bench::findings::Findings;
use crate::bench::input::{Input, Taken};
use crate::bench::input_statistics::InputStatistics;
use crate::bench::machine::Machine;
use crate::bench::measure::{Task, measure};
use crate::bench::pass::{self, Pass};
use crate::bench::profile::profile;
use crate::bench::report::{Build, Measurement, Report, RuleStatistics, SCHEMA};
use crate::bench::stage::Stage;
use crate::bench::subset::evenly;
use crate::bench::warnings;
use crate::failure::{Exit, Failure};
use crate::render::bench_table;
use crate::render::escape::visible;
use crate::render::{bench_html, summary};
use crate::rule_set::{self, OnRefusal};
use crate::source::Sources;
use crate::standard_output::{print, print_error};
use crate::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  yagura bench logs/ --rules rules/
  yagura bench logs/ --rules rules/ --threads 1,2,4,8 --rules-sweep 10,100,1000,all
  yagura bench logs/ --rules rules/ --stage match --duration 20s --json figures.json
  yagura bench logs/ --rules rules/ --profile-rules --html report.html
  yagura bench --server 127.0.0.1:8080 --protocol relp --duration 30s
  yagura bench auth.log --server 127.0.0.1:8080 --rate 50000

The input is held in memory and gone over again and again. Each round begins with matchers that
have seen nothing; the median round is reported, the slowest and fastest beside it. All rounds
must find the same, or the benchmark fails.

With --server a server that runs is measured instead: lines are sent to it as shippers send them,
again and again with the time of then, and its own counters tell what became of them.";

/// The arguments of `yagura bench`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct BenchArgs {
    /// Log files and folders; `-` is standard input
    #[arg(required_unless_present = "server", value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Sigma rules: files and folders
    #[arg(long, short, required_unless_present = "server", num_args = 1.., value_name = "PATH")]
    rules: Vec<PathBuf>,
    /// Numbers of threads for the stage `all` [default: 1 and one a core]
    #[arg(long, short = 'j', value_name = "LIST", value_delimiter = ',')]
    threads: Vec<NonZeroUsize>,
    /// Numbers of rules: `10,100,all`. Of fewer than all, every k-th is taken
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "all"
    )]
    rules_sweep: Vec<RuleCount>,
    /// What to measure [default: each]
    #[arg(long, value_enum, value_name = "STAGE", value_delimiter = ',')]
    stage: Vec<Stage>,
    /// How long to measure each of them, at least
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub(super) duration: Duration,
    /// Write the report to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
    /// Write the report to this file, as a web page with charts
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Show what each rule costs, and why
    #[arg(long)]
    profile_rules: bool,
    /// Format of all inputs; recognised by content where not given
    #[arg(long, short, value_name = "FORMAT", value_parser = format_parser())]
    format: Option<Format>,
    /// YAML file with values for placeholders (`|expand`)
    #[arg(long, value_name = "FILE")]
    placeholders: Option<PathBuf>,
    /// Take no more than the first so many megabytes of the input
    #[arg(long, value_name = "MB", default_value = "256")]
    pub(super) input_limit: NonZeroUsize,
    /// Go on if no rule matches anything
    #[arg(long)]
    allow_no_detections: bool,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

/// A number of rules to measure with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RuleCount {
    All,
    Some(NonZeroUsize),
}

impl FromStr for RuleCount {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "all" {
            return Ok(Self::All);
        }
        let number = text.parse().map_err(|_| "a number above 0, or `all`")?;
        Ok(Self::Some(number))
    }
}

/// The rules, and what is told about them.
struct Prepared {
    active: Vec<Arc<Detection>>,
    whole: Arc<Engine>,
    statistics: RuleStatistics,
}

/// Runs the command.
pub fn run(args: &BenchArgs, terminal: Terminal) -> Result<Exit, Failure> {
    if let Some(server) = &args.server.server {
        return bench_server::run(args, server);
    }
    let build = Build::this();
    if build.is_slow() {
        print_error(&bench_table::slow_build(build, terminal.err.colour));
    }
    let machine = Machine::look();
    let mut rules = prepare(args, terminal)?;
    let (input, exit) = load(args, terminal)?;
    let reference = pass::run(&input, &rules.whole);
    rules.statistics.matched = reference.rules_matched;
    if reference.findings.detections == 0 && !args.allow_no_detections {
        return Err(Failure::NoDetections {
            events: reference.findings.events,
            rules: rules.active.len() as u64,
        });
    }
    let mut report = Report {
        schema: SCHEMA,
        yagura: build,
        machine,
        input: InputStatistics::of(&input, &rules.whole),
        rules: rules.statistics.clone(),
        duration_seconds: args.duration.as_secs_f64(),
        measurements: Vec::new(),
        profile: None,
        warnings: Vec::new(),
    };
    print(&bench_table::heading(&report))?;
    measure_all(args, &input, &rules, reference, &mut report, terminal)?;
    if args.profile_rules {
        let profile = profile(&input, &rules.whole);
        print(&bench_table::profile(&profile, terminal.out))?;
        report.profile = Some(profile);
    }
    report.warnings = warnings::of(&report);
    print(&bench_table::warnings(
        &report.warnings,
        terminal.out.colour,
    ))?;
    if let Some(path) = &args.json {
        write(path, &json(&report)?)?;
    }
    if let Some(path) = &args.html {
        write(path, &bench_html::page(&report))?;
    }
    Ok(exit)
}

fn prepare(args: &BenchArgs, terminal: Terminal) -> Result<Prepared, Failure> {
    let started = Instant::now();
    let loaded = rule_set::load_to_scan(
        &args.rules,
        args.placeholders.as_deref(),
        OnRefusal::KeepGoing,
        terminal.err,
    )?;
    let active: Vec<Arc<Detection>> = loaded
        .detections
        .iter()
        .filter(|rule| rule.activity == Activity::Active && !rule.in_place)
        .cloned()
        .collect();
    if active.is_empty() {
        return Err(Failure::NoRules(why_none(&loaded).to_owned()));
    }
    let whole = compile(&active)?;
    Ok(Prepared {
        statistics: RuleStatistics {
            loaded: loaded.detections.len() as u64,
            active: active.len() as u64,
            unrouted: whole.unrouted().len() as u64,
            refused: loaded.refused.len() as u64,
            load_seconds: started.elapsed().as_secs_f64(),
            matched: 0,
        },
        active,
        whole,
    })
}

fn why_none(loaded: &Loaded) -> &'static str {
    if !loaded.detections.is_empty() {
        "all need placeholders that were not given (--placeholders)"
    } else if loaded.refused.is_empty() {
        "none was found where --rules points"
    } else {
        "all were refused"
    }
}

fn compile(rules: &[Arc<Detection>]) -> Result<Arc<Engine>, Failure> {
    let taxonomy = Taxonomy::shipped();
    Ok(Arc::new(Engine::compile(
        rules,
        &taxonomy,
        Extent::Projected,
    )?))
}

/// Loads the input, and says what could not be read.
fn load(args: &BenchArgs, terminal: Terminal) -> Result<(Input, Exit), Failure> {
    let mut sources = Sources::new(&args.paths, args.format);
    let limit_bytes = (args.input_limit.get() as u64).saturating_mul(1_000_000);
    let input = Input::load(&mut sources, limit_bytes);
    let errors = sources.errors();
    let errors = errors.lock().unwrap_or_else(PoisonError::into_inner);
    let mut text = String::new();
    summary::unreadable(&mut text, &errors, terminal.err.colour);
    print_error(&text);
    if input.blocks.is_empty() {
        return Err(Failure::NoInput);
    }
    if input.taken == Taken::Beginning {
        let limit = args.input_limit;
        print_error(&format!(
            "the input is larger than {limit} MB; only its beginning is used (--input-limit)\n"
        ));
    }
    let exit = if errors.is_empty() {
        Exit::Success
    } else {
        Exit::Errors
    };
    Ok((input, exit))
}

/// Measures each stage with each number of rules and threads.
fn measure_all(
    args: &BenchArgs,
    input: &Input,
    rules: &Prepared,
    reference: Pass,
    report: &mut Report,
    terminal: Terminal,
) -> Result<(), Failure> {
    let stages = if args.stage.is_empty() {
        Stage::ALL.to_vec()
    } else {
        args.stage.clone()
    };
    let threads = thread_counts(args);
    print(&bench_table::measurement_header(terminal.out.colour))?;
    for count in rule_counts(&args.rules_sweep, rules.active.len()) {
        let part;
        let (engine, of_pass) = if count == rules.active.len() {
            (&rules.whole, reference.findings)
        } else {
            part = compile(&evenly(&rules.active, count))?;
            (&part, pass::run(input, &part).findings)
        };
        for stage in &stages {
            let threads = match stage {
                Stage::Parse | Stage::Match => &[NonZeroUsize::MIN],
                Stage::All => threads.as_slice(),
            };
            for threads in threads {
                let task = Task {
                    input,
                    engine,
                    stage: *stage,
                    threads: *threads,
                    duration: args.duration,
                };
                let measured = measure_one(task, count as u64, of_pass)?;
                print(&bench_table::measurement(&measured))?;
                report.measurements.push(measured);
            }
        }
    }
    Ok(())
}

fn measure_one(task: Task<'_>, rules: u64, of_pass: Findings) -> Result<Measurement, Failure> {
    let measured = measure(task);
    let expected = match task.stage {
        Stage::Parse => of_pass.without_detections(),
        Stage::Match | Stage::All => of_pass,
    };
    for round in &measured.rounds {
        if round.findings != expected.times(round.passes) {
            return Err(Failure::Inconsistent {
                stage: task.stage.name(),
                threads: task.threads,
                passes: round.passes,
                expected: expected.times(round.passes).detections,
                found: round.findings.detections,
            });
        }
    }
    let bytes = task.input.bytes;
    let (stage, threads) = (task.stage, task.threads);
    Ok(Measurement::new(
        stage, threads, rules, bytes, of_pass, &measured,
    ))
}

fn thread_counts(args: &BenchArgs) -> Vec<NonZeroUsize> {
    let mut counts = if args.threads.is_empty() {
        vec![NonZeroUsize::MIN, threads(None)]
    } else {
        args.threads.clone()
    };
    counts.sort_unstable();
    counts.dedup();
    counts
}

/// Ascending, each once, none larger than there are rules.
fn rule_counts(asked: &[RuleCount], rules: usize) -> Vec<usize> {
    let number = |count: &RuleCount| match count {
        RuleCount::All => rules,
        RuleCount::Some(number) => number.get().min(rules),
    };
    let mut counts: Vec<usize> = asked.iter().map(number).collect();
    counts.sort_unstable();
    counts.dedup();
    counts
}

fn json(report: &Report) -> Result<String, Failure> {
    // Fails only for maps with keys that are no strings.
    let text = serde_json::to_string_pretty(report);
    text.map(|text| text + "\n")
        .map_err(|error| Failure::Output(error.into()))
}

pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|source| Failure::File {
        path: path.to_owned(),
        source,
    })?;
    let shown = path.to_string_lossy();
    print_error(&format!("wrote {}\n", visible(&shown)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::time::Duration;

    use super::{RuleCount, duration, rule_counts};

    #[test]
    fn reads_durations() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("5s"), Ok(Duration::from_secs(5)));
        assert_eq!(duration("0.5m"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("3"), Ok(Duration::from_secs(3)));
        for wrong in ["", "s", "-1s", "5h", "NaN", "1e300"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn counts_rules_once_each_and_no_more_than_there_are() {
        let some = |n| RuleCount::Some(NonZeroUsize::new(n).expect("above 0"));
        let asked = [RuleCount::All, some(10), some(1000), some(10)];
        assert_eq!(rule_counts(&asked, 100), [10, 100]);
        assert!("0".parse::<RuleCount>().is_err());
        assert_eq!("all".parse(), Ok(RuleCount::All));
    }
}
