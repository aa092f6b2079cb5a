//! What the demo tells: what it is about to do, the incident, what it took.

use std::fmt::Write as _;
use std::time::Duration;

use indicatif::{HumanCount, HumanFloatCount};
use yagura_engine::incident::{IncidentRecord, RowView};
use yagura_parsers::Timestamp;

use super::cases::Cases;
use crate::generate::scenario::{Attack, ScenarioOptions};
use crate::peak_memory::peak_rss_bytes;
use crate::render::colour::{Style, paint};
use crate::render::escape::visible;
use crate::render::quantity::compact;
use crate::scan::per_second;
use crate::terminal::Colour;

/// So many values of a kind of entity are shown.
const VALUES_SHOWN_MAX: usize = 6;

/// What stands above everything.
pub fn opening(options: &ScenarioOptions) -> String {
    let attack = match options.attack {
        Attack::Included => "Somebody is after its drawings.",
        Attack::LeftOut => "The attack is left out: nothing should be found.",
    };
    format!(
        "{} days at Tidemark, a maker of naval equipment that exists only here: 2,000 machines at \
         five sites.\n{attack}\n\n",
        options.days
    )
}

/// What stands below: figures of the run.
#[expect(clippy::cast_precision_loss, reason = "figures for people")]
pub fn closing(cases: &Cases, elapsed: Duration) -> String {
    let mut text = format!(
        "{} events ({}B) in {:.1} s, {} events/s",
        HumanCount(cases.events()),
        compact(cases.bytes() as f64),
        elapsed.as_secs_f64(),
        HumanFloatCount(per_second(cases.events(), elapsed).round()),
    );
    if let Some(bytes) = peak_rss_bytes() {
        let _ = write!(text, ", {}B of memory at most", compact(bytes as f64));
    }
    let incidents = cases.incidents().len();
    let _ = writeln!(
        text,
        "\n{} alerts, {incidents} {}",
        cases.alerts(),
        if incidents == 1 {
            "incident"
        } else {
            "incidents"
        }
    );
    for (count, what) in [
        (cases.unparsed(), "events were not understood"),
        (cases.late(), "matches came too late to count"),
    ] {
        if count > 0 {
            let _ = writeln!(text, "{} {what}", HumanCount(count));
        }
    }
    text
}

/// An incident for people.
pub fn incident(out: &mut String, incident: &IncidentRecord, colour: Colour) {
    let level = paint(incident.level.name(), Style::Level(incident.level), colour);
    let title = paint(&visible(&incident.title), Style::Heading, colour);
    let _ = writeln!(out, "{level}  {title}  (risk {:.0})", incident.risk);
    let (first, last) = (minute(incident.first), minute(incident.last));
    let _ = writeln!(out, "  from {first} to {last}");
    for (tactic, first) in &incident.tactics {
        let _ = writeln!(out, "  {}  {tactic}", minute(*first));
    }
    for same in incident.entities.chunk_by(|a, b| a.kind == b.kind) {
        let kind = same.first().map_or("", |entity| &entity.kind);
        let shown = same.iter().take(VALUES_SHOWN_MAX);
        let shown: Vec<_> = shown.map(|entity| visible(&entity.value)).collect();
        let more = same.len().saturating_sub(VALUES_SHOWN_MAX);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let count = same.len();
        let _ = writeln!(out, "  {kind} {count:>4}  {}{more}", shown.join(", "));
    }
    for (row, others) in by_rule(&incident.alerts) {
        write_row(out, row, &others, colour);
    }
    if incident.partial {
        out.push_str("  Limits were reached: lists are incomplete.\n");
    }
    out.push('\n');
}

/// Rows of the same rule together, in the order of the first of each.
fn by_rule(rows: &[RowView]) -> Vec<(&RowView, Vec<&RowView>)> {
    let mut groups: Vec<(&RowView, Vec<&RowView>)> = Vec::new();
    for row in rows {
        match groups.iter_mut().find(|(first, _)| first.rule == row.rule) {
            Some((_, others)) => others.push(row),
            None => groups.push((row, Vec::new())),
        }
    }
    groups
}

fn write_row(out: &mut String, row: &RowView, others: &[&RowView], colour: Colour) {
    let count = row.count + others.iter().map(|other| other.count).sum::<u64>();
    let last = others
        .iter()
        .map(|other| other.last)
        .chain([row.last])
        .max();
    let level = format!("{:8}", row.rule.level.name());
    let level = paint(&level, Style::Level(row.rule.level), colour);
    let mut key: Vec<_> = row.key.iter().map(|(_, value)| visible(value)).collect();
    if !others.is_empty() {
        key = vec![format!("{} places", others.len() + 1).into()];
    }
    let _ = writeln!(
        out,
        "  {} to {}  {level}  {:>9}  {}  {}",
        minute(row.first),
        minute(last.unwrap_or(row.last)),
        HumanCount(count),
        visible(&row.rule.title),
        key.join(", "),
    );
    for stage in row.stages.iter().filter(|_| row.stages.len() > 1) {
        let _ = writeln!(
            out,
            "      {} to {}  {:>9}  {}",
            minute(stage.first),
            minute(stage.last),
            HumanCount(stage.count),
            visible(&stage.name),
        );
    }
}

/// `2026-03-02 08:00`
pub fn minute(time: Timestamp) -> String {
    let text = time.to_string();
    let (day, rest) = text.split_once('T').unwrap_or((&text, ""));
    format!("{day} {}", rest.get(..5).unwrap_or_default())
}
