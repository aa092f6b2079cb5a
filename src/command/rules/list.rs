//! `yagura rules list`: one line a rule.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::{Serialize, Serializer};
use yagura_rules::{Level, Loaded, Logsource, Meta};

use crate::failure::{Exit, Failure};
use crate::render::colour::{Style, paint};
use crate::render::escape::visible;
use crate::render::summary::plural;
use crate::render::{diagnostics, json_text, table};
use crate::rule_set;
use crate::standard_output::{StandardOutput, print_error};
use crate::terminal::{Stream, Terminal};

const EXAMPLES: &str = "\
Examples:
  yagura rules list rules/
  yagura rules list rules/ --output jsonl | jq -r 'select(.level == \"critical\") | .title'";

/// The arguments of `yagura rules list`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ListArgs {
    /// Sigma rules: files and folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// What the list looks like
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value_t)]
    output: ListFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ListFormat {
    /// For people
    #[default]
    Table,
    /// One JSON object a line
    Jsonl,
}

#[derive(Serialize)]
struct Row<'a> {
    kind: &'static str,
    #[serde(serialize_with = "by_name")]
    level: Level,
    id: Option<&'a str>,
    title: &'a str,
    logsource: Option<String>,
    status: Option<&'a str>,
    tags: &'a [String],
    path: String,
    line: usize,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn by_name<S: Serializer>(level: &Level, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(level.name())
}

impl<'a> Row<'a> {
    fn new(kind: &'static str, meta: &'a Meta, logsource: Option<&Logsource>) -> Self {
        Self {
            kind,
            level: meta.level,
            id: meta.id.as_deref(),
            title: &meta.title,
            logsource: logsource.map(ToString::to_string),
            status: meta.status.as_deref(),
            tags: &meta.tags,
            path: meta.file.path.to_string_lossy().into_owned(),
            line: meta.span.line,
        }
    }
}

/// Runs the command.
pub fn run(args: &ListArgs, terminal: Terminal) -> Result<Exit, Failure> {
    let loaded = rule_set::load(&args.paths, None)?;
    let mut out = StandardOutput::lock();
    for row in rows(&loaded) {
        let line = match args.output {
            ListFormat::Table => table_line(&row, terminal.out),
            ListFormat::Jsonl => json_line(&row),
        };
        out.write(line.as_bytes())?;
    }
    out.flush()?;
    if loaded.files == 0 && loaded.refused.is_empty() {
        print_error(&diagnostics::render_all(&loaded.diagnostics, terminal.err));
    }
    let refused = loaded.refused.len();
    if refused > 0 {
        let rules = plural(refused as u64, "rule");
        print_error(&format!("{rules} refused; `yagura rules check` says why\n"));
        return Ok(Exit::Errors);
    }
    Ok(Exit::Success)
}

fn rows(loaded: &Loaded) -> Vec<Row<'_>> {
    let detections = loaded.detections.iter().filter(|r| !r.in_place);
    let detections = detections.map(|r| Row::new("detection", &r.meta, Some(&r.logsource)));
    let correlations = loaded.correlations.iter();
    let correlations = correlations.map(|r| Row::new("correlation", &r.meta, None));
    let sequences = loaded.sequences.iter();
    let sequences = sequences.map(|r| Row::new("sequence", &r.meta, None));
    let policies = loaded.policies.iter();
    let policies = policies.map(|r| Row::new("incident", &r.meta, None));
    let filters = loaded.filters.iter();
    let filters = filters.map(|r| Row::new("filter", &r.meta, Some(&r.logsource)));
    let evaluated = detections.chain(correlations).chain(sequences);
    evaluated.chain(filters).chain(policies).collect()
}

fn table_line(row: &Row<'_>, stream: Stream) -> String {
    let level = table::level_cell(row.level, stream.colour);
    let id = paint(
        &format!("{:36}", visible(row.id.unwrap_or("-"))),
        Style::Dim,
        stream.colour,
    );
    let logsource = row.logsource.as_deref().unwrap_or(row.kind);
    let logsource = table::pad(&visible(logsource), 32);
    format!("{level}  {id}  {logsource}  {}\n", visible(row.title))
}

fn json_line(row: &Row<'_>) -> String {
    let mut json = serde_json::to_string(row).unwrap_or_default();
    json_text::escape_controls(&mut json);
    json.push('\n');
    json
}
