//! What a person wants to know at the end of a scan.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use indicatif::{DecimalBytes, HumanCount};
use yagura_rules::{Activity, Detection, Level, Loaded};

use super::colour::{Style, paint};
use super::escape::{visible, visible_bytes};
use crate::scan::{ByLevel, Findings, Inputs, RuleBook, Statistics, per_second};
use crate::source::SourceError;
use crate::terminal::Colour;

/// Lists of names in a sentence end after so many.
const NAMES_MAX: usize = 5;

// Writing to a string cannot fail, here and below.

/// Events, bytes, time and rate.
pub fn throughput(out: &mut String, statistics: &Statistics, elapsed: Duration) {
    let events = plural(statistics.events, "event");
    let bytes = DecimalBytes(statistics.bytes);
    #[expect(clippy::cast_sign_loss, reason = "a rate is not negative")]
    let rate = HumanCount(per_second(statistics.events, elapsed).round() as u64);
    let seconds = elapsed.as_secs_f64();
    let _ = writeln!(out, "{events} ({bytes}) in {seconds:.2} s, {rate} events/s");
}

/// Detections, alerts and incidents by level, gravest first. Of the latter two nothing is said
/// where no rule makes any.
pub fn found(out: &mut String, statistics: &Statistics, colour: Colour) {
    by_level(out, "detection", statistics.by_level, colour);
    for (what, of) in [
        ("alert", statistics.alerts),
        ("incident", statistics.incidents),
    ] {
        if of.iter().any(|n| *n > 0) {
            by_level(out, what, of, colour);
        }
    }
}

fn by_level(out: &mut String, what: &str, by_level: ByLevel, colour: Colour) {
    let total = plural(by_level.iter().sum(), what);
    let levels: Vec<String> = Level::ALL
        .into_iter()
        .zip(by_level)
        .rev()
        .filter(|(_, n)| *n > 0)
        .map(|(level, n)| {
            paint(
                &format!("{} {level}", HumanCount(n)),
                Style::Level(level),
                colour,
            )
        })
        .collect();
    let _ = match levels.as_slice() {
        [] => writeln!(out, "{total}"),
        levels => writeln!(out, "{total}: {}", levels.join(", ")),
    };
}

/// Whether examples are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Examples {
    /// They are.
    Shown,
    /// They are not; how to see them is said.
    Hinted,
}

/// What was not understood, by reason.
pub fn unparsed(out: &mut String, statistics: &Statistics, inputs: &Inputs, examples: Examples) {
    let total: u64 = statistics.unparsed.values().sum();
    if total == 0 {
        return;
    }
    let reasons: Vec<String> = statistics
        .unparsed
        .iter()
        .map(|(reason, n)| format!("{} {}", HumanCount(*n), reason.name()))
        .collect();
    let total = plural(total, "event");
    let hint = match examples {
        Examples::Shown => "",
        Examples::Hinted => " (--show-unparsed shows examples)",
    };
    let _ = writeln!(out, "{total} not understood: {}{hint}", reasons.join(", "));
    if examples == Examples::Shown {
        for shown in &statistics.examples {
            let path = visible(inputs.path(shown.input));
            let (reason, position) = (shown.example.reason.name(), shown.example.position);
            let text = visible_bytes(&shown.example.text);
            let _ = writeln!(out, "  {reason}  {path}:{position}  {text}");
        }
    }
}

/// Inputs that could not be read, or not to their end.
pub fn unreadable(out: &mut String, errors: &[SourceError], colour: Colour) {
    if errors.is_empty() {
        return;
    }
    let total = plural(errors.len() as u64, "input");
    let line = format!("{total} could not be read:");
    let _ = writeln!(out, "{}", paint(&line, Style::Error, colour));
    for error in errors {
        let path = error.path.to_string_lossy();
        let _ = writeln!(out, "  {}: {}", visible(&path), visible(&error.message));
        if let Some(help) = &error.help {
            let _ = writeln!(out, "    {}", visible(help));
        }
    }
}

/// What took no part in correlations, and which limits were reached.
pub fn left_out(out: &mut String, book: &RuleBook, findings: &Findings) {
    let (correlator, incidents) = (&findings.correlator, &findings.incidents);
    for (target, count) in &correlator.without_key {
        if let Some(meta) = book.meta(*target).filter(|_| *count > 0) {
            let (matches, title) = (plural_of(*count), visible(&meta.title));
            let _ = writeln!(out, "{matches} without a field that `{title}` groups by");
        }
    }
    if findings.without_time > 0 {
        let matches = plural_of(findings.without_time);
        let _ = writeln!(
            out,
            "{matches} without a time took no part in correlations and incidents"
        );
    }
    if correlator.late > 0 {
        let matches = plural_of(correlator.late);
        let _ = writeln!(
            out,
            "{matches} came too late for a correlation (--lateness)"
        );
    }
    if incidents.stale > 0 {
        let records = plural(incidents.stale, "record");
        let _ = writeln!(
            out,
            "{records} came after the incident was over (join-within)"
        );
    }
    let evicted =
        correlator.evicted_keys + incidents.evicted_candidates + incidents.evicted_incidents;
    if evicted > 0 {
        let keys = plural(evicted, "key or incident");
        let _ = writeln!(
            out,
            "{keys} let go to stay within memory: alerts and incidents are partial"
        );
    }
}

fn plural_of(matches: u64) -> String {
    let es = if matches == 1 { "" } else { "es" };
    format!("{} match{es}", HumanCount(matches))
}

/// Rules that were loaded or given and took no part.
pub fn idle_rules(out: &mut String, loaded: &Loaded, unrouted: &[&Detection]) {
    let mut names = BTreeSet::new();
    let mut lacking = 0;
    for rule in &loaded.detections {
        if let Activity::LacksPlaceholders(lacks) = &rule.activity {
            lacking += 1;
            names.extend(lacks.iter().map(String::as_str));
        }
    }
    if lacking > 0 {
        let rules = plural(lacking, "rule");
        let names = some_of(names.into_iter().map(|name| format!("%{name}%")));
        let were = was(lacking);
        let _ = writeln!(
            out,
            "{rules} {were} not evaluated for want of placeholders: {names} (--placeholders)"
        );
    }
    if !unrouted.is_empty() {
        let rules = plural(unrouted.len() as u64, "rule");
        let titles = some_of(unrouted.iter().map(|rule| format!("`{}`", rule.meta.title)));
        let _ = writeln!(out, "{rules} for logs that no event can be: {titles}");
    }
    let refused = loaded.refused.len() as u64;
    if refused > 0 {
        let _ = writeln!(out, "{} {} refused", plural(refused, "rule"), was(refused));
    }
}

fn some_of(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(NAMES_MAX);
    let mut shown: Vec<String> = names
        .take(NAMES_MAX)
        .map(|n| visible(&n).into_owned())
        .collect();
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    shown.join(", ")
}

/// `1 event`, `2 events`.
pub fn plural(n: u64, what: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {what}{s}", HumanCount(n))
}

fn was(n: u64) -> &'static str {
    if n == 1 { "was" } else { "were" }
}
