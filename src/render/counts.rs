//! `--count`: how often each rule matched.

use std::io::Write;

use yagura_rules::Meta;

use super::colour::{Style, paint};
use super::escape::visible;
use super::{OutputFormat, csv, jsonl, table};
use crate::terminal::Stream;

/// One rule and the number of its detections.
#[derive(Clone, Copy, Debug)]
pub struct RuleCount<'a> {
    /// The rule.
    pub meta: &'a Meta,
    /// How many.
    pub count: u64,
}

/// Renders counts, most frequent first, then by title.
pub fn render(format: OutputFormat, stream: Stream, mut counts: Vec<RuleCount<'_>>) -> Vec<u8> {
    counts.sort_by(|a, b| {
        let by_count = b.count.cmp(&a.count);
        by_count
            .then_with(|| a.meta.title.cmp(&b.meta.title))
            .then_with(|| a.meta.id.cmp(&b.meta.id))
    });
    let mut out = Vec::new();
    match format {
        OutputFormat::Table => rows(&mut out, stream, &counts),
        OutputFormat::Jsonl => lines(&mut out, &counts),
        OutputFormat::Csv => records(&mut out, &counts),
    }
    out
}

// Writing to a vector cannot fail, here and below.

fn rows(out: &mut Vec<u8>, stream: Stream, counts: &[RuleCount<'_>]) {
    if counts.is_empty() {
        return;
    }
    let heading = format!("{:>12}  {:8}  RULE", "COUNT", "LEVEL");
    let _ = writeln!(out, "{}", paint(&heading, Style::Heading, stream.colour));
    for RuleCount { meta, count } in counts {
        let level = table::level_cell(meta.level, stream.colour);
        let _ = writeln!(out, "{count:>12}  {level}  {}", visible(&meta.title));
    }
}

fn lines(out: &mut Vec<u8>, counts: &[RuleCount<'_>]) {
    for RuleCount { meta, count } in counts {
        out.extend_from_slice(br#"{"kind":"count","rule":"#);
        jsonl::rule(out, meta);
        let _ = writeln!(out, ",\"count\":{count}}}");
    }
}

fn records(out: &mut Vec<u8>, counts: &[RuleCount<'_>]) {
    out.extend_from_slice(b"count,rule_id,rule_title,level,tags\n");
    for RuleCount { meta, count } in counts {
        let _ = write!(out, "{count},");
        csv::rule(out, meta);
        out.push(b'\n');
    }
}
