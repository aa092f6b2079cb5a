//! `yagura demo`: five days of a company, made up while they are read, and what is found in them.
//!
//! ```text
//!  generate::scenario ─▶ blocks ─▶ what `scan` does with standard input ─▶ live view, report, page
//! ```
//!
//! Nothing is read or written but the rules, which lie in a temporary folder while they are
//! loaded, and the page of `--html`. With `--extract` the sample logs of another, smaller story are written to a folder,
//! to try commands on.

mod live;
mod report;
mod samples;
mod stream;

use std::fs;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};
use include_dir::{Dir, include_dir};
use yagura_engine::{RuleIndex, pipeline};
use yagura_parsers::Extent;
use yagura_rules::{Level, LoadOptions, Loaded, Taxonomy};

use super::choices::{threads, threads_parser};
use super::generate::{ScenarioName, days_parser};
use crate::failure::{Exit, Failure};
use crate::generate::scenario::{Attack, LaneKind, ScenarioOptions};
use crate::render::case_table::{self, Parts};
use crate::render::{CaseRenderer, DetectionRenderer, Look, Names, case_html};
use crate::rule_set;
use crate::scan::{
    AlertPolicy, Arrangement, CaseRecorder, Finder, Findings, Inputs, Keeping, Order, Output,
    RuleBook, ScanRule, Setting, Sink, Statistics, What,
};
use crate::standard_output::{StandardOutput, print_error};
use crate::terminal::Terminal;

use live::LiveView;
use stream::{Blocks, LATENESS};

static RULES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules/packs/defence-contractor");

const EXAMPLES: &str = "\
Examples:
  yagura demo
  yagura demo --without-attack                 the same days, and nothing happens
  yagura demo --html story.html                the incident as a web page
  yagura demo --output jsonl | jq .entities.host
  yagura demo --extract yagura-demo            sample logs and rules, to try commands on

The same seed gives the same records, with any number of threads.";

/// What the demo writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum DemoOutput {
    /// For people.
    #[default]
    Table,
    /// A JSON object for each incident.
    Jsonl,
}

/// The arguments of `yagura demo`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DemoArgs {
    /// What happens
    #[arg(long, value_enum, value_name = "NAME", default_value_t)]
    scenario: ScenarioName,
    /// Leave the attack out: ordinary days only
    #[arg(long)]
    without_attack: bool,
    /// Decides everything that is left to chance
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many days
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = days_parser())]
    days: u32,
    /// What the result looks like
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value_t)]
    output: DemoOutput,
    /// Write incidents, alerts and detections to this file, as a web page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Worker threads [default: one a core]
    #[arg(long, short = 'j', value_name = "N", value_parser = threads_parser())]
    threads: Option<NonZeroUsize>,
    /// Ordinary traffic, in percent of the usual
    #[arg(long, hide = true, value_name = "PERCENT", default_value_t = 100,
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    scale: u32,
    /// Tell nothing, write sample logs and rules to a new folder
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["output", "html"])]
    extract: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &DemoArgs, terminal: Terminal) -> Result<Exit, Failure> {
    if let Some(folder) = &args.extract {
        return samples::extract(folder);
    }
    let (extent, taxonomy) = (Extent::Projected, Taxonomy::shipped());
    let book = RuleBook::compile(load(terminal)?, Level::default(), extent, &taxonomy)?;
    let options = args.options();
    if args.output == DemoOutput::Table {
        print_error(&report::opening(&options));
    }
    let started = Instant::now();
    let inputs = Inputs::new(&LaneKind::ALL.map(|kind| kind.file_name().into()));
    let names = Names {
        book: &book,
        inputs: &inputs,
    };
    let mut statistics = Statistics::new(book.engine.rules().len());
    let live = LiveView::new(&options, terminal.err);
    let (recorder, mut out) = stream(args, names, &mut statistics, live)?;
    let findings = recorder.findings();
    let mut text = Vec::new();
    match args.output {
        DemoOutput::Jsonl => incidents(&mut text, findings, names),
        DemoOutput::Table => {
            let by_rule = &statistics.by_rule;
            text = case_table::report(findings, names, by_rule, Parts::All, terminal.out).into();
        }
    }
    out.write(&text)?;
    out.flush()?;
    let elapsed = started.elapsed();
    let colour = terminal.err.colour;
    print_error(&report::closing(
        &statistics,
        names,
        findings,
        elapsed,
        colour,
    ));
    if let Some(path) = &args.html {
        write_page(path, &case_html::page(findings, &statistics, names))?;
    }
    Ok(Exit::Success)
}

/// Reads the days to their end.
fn stream<'a>(
    args: &DemoArgs,
    names: Names<'a>,
    statistics: &mut Statistics,
    mut live: LiveView,
) -> Result<(CaseRecorder<'a>, Output), Failure> {
    let options = args.options();
    let mut blocks = Blocks::new(&options);
    // Nothing is shown of single matches, so that it does not matter how they would look.
    let renderer = DetectionRenderer::Jsonl;
    let rules: Vec<ScanRule> = scan_rules(names.book, renderer);
    let finder = Finder {
        engine: &names.book.engine,
        rules: &rules,
        inputs: names.inputs,
        renderer,
        what: What::Nothing,
        arrangement: Arrangement::ByArrival,
    };
    let recorder = CaseRecorder::new(Setting {
        book: names.book,
        renderer: CaseRenderer {
            look: Look::Hidden,
            names,
        },
        arrangement: Arrangement::ByArrival,
        lateness: LATENESS,
        alerts: AlertPolicy::Lifecycle,
        incidents_only: false,
        keeping: Keeping::Lists,
    });
    let out = Output::new(StandardOutput::lock(), Vec::new());
    let mut sink = Sink::new(out, Order::Arrival, renderer.time_slot(), recorder);
    let mut ended = Ok(());
    pipeline::run(
        threads(args.threads),
        |batch| blocks.next(batch),
        || finder.worker(),
        |block, result| {
            statistics.add(&block, &result);
            ended = sink.add(&block, result);
            live.show(block.origin.near, statistics.events);
            live.alerts(names.book, sink.recorder().findings());
            match ended {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        },
    );
    let finished = ended.and_then(|()| sink.finish());
    live.clear();
    finished?;
    statistics.note(sink.recorder());
    Ok(sink.into_parts())
}

fn scan_rules(book: &RuleBook, renderer: DetectionRenderer) -> Vec<ScanRule> {
    let rules = (0..).map(RuleIndex).zip(book.engine.rules());
    let rules = rules.map(|(index, rule)| ScanRule {
        card: renderer.rule_card(&rule.meta),
        stands_alone: book.stands_alone(index),
    });
    rules.collect()
}

/// The last record of each incident.
fn incidents(out: &mut Vec<u8>, findings: &Findings, names: Names<'_>) {
    let renderer = CaseRenderer {
        look: Look::Jsonl,
        names,
    };
    for incident in findings.kept_incidents().0 {
        renderer.incident(out, incident);
    }
}

fn write_page(path: &Path, page: &str) -> Result<(), Failure> {
    fs::write(path, page).map_err(|source| Failure::File {
        path: path.to_owned(),
        source,
    })
}

impl DemoArgs {
    fn options(&self) -> ScenarioOptions {
        ScenarioOptions {
            seed: self.seed,
            days: self.days,
            attack: if self.without_attack {
                Attack::LeftOut
            } else {
                Attack::Included
            },
            scale_percent: self.scale,
        }
    }
}

/// The rules that ship for the scenario.
fn load(terminal: Terminal) -> Result<Loaded, Failure> {
    let folder = tempfile::tempdir().map_err(Failure::Spill)?;
    let unpacked = fs::create_dir_all(folder.path()).and_then(|()| RULES.extract(folder.path()));
    unpacked.map_err(|source| Failure::File {
        path: folder.path().to_owned(),
        source,
    })?;
    let loaded = yagura_rules::load(&[folder.path()], &LoadOptions::default());
    rule_set::print_errors(&loaded, terminal.err);
    Ok(loaded)
}
