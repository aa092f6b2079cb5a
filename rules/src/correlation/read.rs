//! Reads correlation rules. References stay as written: they are resolved once all files are
//! read.

use super::{Comparison, Kind};
use crate::condition;
use crate::diagnostic::{Findings, Span};
use crate::document::{Content, Key, Node, Scalar, number};
use crate::meta::Meta;
use crate::suggestion::nearest;

/// A name as written, with its place.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// The condition before references are resolved.
#[derive(Debug)]
pub(crate) enum DraftCondition {
    Bounds(Vec<(Comparison, f64)>),
    /// An expression over rule names.
    Expression(condition::Condition),
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

    fn is_temporal(self) -> bool {
        matches!(self, Self::Temporal | Self::TemporalOrdered)
    }

    fn needs_field(self) -> bool {
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

/// Condition, fields, percentile, and the rules that an expression names.
type ConditionParts = (DraftCondition, Vec<String>, Option<f64>, Vec<Name>);

struct Reader<'r, 'n> {
    key: &'r Key<'n>,
    node: &'r Node<'n>,
    findings: &'r mut Findings,
}

impl Reader<'_, '_> {
    fn lacks(&mut self, name: &str, help: &str) {
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
        let text = node.text().unwrap_or_default();
        let seconds = seconds(text);
        if seconds.is_none() {
            self.findings
                .error(node.span, format!("`{}` is not a length of time", text.escape_default()))
                .help("write a whole number above zero and one of s, m, h, d, w, M, y: `30s`, `5m`, `1h`");
        }
        seconds
    }

    fn generate(&mut self, root: &Node<'_>) -> bool {
        let Some(node) = self.node.get("generate").or_else(|| root.get("generate")) else {
            return false;
        };
        match node.scalar() {
            Some(Scalar::Bool(value)) => value,
            _ => {
                self.findings
                    .error(node.span, "`generate` needs a boolean")
                    .help("write `true` or `false`");
                false
            }
        }
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

    fn condition(&mut self, kind: Kind, rules: &[Name]) -> Option<ConditionParts> {
        let Some((key, node)) = self.node.entry("condition") else {
            if kind.is_temporal() {
                return Some((all_of(rules.len()), Vec::new(), None, Vec::new()));
            }
            self.lacks("condition", "add a bound: `condition: {gte: 10}`");
            return None;
        };
        match &node.content {
            Content::Map(_) => self.bounds(kind, key, node, rules.len()),
            Content::Scalar(..) if kind.is_temporal() => self.expression(kind, node, rules),
            _ => {
                self.findings
                    .error(
                        node.span,
                        format!(
                            "the condition of `{}` must be a mapping, not {}",
                            kind.name(),
                            node.kind()
                        ),
                    )
                    .help("write a bound: `condition: {gte: 10}`");
                None
            }
        }
    }

    fn bounds(
        &mut self,
        kind: Kind,
        key: &Key<'_>,
        node: &Node<'_>,
        rules: usize,
    ) -> Option<ConditionParts> {
        const OPERATORS: [(&str, Comparison); 6] = [
            ("gt", Comparison::Greater),
            ("gte", Comparison::GreaterOrEqual),
            ("lt", Comparison::Less),
            ("lte", Comparison::LessOrEqual),
            ("eq", Comparison::Equal),
            ("neq", Comparison::NotEqual),
        ];
        let errors = self.findings.errors();
        let (mut bounds, mut percentile) = (Vec::new(), None);
        for (name, value) in node.as_map().unwrap_or_default() {
            let operator = OPERATORS.iter().find(|(known, _)| *known == name.text);
            match (operator, name.text.as_ref()) {
                (Some((_, comparison)), _) => {
                    bounds.extend(self.number(value).map(|bound| (*comparison, bound)));
                }
                (None, "field") => {}
                (None, "percentile") => percentile = self.percentile(value),
                (None, other) => {
                    self.findings
                        .error(name.span, format!("`{other}` is not a comparison"))
                        .help("known: gt, gte, lt, lte, eq, neq, and `field`");
                }
            }
        }
        let fields = self.fields(kind, key, node);
        if self.findings.errors() > errors {
            return None;
        }
        if bounds.is_empty() && kind.is_temporal() {
            return Some((all_of(rules), fields, None, Vec::new()));
        }
        if bounds.is_empty() || bounds.len() > 2 {
            self.findings
                .error(key.span, "the condition needs one or two comparisons")
                .help("for example `gte: 10`, or `gte: 10` and `lt: 100`");
            return None;
        }
        if kind == Kind::TemporalOrdered && !means_all(&bounds, rules) {
            self.findings
                .error(
                    key.span,
                    "`temporal_ordered` asks for all of its rules, in order",
                )
                .help("remove the condition, or use `temporal` for some of the rules in any order");
            return None;
        }
        let percentile = (kind == Kind::ValuePercentile).then(|| percentile.unwrap_or(95.0));
        Some((
            DraftCondition::Bounds(bounds),
            fields,
            percentile,
            Vec::new(),
        ))
    }

    fn number(&mut self, node: &Node<'_>) -> Option<f64> {
        let value = node.text().and_then(|text| number(text.trim()));
        if value.is_none() {
            self.findings
                .error(
                    node.span,
                    format!(
                        "a number is needed here, not `{}`",
                        node.text().unwrap_or(node.kind()).escape_default()
                    ),
                )
                .help("write it in decimal digits");
        }
        value
    }

    fn percentile(&mut self, node: &Node<'_>) -> Option<f64> {
        let value = self.number(node)?;
        if !(0.0..=100.0).contains(&value) {
            self.findings
                .error(node.span, "a percentile lies between 0 and 100")
                .help("write for example `percentile: 95`");
        }
        Some(value)
    }

    /// `field`, in the condition or beside it.
    fn fields(&mut self, kind: Kind, key: &Key<'_>, node: &Node<'_>) -> Vec<String> {
        let Some(field) = node.get("field").or_else(|| self.node.get("field")) else {
            if kind.needs_field() {
                self.findings
                    .error(
                        key.span,
                        format!(
                            "`{}` needs the `field` whose values it is about",
                            kind.name()
                        ),
                    )
                    .help("add it to the condition: `condition: {field: User, gte: 10}`");
            }
            return Vec::new();
        };
        if !kind.needs_field() {
            self.findings
                .warning(
                    field.span,
                    format!("`{}` is about no field; this one is ignored", kind.name()),
                )
                .help("use `value_count` to count its different values, or remove it");
            return Vec::new();
        }
        let names: Vec<String> = field
            .one_or_many()
            .iter()
            .filter_map(|f| f.text().map(str::to_owned))
            .collect();
        let several = names.len() > 1 && kind != Kind::ValueCount;
        if names.is_empty() || several {
            self.findings
                .error(
                    field.span,
                    format!("`{}` needs the name of one field", kind.name()),
                )
                .help("only `value_count` takes a list, whose values count together");
        }
        names
    }

    fn expression(
        &mut self,
        kind: Kind,
        node: &Node<'_>,
        rules: &[Name],
    ) -> Option<ConditionParts> {
        if kind == Kind::TemporalOrdered {
            self.findings
                .error(
                    node.span,
                    "`temporal_ordered` cannot have an expression as condition",
                )
                .help("use `temporal`, or list the rules in order and remove the condition");
            return None;
        }
        // Without `rules`, the names of the expression are the rules.
        let implied = if rules.is_empty() {
            names_in(node, self.findings)
        } else {
            Vec::new()
        };
        let names: Vec<&str> = if rules.is_empty() { &implied } else { rules }
            .iter()
            .map(|name| name.text.as_str())
            .collect();
        let mut used = vec![false; names.len()];
        let mut scope = condition::Scope {
            names: &names,
            used: &mut used,
            what: "rule",
            aggregation: condition::AggregationContext::default(),
        };
        let condition = condition::parse(node, &mut scope, self.findings)?;
        if counts_many(&condition) {
            self.findings
                .error(
                    node.span,
                    format!("`N of` over more than {COUNTED_MAX} rules within an expression"),
                )
                .help("write `condition: {gte: N}` instead");
            return None;
        }
        for (name, _) in rules.iter().zip(&used).filter(|(_, used)| !**used) {
            self.findings
                .warning(
                    name.span,
                    format!("the condition never uses `{}`", name.text),
                )
                .help("use it in the condition, or remove it");
        }
        Some((
            DraftCondition::Expression(condition),
            Vec::new(),
            None,
            implied,
        ))
    }
}

/// How many rules a count within an expression may be over: it is written out.
const COUNTED_MAX: usize = 8;

fn counts_many(condition: &condition::Condition) -> bool {
    use condition::Condition as C;
    match condition {
        C::Name(_) => false,
        C::Not(inner) => counts_many(inner),
        C::All(parts) | C::Any(parts) => parts.iter().any(counts_many),
        C::AtLeast(_, parts) => parts.len() > COUNTED_MAX,
    }
}

fn names_in(node: &Node<'_>, findings: &Findings) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    for (text, span) in condition::words(node, &findings.file().text) {
        if !names.iter().any(|name| name.text == text) {
            names.push(Name { text, span });
        }
    }
    names
}

fn all_of(rules: usize) -> DraftCondition {
    #[expect(clippy::cast_precision_loss, reason = "a list of rules is short")]
    DraftCondition::Bounds(vec![(Comparison::GreaterOrEqual, rules as f64)])
}

/// Whether the bounds hold for all rules and for no fewer.
fn means_all(bounds: &[(Comparison, f64)], rules: usize) -> bool {
    let holds = |count: f64| {
        bounds.iter().all(|(comparison, bound)| match comparison {
            Comparison::Greater => count > *bound,
            Comparison::GreaterOrEqual => count >= *bound,
            Comparison::Less => count < *bound,
            Comparison::LessOrEqual => count <= *bound,
            Comparison::Equal => (count - bound).abs() < f64::EPSILON,
            Comparison::NotEqual => (count - bound).abs() >= f64::EPSILON,
        })
    };
    #[expect(clippy::cast_precision_loss, reason = "a list of rules is short")]
    let all = rules as f64;
    holds(all) && !holds(all - 1.0)
}

/// The seconds of `30s`, `5m`, `1h`, `7d`, `2w`, `1M` (30 days), `1y` (365 days).
fn seconds(text: &str) -> Option<u64> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        'M' => 30 * 86_400,
        'y' => 365 * 86_400,
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // A century is more than any window needs, and far from the limits of nanoseconds.
    digits
        .parse::<u64>()
        .ok()?
        .checked_mul(unit)
        .filter(|seconds| (1..=100 * 365 * 86_400).contains(seconds))
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn lengths_of_time() {
        assert_eq!(seconds("30s"), Some(30));
        assert_eq!(seconds("5m"), Some(300));
        assert_eq!(seconds("1M"), Some(2_592_000));
        for text in [
            "",
            "s",
            "0s",
            "-1m",
            "1.5h",
            "5 m",
            "5x",
            "99999999999999999999d",
            "999999999y",
            "5é",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
