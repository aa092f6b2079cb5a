//! Reads correlation rules. References stay as written: they are resolved once all files are
//! read.

use super::{Comparison, Kind};
use crate::condition;
use crate::diagnostic::{Findings, Span};
use crate::document::{Key, Node};
use crate::length_of_time;
use crate::meta::Meta;
use crate::reference::Name;
use crate::strict_mapping::boolean;
use crate::suggestion::nearest;

/// The condition before references are resolved.
#[derive(Debug)]
pub(crate) enum DraftCondition {
    Bounds(Vec<(Comparison, f64)>),
    /// An expression over rule names: those listed, and after them the other ones it uses.
    Expression(condition::Condition, Vec<Name>),
}

/// A correlation whose references are not resolved yet.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) meta: Meta,
    pub(crate) kind: Kind,
    pub(crate) rules: Vec<Name>,
    pub(crate) group_by: Vec<Name>,
    /// Alias, and for each rule named the field's name there.
    pub(crate) aliases: Vec<(Name, Vec<(Name, String)>)>,
    pub(crate) timespan_seconds: u64,
    pub(crate) condition: DraftCondition,
    pub(crate) fields: Vec<String>,
    pub(crate) percentile: Option<f64>,
    pub(crate) generate: bool,
}

impl Draft {
    /// The fields that its alerts have.
    pub(crate) fn alert_fields(&self) -> Vec<String> {
        let grouped = |alias: &&Name| self.group_by.iter().any(|name| name.text == alias.text);
        let aliases = self.aliases.iter().map(|(alias, _)| alias);
        let aliases = aliases.filter(|alias| !grouped(alias));
        let names = self.group_by.iter().chain(aliases);
        names.map(|name| name.text.clone()).collect()
    }
}

const KINDS: [(&str, Kind); 8] = [
    ("event_count", Kind::EventCount),
    ("value_count", Kind::ValueCount),
    ("temporal", Kind::Temporal),
    ("temporal_ordered", Kind::TemporalOrdered),
    ("value_sum", Kind::ValueSum),
    ("value_avg", Kind::ValueAvg),
    ("value_percentile", Kind::ValuePercentile),
    ("value_median", Kind::ValueMedian),
];

const KEYS: [&str; 8] = [
    "type",
    "rules",
    "group-by",
    "aliases",
    "timespan",
    "condition",
    "generate",
    "field",
];

impl Kind {
    /// The name that rules use.
    pub fn name(self) -> &'static str {
        KINDS
            .iter()
            .find(|(_, kind)| *kind == self)
            .map_or("", |(name, _)| name)
    }

    pub(super) fn is_temporal(self) -> bool {
        matches!(self, Self::Temporal | Self::TemporalOrdered)
    }

    pub(super) fn needs_field(self) -> bool {
        !self.is_temporal() && self != Self::EventCount
    }
}

/// Reads a correlation. Errors are among the findings.
pub(crate) fn read(root: &Node<'_>, meta: Meta, findings: &mut Findings) -> Option<Draft> {
    let (key, node) = root.entry("correlation")?;
    if node.as_map().is_none() {
        findings
            .error(
                key.span,
                format!("`correlation` must be a mapping, not {}", node.kind()),
            )
            .help("write `type`, `rules`, `timespan` … below it, indented");
        return None;
    }
    let mut reader = Reader {
        key,
        node,
        findings,
    };
    reader.check_keys();
    let kind = reader.kind();
    let rules = reader.names("rules");
    let timespan_seconds = reader.timespan();
    let group_by = reader.group_by();
    let aliases = reader.aliases();
    let generate = reader.generate(root);
    let kind = kind?;
    let (condition, fields, percentile, implied) = reader.condition(kind, &rules)?;
    let rules = if rules.is_empty() { implied } else { rules };
    if rules.is_empty() {
        reader.lacks(
            "rules",
            "list the ids or names of the rules whose matches count",
        );
        return None;
    }
    Some(Draft {
        meta,
        kind,
        rules,
        group_by,
        aliases,
        timespan_seconds: timespan_seconds?,
        condition,
        fields,
        percentile,
        generate,
    })
}

/// Reads the parts of a correlation one by one.
pub(super) struct Reader<'r, 'n> {
    pub(super) key: &'r Key<'n>,
    pub(super) node: &'r Node<'n>,
    pub(super) findings: &'r mut Findings,
}

impl Reader<'_, '_> {
    pub(super) fn lacks(&mut self, name: &str, help: &str) {
        self.findings
            .error(self.key.span, format!("the correlation has no `{name}`"))
            .help(help);
    }

    fn check_keys(&mut self) {
        for (key, _) in self.node.as_map().unwrap_or_default() {
            if KEYS.contains(&key.text.as_ref()) {
                continue;
            }
            let diagnostic = self.findings.warning(
                key.span,
                format!("`{}` is not a part of a correlation, and ignored", key.text),
            );
            if let Some(meant) = nearest(&key.text, KEYS) {
                diagnostic.help(format!("did you mean `{meant}`?"));
            }
        }
    }

    fn kind(&mut self) -> Option<Kind> {
        let known = KINDS.map(|(name, _)| name).join(", ");
        let Some(node) = self.node.get("type") else {
            self.lacks("type", &format!("known: {known}"));
            return None;
        };
        let name = node.text().unwrap_or_default();
        let found = KINDS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, kind)| *kind);
        if found.is_none() {
            let help = nearest(name, KINDS.map(|(name, _)| name)).map_or_else(
                || format!("known: {known}"),
                |meant| format!("did you mean `{meant}`?"),
            );
            self.findings
                .error(
                    node.span,
                    format!(
                        "there is no type of correlation `{}`",
                        name.escape_default()
                    ),
                )
                .help(help);
        }
        found
    }

    /// Names in a list, or a single one.
    fn names(&mut self, key: &str) -> Vec<Name> {
        let Some(node) = self.node.get(key).filter(|node| !node.is_null()) else {
            return Vec::new();
        };
        let mut names = Vec::new();
        for item in node.one_or_many() {
            match item.text().filter(|text| !text.is_empty()) {
                Some(text) => names.push(Name {
                    text: text.to_owned(),
                    span: item.span,
                }),
                None => {
                    self.findings
                        .error(
                            item.span,
                            format!("`{key}` needs names, not {}", item.kind()),
                        )
                        .help("write a list of text");
                }
            }
        }
        names
    }

    fn group_by(&mut self) -> Vec<Name> {
        if self.node.get("group-by").is_none() {
            self.findings
                .warning(self.key.span, "the correlation has no `group-by`: all matches form one group")
                .help("name the fields whose values must be the same, or write `group-by: []` if one group is meant");
        }
        self.names("group-by")
    }

    fn timespan(&mut self) -> Option<u64> {
        let Some(node) = self.node.get("timespan") else {
            self.lacks("timespan", "add the length of the window: `timespan: 5m`");
            return None;
        };
        length_of_time::read(node, self.findings)
    }

    fn generate(&mut self, root: &Node<'_>) -> bool {
        let node = self.node.get("generate").or_else(|| root.get("generate"));
        boolean("generate", node, self.findings)
    }

    fn aliases(&mut self) -> Vec<(Name, Vec<(Name, String)>)> {
        let Some(node) = self.node.get("aliases").filter(|node| !node.is_null()) else {
            return Vec::new();
        };
        let mut aliases = Vec::new();
        for (key, value) in node.as_map().unwrap_or_default() {
            let mut fields = Vec::new();
            for (rule, field) in value.as_map().unwrap_or_default() {
                if let Some(field) = field.text() {
                    let rule = Name {
                        text: rule.text.clone().into_owned(),
                        span: rule.span,
                    };
                    fields.push((rule, field.to_owned()));
                }
            }
            if fields.is_empty() {
                self.alias_shape(value.span);
            }
            aliases.push((
                Name {
                    text: key.text.clone().into_owned(),
                    span: key.span,
                },
                fields,
            ));
        }
        if aliases.is_empty() {
            self.alias_shape(node.span);
        }
        aliases
    }

    fn alias_shape(&mut self, span: Span) {
        self.findings
            .error(span, "an alias maps rules to their fields")
            .help("write `aliases: {name: {rule_a: field_a, rule_b: field_b}}`");
    }
}
