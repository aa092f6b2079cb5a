//! Horizontal bars: label, bar, figure.

use std::fmt::Write;

use super::markup::escape;

/// A part of a bar.
pub(super) struct Segment {
    /// Its colour, as a class of the style sheet.
    pub(super) class: &'static str,
    /// In the unit of the chart.
    pub(super) length: f64,
}

/// A row.
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) value: String,
    pub(super) segments: Vec<Segment>,
    /// A thin line from here to there.
    pub(super) span: Option<(f64, f64)>,
    /// A dotted upright.
    pub(super) mark: Option<f64>,
}

impl Bar {
    fn reach(&self) -> f64 {
        let length = self.segments.iter().map(|s| s.length).sum();
        let span = self.span.map_or(0.0, |(_, to)| to);
        let mark = self.mark.unwrap_or(0.0);
        f64::max(length, span).max(mark)
    }
}

/// All rows, on one scale.
pub(super) fn chart(rows: &[Bar]) -> String {
    let reach = rows
        .iter()
        .map(Bar::reach)
        .fold(f64::MIN_POSITIVE, f64::max);
    // Room for the stroke of what ends at the right edge.
    let percent = |figure: f64| figure / reach * 99.0;
    let mut out = String::from("<div class=\"bars\">\n");
    for row in rows {
        let (label, value) = (escape(&row.label), escape(&row.value));
        let _ = write!(
            out,
            "<span class=\"label\">{label}</span><svg class=\"bar\" role=\"img\" \
             aria-label=\"{label}: {value}\"><rect class=\"track\" width=\"100%\" y=\"4\" \
             height=\"20\" rx=\"4\"/>"
        );
        let mut x = 0.0;
        for Segment { class, length } in &row.segments {
            let width = percent(*length);
            let _ = write!(
                out,
                "<rect class=\"{class}\" x=\"{x:.2}%\" y=\"4\" width=\"{width:.2}%\" \
                 height=\"20\" rx=\"4\"/>"
            );
            x += width;
        }
        if let Some((from, to)) = row.span {
            let (from, to) = (percent(from), percent(to));
            for (x1, x2, y1, y2) in [(from, to, 14, 14), (from, from, 9, 19), (to, to, 9, 19)] {
                let _ = write!(
                    out,
                    "<line class=\"span\" x1=\"{x1:.2}%\" x2=\"{x2:.2}%\" y1=\"{y1}\" y2=\"{y2}\"/>"
                );
            }
        }
        if let Some(mark) = row.mark {
            let x = percent(mark);
            let _ = write!(
                out,
                "<line class=\"mark\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"0\" y2=\"28\"/>"
            );
        }
        let _ = writeln!(out, "</svg><span class=\"value\">{value}</span>");
    }
    out.push_str("</div>\n");
    out
}
