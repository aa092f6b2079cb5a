//! A benchmark on a terminal, line by line as it goes on.

use std::fmt::Write;

use indicatif::{DecimalBytes, HumanCount};

use super::colour::{Style, paint};
use super::escape::visible;
use super::quantity::{compact, duration_ns, percent};
use super::summary;
use super::table::{cut_middle, pad};
use crate::bench::machine::Machine;
use crate::bench::profile::{ProfileReport, RuleReport};
use crate::bench::report::{Build, Measurement, Report};
use crate::terminal::{Colour, Stream};

/// The costliest rules and predicates are shown, this many.
const COSTLIEST: usize = 20;

// Writing to a string cannot fail, in all of this file.

/// What to say before anything is measured with a build like this.
pub fn slow_build(build: Build, colour: Colour) -> String {
    let warning = paint("warning:", Style::Error, colour);
    format!(
        "{warning} this is a {} build (opt-level {}): its figures say nothing about a released \
         yagura\n  build with `cargo build --release`\n",
        build.profile, build.opt_level
    )
}

/// What is measured on what with what.
pub fn heading(report: &Report) -> String {
    let mut out = String::new();
    let Report { input, rules, .. } = report;
    let build = &report.yagura;
    let _ = writeln!(
        out,
        "yagura   {} ({}, opt-level {})",
        build.version, build.profile, build.opt_level
    );
    let _ = writeln!(out, "machine  {}", visible(&machine(&report.machine)));
    let formats: Vec<&str> = input.formats.keys().copied().collect();
    let _ = writeln!(
        out,
        "input    {}, {} in {} ({}); {} of {} values are distinct",
        summary::plural(input.events, "event"),
        DecimalBytes(input.bytes),
        summary::plural(input.blocks, "block"),
        formats.join(", "),
        percent(input.distinct_share),
        HumanCount(input.values),
    );
    let _ = writeln!(
        out,
        "rules    {} active of {} loaded ({} refused, {} for logs that no event can be); \
         {} match something",
        HumanCount(rules.active),
        HumanCount(rules.loaded),
        HumanCount(rules.refused),
        HumanCount(rules.unrouted),
        HumanCount(rules.matched),
    );
    out.push('\n');
    out
}

/// The machine in a line.
pub fn machine(machine: &Machine) -> String {
    let mut parts = vec![
        machine
            .cpu
            .clone()
            .unwrap_or_else(|| "unknown CPU".to_owned()),
        match machine.cores {
            1 => "1 core".to_owned(),
            cores => format!("{cores} cores"),
        },
    ];
    if let Some(bytes) = machine.memory_bytes {
        parts.push(format!("{} memory", DecimalBytes(bytes)));
    }
    let kernel = machine.kernel.as_deref().unwrap_or_default();
    parts.push(format!("{} {kernel}", machine.system).trim_end().to_owned());
    parts.join(", ")
}

/// The heads of the columns.
pub fn measurement_header(colour: Colour) -> String {
    let heads = format!(
        "{:<6} {:>7} {:>7} {:>10} {:>17} {:>9} {:>9} {:>9}  {:>8} {:>8} {:>8} {:>8} {:>8} {:>9} {:>11}",
        "STAGE",
        "THREADS",
        "RULES",
        "EVENTS/S",
        "MIN … MAX",
        "BYTES/S",
        "AN EVENT",
        "CPU TIME",
        "BATCH 50",
        "90 %",
        "99 %",
        "99.9 %",
        "MAX",
        "PEAK MEM",
        "DETECTIONS",
    );
    format!("{}\n", paint(&heads, Style::Heading, colour))
}

/// One measurement in a line.
#[expect(clippy::cast_precision_loss, reason = "times for people")]
pub fn measurement(m: &Measurement) -> String {
    let rate = m.events_per_second;
    let span = format!("{} … {}", compact(rate.min), compact(rate.max));
    let time = |ns: u64| duration_ns(ns as f64);
    let memory = m
        .peak_rss_bytes
        .map_or("-".to_owned(), |b| DecimalBytes(b).to_string());
    let detections = m
        .detections
        .map_or("-".to_owned(), |n| HumanCount(n).to_string());
    format!(
        "{:<6} {:>7} {:>7} {:>10} {:>17} {:>9} {:>9} {:>9}  {:>8} {:>8} {:>8} {:>8} {:>8} {:>9} {:>11}\n",
        m.stage.name(),
        m.threads,
        m.rules,
        compact(rate.median),
        span,
        compact(m.bytes_per_second.median) + "B",
        duration_ns(m.event_ns),
        m.cpu_event_ns.map_or("-".to_owned(), duration_ns),
        time(m.batch_ns.p50),
        time(m.batch_ns.p90),
        time(m.batch_ns.p99),
        time(m.batch_ns.p99_9),
        time(m.batch_ns.max),
        memory,
        detections,
    )
}

/// What to keep in mind.
pub fn warnings(warnings: &[String], colour: Colour) -> String {
    let mut out = String::new();
    for warning in warnings {
        let word = paint("warning:", Style::Error, colour);
        let _ = writeln!(out, "\n{word} {warning}");
    }
    out
}

/// The costliest rules and predicates.
pub fn profile(profile: &ProfileReport, stream: Stream) -> String {
    let mut out = String::new();
    let heads = format!(
        "{:>9} {:>11} {:>8} {:>9} {:>10}  RULE",
        "COST", "EVALUATED", "SHARE", "HELD", "PREDICATES"
    );
    let _ = writeln!(out, "\n{}", paint(&heads, Style::Heading, stream.colour));
    for rule in profile.rules.iter().take(COSTLIEST) {
        rule_lines(&mut out, rule, stream);
    }
    let heads = format!(
        "{:>9} {:>11} {:>8} {:>11} {:>9} {:>6}  PREDICATE",
        "COST", "TESTED", "FIRED", "ASKED", "HELD", "RULES"
    );
    let _ = writeln!(out, "\n{}", paint(&heads, Style::Heading, stream.colour));
    for p in profile.predicates.iter().take(COSTLIEST) {
        let room = stream.width.saturating_sub(61).max(40);
        let _ = writeln!(
            out,
            "{:>9} {:>11} {:>8} {:>11} {:>9} {:>6}  {}",
            cost(p.cost_ns),
            HumanCount(p.tested).to_string(),
            percent(p.fired_share),
            HumanCount(p.asked).to_string(),
            HumanCount(p.held).to_string(),
            p.rules,
            cut_middle(&visible(&p.predicate), room),
        );
    }
    let _ = writeln!(
        out,
        "\nlooking values up in the tables of all rules together took {} in {} events",
        cost(profile.look_up_ns),
        HumanCount(profile.events),
    );
    out
}

#[expect(clippy::cast_precision_loss, reason = "times for people")]
fn cost(ns: u64) -> String {
    duration_ns(ns as f64)
}

fn rule_lines(out: &mut String, rule: &RuleReport, stream: Stream) {
    let room = stream.width.saturating_sub(55).max(40);
    let _ = writeln!(
        out,
        "{:>9} {:>11} {:>8} {:>9} {:>10}  {}",
        cost(rule.cost_ns),
        HumanCount(rule.evaluated).to_string(),
        percent(rule.evaluated_share),
        HumanCount(rule.held).to_string(),
        HumanCount(rule.predicates_asked).to_string(),
        cut_middle(&visible(&rule.title), room),
    );
    let why = pad("", 53) + &cut_middle(&visible(&access(rule)), room);
    let _ = writeln!(out, "{}", paint(&why, Style::Dim, stream.colour));
}

/// Why the rule is looked at.
pub fn access(rule: &RuleReport) -> String {
    match rule.access.as_deref() {
        None => "no access predicate: evaluated on every event of its logsource".to_owned(),
        Some([]) => "never opened".to_owned(),
        Some([only]) => format!("opened by {only}"),
        Some([first, others @ ..]) => {
            let more = summary::plural(others.len() as u64, "other");
            format!("opened by {first} or {more}")
        }
    }
}
