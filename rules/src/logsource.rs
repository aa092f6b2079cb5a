//! The `logsource` attribute.

use std::fmt;

use crate::diagnostic::{Findings, Span};
use crate::document::Node;
use crate::suggestion::nearest;

/// Which logs a rule is about. All parts given must hold; lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Logsource {
    /// For example `process_creation`.
    pub category: Option<String>,
    /// For example `windows`.
    pub product: Option<String>,
    /// For example `security`.
    pub service: Option<String>,
    /// Text for people: what has to be logged.
    pub definition: Option<String>,
}

/// `product/category/service` as far as given, `any` where nothing is.
impl fmt::Display for Logsource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [&self.product, &self.category, &self.service];
        let given: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        f.pad(&if given.is_empty() {
            "any".to_owned()
        } else {
            given.join("/")
        })
    }
}

impl Logsource {
    /// Reads the `logsource` of a document. What is wrong with it is an error if the meaning
    /// would change; a rule without any is about all events, which deserves a warning.
    pub(crate) fn read(root: &Node<'_>, findings: &mut Findings) -> Self {
        let mut logsource = Self::default();
        let Some((key, node)) = root.entry("logsource") else {
            findings
                .warning(
                    root.span,
                    "there is no `logsource`, so every event is matched",
                )
                .help("name the `product`, `category` or `service` that the rule is about");
            return logsource;
        };
        let Some(entries) = node.as_map() else {
            findings
                .error(
                    key.span,
                    format!("`logsource` must be a mapping, not {}", node.kind()),
                )
                .help("write `category`, `product` or `service` below it, indented");
            return logsource;
        };
        for (key, value) in entries {
            let part = match key.text.as_ref() {
                "category" => &mut logsource.category,
                "product" => &mut logsource.product,
                "service" => &mut logsource.service,
                "definition" => {
                    logsource.definition = value.text().map(str::to_owned);
                    continue;
                }
                other => {
                    unknown(other, key.span, findings);
                    continue;
                }
            };
            match value.text() {
                Some(text) => *part = Some(text.trim().to_lowercase()),
                None if value.is_null() => {}
                None => {
                    findings
                        .error(
                            value.span,
                            format!("`{}` must be text, not {}", key.text, value.kind()),
                        )
                        .help("write one rule for each value");
                }
            }
        }
        if logsource.category.is_none()
            && logsource.product.is_none()
            && logsource.service.is_none()
        {
            findings
                .warning(
                    key.span,
                    "the `logsource` names nothing, so every event is matched",
                )
                .help("name the `product`, `category` or `service` that the rule is about");
        }
        logsource
    }

    /// Whether a rule for `other` lies within this: all parts given here are the same there.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let same = |own: &Option<String>, others: &Option<String>| own.is_none() || own == others;
        same(&self.category, &other.category)
            && same(&self.product, &other.product)
            && same(&self.service, &other.service)
    }
}

fn unknown(name: &str, span: Span, findings: &mut Findings) {
    match nearest(name, ["category", "product", "service", "definition"]) {
        Some(meant) => findings
            .warning(
                span,
                format!("`{name}` is not a part of a logsource, and ignored"),
            )
            .help(format!("did you mean `{meant}`?")),
        None => findings.info(
            span,
            format!("`{name}` is a custom part of the logsource, and ignored"),
        ),
    };
}
