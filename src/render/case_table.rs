//! What was found, for people: incidents with their timelines, then alerts, then detections by
//! rule.

use std::cmp::Reverse;
use std::fmt::Write;

use hashbrown::HashMap;
use indicatif::HumanCount;
use yagura_engine::alert::AlertRecord;
use yagura_engine::incident::{EntityView, IncidentRecord, RowView};
use yagura_parsers::Timestamp;
use yagura_rules::Level;

use super::case::Names;
use super::case_line::short;
use super::colour::{Style, paint};
use super::escape::{visible, visible_bytes};
use super::summary::plural;
use super::table::{clock, level_cell};
use crate::scan::{Findings, HOSTS_MAX, MatchTally, MatchedRule};
use crate::terminal::{Colour, Stream};

/// So many values of a kind of entity are shown, and so many rows of a timeline.
const VALUES_MAX: usize = 6;
const ROWS_MAX: usize = 40;
/// So many rows of the detections of a rule are shown one by one.
const PLACES_MAX: usize = 5;
const VALUE_WIDTH: usize = 48;

/// Which parts of a report are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parts {
    /// Incidents, alerts, detections.
    All,
    /// Incidents.
    Incidents,
}

// Writing to a string cannot fail, in all of this file.

/// Renders the report.
pub fn report(
    findings: &Findings,
    names: Names<'_>,
    by_rule: &[u64],
    parts: Parts,
    stream: Stream,
) -> String {
    let mut out = String::new();
    let colour = stream.colour;
    let (incidents, more) = findings.kept_incidents();
    for incident in &incidents {
        self::incident(&mut out, incident, colour);
    }
    more_of(&mut out, more, "incident");
    if parts == Parts::All {
        alerts(&mut out, findings, names, colour);
        detections(&mut out, findings, names, by_rule, colour);
    }
    // Sections are set apart from each other, not from what follows.
    out.truncate(out.trim_end().len());
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

fn more_of(out: &mut String, more: u64, what: &str) {
    if more > 0 {
        let _ = writeln!(out, "and {}\n", plural(more, &format!("more {what}")));
    }
}

/// `2024-01-02 03:04:05`
pub fn time(time: Timestamp) -> String {
    let mut text = Vec::new();
    clock(&mut text, time);
    String::from_utf8_lossy(&text).into_owned()
}

fn span(first: Timestamp, last: Timestamp) -> String {
    format!("{} – {}", time(first).trim_end(), time(last).trim_end())
}

fn incident(out: &mut String, incident: &IncidentRecord, colour: Colour) {
    let level = level_cell(incident.level, colour);
    let heading = format!("INCIDENT {}", short(incident.id));
    let (heading, risk) = (paint(&heading, Style::Heading, colour), incident.risk);
    let title = paint(&visible(&incident.title), Style::Heading, colour);
    let _ = writeln!(
        out,
        "{heading}  risk {risk:.0}  {}  {title}",
        level.trim_end()
    );
    fact(out, "time", &span(incident.first, incident.last));
    let tactics: Vec<&str> = incident.tactics.iter().map(|(t, _)| t.name()).collect();
    if !tactics.is_empty() {
        fact(out, "tactics", &tactics.join(" → "));
    }
    for same in incident.entities.chunk_by(|a, b| a.kind == b.kind) {
        let kind = same.first().map_or("", |entity| entity.kind.as_str());
        fact(out, &visible(kind), &values(same));
    }
    if incident.partial {
        fact(
            out,
            "partial",
            "a limit was reached, lists are not complete",
        );
    }
    let lines = lines(&incident.alerts);
    for line in lines.iter().take(ROWS_MAX) {
        timeline_line(out, line, colour);
    }
    let rows: u64 = lines.iter().skip(ROWS_MAX).map(|line| line.places).sum();
    let summarised: u64 = incident.summarised.iter().map(|sum| sum.rows).sum();
    if rows + summarised > 0 {
        let _ = writeln!(out, "  and {}", plural(rows + summarised, "more row"));
    }
    out.push('\n');
}

fn fact(out: &mut String, name: &str, value: &str) {
    let _ = writeln!(out, "  {name:9} {value}");
}

fn values(entities: &[EntityView]) -> String {
    let shown = entities.iter().take(VALUES_MAX);
    let shown: Vec<String> = shown.map(|entity| cut(&visible(&entity.value))).collect();
    let mut text = shown.join(", ");
    let more = entities.len().saturating_sub(VALUES_MAX);
    if more > 0 {
        let _ = write!(text, " +{more} ({} in all)", entities.len());
    }
    text
}

fn cut(text: &str) -> String {
    super::table::cut_middle(text, VALUE_WIDTH)
}

/// `  name=value  name=value`
fn key_text<'k>(key: impl Iterator<Item = (&'k str, &'k [u8])>) -> String {
    let mut text = String::new();
    for (name, value) in key {
        let _ = write!(text, "  {}={}", visible(name), cut(&visible_bytes(value)));
    }
    text
}

/// A line of a timeline: a row, or the detections of a rule at many places together.
struct Line<'r> {
    /// The first of them.
    row: &'r RowView,
    count: u64,
    places: u64,
}

/// The detections of a rule that has more rows than [`PLACES_MAX`] stand in one line.
fn lines(rows: &[RowView]) -> Vec<Line<'_>> {
    fn rule(row: &RowView) -> (&str, Option<&str>) {
        (&row.rule.title, row.rule.id.as_deref())
    }
    let detections = || rows.iter().filter(|row| row.alert.is_none());
    let mut places: HashMap<_, usize> = HashMap::new();
    for row in detections() {
        *places.entry(rule(row)).or_default() += 1;
    }
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut first: HashMap<_, usize> = HashMap::new();
    for row in rows {
        let of = rule(row);
        let folds = row.alert.is_none() && places.get(&of).is_some_and(|n| *n > PLACES_MAX);
        if folds && let Some(line) = first.get(&of).and_then(|at| lines.get_mut(*at)) {
            line.count = line.count.saturating_add(row.count);
            line.places += 1;
            continue;
        }
        if folds {
            first.insert(of, lines.len());
        }
        let (count, places) = (row.count, 1);
        lines.push(Line { row, count, places });
    }
    lines
}

fn timeline_line(out: &mut String, line: &Line<'_>, colour: Colour) {
    let row = line.row;
    let level = level_cell(row.rule.level, colour);
    let title = visible(&row.rule.title);
    let key = if line.places > 1 {
        format!("  at {} places", HumanCount(line.places))
    } else {
        let key = row.key.iter();
        key_text(key.map(|(name, value)| (&**name, value.as_bytes())))
    };
    let (first, count) = (time(row.first), HumanCount(line.count).to_string());
    let _ = writeln!(out, "  {first}  {level}  {count:>7}  {title}{key}");
    if row.stages.len() < 2 {
        // It says what the row says.
        return;
    }
    for stage in &row.stages {
        let (name, count) = (visible(&stage.name), HumanCount(stage.count).to_string());
        let first = time(stage.first);
        let _ = writeln!(out, "    {first}  {count:>15}    {name}");
    }
}

fn alerts(out: &mut String, findings: &Findings, names: Names<'_>, colour: Colour) {
    let level = |alert: &AlertRecord| {
        names
            .book
            .meta(alert.rule)
            .map_or(Level::default(), |m| m.level)
    };
    let (alerts, more) = findings.kept_alerts(level);
    if alerts.is_empty() {
        return;
    }
    let heading = format!(
        "{:8}  {:>7}  {:19}  {:19}  ALERT",
        "LEVEL", "COUNT", "FIRST (UTC)", "LAST"
    );
    let _ = writeln!(out, "{}", paint(&heading, Style::Heading, colour));
    for alert in alerts {
        let Some(meta) = names.book.meta(alert.rule) else {
            continue;
        };
        let level = level_cell(meta.level, colour);
        let (first, last) = (time(Timestamp(alert.first)), time(Timestamp(alert.last)));
        let count = HumanCount(alert.count).to_string();
        let key = key_text(
            alert
                .key
                .iter()
                .map(|(name, value)| (&**name, value.as_slice())),
        );
        let title = visible(&meta.title);
        let partial = if alert.partial { "  (partial)" } else { "" };
        let _ = writeln!(
            out,
            "{level}  {count:>7}  {first}  {last}  {title}{key}{partial}"
        );
        if alert.stages.len() < 2 {
            continue;
        }
        for stage in &alert.stages {
            let of = |ns: Option<i64>| time(ns.map_or(Timestamp::UNKNOWN, Timestamp));
            let (first, last) = (of(stage.first), of(stage.last));
            let (name, count) = (visible(&stage.name), HumanCount(stage.count).to_string());
            let _ = writeln!(out, "{:8}  {count:>7}  {first}  {last}    {name}", "");
        }
    }
    more_of(out, more, "alert");
    out.push('\n');
}

/// The rules whose matches are detections, the gravest first.
pub fn by_gravity<'a>(names: Names<'a>, by_rule: &'a [u64]) -> Vec<(MatchedRule<'a>, u64)> {
    let matched = names.book.matched(by_rule);
    let mut rules: Vec<_> = matched.filter(|(rule, _)| rule.stands_alone).collect();
    rules.sort_by(|a, b| {
        let order =
            |(rule, count): &(MatchedRule<'_>, u64)| (Reverse(rule.meta.level), Reverse(*count));
        order(a)
            .cmp(&order(b))
            .then_with(|| (&a.0.meta.title, a.0.index).cmp(&(&b.0.meta.title, b.0.index)))
    });
    rules
}

/// The number of hosts of a rule, `-` where none is known.
pub fn hosts(findings: &Findings, rule: MatchedRule<'_>) -> String {
    match findings.matches(rule.index).map_or(0, MatchTally::hosts) {
        0 => "-".to_owned(),
        HOSTS_MAX => format!("{}+", HumanCount(HOSTS_MAX as u64)),
        hosts => HumanCount(hosts as u64).to_string(),
    }
}

fn detections(
    out: &mut String,
    findings: &Findings,
    names: Names<'_>,
    by_rule: &[u64],
    colour: Colour,
) {
    let rules = by_gravity(names, by_rule);
    if rules.is_empty() {
        return;
    }
    let heading = format!(
        "{:8}  {:>7}  {:19}  {:19}  {:>5}  DETECTION",
        "LEVEL", "COUNT", "FIRST (UTC)", "LAST", "HOSTS"
    );
    let _ = writeln!(out, "{}", paint(&heading, Style::Heading, colour));
    for (rule, count) in rules {
        let (level, title) = (
            level_cell(rule.meta.level, colour),
            visible(&rule.meta.title),
        );
        let tally = findings.matches(rule.index);
        let of = |time: Option<Timestamp>| self::time(time.unwrap_or(Timestamp::UNKNOWN));
        let (first, last) = (of(tally.map(|t| t.first)), of(tally.map(|t| t.last)));
        let (count, hosts) = (HumanCount(count).to_string(), hosts(findings, rule));
        let _ = writeln!(
            out,
            "{level}  {count:>7}  {first}  {last}  {hosts:>5}  {title}"
        );
    }
}
