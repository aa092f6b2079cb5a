//! What all events came to.

use std::fmt::Write;

use yagura_engine::explain::{Explanation, Verdict};
use yagura_rules::Detection;

use super::mismatch;
use crate::render::escape::visible;
use crate::render::summary::plural;

/// So many events that nearly matched are named.
const NEARLY_NAMED_MAX: usize = 5;

/// So many different reasons for which events are not of the logsource are kept.
const REASONS_MAX: usize = 6;

/// Events that are explained by default, beside those that match.
const FIRST: u64 = 5;

/// Counts for one rule.
#[derive(Debug, Default)]
pub struct Tally {
    /// Events of the logsource.
    pub of_logsource: u64,
    /// Events that the rule matches.
    pub matched: u64,
    /// Events that it nearly matches.
    pub nearly: u64,
    /// Events about which the explanation and the engine differ.
    pub disputed: u64,
    /// The first of those that it nearly matches.
    nearly_first: Vec<u64>,
    reasons: Vec<(String, u64)>,
    further_reasons: u64,
}

impl Tally {
    /// Counts an event. `engine`: whether the engine says that the rule matches.
    pub fn add(&mut self, number: u64, why: &Explanation<'_>, engine: bool) {
        if engine != (why.verdict == Verdict::Matched) {
            self.disputed += 1;
        }
        match why.verdict {
            Verdict::Inactive => return,
            Verdict::OtherLogsource => return self.add_reason(why),
            Verdict::Unmatched => {}
            Verdict::Nearly => {
                self.nearly += 1;
                if self.nearly_first.len() < NEARLY_NAMED_MAX {
                    self.nearly_first.push(number);
                }
            }
            Verdict::Matched => self.matched += 1,
        }
        self.of_logsource += 1;
    }

    /// Whether the event last added is one of those that are explained unasked.
    pub fn is_worth_showing(&self, verdict: Verdict) -> bool {
        match verdict {
            Verdict::Inactive | Verdict::OtherLogsource => false,
            Verdict::Matched => true,
            Verdict::Unmatched | Verdict::Nearly => self.of_logsource <= FIRST,
        }
    }

    fn add_reason(&mut self, why: &Explanation<'_>) {
        let nearest = (why.routes.iter()).min_by_key(|(_, mismatches)| mismatches.len());
        let Some((route, mismatches)) = nearest else {
            return;
        };
        let sentences = mismatches.iter().map(|m| mismatch::sentence(route, m));
        let reason = format!(
            "{}: {}",
            route.name,
            sentences.collect::<Vec<_>>().join("; ")
        );
        if let Some((_, count)) = self.reasons.iter_mut().find(|(r, _)| *r == reason) {
            *count += 1;
        } else if self.reasons.len() < REASONS_MAX {
            self.reasons.push((reason, 1));
        } else {
            self.further_reasons += 1;
        }
    }

    /// Says it in a line for the counts, and one for each reason why events are not of the
    /// logsource.
    pub fn write(&self, out: &mut String, rule: &Detection, events: u64) {
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "{}: {}, {} of {}, {} matched",
            visible(&rule.meta.title),
            plural(events, "event"),
            self.of_logsource,
            visible(&rule.logsource.to_string()),
            self.matched
        );
        if self.nearly > 0 {
            let named: Vec<String> = self.nearly_first.iter().map(u64::to_string).collect();
            let more = self.nearly > self.nearly_first.len() as u64;
            let more = if more { ", …" } else { "" };
            let _ = write!(out, ", {} nearly ({}{more})", self.nearly, named.join(", "));
        }
        out.push('\n');
        for (reason, count) in &self.reasons {
            let count = plural(*count, "event");
            let _ = writeln!(out, "  {count} of another logsource: {}", visible(reason));
        }
        if self.further_reasons > 0 {
            let count = plural(self.further_reasons, "event");
            let _ = writeln!(out, "  {count} of another logsource for further reasons");
        }
        if self.disputed > 0 {
            let count = plural(self.disputed, "event");
            let _ = writeln!(
                out,
                "  the engine finds otherwise for {count}; this is a defect of yagura, please \
                 report it with rule and events"
            );
        }
    }
}
