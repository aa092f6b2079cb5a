//! `yagura explain`: why a rule did or did not match each event.

use std::fmt::Write;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use clap::{Args, ValueEnum};
use yagura_engine::explain::{Explainer, SeenEvent};
use yagura_engine::pipeline::Block;
use yagura_engine::{Engine, Match, Matcher};
use yagura_parsers::{EventBatch, Extent, Format};
use yagura_rules::correlation::{Reference, Target};
use yagura_rules::sequence::{Stage, Step};
use yagura_rules::{Detection, Loaded, Meta, Taxonomy};

use super::choices::format_parser;
use super::rules::show::{close_title, is_called, metas};
use crate::explain::tally::Tally;
use crate::explain::{Among, Explained, json, text};
use crate::failure::{Exit, Failure};
use crate::render::summary::{self, Examples};
use crate::rule_set;
use crate::scan::{BlockResult, Inputs, Statistics};
use crate::source::Sources;
use crate::standard_output::{StandardOutput, print_error};
use crate::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  yagura explain my_rule.yml Security.evtx
  yagura explain \"encoded powershell\" logs/ --rules rules/
  yagura explain my_rule.yml sysmon.jsonl --event 17
  tail -n 100 app.log | yagura explain my_rule.yml - --all
  yagura explain my_rule.yml logs/ --all -o json | jq 'select(.verdict == \"nearly_matched\")'

Of a correlation or sequence, the rules that it refers to are explained.

Exit codes: 0 at least one event matched, 1 none did, 2 something could not be read";

/// The arguments of `yagura explain`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ExplainArgs {
    /// A file of rules; with --rules the id, name or title of a rule
    #[arg(value_name = "RULE")]
    rule: String,
    /// Log files and folders; `-` is standard input
    #[arg(required = true, value_name = "EVENTS")]
    events: Vec<PathBuf>,
    /// Where to look for the rule: files and folders
    #[arg(long, short, num_args = 1.., value_name = "PATH")]
    rules: Vec<PathBuf>,
    /// YAML file with values for placeholders (`|expand`)
    #[arg(long, value_name = "FILE")]
    placeholders: Option<PathBuf>,
    /// Format of all inputs; recognised by content where not given
    #[arg(long, short, value_name = "FORMAT", value_parser = format_parser())]
    format: Option<Format>,
    /// Explain every event, not only the first 5 of the logsource and those that match
    #[arg(long)]
    all: bool,
    /// Explain the event of this number, counted from 1; may be given several times
    #[arg(long, value_name = "N", conflicts_with = "all")]
    event: Vec<u64>,
    /// What explanations look like
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value_t)]
    output: ExplainFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ExplainFormat {
    /// For people
    #[default]
    Text,
    /// One JSON object a line, an event each
    Json,
}

/// Runs the command.
pub fn run(args: &ExplainArgs, terminal: Terminal) -> Result<Exit, Failure> {
    let taxonomy = Taxonomy::shipped();
    let loaded = load(args, terminal)?;
    let rules = wanted(&loaded, args);
    if rules.is_empty() {
        let what = format!("`{}` holds none that events are matched against", args.rule);
        return Err(Failure::NoRules(what));
    }
    let engine = Arc::new(Engine::compile(&rules, &taxonomy, Extent::Everything)?);
    let explainers: Vec<Explainer<'_>> = rules
        .iter()
        .map(|rule| Explainer::new(rule, &loaded.filters, &taxonomy))
        .collect();
    let mut sources = Sources::new(&args.events, args.format);
    let inputs = Inputs::new(sources.inputs());
    let mut run = Run {
        args,
        terminal,
        matcher: engine.matcher(),
        tallies: explainers.iter().map(|_| Tally::default()).collect(),
        events: 0,
        out: StandardOutput::lock(),
    };
    let mut statistics = Statistics::new(0);
    let mut batch = EventBatch::new();
    while let Some(block) = sources.next(&mut batch) {
        run.block(block, &mut batch, &explainers, &inputs)?;
        statistics.add(&block, &BlockResult::of(&batch));
        if run.is_done() {
            break;
        }
    }
    run.out.flush()?;
    let mut text = String::new();
    for (tally, rule) in run.tallies.iter().zip(&rules) {
        tally.write(&mut text, rule, run.events);
    }
    summary::unparsed(&mut text, &statistics, &inputs, Examples::Shown);
    let errors = sources.errors();
    let errors = errors.lock().unwrap_or_else(PoisonError::into_inner);
    summary::unreadable(&mut text, &errors, terminal.err.colour);
    let beyond = args.event.iter().filter(|n| **n > run.events || **n == 0);
    let beyond: Vec<String> = beyond.map(u64::to_string).collect();
    if !beyond.is_empty() {
        let beyond = beyond.join(", ");
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "there is no event {beyond}: the inputs have {}, counted from 1",
            run.events
        );
    }
    print_error(&text);
    let is_disputed = run.tallies.iter().any(|tally| tally.disputed > 0);
    Ok(if !errors.is_empty() || is_disputed || !beyond.is_empty() {
        Exit::Errors
    } else if run.tallies.iter().any(|tally| tally.matched > 0) {
        Exit::Success
    } else {
        // The same code as a detection's: the answer is the other one.
        Exit::Detected
    })
}

/// What goes on while events are read.
struct Run<'a> {
    args: &'a ExplainArgs,
    terminal: Terminal,
    matcher: Matcher,
    /// One for each rule.
    tallies: Vec<Tally>,
    events: u64,
    out: StandardOutput,
}

impl Run<'_> {
    fn block(
        &mut self,
        block: Block,
        batch: &mut EventBatch,
        explainers: &[Explainer<'_>],
        inputs: &Inputs,
    ) -> Result<(), Failure> {
        let engine = Arc::clone(self.matcher.engine());
        batch.parse(block.format, block.origin, engine.projection());
        let mut found: Vec<Match> = Vec::new();
        self.matcher.scan(batch, block.format, &mut found);
        for (index, event) in batch.events().enumerate() {
            self.events += 1;
            let seen = SeenEvent::new(event, engine.projection(), block.format);
            for ((at, explainer), tally) in (0u32..).zip(explainers).zip(&mut self.tallies) {
                let why = explainer.explain(&seen);
                let by_engine = found.iter().any(|m| m.event == index && m.rule.0 == at);
                tally.add(self.events, &why, by_engine);
                let is_asked = if self.args.event.is_empty() {
                    self.args.all || tally.is_worth_showing(why.verdict)
                } else {
                    self.args.event.contains(&self.events)
                };
                if !is_asked {
                    continue;
                }
                let explained = Explained {
                    rule: explainer.rule(),
                    among: if explainers.len() > 1 {
                        Among::Several
                    } else {
                        Among::One
                    },
                    number: self.events,
                    path: inputs.path(block.input),
                    position: event.position(),
                    time: event.time(),
                    why: &why,
                };
                let shown = match self.args.output {
                    ExplainFormat::Text => text::explanation(&explained, self.terminal.out.colour),
                    ExplainFormat::Json => json::line(&explained),
                };
                self.out.write(shown.as_bytes())?;
            }
        }
        Ok(())
    }

    /// Whether all events that were asked for are behind.
    fn is_done(&self) -> bool {
        let last = self.args.event.iter().max();
        last.is_some_and(|last| *last <= self.events)
    }
}

fn load(args: &ExplainArgs, terminal: Terminal) -> Result<Loaded, Failure> {
    let placeholders = args.placeholders.as_deref();
    if args.rules.is_empty() {
        let loaded = rule_set::load(&[PathBuf::from(&args.rule)], placeholders)?;
        rule_set::print_errors(&loaded, terminal.err);
        return Ok(loaded);
    }
    let loaded = rule_set::load(&args.rules, placeholders)?;
    if !metas(&loaded).any(|meta| is_called(meta, &args.rule)) {
        // It may be among those that could not be read.
        rule_set::print_errors(&loaded, terminal.err);
        return Err(Failure::UnknownRule {
            wanted: args.rule.clone(),
            close: close_title(&loaded, &args.rule),
        });
    }
    Ok(loaded)
}

/// The detections asked for: those called so, and those that correlations and sequences called
/// so refer to; in the order of the files.
fn wanted(loaded: &Loaded, args: &ExplainArgs) -> Vec<Arc<Detection>> {
    let is_wanted = |meta: &Meta| args.rules.is_empty() || is_called(meta, &args.rule);
    let mut open: Vec<Target> = Vec::new();
    let detections = loaded.detections.iter().enumerate();
    let detections = detections.filter(|(_, rule)| !rule.in_place && is_wanted(&rule.meta));
    open.extend(detections.map(|(at, _)| Target::Detection(at)));
    let correlations = loaded.correlations.iter().enumerate();
    let correlations = correlations.filter(|(_, rule)| is_wanted(&rule.meta));
    open.extend(correlations.map(|(at, _)| Target::Correlation(at)));
    let sequences = loaded.sequences.iter().enumerate();
    let sequences = sequences.filter(|(_, rule)| is_wanted(&rule.meta));
    open.extend(sequences.map(|(at, _)| Target::Sequence(at)));
    let mut known: Vec<Target> = Vec::new();
    while let Some(target) = open.pop() {
        if !known.contains(&target) {
            known.push(target);
            open.extend(referred(loaded, target).into_iter().map(|r| r.target));
        }
    }
    let rules = loaded.detections.iter().enumerate();
    let rules = rules.filter(|(at, _)| known.contains(&Target::Detection(*at)));
    rules.map(|(_, rule)| Arc::clone(rule)).collect()
}

fn referred(loaded: &Loaded, target: Target) -> Vec<&Reference> {
    match target {
        Target::Detection(_) => Vec::new(),
        Target::Correlation(at) => {
            let rule = loaded.correlations.get(at);
            rule.map_or(Vec::new(), |rule| rule.rules.iter().collect())
        }
        Target::Sequence(at) => {
            let steps = loaded.sequences.get(at).map_or(&[][..], |rule| &rule.steps);
            let stages = steps.iter().flat_map(|step| match step {
                Step::Stage(stage) => std::slice::from_ref(stage),
                Step::AnyOrder(stages) => stages.as_slice(),
            });
            stages.flat_map(|stage: &Stage| &stage.matches).collect()
        }
    }
}
