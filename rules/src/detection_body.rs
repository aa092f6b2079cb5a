//! The body of a detection or a filter: search identifiers and the condition over them.

use crate::condition::{self, AggregationContext, Condition, Scope};
use crate::detection::{Activity, Detection, Selection};
use crate::diagnostic::Findings;
use crate::document::{Key, Node};
use crate::logsource::Logsource;
use crate::meta::Meta;
use crate::placeholder::Placeholders;
use crate::predicate::Expr;
use crate::selection::{self, Reading};
use crate::suggestion::nearest;

/// A detection or filter body, checked.
pub(crate) struct Body {
    pub(crate) selections: Vec<Selection>,
    pub(crate) conditions: Vec<String>,
    pub(crate) matches: Expr,
    /// Placeholders without values.
    pub(crate) missing: Vec<String>,
}

/// Reads a detection rule. Errors are among the findings.
pub(crate) fn read_detection(
    root: &Node<'_>,
    meta: Meta,
    placeholders: &Placeholders,
    findings: &mut Findings,
) -> Option<Detection> {
    let logsource = Logsource::read(root, findings);
    let (key, node) = root.entry("detection")?;
    let body = read(key, node, &["timeframe"], &meta, placeholders, findings)?;
    Some(Detection {
        meta,
        logsource,
        selections: body.selections,
        conditions: body.conditions,
        filters: Vec::new(),
        matches: body.matches,
        activity: if body.missing.is_empty() {
            Activity::Active
        } else {
            Activity::LacksPlaceholders(body.missing)
        },
        in_place: false,
    })
}

/// Reads the search identifiers and the condition of a mapping; `reserved` keys are neither.
pub(crate) fn read(
    key: &Key<'_>,
    node: &Node<'_>,
    reserved: &[&str],
    meta: &Meta,
    placeholders: &Placeholders,
    findings: &mut Findings,
) -> Option<Body> {
    let Some(entries) = node.as_map() else {
        findings
            .error(
                key.span,
                format!("`{}` must be a mapping, not {}", key.text, node.kind()),
            )
            .help("write search identifiers and a `condition` below it, indented");
        return None;
    };
    let named: Vec<&(Key<'_>, Node<'_>)> = entries
        .iter()
        .filter(|(key, _)| key.text != "condition" && !reserved.contains(&key.text.as_ref()))
        .collect();
    let mut reading = Reading::new(findings, placeholders);
    let selections: Vec<Selection> = named
        .iter()
        .map(|(name, node)| selection::read(name, node, &mut reading))
        .collect();
    let timeframe = node
        .entry("timeframe")
        .filter(|_| reserved.contains(&"timeframe"));
    if let Some((key, _)) = timeframe {
        reading
            .findings
            .warning(key.span, "`timeframe` is obsolete and has no effect")
            .help("write a correlation rule with `timespan` over this rule");
    }
    let Some(condition) = node.get("condition") else {
        lacks_condition(key, &named, reading.findings);
        return None;
    };
    let aggregation = AggregationContext {
        title: &meta.title,
        name: meta.name.as_deref(),
        timeframe: timeframe.and_then(|(_, value)| value.text()),
    };
    let matches = conditions(condition, &named, &selections, aggregation, &mut reading);
    let texts = condition.one_or_many().iter();
    Some(Body {
        conditions: texts.filter_map(|c| c.text().map(str::to_owned)).collect(),
        missing: std::mem::take(&mut reading.missing),
        matches: matches?,
        selections,
    })
}

fn lacks_condition(key: &Key<'_>, named: &[&(Key<'_>, Node<'_>)], findings: &mut Findings) {
    let misspelt = named
        .iter()
        .find(|(name, _)| nearest(&name.text, ["condition"]).is_some());
    match misspelt {
        Some((name, _)) => findings
            .error(
                name.span,
                format!("there is no `condition`, but `{}`", name.text),
            )
            .help("did you mean `condition`?"),
        None => findings
            .error(key.span, format!("`{}` has no `condition`", key.text))
            .help("add one over the search identifiers: `condition: selection`"),
    };
}

/// One condition or a list of them, any of which suffices.
fn conditions(
    node: &Node<'_>,
    named: &[&(Key<'_>, Node<'_>)],
    selections: &[Selection],
    aggregation: AggregationContext<'_>,
    reading: &mut Reading<'_>,
) -> Option<Expr> {
    let list = node.one_or_many();
    if list.is_empty() {
        reading
            .findings
            .error(node.span, "the list of conditions is empty")
            .help("write an expression over the search identifiers: `selection and not filter`");
        return None;
    }
    let known: Vec<&str> = named.iter().map(|(name, _)| name.text.as_ref()).collect();
    let mut used = vec![false; known.len()];
    let mut scope = Scope {
        names: &known,
        used: &mut used,
        what: "search identifier",
        aggregation,
    };
    let errors = reading.findings.errors();
    let mut parsed = Vec::with_capacity(list.len());
    for one in list {
        parsed.extend(condition::parse(one, &mut scope, reading.findings).map(|c| (c, one.span)));
    }
    // An error leaves names unread: then they are no finding of their own.
    if reading.findings.errors() == errors {
        warn_unused(named, &used, reading.findings);
    }
    let sizes: Vec<usize> = selections.iter().map(|s| s.matches.size()).collect();
    let mut alternatives = Vec::with_capacity(parsed.len());
    for (condition, span) in parsed {
        reading.spend(size(&condition, &sizes), span)?;
        alternatives.push(expression(&condition, selections));
    }
    Some(Expr::any(alternatives))
}

fn warn_unused(named: &[&(Key<'_>, Node<'_>)], used: &[bool], findings: &mut Findings) {
    for ((name, _), used) in named.iter().zip(used) {
        if !used {
            findings
                .warning(
                    name.span,
                    format!("the condition never uses `{}`", name.text),
                )
                .help("use it in the condition, or remove it");
        }
    }
}

/// The number of predicates of a condition written out.
fn size(condition: &Condition, sizes: &[usize]) -> usize {
    match condition {
        Condition::Name(index) => sizes.get(*index).copied().unwrap_or(0).max(1),
        Condition::Not(inner) => size(inner, sizes),
        Condition::All(parts) | Condition::Any(parts) | Condition::AtLeast(_, parts) => parts
            .iter()
            .fold(0, |sum, part| sum.saturating_add(size(part, sizes))),
    }
}

fn expression(condition: &Condition, selections: &[Selection]) -> Expr {
    let each = |parts: &[Condition]| parts.iter().map(|p| expression(p, selections)).collect();
    match condition {
        Condition::Name(index) => selections
            .get(*index)
            .map_or(Expr::Any(Vec::new()), |selection| selection.matches.clone()),
        Condition::Not(inner) => Expr::Not(Box::new(expression(inner, selections))),
        Condition::All(parts) => Expr::All(each(parts)),
        Condition::Any(parts) => Expr::Any(each(parts)),
        Condition::AtLeast(count, parts) => Expr::AtLeast(*count, each(parts)),
    }
}
