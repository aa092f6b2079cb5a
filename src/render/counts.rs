//! `--count`: how often each rule matched.

use std::io::Write;

use yagura_rules::Meta;

use super::colour::{Style, paint};
use super::escape::visible;
use super::{OutputFormat, csv, jsonl, table};
use crate::terminal::Stream;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    /// Matches of a detection rule.
    Detections,
    /// Alerts of a correlation or sequence.
    Alerts,
}

impl Counted {
    fn name(self) -> &'static str {
        match self {
            Self::Detections => "detection",
            Self::Alerts => "alert",
        }
    }
}

/// One rule and the number of its detections or alerts.
#[derive(Clone, Copy, Debug)]
pub struct RuleCount<'a> {
    /// What is counted.
    pub of: Counted,
    /// The rule.
    pub meta: &'a Meta,
    /// How many.
    pub count: u64,
}

/// Renders counts: incidents, alerts by rule, detections by rule, each most frequent first, then
/// by title.
pub fn render(
    format: OutputFormat,
    stream: Stream,
    incidents: u64,
    mut counts: Vec<RuleCount<'_>>,
) -> Vec<u8> {
    counts.sort_by(|a, b| {
        let by_kind = b.of.cmp(&a.of);
        by_kind
            .then_with(|| b.count.cmp(&a.count))
            .then_with(|| a.meta.title.cmp(&b.meta.title))
            .then_with(|| a.meta.id.cmp(&b.meta.id))
    });
    let mut out = Vec::new();
    match format {
        OutputFormat::Table => rows(&mut out, stream, incidents, &counts),
        OutputFormat::Jsonl => lines(&mut out, incidents, &counts),
        OutputFormat::Csv => records(&mut out, incidents, &counts),
    }
    out
}

// Writing to a vector cannot fail, here and below.

fn rows(out: &mut Vec<u8>, stream: Stream, incidents: u64, counts: &[RuleCount<'_>]) {
    if counts.is_empty() {
        return;
    }
    if incidents > 0 {
        let s = if incidents == 1 { "" } else { "s" };
        let _ = writeln!(out, "{incidents:>12}  incident{s}");
    }
    for same in counts.chunk_by(|a, b| a.of == b.of) {
        let heading = match same.first().map(|first| first.of) {
            Some(Counted::Alerts) => "ALERTS",
            _ => "COUNT",
        };
        let heading = format!("{heading:>12}  {:8}  RULE", "LEVEL");
        let _ = writeln!(out, "{}", paint(&heading, Style::Heading, stream.colour));
        for RuleCount { meta, count, .. } in same {
            let level = table::level_cell(meta.level, stream.colour);
            let _ = writeln!(out, "{count:>12}  {level}  {}", visible(&meta.title));
        }
    }
}

fn lines(out: &mut Vec<u8>, incidents: u64, counts: &[RuleCount<'_>]) {
    let _ = writeln!(
        out,
        r#"{{"kind":"count","of":"incident","count":{incidents}}}"#
    );
    for RuleCount { of, meta, count } in counts {
        let _ = write!(out, r#"{{"kind":"count","of":"{}","rule":"#, of.name());
        jsonl::rule(out, meta);
        let _ = writeln!(out, ",\"count\":{count}}}");
    }
}

fn records(out: &mut Vec<u8>, incidents: u64, counts: &[RuleCount<'_>]) {
    let _ = writeln!(
        out,
        "kind,count,rule_id,rule_title,level,tags\nincident,{incidents},,,,"
    );
    for RuleCount { of, meta, count } in counts {
        let _ = write!(out, "{},{count},", of.name());
        csv::rule(out, meta);
        out.push(b'\n');
    }
}
