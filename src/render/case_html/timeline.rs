//! The timeline of an incident as SVG: a bar for each alert, from its first match to its last,
//! coloured by tactic.

use std::fmt::Write;

use yagura_engine::incident::{IncidentRecord, RowView};
use yagura_parsers::Timestamp;

use super::super::bench_html::markup::escape;
use super::super::case_table::time;

const ROWS_MAX: usize = 60;
const ROW_HEIGHT: usize = 22;
const LABEL_WIDTH: f64 = 330.0;
const WIDTH: f64 = 960.0;
const LABEL_CHARS: usize = 46;
/// Shorter bars would not be seen.
const BAR_MIN: f64 = 4.0;

/// Draws the first rows.
pub fn draw(out: &mut String, incident: &IncidentRecord) {
    let rows = incident.alerts.len().min(ROWS_MAX);
    if rows == 0 {
        return;
    }
    let height = (rows + 1) * ROW_HEIGHT;
    let _ = writeln!(
        out,
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"timeline\">"
    );
    for (number, row) in incident.alerts.iter().take(ROWS_MAX).enumerate() {
        bar(out, incident, row, number * ROW_HEIGHT);
    }
    let y = height - 6;
    let _ = writeln!(
        out,
        "<text class=\"axis\" x=\"{LABEL_WIDTH}\" y=\"{y}\">{}</text>\
         <text class=\"axis end\" x=\"{WIDTH}\" y=\"{y}\">{}</text>\n</svg>",
        time(incident.first),
        time(incident.last)
    );
    let hidden = incident.alerts.len() - rows;
    if hidden > 0 {
        let _ = writeln!(out, "<p class=\"note\">{hidden} more rows below</p>");
    }
}

fn bar(out: &mut String, incident: &IncidentRecord, row: &RowView, y: usize) {
    let scale = WIDTH - LABEL_WIDTH - BAR_MIN;
    let start = share(incident, row.first) * scale;
    let width = (share(incident, row.last) * scale - start).max(0.0) + BAR_MIN;
    let tactic = row.rule.tactics.first().map_or("none", |t| t.name());
    let label: String = row.rule.title.chars().take(LABEL_CHARS).collect();
    let hint = format!(
        "{} ×{} {} – {} {tactic}",
        row.rule.title,
        row.count,
        time(row.first),
        time(row.last)
    );
    let _ = writeln!(
        out,
        "<g><title>{}</title><text x=\"0\" y=\"{}\">{}</text>\
         <rect class=\"tactic {tactic}\" x=\"{:.1}\" y=\"{}\" width=\"{width:.1}\" height=\"14\" rx=\"3\"/></g>",
        escape(&hint),
        y + 15,
        escape(&label),
        LABEL_WIDTH + start,
        y + 4,
    );
}

/// Where within the incident a time lies, from 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
fn share(incident: &IncidentRecord, time: Timestamp) -> f64 {
    let whole = incident.last.0.saturating_sub(incident.first.0);
    let part = time.0.saturating_sub(incident.first.0);
    if whole > 0 {
        (part as f64 / whole as f64).clamp(0.0, 1.0)
    } else {
        0.0
    }
}
