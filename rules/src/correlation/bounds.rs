//! The condition of a correlation: bounds, or an expression over its rules.

use super::read::{DraftCondition, Reader};
use super::{Comparison, Kind};
use crate::condition;
use crate::diagnostic::Findings;
use crate::document::{Content, Key, Node, number};
use crate::reference::Name;

/// Condition, fields, percentile, and the rules that an expression names.
pub(super) type ConditionParts = (DraftCondition, Vec<String>, Option<f64>, Vec<Name>);

impl Reader<'_, '_> {
    pub(super) fn condition(&mut self, kind: Kind, rules: &[Name]) -> Option<ConditionParts> {
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
                    let bound = self.number(value);
                    bounds.extend(bound.map(|bound| (name, *comparison, bound)));
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
        self.check_bounds(kind, rules, &bounds);
        if self.findings.errors() > errors {
            return None;
        }
        let bounds: Vec<_> = bounds.into_iter().map(|(_, c, bound)| (c, bound)).collect();
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
        let mut others = names_in(node, self.findings);
        others.retain(|other| rules.iter().all(|name| name.text != other.text));
        let names: Vec<&str> = rules
            .iter()
            .chain(&others)
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
        // Without `rules`, the names of the expression are the rules.
        let (implied, others) = if rules.is_empty() {
            (others, Vec::new())
        } else {
            (Vec::new(), others)
        };
        Some((
            DraftCondition::Expression(condition, others),
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
        bounds
            .iter()
            .all(|(comparison, bound)| comparison.holds(count, *bound))
    };
    #[expect(clippy::cast_precision_loss, reason = "a list of rules is short")]
    let all = rules as f64;
    holds(all) && !holds(all - 1.0)
}
