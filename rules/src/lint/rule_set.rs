//! Checks over all rules together: copies, equal titles, correlations over fields that are not
//! there.

use std::sync::Arc;

use hashbrown::HashMap;

use super::finding::Finding;
use super::logsource::fields_of;
use super::report::Report;
use crate::correlation::{Comparison, Condition, Correlation, Kind, Target};
use crate::detection::{Activity, Detection};
use crate::load::Loaded;
use crate::meta::Meta;

/// So long a window keeps state for everything that happened in a month.
const TIMESPAN_SECONDS_LONG: u64 = 30 * 86_400;

pub(super) fn check(loaded: &Loaded) -> Vec<Finding> {
    let mut found = Vec::new();
    let detections: Vec<&Detection> = loaded
        .detections
        .iter()
        .map(Arc::as_ref)
        .filter(|rule| !rule.in_place)
        .collect();
    copies(&detections, &mut found);
    titles(&detections, &mut found);
    for correlation in &loaded.correlations {
        let mut report = Report::new(Arc::clone(&correlation.meta.file));
        keys(correlation, loaded, &mut report);
        window(correlation, &mut report);
        found.extend(report.into_found());
    }
    found
}

fn elsewhere(meta: &Meta) -> String {
    format!("{}:{}", meta.file.path.display(), meta.span.line)
}

/// Rules that look for the same in the same logs.
fn copies(detections: &[&Detection], found: &mut Vec<Finding>) {
    let mut seen: HashMap<String, &Detection> = HashMap::new();
    for rule in detections {
        if rule.activity != Activity::Active {
            continue;
        }
        let logsource = &rule.logsource;
        let key = format!("{logsource}: {}", rule.matches);
        match seen.get(&key) {
            Some(first) => {
                let mut report = Report::new(Arc::clone(&rule.meta.file));
                report
                    .find(
                        501,
                        rule.meta.span,
                        "another rule looks for exactly the same",
                    )
                    .help(format!(
                        "keep one of them; the other is in {}",
                        elsewhere(&first.meta)
                    ));
                found.extend(report.into_found());
            }
            None => {
                seen.insert(key, rule);
            }
        }
    }
}

fn titles(detections: &[&Detection], found: &mut Vec<Finding>) {
    let mut seen: HashMap<String, &Meta> = HashMap::new();
    for rule in detections {
        let meta = &rule.meta;
        match seen.get(&meta.title.to_lowercase()) {
            Some(first) => {
                let mut report = Report::new(Arc::clone(&meta.file));
                report
                    .find(502, meta.span, "another rule has the same title")
                    .help(format!(
                        "in a list of alerts nobody can tell them apart; the other is in {}",
                        elsewhere(first)
                    ));
                found.extend(report.into_found());
            }
            None => {
                seen.insert(meta.title.to_lowercase(), meta);
            }
        }
    }
}

/// A key that events of a referred rule do not have puts all of them into one group, or none.
fn keys(correlation: &Correlation, loaded: &Loaded, report: &mut Report) {
    for (at, reference) in correlation.rules.iter().enumerate() {
        let Target::Detection(target) = reference.target else {
            continue;
        };
        let Some(rule) = loaded.detections.get(target) else {
            continue;
        };
        let logsource = &rule.logsource;
        let Some(known) = logsource
            .category
            .as_deref()
            .and_then(|category| fields_of(category, logsource.product.as_deref()))
        else {
            continue;
        };
        for name in correlation.group_by.iter().chain(&correlation.fields) {
            let alias = correlation.aliases.iter().find(|alias| &alias.name == name);
            let field = alias
                .and_then(|alias| alias.fields.iter().find(|(rule, _)| *rule == at))
                .map_or(name, |(_, field)| field);
            if !known.contains(&field.as_str()) {
                report
                    .find(
                        601,
                        correlation.meta.span,
                        format!(
                            "events of `{logsource}`, which `{}` is about, have no field `{field}`",
                            reference.written
                        ),
                    )
                    .help("group by a field that all of the rules have, or add `aliases`");
            }
        }
    }
}

fn window(correlation: &Correlation, report: &mut Report) {
    let span = correlation.meta.span;
    if correlation.timespan_seconds > TIMESPAN_SECONDS_LONG {
        report
            .find(602, span, "the `timespan` is longer than 30 days")
            .help("every group is kept in memory as long; a shorter one is cheaper and seldom misses more");
    }
    let temporal = matches!(correlation.kind, Kind::Temporal | Kind::TemporalOrdered);
    if temporal && correlation.rules.len() == 1 {
        report
            .find(
                603,
                span,
                "a temporal correlation of a single rule holds whenever that matches",
            )
            .help("add the other rules, or use `event_count`");
    }
    let counts = matches!(correlation.kind, Kind::EventCount | Kind::ValueCount);
    if let Condition::Bounds(bounds) = &correlation.condition
        && counts
        && let [(comparison, bound)] = bounds.as_slice()
    {
        let from_the_first = match comparison {
            Comparison::Greater => *bound < 1.0,
            Comparison::GreaterOrEqual => *bound <= 1.0,
            _ => false,
        };
        if from_the_first {
            report
                .find(604, span, "the correlation holds from the first match on")
                .help("raise the bound: as it is, the referred rule says the same");
        }
        if matches!(comparison, Comparison::Less | Comparison::LessOrEqual) {
            report
                .find(605, span, "the correlation holds while there are few matches, and so after the first")
                .help("nothing is said of groups without any match: for what stays away use a sequence with an absent stage");
        }
    }
}
