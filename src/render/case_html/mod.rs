//! What was found as one self-contained web page: no scripts, no fonts, nothing fetched.

mod timeline;

use std::fmt::Write;

use indicatif::HumanCount;
use yagura_engine::alert::AlertRecord;
use yagura_engine::incident::IncidentRecord;
use yagura_parsers::Timestamp;
use yagura_rules::Level;

use super::bench_html::markup::{escape, section};
use super::case::Names;
use super::case_line::short;
use super::case_table::{by_gravity, hosts, time};
use super::summary::plural;
use crate::scan::{Findings, Statistics};

const STYLE: &str = include_str!("style.css");
/// So many values of a kind of entity and samples of a row are shown.
const VALUES_MAX: usize = 20;
/// A page with more is no use to anyone.
const INCIDENTS_MAX: usize = 500;
const ALERTS_MAX: usize = 2_000;

// Writing to a string cannot fail, in all of this folder.

/// The page.
pub fn page(findings: &Findings, statistics: &Statistics, names: Names<'_>) -> String {
    let mut out = String::new();
    let incidents: u64 = statistics.incidents.iter().sum();
    let alerts: u64 = statistics.alerts.iter().sum();
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n\
         <title>yagura scan</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <header>\n<p class=\"brand\">yagura</p>\n<h1>{}</h1>\n\
         <p class=\"sub\">{}, {} in {}</p>\n</header>\n",
        plural(incidents, "incident"),
        plural(alerts, "alert"),
        plural(statistics.detections(), "detection"),
        plural(statistics.events, "event"),
    );
    let (incidents, more) = findings.kept_incidents();
    for of in incidents.iter().take(INCIDENTS_MAX) {
        incident(&mut out, of, names);
    }
    let hidden = incidents.len().saturating_sub(INCIDENTS_MAX) as u64 + more;
    more_of(&mut out, hidden, "incident");
    alert_table(&mut out, findings, names);
    detection_table(&mut out, findings, statistics, names);
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn more_of(out: &mut String, more: u64, what: &str) {
    if more > 0 {
        let more = plural(more, &format!("more {what}"));
        let _ = writeln!(out, "<p class=\"note\">and {more}</p>");
    }
}

fn incident(out: &mut String, incident: &IncidentRecord, names: Names<'_>) {
    let mut content = String::new();
    let tactics: Vec<&str> = incident.tactics.iter().map(|(t, _)| t.name()).collect();
    content.push_str("<dl>\n");
    let mut fact = |name: &str, value: &str| {
        let _ = writeln!(
            content,
            "<dt>{}</dt><dd>{}</dd>",
            escape(name),
            escape(value)
        );
    };
    fact(
        "time (UTC)",
        &format!("{} – {}", time(incident.first), time(incident.last)),
    );
    if !tactics.is_empty() {
        fact("tactics", &tactics.join(" → "));
    }
    if !incident.techniques.is_empty() {
        fact("techniques", &incident.techniques.join(", "));
    }
    for same in incident.entities.chunk_by(|a, b| a.kind == b.kind) {
        let kind = same.first().map_or("", |entity| entity.kind.as_str());
        let values: Vec<&str> = same
            .iter()
            .take(VALUES_MAX)
            .map(|e| e.value.as_str())
            .collect();
        let mut text = values.join(", ");
        if same.len() > VALUES_MAX {
            let _ = write!(text, " +{}", same.len() - VALUES_MAX);
        }
        fact(kind, &text);
    }
    if incident.partial {
        fact("partial", "a limit was reached, lists are not complete");
    }
    content.push_str("</dl>\n");
    timeline::draw(&mut content, incident);
    rows(&mut content, incident, names);
    let heading = format!("{} · {}", incident.title, short(incident.id));
    let level = incident.level.name();
    let _ = writeln!(
        out,
        "<section class=\"incident\">\n<h2>{}</h2>\n\
         <p class=\"note\"><span class=\"level {level}\">{level}</span> risk {:.0}</p>\n{content}</section>",
        escape(&heading),
        incident.risk
    );
}

fn rows(out: &mut String, incident: &IncidentRecord, names: Names<'_>) {
    out.push_str("<details><summary>Timeline with samples</summary>\n<table>\n");
    out.push_str(
        "<tr><th>first</th><th>last</th><th>level</th><th class=\"n\">count</th>\
         <th>rule</th><th>key</th><th>samples</th></tr>\n",
    );
    for row in &incident.alerts {
        let key = row
            .key
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let key: Vec<String> = key.collect();
        let stages = row
            .stages
            .iter()
            .map(|s| format!("{} ×{}", s.name, s.count));
        let stages: Vec<String> = stages.collect();
        let mut title = escape(&row.rule.title);
        if !stages.is_empty() {
            let _ = write!(title, "<br/><small>{}</small>", escape(&stages.join(" → ")));
        }
        let samples = row.samples.iter().take(VALUES_MAX);
        let samples: Vec<String> = samples.map(|of| escape(&names.event(*of))).collect();
        let level = row.rule.level.name();
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td class=\"level {level}\">{level}</td>\
             <td class=\"n\">{}</td><td>{title}</td><td>{}</td><td><small>{}</small></td></tr>",
            time(row.first),
            time(row.last),
            HumanCount(row.count),
            escape(&key.join(" ")),
            samples.join("<br/>"),
        );
    }
    for sum in &incident.summarised {
        let level = sum.rule.level.name();
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td class=\"level {level}\">{level}</td>\
             <td class=\"n\">{}</td><td>{}</td><td>{}</td><td></td></tr>",
            time(sum.first),
            time(sum.last),
            HumanCount(sum.count),
            escape(&sum.rule.title),
            plural(sum.rows, "row"),
        );
    }
    out.push_str("</table></details>\n");
}

fn alert_table(out: &mut String, findings: &Findings, names: Names<'_>) {
    let level = |alert: &AlertRecord| {
        let meta = names.book.meta(alert.rule);
        meta.map_or(Level::default(), |meta| meta.level)
    };
    let (alerts, more) = findings.kept_alerts(level);
    if alerts.is_empty() {
        return;
    }
    let mut content = String::from(
        "<table>\n<tr><th>level</th><th class=\"n\">count</th><th>first</th><th>last</th>\
         <th>rule</th><th>key</th><th>samples</th></tr>\n",
    );
    for alert in alerts.iter().take(ALERTS_MAX) {
        let title = names
            .book
            .meta(alert.rule)
            .map_or("", |meta| meta.title.as_str());
        let key = alert.key.iter();
        let key = key.map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value)));
        let key: Vec<String> = key.collect();
        let samples = alert.stages.iter().flat_map(|stage| &stage.samples).take(5);
        let samples: Vec<String> = samples.map(|of| escape(&names.event(*of))).collect();
        let level = level(alert).name();
        let _ = writeln!(
            content,
            "<tr><td class=\"level {level}\">{level}</td><td class=\"n\">{}</td><td>{}</td>\
             <td>{}</td><td>{}</td><td>{}</td><td><small>{}</small></td></tr>",
            HumanCount(alert.count),
            time(Timestamp(alert.first)),
            time(Timestamp(alert.last)),
            escape(title),
            escape(&key.join(" ")),
            samples.join("<br/>"),
        );
    }
    content.push_str("</table>\n");
    let hidden = alerts.len().saturating_sub(ALERTS_MAX) as u64 + more;
    more_of(&mut content, hidden, "alert");
    section(out, "Alerts", "", &content);
}

fn detection_table(
    out: &mut String,
    findings: &Findings,
    statistics: &Statistics,
    names: Names<'_>,
) {
    let rules = by_gravity(names, &statistics.by_rule);
    if rules.is_empty() {
        return;
    }
    let mut content = String::from(
        "<table>\n<tr><th>level</th><th class=\"n\">count</th><th>first</th><th>last</th>\
         <th class=\"n\">hosts</th><th>rule</th></tr>\n",
    );
    for (rule, count) in rules {
        let tally = findings.matches(rule.index);
        let of = |time: Option<Timestamp>| self::time(time.unwrap_or(Timestamp::UNKNOWN));
        let level = rule.meta.level.name();
        let _ = writeln!(
            content,
            "<tr><td class=\"level {level}\">{level}</td><td class=\"n\">{}</td><td>{}</td>\
             <td>{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
            HumanCount(count),
            of(tally.map(|t| t.first)),
            of(tally.map(|t| t.last)),
            hosts(findings, rule),
            escape(&rule.meta.title),
        );
    }
    content.push_str("</table>\n");
    section(out, "Detections by rule", "", &content);
}
