//! `yagura events`: events as the parsers see them.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::PoisonError;

use clap::Args;
use yagura_engine::pipeline::{self, Block};
use yagura_parsers::{Event, EventBatch, Format, Projection};
use yagura_rules::Taxonomy;

use super::choices::{format_parser, threads, threads_parser};
use super::ending::Ending;
use crate::detection::{Duplicates, FieldList, ListLimits};
use crate::failure::{Exit, Failure};
use crate::render::event;
use crate::render::summary::{self, Examples};
use crate::scan::{BlockResult, Inputs, Order, Output, Sink, Statistics, Verbatim, host};
use crate::sort::SortKey;
use crate::source::Sources;
use crate::standard_output::{StandardOutput, print_error};
use crate::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  yagura events Security.evtx | head -n 3
  yagura events /var/log/auth.log --format syslog > events.jsonl
  yagura events logs/ | jq -r .host | sort | uniq -c";

/// The arguments of `yagura events`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct EventsArgs {
    /// Log files and folders, each file read once; `-` is standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Format of all inputs; recognised by content where not given
    #[arg(long, short, value_name = "FORMAT", value_parser = format_parser())]
    format: Option<Format>,
    /// Worker threads [default: one a core]
    #[arg(long, short = 'j', value_name = "N", value_parser = threads_parser())]
    threads: Option<NonZeroUsize>,
    /// Show examples of what was not understood, by reason
    #[arg(long)]
    show_unparsed: bool,
}

/// Runs the command.
pub fn run(args: &EventsArgs, terminal: Terminal) -> Result<Exit, Failure> {
    let projection = yagura_engine::everything(&Taxonomy::shipped())?;
    let mut sources = Sources::new(&args.paths, args.format);
    let inputs = Inputs::new(sources.inputs());
    let errors = sources.errors();
    let mut statistics = Statistics::new(0);
    let out = Output::new(StandardOutput::lock(), Vec::new());
    let mut sink = Sink::new(out, Order::Arrival, event::TIME_SLOT, Verbatim);
    let ending = Ending {
        fail_on: None,
        errors: &errors,
        terminal,
    };
    pipeline::run(
        threads(args.threads),
        |batch| sources.next(batch),
        || worker(&projection, &inputs),
        |block, result| {
            statistics.add(&block, &result);
            match sink.add(&block, result) {
                Ok(()) => ControlFlow::Continue(()),
                Err(failure) => ending.leave(failure, &statistics),
            }
        },
    );
    if let Err(failure) = sink.finish() {
        return ending.cut_short(failure, &statistics);
    }
    let exit = ending.exit(&statistics);
    let errors = errors.lock().unwrap_or_else(PoisonError::into_inner);
    let examples = if args.show_unparsed {
        Examples::Shown
    } else {
        Examples::Hinted
    };
    let mut text = String::new();
    summary::unparsed(&mut text, &statistics, &inputs, examples);
    summary::unreadable(&mut text, &errors, terminal.err.colour);
    print_error(&text);
    Ok(exit)
}

fn worker(
    projection: &Projection,
    inputs: &Inputs,
) -> impl FnMut(&Block, &mut EventBatch) -> BlockResult {
    let mut list = FieldList::new(Duplicates::Keep, ListLimits::NONE);
    move |block, batch| {
        batch.parse(block.format, block.origin, projection);
        let mut result = BlockResult::of(batch);
        let path = inputs.path(block.input);
        let mut room = Vec::new();
        for event in batch.events() {
            gather(&event, projection, &mut list);
            let host = host(&event, &mut room);
            let key = SortKey {
                time: event.time().0,
                input: block.input,
                position: event.position(),
                rule: 0,
            };
            let shown = |out: &mut Vec<u8>| event::json_line(out, &event, host, path, &list);
            result.rendered.add(key, shown, |_| ());
        }
        result
    }
}

fn gather(event: &Event<'_>, projection: &Projection, list: &mut FieldList) {
    list.clear();
    for (name, value) in event.named_values(projection) {
        list.push(name, value);
    }
}
