//! Curves over the number of rules, both axes logarithmic.

use std::fmt::Write;

use indicatif::HumanCount;

use super::markup::escape;
use crate::render::quantity::compact;

pub(super) struct Point {
    pub(super) x: u64,
    pub(super) y: f64,
}

pub(super) struct Curve {
    /// Its colour, as a class of the style sheet.
    pub(super) class: &'static str,
    pub(super) label: &'static str,
    pub(super) points: Vec<Point>,
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 20.0;
const BOTTOM: f64 = 36.0;
/// Room for the figure at a point.
const LABEL: f64 = 60.0;
const LABEL_HEIGHT: f64 = 32.0;

struct Axis {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Axis {
    fn place(&self, log: f64) -> f64 {
        let part = (log - self.from) / (self.to - self.from);
        self.start + part * (self.end - self.start)
    }
}

fn range(logs: impl Iterator<Item = f64>) -> (f64, f64) {
    let (from, to) = logs.fold((f64::INFINITY, f64::NEG_INFINITY), |(from, to), log| {
        (from.min(log), to.max(log))
    });
    if from < to {
        (from, to)
    } else {
        (from - 0.5, from + 0.5)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a chart")]
fn log_x(point: &Point) -> f64 {
    (point.x.max(1) as f64).log10()
}

fn log_y(point: &Point) -> f64 {
    point.y.max(1.0).log10()
}

/// The chart with its legend.
pub(super) fn chart(curves: &[Curve]) -> String {
    let points = || curves.iter().flat_map(|c| &c.points);
    let (from, to) = range(points().map(log_x));
    let x = Axis {
        from,
        to,
        start: LEFT + LABEL / 2.0,
        end: WIDTH - RIGHT - LABEL / 2.0,
    };
    let (from, to) = range(points().map(log_y));
    // At least a decade, so that what is nearly flat looks nearly flat.
    let slack = (1.0 - (to - from)).max(0.2) / 2.0;
    let y = Axis {
        from: from - slack,
        to: to + slack,
        start: HEIGHT - BOTTOM,
        end: TOP,
    };
    let mut out = format!(
        "<svg class=\"curve\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"events per second by number of rules\">\n"
    );
    grid(&mut out, &x, &y, curves);
    for curve in curves.iter().filter(|c| !c.points.is_empty()) {
        line(&mut out, curve, curves, &x, &y);
    }
    out.push_str("</svg>\n<p class=\"legend\">");
    for Curve { class, label, .. } in curves.iter().filter(|c| !c.points.is_empty()) {
        let _ = write!(
            out,
            "<span><svg class=\"key\" aria-hidden=\"true\"><rect class=\"{class}\" \
             width=\"100%\" height=\"100%\" rx=\"3\"/></svg>{}</span> ",
            escape(label)
        );
    }
    out.push_str("</p>\n");
    out
}

fn grid(out: &mut String, x: &Axis, y: &Axis, curves: &[Curve]) {
    for mantissa in [1.0, 2.0, 5.0] {
        for exponent in 0..=10 {
            let figure = mantissa * 10f64.powi(exponent);
            let log = figure.log10();
            if log >= y.from && log <= y.to {
                let at = y.place(log);
                let _ = writeln!(
                    out,
                    "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" \
                     y2=\"{at:.1}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                    WIDTH - RIGHT,
                    LEFT - 10.0,
                    at + 4.0,
                    compact(figure).replace(".00", "").replace(".0", "")
                );
            }
        }
    }
    let mut counts: Vec<&Point> = curves.iter().flat_map(|c| &c.points).collect();
    counts.sort_by_key(|p| p.x);
    counts.dedup_by_key(|p| p.x);
    for point in counts {
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            x.place(log_x(point)),
            HEIGHT - 10.0,
            HumanCount(point.x)
        );
    }
}

fn line(out: &mut String, curve: &Curve, all: &[Curve], x: &Axis, y: &Axis) {
    let class = curve.class;
    let place = |p: &Point| (x.place(log_x(p)), y.place(log_y(p)));
    let path: Vec<String> = curve
        .points
        .iter()
        .map(|p| {
            let (x, y) = place(p);
            format!("{x:.1},{y:.1}")
        })
        .collect();
    let _ = writeln!(
        out,
        "<polyline class=\"{class}\" points=\"{}\"/>",
        path.join(" ")
    );
    for point in &curve.points {
        let (x, at) = place(point);
        // Below the point, where another one stands right above.
        let others = all.iter().filter(|c| c.class != class);
        let mut above = others
            .flat_map(|c| &c.points)
            .filter(|p| p.x == point.x)
            .map(|p| at - y.place(log_y(p)));
        let is_crowded = above.any(|gap| gap > 0.0 && gap < LABEL_HEIGHT);
        let label = if is_crowded { at + 21.0 } else { at - 11.0 };
        let _ = writeln!(
            out,
            "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{at:.1}\" r=\"5\"/>\
             <text class=\"at\" x=\"{x:.1}\" y=\"{label:.1}\" text-anchor=\"middle\">{}</text>",
            compact(point.y)
        );
    }
}
