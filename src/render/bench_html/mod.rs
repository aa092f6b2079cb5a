//! A benchmark as one self-contained web page: no scripts, no fonts, nothing fetched.
//!
//! Bars are SVG in percentages beside labels in HTML, so that a phone shows the same text at
//! the same size; only the curve has a fixed aspect.

mod bars;
mod curve;
mod distribution;
pub(super) mod markup;

use std::fmt::Write;

use indicatif::{DecimalBytes, HumanCount};

use super::quantity::{compact, duration_ns, percent};
use super::{bench_table, summary};
use crate::bench::profile::ProfileReport;
use crate::bench::report::{Measurement, Report};
use crate::bench::stage::Stage;
use bars::{Bar, Segment};
use curve::{Curve, Point};
use markup::{escape, section};

const STYLE: &str = include_str!("style.css");
const RULES_SHOWN: usize = 10;

// Writing to a string cannot fail, in all of this folder.

/// The page.
pub fn page(report: &Report) -> String {
    let mut out = String::new();
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n\
         <title>yagura benchmark</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n"
    );
    head(&mut out, report);
    if !report.warnings.is_empty() {
        out.push_str("<ul class=\"warnings\">\n");
        for warning in &report.warnings {
            let _ = writeln!(out, "<li>{}</li>", escape(warning));
        }
        out.push_str("</ul>\n");
    }
    tiles(&mut out, report);
    out.push_str("<div class=\"charts\">\n");
    by_threads(&mut out, report);
    by_rules(&mut out, report);
    by_stage(&mut out, report);
    let measurements: Vec<&Measurement> = whole(report).collect();
    distribution::section_of(&mut out, &measurements);
    out.push_str("</div>\n");
    if let Some(profile) = &report.profile {
        costliest(&mut out, profile);
    }
    all_figures(&mut out, report);
    conditions(&mut out, report);
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn head(out: &mut String, report: &Report) {
    let _ = write!(
        out,
        "<header>\n<p class=\"brand\">yagura {}</p>\n\
         <h1>{} rules over {} events</h1>\n<p class=\"sub\">{}</p>\n</header>\n",
        escape(report.yagura.version),
        HumanCount(report.rules.active),
        HumanCount(report.input.events),
        escape(&bench_table::machine(&report.machine)),
    );
}

/// Measurements with all active rules.
fn whole(report: &Report) -> impl Iterator<Item = &Measurement> {
    let most = report.measurements.iter().map(|m| m.rules).max();
    let of_most = move |m: &&Measurement| Some(m.rules) == most;
    report.measurements.iter().filter(of_most)
}

fn fastest(report: &Report) -> Option<&Measurement> {
    let of_stage = |stage| whole(report).filter(move |m| m.stage == stage);
    let rate = |m: &&Measurement| m.events_per_second.median;
    [Stage::All, Stage::Match, Stage::Parse]
        .into_iter()
        .find_map(|stage| of_stage(stage).max_by(|a, b| rate(a).total_cmp(&rate(b))))
}

fn tiles(out: &mut String, report: &Report) {
    let Some(best) = fastest(report) else { return };
    let what = match (best.stage, best.threads.get()) {
        (Stage::All, 1) => "parsed and matched, on one thread".to_owned(),
        (Stage::All, n) => format!("parsed and matched, on {n} threads"),
        (stage, _) => format!("stage {}, on one thread", stage.name()),
    };
    let detections = best
        .detections
        .map_or("–".to_owned(), |n| HumanCount(n).to_string());
    let matched = format!("by {} rules, the same in every run", report.rules.matched);
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let bytes = |bytes: u64| compact(bytes as f64) + "B";
    let memory = best.peak_rss_bytes.map_or("–".to_owned(), bytes);
    let input = format!(
        "of memory, {} of input included",
        DecimalBytes(report.input.bytes)
    );
    out.push_str("<div class=\"tiles\">\n");
    for (figure, unit, note) in [
        (compact(best.events_per_second.median), "events/s", what),
        (
            compact(best.bytes_per_second.median) + "B",
            "/s",
            format!("{} an event", duration_ns(best.event_ns)),
        ),
        (detections, "detections", matched),
        (memory, "peak", input),
    ] {
        let _ = writeln!(
            out,
            "<div class=\"tile\"><p class=\"figure\">{figure} <small>{unit}</small></p>\
             <p>{}</p></div>",
            escape(&note)
        );
    }
    out.push_str("</div>\n");
}

fn by_threads(out: &mut String, report: &Report) {
    let all: Vec<&Measurement> = whole(report).filter(|m| m.stage == Stage::All).collect();
    let Some(first) = all.first() else { return };
    #[expect(clippy::cast_precision_loss, reason = "a chart")]
    let ideal = |m: &Measurement| {
        first.events_per_second.median * m.threads.get() as f64 / first.threads.get() as f64
    };
    let rows: Vec<Bar> = all
        .iter()
        .map(|m| Bar {
            label: match m.threads.get() {
                1 => "1 thread".to_owned(),
                n => format!("{n} threads"),
            },
            value: compact(m.events_per_second.median),
            segments: vec![Segment {
                class: "all",
                length: m.events_per_second.median,
            }],
            span: Some((m.events_per_second.min, m.events_per_second.max)),
            mark: (all.len() > 1).then(|| ideal(m)),
        })
        .collect();
    let note = if all.len() > 1 {
        "Parsing and matching, events/s. The thin line spans the slowest and the fastest round; \
         the dotted mark is what perfect scaling from the first row would give."
    } else {
        "Parsing and matching, events/s. The thin line spans the slowest and the fastest round."
    };
    section(
        out,
        "Events per second by threads",
        note,
        &bars::chart(&rows),
    );
}

fn by_rules(out: &mut String, report: &Report) {
    let threads = report.measurements.iter().map(|m| m.threads).min();
    let curve = |stage: Stage| Curve {
        class: stage.name(),
        label: match stage {
            Stage::Parse => "parse",
            Stage::Match => "match",
            Stage::All => "parse and match",
        },
        points: report
            .measurements
            .iter()
            .filter(|m| m.stage == stage && Some(m.threads) == threads)
            .map(|m| Point {
                x: m.rules,
                y: m.events_per_second.median,
            })
            .collect(),
    };
    let curves: Vec<Curve> = Stage::ALL.map(curve).into_iter().collect();
    if curves.iter().all(|c| c.points.len() < 2) {
        return;
    }
    let note = "Events/s on the fewest threads, with every k-th rule taken. Both axes are \
                logarithmic.";
    let chart = curve::chart(&curves);
    section(out, "Events per second by number of rules", note, &chart);
}

fn by_stage(out: &mut String, report: &Report) {
    let single = |stage: Stage| {
        let mut those = whole(report).filter(move |m| m.stage == stage && m.threads.get() == 1);
        those.next().map(|m| m.event_ns)
    };
    let (parse, matching) = (single(Stage::Parse), single(Stage::Match));
    let mut rows = Vec::new();
    let bar = |label: &str, parts: &[(&'static str, f64)]| Bar {
        label: label.to_owned(),
        value: duration_ns(parts.iter().map(|(_, ns)| ns).sum()),
        segments: parts
            .iter()
            .map(|(class, length)| Segment {
                class,
                length: *length,
            })
            .collect(),
        span: None,
        mark: None,
    };
    for (label, class, ns) in [("parse", "parse", parse), ("match", "match", matching)] {
        if let Some(ns) = ns {
            rows.push(bar(label, &[(class, ns)]));
        }
    }
    if let (Some(parse), Some(matching)) = (parse, matching) {
        rows.push(bar("both", &[("parse", parse), ("match", matching)]));
    }
    if let Some(all) = single(Stage::All) {
        rows.push(bar("pipeline", &[("all", all)]));
    }
    if rows.is_empty() {
        return;
    }
    let note = "Time an event takes on one thread, with all rules. The pipeline does both and \
                copies each block once.";
    section(out, "Time by stage", note, &bars::chart(&rows));
}

#[expect(clippy::cast_precision_loss, reason = "a chart")]
fn costliest(out: &mut String, profile: &ProfileReport) {
    let rules: Vec<_> = profile.rules.iter().take(RULES_SHOWN).collect();
    let most = rules.iter().map(|r| r.cost_ns).max().unwrap_or(0).max(1) as f64;
    let mut content = String::from("<ol class=\"rules\">\n");
    for rule in rules {
        let width = rule.cost_ns as f64 / most * 100.0;
        let _ = write!(
            content,
            "<li><div class=\"rule\"><b>{}</b><span>{}</span></div>\n\
             <svg class=\"thin\" role=\"img\" aria-label=\"cost\"><rect class=\"track\" \
             width=\"100%\" height=\"100%\" rx=\"3\"/><rect class=\"match\" width=\"{width:.2}%\" \
             height=\"100%\" rx=\"3\"/></svg>\n\
             <p class=\"why\">evaluated on {} events ({} of its logsource), held on {}; {}</p></li>\n",
            escape(&rule.title),
            duration_ns(rule.cost_ns as f64),
            HumanCount(rule.evaluated),
            percent(rule.evaluated_share),
            HumanCount(rule.held),
            escape(&bench_table::access(rule)),
        );
    }
    content.push_str("</ol>\n");
    let note = format!(
        "Time of one pass ({} events) beyond looking values up, which is shared by all rules and \
         took {}.",
        HumanCount(profile.events),
        duration_ns(profile.look_up_ns as f64),
    );
    section(out, "The costliest rules", &note, &content);
}

#[expect(clippy::cast_precision_loss, reason = "times for people")]
fn all_figures(out: &mut String, report: &Report) {
    let mut content = String::from("<div class=\"scroll\"><table>\n<thead><tr>");
    for head in [
        "Stage",
        "Threads",
        "Rules",
        "Events/s",
        "Slowest",
        "Fastest",
        "Bytes/s",
        "An event",
        "CPU time",
        "p50",
        "p90",
        "p99",
        "p99.9",
        "Max",
        "Peak memory",
        "Detections",
    ] {
        let _ = write!(content, "<th>{head}</th>");
    }
    content.push_str("</tr></thead>\n<tbody>\n");
    for m in &report.measurements {
        let time = |ns: u64| duration_ns(ns as f64);
        let cells = [
            m.stage.name().to_owned(),
            m.threads.to_string(),
            HumanCount(m.rules).to_string(),
            compact(m.events_per_second.median),
            compact(m.events_per_second.min),
            compact(m.events_per_second.max),
            compact(m.bytes_per_second.median) + "B",
            duration_ns(m.event_ns),
            m.cpu_event_ns.map_or("–".to_owned(), duration_ns),
            time(m.batch_ns.p50),
            time(m.batch_ns.p90),
            time(m.batch_ns.p99),
            time(m.batch_ns.p99_9),
            time(m.batch_ns.max),
            m.peak_rss_bytes
                .map_or("–".to_owned(), |b| DecimalBytes(b).to_string()),
            m.detections
                .map_or("–".to_owned(), |n| HumanCount(n).to_string()),
        ];
        content.push_str("<tr>");
        for cell in cells {
            let _ = write!(content, "<td>{}</td>", escape(&cell));
        }
        content.push_str("</tr>\n");
    }
    content.push_str("</tbody></table></div>\n");
    let note = "The median of all rounds, slowest and fastest beside it; percentiles of the time \
                that a worker takes for one batch.";
    section(out, "All figures", note, &content);
}

fn conditions(out: &mut String, report: &Report) {
    let Report { input, rules, .. } = report;
    let formats: Vec<String> = input
        .formats
        .iter()
        .map(|(name, events)| format!("{name}: {} events", HumanCount(*events)))
        .collect();
    let rows = [
        (
            "yagura",
            format!(
                "{} ({} build, opt-level {})",
                report.yagura.version, report.yagura.profile, report.yagura.opt_level
            ),
        ),
        ("machine", bench_table::machine(&report.machine)),
        (
            "input",
            format!(
                "{}, {}, {}; {}",
                summary::plural(input.events, "event"),
                DecimalBytes(input.bytes),
                summary::plural(input.blocks, "block"),
                formats.join(", ")
            ),
        ),
        (
            "repetition",
            format!(
                "{} of {} values are distinct within their field",
                percent(input.distinct_share),
                HumanCount(input.values)
            ),
        ),
        (
            "rules",
            format!(
                "{} active of {} loaded, {} refused, {} for logs that no event can be",
                HumanCount(rules.active),
                HumanCount(rules.loaded),
                HumanCount(rules.refused),
                HumanCount(rules.unrouted)
            ),
        ),
        (
            "method",
            format!(
                "{} s or more for each measurement, after a round that does not count; each round \
                 begins with matchers that have seen nothing; all rounds found the same",
                report.duration_seconds
            ),
        ),
    ];
    let mut content = String::from("<dl>\n");
    for (name, value) in rows {
        let _ = writeln!(content, "<dt>{name}</dt><dd>{}</dd>", escape(&value));
    }
    content.push_str("</dl>\n");
    section(out, "Conditions", "", &content);
}
