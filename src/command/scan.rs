//! `yagura scan`: logs and rules in, detections out.

use std::fs;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use yagura_engine::{Engine, pipeline};
use yagura_parsers::{Extent, Format};
use yagura_rules::{Activity, Detection, Level, Loaded, Taxonomy};

use super::choices::{format_parser, level_parser, threads, threads_parser};
use super::ending::Ending;
use crate::failure::{Exit, Failure};
use crate::render::counts::{self, RuleCount};
use crate::render::progress::Progress;
use crate::render::summary::{self, Examples};
use crate::render::{DetectionRenderer, OutputFormat, RuleCard};
use crate::rule_set::{self, OnRefusal};
use crate::scan::{Finder, Inputs, Order, Sink, Statistics, What};
use crate::sort::{ExternalSort, RUN_BYTES_MAX};
use crate::source::Sources;
use crate::standard_output::{StandardOutput, print_error};
use crate::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  yagura scan /var/log --rules rules/
  yagura scan Security.evtx sysmon.jsonl.gz --rules rules/ --min-level high
  yagura scan logs/ --rules rules/ --output jsonl > detections.jsonl
  yagura scan logs/ --rules rules/ --count
  journalctl -f | yagura scan - --rules rules/ --format syslog

Detections come out in the order of event time; from standard input as they arrive.
CSV: control characters are made visible, and cells that a spreadsheet would take for a
formula get an apostrophe in front; JSON lines keep every byte.
`id` in JSON lines and CSV is a hash of rule, source path and position: the same on each run.
Long values are cut at 4 KiB in what matched and 64 KiB in --full-event, and show their length.";

/// The arguments of `yagura scan`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub struct ScanArgs {
    /// Log files and folders, each file read once; `-` is standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Sigma rules: files and folders
    #[arg(long, short, required = true, num_args = 1.., value_name = "PATH")]
    pub rules: Vec<PathBuf>,
    /// Format of all inputs; recognised by content where not given
    #[arg(long, short, value_name = "FORMAT", value_parser = format_parser())]
    pub format: Option<Format>,
    /// What results look like
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value_t)]
    pub output: OutputFormat,
    /// Print one line for each rule with the number of its detections
    #[arg(long)]
    pub count: bool,
    /// Leave out rules below this level
    #[arg(long, value_name = "LEVEL", value_parser = level_parser())]
    pub min_level: Option<Level>,
    /// Worker threads [default: one a core]
    #[arg(long, short = 'j', value_name = "N", value_parser = threads_parser())]
    pub threads: Option<NonZeroUsize>,
    /// Show examples of what was not understood, by reason
    #[arg(long)]
    pub show_unparsed: bool,
    /// YAML file with values for placeholders (`|expand`)
    #[arg(long, value_name = "FILE")]
    pub placeholders: Option<PathBuf>,
    /// Write figures of the run to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub stats: Option<PathBuf>,
    /// Give all fields of each event that matched
    #[arg(long, conflicts_with = "count")]
    pub full_event: bool,
    /// End with code 1 if there is a detection of this level or above
    #[arg(long, value_name = "LEVEL", value_parser = level_parser())]
    pub fail_on_detection: Option<Level>,
    /// Scan with the other rules where some are refused
    #[arg(long)]
    pub keep_going: bool,
}

impl ScanArgs {
    fn what(&self) -> What {
        match (self.count, self.full_event) {
            (true, _) => What::Counts,
            (_, true) => What::WholeEvents,
            _ => What::Evidence,
        }
    }

    fn on_refusal(&self) -> OnRefusal {
        if self.keep_going {
            OnRefusal::KeepGoing
        } else {
            OnRefusal::Stop
        }
    }
}

/// The rules, ready to be evaluated.
struct Prepared {
    loaded: Loaded,
    engine: Arc<Engine>,
    took: Duration,
}

/// Runs the command.
pub fn run(args: &ScanArgs, terminal: Terminal) -> Result<Exit, Failure> {
    let rules = prepare(args, terminal)?;
    let sources = Sources::new(&args.paths, args.format);
    let inputs = Inputs::new(sources.inputs());
    let errors = sources.errors();
    let started = Instant::now();
    let ending = Ending {
        fail_on: args.fail_on_detection,
        errors: &errors,
        terminal,
    };
    let mut statistics = Statistics::new(rules.engine.rules().len());
    let engine = &rules.engine;
    if let Err(failure) = detect(args, &ending, engine, sources, &inputs, &mut statistics) {
        return ending.cut_short(failure, &statistics);
    }
    let elapsed = started.elapsed();
    let exit = ending.exit(&statistics);
    // What people see comes first: they are not to miss it for a file that cannot be written.
    let written = match &args.stats {
        Some(path) => write_statistics(path, &statistics, rules.took, elapsed),
        None => Ok(()),
    };
    let errors = errors.lock().unwrap_or_else(PoisonError::into_inner);
    let colour = terminal.err.colour;
    let mut text = String::new();
    summary::throughput(&mut text, &statistics, elapsed);
    summary::detections(&mut text, &statistics, colour);
    let examples = if args.show_unparsed {
        Examples::Shown
    } else {
        Examples::Hinted
    };
    summary::unparsed(&mut text, &statistics, &inputs, examples);
    summary::idle_rules(&mut text, &rules.loaded, &unrouted(&rules.engine));
    summary::unreadable(&mut text, &errors, colour);
    print_error(&text);

    written.map(|()| exit)
}

fn prepare(args: &ScanArgs, terminal: Terminal) -> Result<Prepared, Failure> {
    let started = Instant::now();
    let placeholders = args.placeholders.as_deref();
    let loaded =
        rule_set::load_to_scan(&args.rules, placeholders, args.on_refusal(), terminal.err)?;
    let min_level = args.min_level.unwrap_or_default();
    let rules: Vec<Arc<Detection>> = loaded
        .detections
        .iter()
        .filter(|rule| rule.meta.level >= min_level && !rule.in_place)
        .cloned()
        .collect();
    if !rules.iter().any(|rule| rule.activity == Activity::Active) {
        return Err(Failure::NoRules(why_none(&loaded, rules.len(), min_level)));
    }
    let extent = if args.full_event {
        Extent::Everything
    } else {
        Extent::Projected
    };
    let engine = Arc::new(Engine::compile(&rules, &Taxonomy::shipped(), extent)?);
    Ok(Prepared {
        loaded,
        engine,
        took: started.elapsed(),
    })
}

fn why_none(loaded: &Loaded, left: usize, min_level: Level) -> String {
    let all = loaded.detections.len();
    if all == 0 && loaded.correlations.is_empty() {
        "none was found where --rules points".to_owned()
    } else if all == 0 {
        "only correlation rules were found, which are not evaluated yet".to_owned()
    } else if left == 0 {
        format!("none of {all} is of level {min_level} or above")
    } else {
        "all need placeholders that were not given (--placeholders)".to_owned()
    }
}

fn unrouted(engine: &Engine) -> Vec<&Detection> {
    let rules = engine.unrouted().iter();
    rules
        .filter_map(|index| engine.rules().get(index.0 as usize))
        .map(|rule| &**rule)
        .collect()
}

/// Reads all inputs and writes what is found.
fn detect(
    args: &ScanArgs,
    ending: &Ending<'_>,
    engine: &Arc<Engine>,
    mut sources: Sources,
    inputs: &Inputs,
    statistics: &mut Statistics,
) -> Result<(), Failure> {
    let terminal = ending.terminal;
    let what = args.what();
    let renderer = DetectionRenderer::new(args.output, args.full_event, terminal.out);
    let cards: Vec<RuleCard> = engine
        .rules()
        .iter()
        .map(|rule| renderer.rule_card(&rule.meta))
        .collect();
    let finder = Finder {
        engine,
        cards: &cards,
        inputs,
        renderer,
        what,
    };
    let mut sink = open_sink(args, renderer, inputs)?;
    let counters = sources.counters();
    let progress = if inputs.has_standard_input() {
        Progress::hidden(counters)
    } else {
        Progress::new(counters, terminal.err)
    };
    let mut ended = Ok(());
    pipeline::run(
        threads(args.threads),
        |batch| sources.next(batch),
        || finder.worker(),
        |block, result| {
            statistics.add(&block, &result);
            progress.show(statistics.events);
            match sink.add(&block, result) {
                Ok(()) => ControlFlow::Continue(()),
                Err(failure) if sink.passes_on() => ending.leave(failure, statistics),
                Err(failure) => {
                    ended = Err(failure);
                    ControlFlow::Break(())
                }
            }
        },
    );
    progress.clear();
    ended?;
    let mut out = sink.finish()?;
    if what == What::Counts {
        out.write(&render_counts(args, terminal, engine, statistics))?;
    }
    out.flush()
}

fn open_sink(
    args: &ScanArgs,
    renderer: DetectionRenderer,
    inputs: &Inputs,
) -> Result<Sink, Failure> {
    let mut out = StandardOutput::lock();
    let mut header = Vec::new();
    if !args.count {
        header = renderer.header();
    }
    if args.output == OutputFormat::Csv {
        // Programs expect it even where nothing is found; people do not.
        out.write(&std::mem::take(&mut header))?;
        out.flush()?;
    }
    let order = if inputs.has_standard_input() || args.count {
        Order::Arrival
    } else {
        Order::Time(ExternalSort::new(RUN_BYTES_MAX))
    };
    Ok(Sink::new(out, header, order, renderer.time_slot()))
}

fn render_counts(
    args: &ScanArgs,
    terminal: Terminal,
    engine: &Engine,
    statistics: &Statistics,
) -> Vec<u8> {
    let counts = engine
        .rules()
        .iter()
        .zip(&statistics.by_rule)
        .filter(|(_, count)| **count > 0)
        .map(|(rule, count)| RuleCount {
            meta: &rule.meta,
            count: *count,
        })
        .collect();
    counts::render(args.output, terminal.out, counts)
}

fn write_statistics(
    path: &Path,
    statistics: &Statistics,
    load: Duration,
    elapsed: Duration,
) -> Result<(), Failure> {
    let report = statistics.report(load, elapsed);
    serde_json::to_vec_pretty(&report)
        .map_err(Into::into)
        .and_then(|mut json| {
            json.push(b'\n');
            fs::write(path, json)
        })
        .map_err(|source| Failure::File {
            path: path.to_owned(),
            source,
        })
}
