//! Refuses the aggregations of old conditions (`| count() by x > 5`, `| near`) and shows the
//! correlation that says the same.

use std::fmt::Write as _;

use super::tokens::Token;
use crate::diagnostic::Findings;

/// What of the rule the correlation repeats.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Context<'c> {
    pub(crate) title: &'c str,
    pub(crate) name: Option<&'c str>,
    pub(crate) timeframe: Option<&'c str>,
}

/// An aggregation: `function(field) by group operator bound`.
struct Aggregation<'t> {
    function: &'t str,
    field: &'t str,
    group: Vec<&'t str>,
    operator: &'static str,
    bound: &'t str,
}

/// Adds the error. `before` are the tokens before the pipe, `after` begins with it.
pub(super) fn refuse(
    text: &str,
    before: &[Token<'_>],
    after: &[Token<'_>],
    context: &Context<'_>,
    findings: &mut Findings,
) {
    let Some(pipe) = after.first() else { return };
    let condition = text[..pipe.at].trim();
    let aggregation = text[pipe.at + 1..].trim();
    let base = if before.is_empty() { "…" } else { condition };
    let help = if aggregation.to_ascii_lowercase().starts_with("near") {
        near(aggregation, context)
    } else {
        match Aggregation::parse(aggregation) {
            Some(parsed) => counted(&parsed, base, context),
            None => "write a correlation rule over this rule, for example `type: event_count`"
                .to_owned(),
        }
    };
    findings
        .error(
            pipe.span,
            "aggregations in conditions are obsolete, and replaced by correlation rules",
        )
        .help(help);
}

impl<'t> Aggregation<'t> {
    fn parse(text: &'t str) -> Option<Self> {
        let (function, rest) = text.split_once('(')?;
        let (field, rest) = rest.split_once(')')?;
        let at = rest.find(['<', '>', '='])?;
        let (by, comparison) = rest.split_at(at);
        let operators = [
            ("<=", "lte"),
            (">=", "gte"),
            ("==", "eq"),
            ("<", "lt"),
            (">", "gt"),
            ("=", "eq"),
        ];
        let (sign, operator) = operators
            .into_iter()
            .find(|(sign, _)| comparison.starts_with(sign))?;
        let mut words = by
            .split([' ', ',', '\t', '\n'])
            .filter(|word| !word.is_empty());
        let group = match words.next() {
            Some(word) if word.eq_ignore_ascii_case("by") => words.collect(),
            Some(_) => return None,
            None => Vec::new(),
        };
        Some(Self {
            function: function.trim(),
            field: field.trim(),
            group,
            operator,
            bound: comparison[sign.len()..].split_whitespace().next()?,
        })
    }
}

fn counted(parsed: &Aggregation<'_>, condition: &str, context: &Context<'_>) -> String {
    let kind = match parsed.function.to_ascii_lowercase().as_str() {
        "count" if parsed.field.is_empty() => "event_count",
        "count" => "value_count",
        "sum" => "value_sum",
        "avg" => "value_avg",
        _ => {
            return format!(
                "`{}` has no counterpart among correlations; the nearest are `value_percentile`, `value_avg` and `value_sum`",
                parsed.function
            );
        }
    };
    let name = rule_name(context);
    let mut yaml = beginning(condition, &name, context, kind, &[&name]);
    if !parsed.group.is_empty() {
        let group: Vec<String> = parsed.group.iter().map(|field| scalar(field)).collect();
        let _ = writeln!(yaml, "  group-by: [{}]", group.join(", "));
    }
    let _ = writeln!(yaml, "  timespan: {}", context.timeframe.unwrap_or("1h"));
    yaml.push_str("  condition:\n");
    if !parsed.field.is_empty() {
        let _ = writeln!(yaml, "    field: {}", scalar(parsed.field));
    }
    let _ = write!(yaml, "    {}: {}", parsed.operator, parsed.bound);
    yaml
}

/// `a | near b and c`: each search identifier becomes a rule.
fn near(aggregation: &str, context: &Context<'_>) -> String {
    let name = rule_name(context);
    let others: Vec<String> = aggregation
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .skip(1)
        .filter(|word| !word.is_empty() && !["and", "or", "not", "within"].contains(word))
        .map(|word| format!("{name}_{word}"))
        .collect();
    let mut rules: Vec<&str> = vec![&name];
    rules.extend(others.iter().map(String::as_str));
    let mut yaml = beginning(
        "what stands before the `|`",
        &name,
        context,
        "temporal",
        &rules,
    );
    yaml.push_str("  group-by: [host]\n");
    let _ = write!(yaml, "  timespan: {}", context.timeframe.unwrap_or("30s"));
    yaml.insert_str(
        0,
        "give each search identifier after `near` a rule of its own, and ",
    );
    yaml
}

fn beginning(
    condition: &str,
    name: &str,
    context: &Context<'_>,
    kind: &str,
    rules: &[&str],
) -> String {
    let mut yaml = format!("end the condition before the `|`: `{condition}`");
    if context.name.is_none() {
        let _ = write!(yaml, ", add `name: {name}` to this rule");
    }
    let _ = write!(
        yaml,
        ", and write this correlation:\n---\ntitle: {}\ncorrelation:\n  type: {kind}\n  rules: [{}]\n",
        scalar(context.title),
        rules.join(", "),
    );
    yaml
}

fn rule_name(context: &Context<'_>) -> String {
    if let Some(name) = context.name {
        return name.to_owned();
    }
    let mut name = String::new();
    for word in context
        .title
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|w| !w.is_empty())
    {
        if name.len() + word.len() > 48 {
            break;
        }
        if !name.is_empty() {
            name.push('_');
        }
        name.push_str(&word.to_ascii_lowercase());
    }
    if name.is_empty() {
        "this_rule".to_owned()
    } else {
        name
    }
}

/// A text as YAML, quoted where it must be.
fn scalar(text: &str) -> String {
    let plain = text
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '.' | '/' | '(' | ')'))
        && text.starts_with(char::is_alphabetic);
    if plain {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}
