//! `yagura scan`: logs and rules in; detections, alerts and incidents out.

use std::fs;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use clap::Args;
use yagura_engine::{RuleIndex, pipeline};
use yagura_parsers::{Extent, Format};
use yagura_rules::{Activity, Level, Loaded, Taxonomy};

use super::choices::{duration, format_parser, level_parser, threads, threads_parser};
use super::ending::Ending;
use crate::failure::{Exit, Failure};
use crate::render::case_table::Parts;
use crate::render::counts::{self, Counted, RuleCount};
use crate::render::progress::Progress;
use crate::render::summary::{self, Examples};
use crate::render::{CaseRenderer, DetectionRenderer, Look, Names, OutputFormat, summary_json};
use crate::render::{case_html, case_table};
use crate::rule_set::{self, OnRefusal};
use crate::scan::{
    AlertPolicy, Arrangement, CaseRecorder, Finder, Findings, Inputs, Keeping, Order, Output,
    RuleBook, ScanRule, Setting, Sink, Statistics, What,
};
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
  yagura scan logs/ --rules rules/ --html report.html
  journalctl -f | yagura scan - --rules rules/ --format syslog

Results come out in the order of event time; from standard input as they arrive. A table of files
is a report: incidents, alerts, detections by rule (--each: a line for each, as they come).
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
    /// Print one line for each rule with the number of its detections or alerts
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
    /// End with code 1 if there is a detection, alert or incident of this level or above
    #[arg(long, value_name = "LEVEL", value_parser = level_parser())]
    pub fail_on_detection: Option<Level>,
    /// Scan with the other rules where some are refused
    #[arg(long)]
    pub keep_going: bool,
    /// Alerts and incidents
    #[command(flatten)]
    pub cases: CaseArgs,
}

/// What is wanted of alerts and incidents.
#[derive(Debug, Default, Args)]
pub struct CaseArgs {
    /// Which records of alerts are written
    #[arg(long, value_enum, value_name = "WHICH", default_value_t)]
    pub alerts: AlertPolicy,
    /// Write incidents alone, without the alerts and detections in them
    #[arg(long)]
    pub incidents_only: bool,
    /// Show each detection, alert and incident in a table line of its own, by time
    #[arg(long)]
    pub each: bool,
    /// Write incidents, alerts and detections to this file, as a web page
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// How long matches from standard input wait for earlier ones
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub lateness: Option<Duration>,
}

const LATENESS: Duration = Duration::from_secs(5);

impl ScanArgs {
    /// What is shown of each detection. `lines`: a table shows each.
    fn what(&self, lines: bool) -> What {
        let hidden =
            self.count || self.cases.incidents_only || self.output == OutputFormat::Table && !lines;
        match (hidden, self.full_event) {
            (true, _) => What::Nothing,
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
    book: RuleBook,
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
    let mut statistics = Statistics::new(rules.book.engine.rules().len());
    let scan = Scan {
        args,
        ending: &ending,
        book: &rules.book,
        inputs: &inputs,
    };
    let left_out = match scan.run(sources, &mut statistics) {
        Ok(said) => said,
        Err(failure) => return ending.cut_short(failure, &statistics),
    };
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
    summary::found(&mut text, &statistics, colour);
    text += &left_out;
    let examples = if args.show_unparsed {
        Examples::Shown
    } else {
        Examples::Hinted
    };
    summary::unparsed(&mut text, &statistics, &inputs, examples);
    summary::idle_rules(&mut text, &rules.book.loaded, &rules.book.unrouted());
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
    let extent = if args.full_event {
        Extent::Everything
    } else {
        Extent::Projected
    };
    let book = RuleBook::compile(loaded, min_level, extent, &Taxonomy::shipped())?;
    let rules = book.engine.rules();
    if !rules.iter().any(|rule| rule.activity == Activity::Active) {
        let why = why_none(&book.loaded, rules.len(), min_level);
        return Err(Failure::NoRules(why));
    }
    Ok(Prepared {
        book,
        took: started.elapsed(),
    })
}

fn why_none(loaded: &Loaded, left: usize, min_level: Level) -> String {
    let all = loaded.detections.len();
    if all == 0 {
        "none was found where --rules points".to_owned()
    } else if left == 0 {
        format!("none of {all} is of level {min_level} or above")
    } else {
        "all need placeholders that were not given (--placeholders)".to_owned()
    }
}

/// What a scan works with.
struct Scan<'a> {
    args: &'a ScanArgs,
    ending: &'a Ending<'a>,
    book: &'a RuleBook,
    inputs: &'a Inputs,
}

impl Scan<'_> {
    /// Reads all inputs and writes what is found.
    /// Gives what is to be said of it besides.
    fn run(&self, mut sources: Sources, statistics: &mut Statistics) -> Result<String, Failure> {
        let terminal = self.ending.terminal;
        let renderer = DetectionRenderer::new(self.args.output, self.args.full_event, terminal.out);
        let rules = self.rules(renderer);
        let finder = Finder {
            engine: &self.book.engine,
            rules: &rules,
            inputs: self.inputs,
            renderer,
            what: self.args.what(self.has_lines()),
            arrangement: self.arrangement(),
        };
        let mut sink = self.open_sink(renderer)?;
        let counters = sources.counters();
        let progress = if self.inputs.has_standard_input() {
            Progress::hidden(counters)
        } else {
            Progress::new(counters, terminal.err)
        };
        let mut ended = Ok(());
        pipeline::run(
            threads(self.args.threads),
            |batch| sources.next(batch),
            || finder.worker(),
            |block, result| {
                statistics.add(&block, &result);
                progress.show(statistics.events);
                match sink.add(&block, result) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(failure) if sink.passes_on() => {
                        statistics.note(sink.recorder());
                        self.ending.leave(failure, statistics)
                    }
                    Err(failure) => {
                        ended = Err(failure);
                        ControlFlow::Break(())
                    }
                }
            },
        );
        progress.clear();
        let finished = ended.and_then(|()| sink.finish());
        statistics.note(sink.recorder());
        finished?;
        let (recorder, mut out) = sink.into_parts();
        self.write_end(statistics, &recorder, &mut out)?;
        let mut said = String::new();
        summary::left_out(&mut said, self.book, recorder.findings());
        Ok(said)
    }

    fn rules(&self, renderer: DetectionRenderer) -> Vec<ScanRule> {
        let rules = (0..).map(RuleIndex).zip(self.book.engine.rules());
        rules
            .map(|(index, rule)| ScanRule {
                card: renderer.rule_card(&rule.meta),
                stands_alone: self.book.stands_alone(index),
            })
            .collect()
    }

    /// Whether a table has a line for each finding, and no report.
    fn has_lines(&self) -> bool {
        let cases = &self.args.cases;
        // Whoever wants whole events wants to see them.
        cases.each || self.args.full_event || self.inputs.has_standard_input()
    }

    fn look(&self, renderer: DetectionRenderer) -> Look {
        match renderer {
            _ if self.args.count => Look::Hidden,
            DetectionRenderer::Jsonl => Look::Jsonl,
            DetectionRenderer::Csv(columns) => Look::Csv(columns),
            DetectionRenderer::Table(layout) if self.has_lines() => Look::Lines(layout),
            DetectionRenderer::Table(_) => Look::Hidden,
        }
    }

    fn has_report(&self) -> bool {
        self.args.output == OutputFormat::Table && !self.args.count && !self.has_lines()
    }

    fn names(&self) -> Names<'_> {
        Names {
            book: self.book,
            inputs: self.inputs,
        }
    }

    fn arrangement(&self) -> Arrangement {
        if self.inputs.has_standard_input() {
            Arrangement::ByArrival
        } else {
            Arrangement::ByTime
        }
    }

    fn open_sink(&self, renderer: DetectionRenderer) -> Result<Sink<CaseRecorder<'_>>, Failure> {
        let mut out = StandardOutput::lock();
        let mut header = Vec::new();
        if !self.args.count && !self.has_report() {
            header = renderer.header();
        }
        if self.args.output == OutputFormat::Csv && !self.args.count {
            // Programs expect it even where nothing is found; people do not.
            out.write(&std::mem::take(&mut header))?;
            out.flush()?;
        }
        let arrangement = self.arrangement();
        let order = match arrangement {
            Arrangement::ByTime => Order::Time(ExternalSort::new(RUN_BYTES_MAX)),
            Arrangement::ByArrival => Order::Arrival,
        };
        let setting = Setting {
            book: self.book,
            renderer: CaseRenderer {
                look: self.look(renderer),
                names: self.names(),
            },
            arrangement,
            lateness: self.args.cases.lateness.unwrap_or(LATENESS),
            alerts: self.args.cases.alerts,
            incidents_only: self.args.cases.incidents_only,
            keeping: if self.has_report() || self.args.cases.html.is_some() {
                Keeping::Lists
            } else {
                Keeping::Numbers
            },
        };
        let out = Output::new(out, header);
        let recorder = CaseRecorder::new(setting);
        Ok(Sink::new(out, order, renderer.time_slot(), recorder))
    }

    /// What stands below all records.
    fn write_end(
        &self,
        statistics: &Statistics,
        recorder: &CaseRecorder<'_>,
        out: &mut Output,
    ) -> Result<(), Failure> {
        let (findings, stream) = (recorder.findings(), self.ending.terminal.out);
        let mut text = Vec::new();
        if self.args.count {
            text = self.counts(statistics, findings);
        } else if self.has_report() {
            let parts = if self.args.cases.incidents_only {
                Parts::Incidents
            } else {
                Parts::All
            };
            let by_rule = &statistics.by_rule;
            text = case_table::report(findings, self.names(), by_rule, parts, stream).into();
        } else if self.args.output == OutputFormat::Jsonl {
            summary_json::line(&mut text, self.book, statistics, findings);
        }
        out.write(&text)?;
        out.flush()?;
        let Some(path) = &self.args.cases.html else {
            return Ok(());
        };
        let page = case_html::page(findings, statistics, self.names());
        fs::write(path, page).map_err(|source| Failure::File {
            path: path.clone(),
            source,
        })
    }

    fn counts(&self, statistics: &Statistics, findings: &Findings) -> Vec<u8> {
        let detections = self.book.matched(&statistics.by_rule);
        let detections = detections.map(|(rule, count)| RuleCount {
            of: Counted::Detections,
            meta: rule.meta,
            count,
        });
        let alerts = self.book.alerting().zip(&findings.alerts_by_rule);
        let alerts = alerts.filter(|(_, tally)| tally.alerts > 0);
        let alerts = alerts.map(|(meta, tally)| RuleCount {
            of: Counted::Alerts,
            meta,
            count: tally.alerts,
        });
        let incidents = statistics.incidents.iter().sum();
        let counts = detections.chain(alerts).collect();
        let stream = self.ending.terminal.out;
        counts::render(self.args.output, stream, incidents, counts)
    }
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
