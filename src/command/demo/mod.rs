//! `yagura demo`: five days of a company, made up while they are read, and what is found in them.
//!
//! ```text
//!  generate::scenario ─▶ blocks ─▶ pipeline: parse, match ─▶ Casebook ─▶ live view, incidents
//! ```
//!
//! Nothing is read or written but the rules, which lie in a temporary folder while they are
//! loaded. With `--extract` the sample logs of another, smaller story are written to a folder,
//! to try commands on.

mod cases;
mod live;
mod report;
mod samples;
mod stream;

use std::fmt::Write as _;
use std::fs;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::{Args, ValueEnum};
use include_dir::{Dir, include_dir};
use yagura_engine::{CaseRules, Engine, pipeline};
use yagura_parsers::Extent;
use yagura_rules::{LoadOptions, Loaded, Taxonomy};

use super::choices::{threads, threads_parser};
use super::generate::{ScenarioName, days_parser};
use crate::failure::{Exit, Failure};
use crate::generate::scenario::{Attack, ScenarioOptions};
use crate::rule_set;
use crate::standard_output::{StandardOutput, print_error};
use crate::terminal::Terminal;

use cases::{Cases, Matched};
use live::LiveView;
use stream::Blocks;

static RULES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/rules/packs/defence-contractor");

const EXAMPLES: &str = "\
Examples:
  yagura demo
  yagura demo --without-attack                 the same days, and nothing happens
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
    /// Worker threads [default: one a core]
    #[arg(long, short = 'j', value_name = "N", value_parser = threads_parser())]
    threads: Option<NonZeroUsize>,
    /// Ordinary traffic, in percent of the usual
    #[arg(long, hide = true, value_name = "PERCENT", default_value_t = 100,
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    scale: u32,
    /// Tell nothing, write sample logs and rules to a new folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "output")]
    extract: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &DemoArgs, terminal: Terminal) -> Result<Exit, Failure> {
    if let Some(folder) = &args.extract {
        return samples::extract(folder);
    }
    let loaded = load(terminal)?;
    let rules = Arc::new(CaseRules::compile(&loaded));
    let wanted = rules.wanted();
    let taxonomy = Taxonomy::shipped();
    let detections = &loaded.detections;
    let engine = Engine::compile_wanting(detections, &taxonomy, Extent::Projected, &wanted)?;
    let engine = Arc::new(engine);
    let options = args.options();
    if args.output == DemoOutput::Table {
        print_error(&report::opening(&options));
    }
    let started = Instant::now();
    let mut blocks = Blocks::new(&options);
    let mut cases = Cases::new(&rules);
    let live = LiveView::new(&options, terminal.err);
    pipeline::run(
        threads(args.threads),
        |batch| blocks.next(batch),
        || cases::worker(&engine),
        |block, matched: Matched| {
            cases.add(&matched, &mut |alert| live.alert(&loaded, alert));
            live.show(block.origin.near, cases.events());
            ControlFlow::Continue(())
        },
    );
    cases.finish(&mut |alert| live.alert(&loaded, alert));
    live.clear();
    let incidents = cases.incidents();
    let mut text = String::new();
    for incident in incidents {
        match args.output {
            DemoOutput::Jsonl => {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{incident}");
            }
            DemoOutput::Table => report::incident(&mut text, incident, terminal.out.colour),
        }
    }
    let mut out = StandardOutput::lock();
    out.write(text.as_bytes())?;
    out.flush()?;
    print_error(&report::closing(&cases, started.elapsed()));
    Ok(Exit::Success)
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
