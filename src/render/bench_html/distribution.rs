//! Percentiles of the time a batch takes: a line from the median to the longest, with a dot for
//! each percentile, on one logarithmic scale.

use std::fmt::Write;

use super::markup::{escape, section};
use crate::bench::report::Measurement;
use crate::render::quantity::duration_ns;

struct Scale {
    from: f64,
    to: f64,
}

impl Scale {
    /// Whole powers of ten around all times.
    #[expect(clippy::cast_precision_loss, reason = "a chart")]
    fn over(measurements: &[&Measurement]) -> Self {
        let least = measurements.iter().map(|m| m.batch_ns.p50).min();
        let most = measurements.iter().map(|m| m.batch_ns.max).max();
        let log = |ns: Option<u64>| (ns.unwrap_or(1).max(1) as f64).log10();
        let from = log(least).floor();
        Self {
            from,
            to: log(most).ceil().max(from + 1.0),
        }
    }

    fn percent(&self, ns: f64) -> f64 {
        2.0 + (ns.max(1.0).log10() - self.from) / (self.to - self.from) * 96.0
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        let (from, count) = (self.from, self.to - self.from);
        std::iter::successors(Some(0.0), |n| Some(n + 1.0))
            .take_while(move |n| *n <= count + 0.5)
            .map(move |n| 10f64.powf(from + n))
    }
}

/// The section; nothing without measurements.
pub(super) fn section_of(out: &mut String, measurements: &[&Measurement]) {
    if measurements.is_empty() {
        return;
    }
    let scale = Scale::over(measurements);
    let mut content = String::from("<div class=\"bars wide\">\n");
    for m in measurements {
        row(&mut content, m, &scale);
    }
    content.push_str("<span></span><svg class=\"axis\" aria-hidden=\"true\">");
    for tick in scale.ticks() {
        let x = scale.percent(tick);
        let anchor = match x {
            x if x < 3.0 => "start",
            x if x > 97.0 => "end",
            _ => "middle",
        };
        let _ = write!(
            content,
            "<line class=\"grid\" x1=\"{x:.2}%\" x2=\"{x:.2}%\" y1=\"0\" y2=\"5\"/>\
             <text x=\"{x:.2}%\" y=\"18\" text-anchor=\"{anchor}\">{}</text>",
            round_time(tick)
        );
    }
    content.push_str("</svg><span></span>\n</div>\n");
    let note = "Time that a worker takes for one batch, with all rules, on a logarithmic scale: half of all, 90 %, \
                99 %, 99.9 %, and the longest (hollow). The figure is that of 99 %.";
    section(out, "Latency of batches", note, &content);
}

#[expect(clippy::cast_precision_loss, reason = "a chart")]
fn row(out: &mut String, m: &Measurement, scale: &Scale) {
    let times = m.batch_ns;
    let threads = match m.threads.get() {
        1 => " on 1 thread".to_owned(),
        n => format!(" on {n} threads"),
    };
    let label = escape(&format!("{}{threads}", m.stage.name()));
    let class = m.stage.name();
    let x = |ns: u64| scale.percent(ns as f64);
    let _ = write!(
        out,
        "<span class=\"label\">{label}</span><svg class=\"bar\" role=\"img\" \
         aria-label=\"{label}\"><rect class=\"track\" width=\"100%\" y=\"4\" height=\"20\" \
         rx=\"4\"/><line class=\"whisker {class}\" x1=\"{:.2}%\" x2=\"{:.2}%\" y1=\"14\" \
         y2=\"14\"/>",
        x(times.p50),
        x(times.max)
    );
    let dots = [
        (times.p50, 6),
        (times.p90, 5),
        (times.p99, 4),
        (times.p99_9, 3),
    ];
    for (ns, radius) in dots {
        let _ = write!(
            out,
            "<circle class=\"{class}\" cx=\"{:.2}%\" cy=\"14\" r=\"{radius}\"/>",
            x(ns)
        );
    }
    let _ = writeln!(
        out,
        "<circle class=\"hollow {class}\" cx=\"{:.2}%\" cy=\"14\" r=\"4\"/></svg>\
         <span class=\"value\">{}</span>",
        x(times.max),
        duration_ns(times.p99 as f64)
    );
}

/// A power of ten without digits behind the point.
fn round_time(ns: f64) -> String {
    duration_ns(ns).replace(".00", "").replace(".0", "")
}
