//! Search identifiers: from YAML to an expression.

use std::borrow::Cow;
use std::sync::Arc;

use serde_yaml::Value;

use crate::detection::Selection;
use crate::diagnostic::{Findings, SourceFile, Span};
use crate::document::{Content, Key, Node, Style};
use crate::item;
use crate::placeholder::Placeholders;
use crate::predicate::Expr;

/// How many predicates a rule may come to, its conditions written out.
pub(crate) const PREDICATES_MAX: usize = 200_000;

/// What reading the items of one rule needs and collects.
pub(crate) struct Reading<'r> {
    pub(crate) findings: &'r mut Findings,
    pub(crate) placeholders: &'r Placeholders,
    /// Names of placeholders without values, each once.
    pub(crate) missing: Vec<String>,
    spent: usize,
}

impl<'r> Reading<'r> {
    pub(crate) fn new(findings: &'r mut Findings, placeholders: &'r Placeholders) -> Self {
        Self {
            findings,
            placeholders,
            missing: Vec::new(),
            spent: 0,
        }
    }

    /// The place of a part of a scalar: `skip` bytes into `text`, which stands at `span`. The
    /// whole scalar where its text is not found as it is, for it was escaped or folded.
    pub(crate) fn span_in(&self, span: Span, text: &str, skip: usize, len: usize) -> Span {
        let file = &self.findings.file().text;
        let Some(raw) = file.get(span.start..span.start + span.len) else {
            return span;
        };
        match raw.find(text).filter(|_| !text.is_empty()) {
            Some(at) => span.part(file, at + skip, len),
            None => span,
        }
    }

    /// Counts predicates. `None`, and an error at `span`, when there are too many.
    pub(crate) fn spend(&mut self, predicates: usize, span: Span) -> Option<()> {
        let before = self.spent;
        self.spent = self.spent.saturating_add(predicates);
        if self.spent <= PREDICATES_MAX {
            return Some(());
        }
        if before <= PREDICATES_MAX {
            self.findings
                .error(
                    span,
                    format!("the rule comes to more than {PREDICATES_MAX} comparisons"),
                )
                .help("divide it into several rules");
        }
        None
    }

    pub(crate) fn lacks_placeholder(&mut self, name: String, span: Span) {
        if self.missing.contains(&name) {
            return;
        }
        self.findings
            .info(
                span,
                format!(
                    "the placeholder `%{name}%` has no values, so this rule is loaded but inactive"
                ),
            )
            .help(format!(
                "give them in a file of placeholders: `{name}: [value, value]`"
            ));
        self.missing.push(name);
    }
}

/// Reads a search identifier: a mapping (all items hold), a list of mappings and keywords (any
/// holds), or a single keyword. Errors are among the findings, and what has them is left out.
pub(crate) fn read(name: &Key<'_>, node: &Node<'_>, reading: &mut Reading<'_>) -> Selection {
    Selection {
        name: name.text.clone().into_owned(),
        matches: search(node, name, reading).unwrap_or(Expr::Any(Vec::new())),
    }
}

fn search(node: &Node<'_>, name: &Key<'_>, reading: &mut Reading<'_>) -> Option<Expr> {
    match &node.content {
        Content::Map(_) => mapping(node, reading),
        Content::List(items) if items.is_empty() => empty(node, reading),
        Content::List(items) => {
            let mut parts = Vec::with_capacity(items.len());
            for item in items {
                parts.extend(match &item.content {
                    Content::Map(_) => mapping(item, reading),
                    Content::Scalar(..) => item::keyword(item, reading),
                    Content::List(_) => {
                        reading
                            .findings
                            .error(
                                item.span,
                                format!("a list within the list of `{}`", name.text),
                            )
                            .help("write one list of mappings or keywords");
                        None
                    }
                });
            }
            Some(Expr::any(parts))
        }
        Content::Scalar(..) if node.is_null() => {
            reading
                .findings
                .error(name.span, format!("`{}` is empty", name.text))
                .help("write fields and values below it, indented");
            None
        }
        Content::Scalar(..) => item::keyword(node, reading),
    }
}

fn mapping(node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Expr> {
    let entries = node.as_map().unwrap_or_default();
    if entries.is_empty() {
        return empty(node, reading);
    }
    let mut parts = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        parts.extend(item::read(key, value, reading));
    }
    Some(Expr::all(parts))
}

fn empty(node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Expr> {
    reading
        .findings
        .error(node.span, "an empty search identifier matches nothing")
        .help("write at least one field and value");
    None
}

/// The expression of a search identifier in a data file; modifiers work as in rules.
pub(crate) fn parse_plain(value: &Value) -> Result<Expr, String> {
    let file = Arc::new(SourceFile {
        path: "taxonomy".into(),
        text: String::new(),
    });
    let mut findings = Findings::new(file);
    let placeholders = Placeholders::default();
    let name = Key {
        text: "value".into(),
        style: Style::Plain,
        span: NOWHERE,
    };
    let node = node_of(value)?;
    let selection = read(
        &name,
        &node,
        &mut Reading::new(&mut findings, &placeholders),
    );
    match findings.first_error(0) {
        Some(message) => Err(message.to_owned()),
        None => Ok(selection.matches),
    }
}

const NOWHERE: Span = Span {
    start: 0,
    len: 0,
    line: 1,
    column: 1,
};

fn node_of(value: &Value) -> Result<Node<'_>, String> {
    let plain = |text: String| Content::Scalar(Cow::Owned(text), Style::Plain);
    let content = match value {
        Value::Null => plain(String::new()),
        Value::Bool(value) => plain(value.to_string()),
        Value::Number(number) => plain(number.to_string()),
        Value::String(text) => Content::Scalar(Cow::Borrowed(text), Style::Quoted),
        Value::Sequence(items) => {
            Content::List(items.iter().map(node_of).collect::<Result<_, _>>()?)
        }
        Value::Mapping(entries) => Content::Map(
            entries
                .iter()
                .map(|(key, value)| {
                    let text = key.as_str().ok_or("a key is not text")?;
                    let key = Key {
                        text: text.into(),
                        style: Style::Plain,
                        span: NOWHERE,
                    };
                    Ok((key, node_of(value)?))
                })
                .collect::<Result<_, String>>()?,
        ),
        Value::Tagged(tagged) => return node_of(&tagged.value),
    };
    Ok(Node {
        span: NOWHERE,
        content,
    })
}

#[cfg(test)]
mod tests {
    use super::parse_plain;

    fn parse(yaml: &str) -> Result<String, String> {
        parse_plain(&serde_yaml::from_str(yaml).unwrap()).map(|expr| expr.to_string())
    }

    #[test]
    fn data_files_have_the_notation_of_rules() {
        assert_eq!(
            parse("{EventType: CreateKey, EventID: [1, 2], Image|endswith: '\\x'}").unwrap(),
            r"EventType: 'CreateKey' and (EventID: 1 or EventID: 2) and Image: '*\x'"
        );
        assert_eq!(
            parse("{a|contain: b}").unwrap_err(),
            "there is no modifier `contain`"
        );
    }
}
