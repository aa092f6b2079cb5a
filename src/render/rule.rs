//! One rule in full, for `rules show`.

use std::fmt::Write;

use yagura_rules::correlation::{Comparison, Condition, Kind};
use yagura_rules::taxonomy::{Route, Shape, Taxonomy};
use yagura_rules::{Activity, Correlation, Detection, Filter, Meta};

use super::colour::{Style, paint};
use super::escape::{visible, visible_lines};
use super::expression::tree;
use crate::terminal::Colour;

/// Channels, event ids and the like end after so many.
const LISTED_MAX: usize = 8;

/// Writes text for people. Writing to a string cannot fail, in all of this file.
pub struct RuleText {
    pub(super) out: String,
    colour: Colour,
}

impl RuleText {
    /// Nothing written yet.
    pub fn new(colour: Colour) -> Self {
        Self {
            out: String::new(),
            colour,
        }
    }

    /// What was written.
    pub fn into_text(self) -> String {
        self.out
    }

    /// Writes a detection rule.
    pub fn detection(&mut self, rule: &Detection, taxonomy: &Taxonomy) {
        self.meta(&rule.meta);
        self.line("logsource", &rule.logsource.to_string());
        self.optional("needs", rule.logsource.definition.as_deref());
        if let Activity::LacksPlaceholders(names) = &rule.activity {
            self.line(
                "inactive",
                &format!("needs placeholders {}", names.join(", ")),
            );
        }
        self.list("filtered by", &rule.filters);
        self.heading("looks at");
        let routes = taxonomy.routes(&rule.logsource);
        for route in &routes {
            self.route(route);
        }
        if routes.is_empty() {
            self.out
                .push_str("  no events: no table knows this logsource\n");
        }
        for selection in &rule.selections {
            self.heading(&format!("selection {}", visible(&selection.name)));
            tree(&mut self.out, &selection.matches, 1);
        }
        self.heading("condition");
        for condition in &rule.conditions {
            let _ = writeln!(self.out, "  {}", visible(condition));
        }
        self.heading("matches an event with");
        tree(&mut self.out, &rule.matches, 1);
    }

    /// Writes a correlation rule.
    pub fn correlation(&mut self, rule: &Correlation) {
        self.meta(&rule.meta);
        self.line("computes", kind_name(rule.kind));
        let rules: Vec<String> = rule.rules.iter().map(|r| r.written.clone()).collect();
        self.list("rules", &rules);
        self.list("group by", &rule.group_by);
        self.list("fields", &rule.fields);
        self.line("within", &format!("{} s", rule.timespan_seconds));
        if let Condition::Bounds(bounds) = &rule.condition {
            for (comparison, bound) in bounds {
                self.line("fires at", &format!("{} {bound}", sign(*comparison)));
            }
        }
        self.line("evaluated", "not yet");
    }

    /// Writes a filter.
    pub fn filter(&mut self, filter: &Filter) {
        self.meta(&filter.meta);
        self.line("logsource", &filter.logsource.to_string());
        self.heading("and-ed to each rule");
        tree(&mut self.out, &filter.matches, 1);
    }

    pub(super) fn meta(&mut self, meta: &Meta) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        let title = paint(&visible(&meta.title), Style::Heading, self.colour);
        let _ = writeln!(self.out, "{title}");
        let level = paint(meta.level.name(), Style::Level(meta.level), self.colour);
        let _ = writeln!(self.out, "  {:12} {level}", "level");
        for (name, value) in [
            ("id", &meta.id),
            ("name", &meta.name),
            ("status", &meta.status),
            ("author", &meta.author),
            ("date", &meta.date),
            ("modified", &meta.modified),
        ] {
            self.optional(name, value.as_deref());
        }
        let place = format!("{}:{}", meta.file.path.display(), meta.span.line);
        self.line("file", &place);
        self.list("tags", &meta.tags);
        self.optional("description", meta.description.as_deref());
        self.list("false alarms", &meta.false_positives);
        self.list("references", &meta.references);
        self.list("shows", &meta.fields);
    }

    fn route(&mut self, route: &Route) {
        let shapes: Vec<&str> = route.shapes.iter().map(|s| shape_name(*s)).collect();
        let _ = writeln!(
            self.out,
            "  {} ({})",
            visible(&route.name),
            shapes.join(", ")
        );
        let ids: Vec<String> = route.event_ids.iter().map(u32::to_string).collect();
        for (name, values) in [
            ("channel", &route.channels),
            ("event id", &ids),
            ("program", &route.programs),
        ] {
            if !values.is_empty() {
                let more = values.len().saturating_sub(LISTED_MAX);
                let shown = values.get(..LISTED_MAX).unwrap_or(values).join(", ");
                let more = if more > 0 {
                    format!(" and {more} more")
                } else {
                    String::new()
                };
                let _ = writeln!(self.out, "    {name}: {}{more}", visible(&shown));
            }
        }
        for rename in &route.renames {
            let sources = rename.sources.join(", ");
            let _ = writeln!(
                self.out,
                "    {} is read from {}",
                visible(&rename.field),
                visible(&sources)
            );
        }
        if let Some(guard) = &route.guard {
            self.out.push_str("    only with\n");
            tree(&mut self.out, guard, 3);
        }
    }

    pub(super) fn heading(&mut self, text: &str) {
        let _ = writeln!(self.out, "{}", paint(text, Style::Heading, self.colour));
    }

    pub(super) fn line(&mut self, name: &str, value: &str) {
        let value = visible_lines(value.trim_end()).replace('\n', "\n               ");
        let _ = writeln!(self.out, "  {name:12} {value}");
    }

    pub(super) fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.line(name, value);
        }
    }

    pub(super) fn list(&mut self, name: &str, values: &[String]) {
        for (index, value) in values.iter().enumerate() {
            self.line(if index == 0 { name } else { "" }, value);
        }
    }
}

/// A shape's name for people.
pub fn shape_name(shape: Shape) -> &'static str {
    match shape {
        Shape::Windows => "windows",
        Shape::Syslog => "syslog",
        Shape::Auditd => "auditd",
        Shape::AccessLog => "access log",
        Shape::Cef => "cef",
        Shape::Leef => "leef",
        Shape::KeyValue => "key-value",
        Shape::Json => "json",
        Shape::Raw => "raw",
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::EventCount => "event_count",
        Kind::ValueCount => "value_count",
        Kind::Temporal => "temporal",
        Kind::TemporalOrdered => "temporal_ordered",
        Kind::ValueSum => "value_sum",
        Kind::ValueAvg => "value_avg",
        Kind::ValuePercentile => "value_percentile",
        Kind::ValueMedian => "value_median",
    }
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Equal => "=",
        Comparison::NotEqual => "!=",
    }
}
