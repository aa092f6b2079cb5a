//! Mappings of native documents, in which a key that nobody knows is an error.
//!
//! Sigma lets rules carry attributes of their own, so that there a typo is worth a warning at
//! most. A stage whose `gap` is misspelt is another stage than was meant: here it is refused.

#[cfg(test)]
pub(crate) mod schema;

use crate::diagnostic::{Findings, Span};
use crate::document::{Content, Key, Node, Scalar, Style};
use crate::suggestion::nearest;

/// A mapping with the keys that it may have.
pub(crate) struct Form {
    /// What it is, for messages: `a stage`.
    pub(crate) what: &'static str,
    /// The keys it may have.
    pub(crate) keys: &'static [&'static str],
}

impl Form {
    /// An error for every unknown key. `false` where it is no mapping at all; that is left to
    /// the caller to say.
    pub(crate) fn check(&self, node: &Node<'_>, findings: &mut Findings) -> bool {
        let Some(entries) = node.as_map() else {
            return false;
        };
        for (key, _) in entries {
            if !self.keys.contains(&key.text.as_ref()) {
                self.unknown(key, findings);
            }
        }
        true
    }

    /// The same below a key, where anything but a mapping is an error too.
    pub(crate) fn check_below(
        &self,
        key: &Key<'_>,
        node: &Node<'_>,
        findings: &mut Findings,
    ) -> bool {
        let is_mapping = self.check(node, findings);
        if !is_mapping {
            findings
                .error(
                    key.span,
                    format!("`{}` must be a mapping, not {}", key.text, node.kind()),
                )
                .help(format!(
                    "write below it, indented: {}",
                    self.keys.join(", ")
                ));
        }
        is_mapping
    }

    fn unknown(&self, key: &Key<'_>, findings: &mut Findings) {
        let help = nearest(&key.text, self.keys.iter().copied()).map_or_else(
            || format!("known: {}", self.keys.join(", ")),
            |meant| format!("did you mean `{meant}`?"),
        );
        findings
            .error(
                key.span,
                format!("`{}` is not a part of {}", key.text, self.what),
            )
            .help(help);
    }
}

/// The boolean of a key; `false` where it is missing or, with an error, something else.
pub(crate) fn boolean(name: &str, node: Option<&Node<'_>>, findings: &mut Findings) -> bool {
    let Some(node) = node else { return false };
    if let Some(Scalar::Bool(value)) = node.scalar() {
        return value;
    }
    findings
        .error(node.span, format!("`{name}` needs a boolean"))
        .help("write `true` or `false`");
    false
}

/// The whole number of a key, from 1 to `most`.
pub(crate) fn count(
    name: &str,
    node: &Node<'_>,
    most: u64,
    findings: &mut Findings,
) -> Option<u64> {
    let digits = node
        .text()
        .filter(|text| matches!(node.scalar(), Some(Scalar::Number(_))) && !text.starts_with('+'));
    let value = digits
        .and_then(|digits| digits.parse::<u64>().ok())
        .filter(|value| (1..=most).contains(value));
    if value.is_none() {
        findings
            .error(
                node.span,
                format!(
                    "`{name}` needs a whole number, 1 or more, not {}",
                    shown(node)
                ),
            )
            .help(format!(
                "write it in digits, without quotes; at most {most}"
            ));
    }
    value
}

/// The text of a key: a name that is not empty.
pub(crate) fn text<'n>(name: &str, node: &'n Node<'_>, findings: &mut Findings) -> Option<&'n str> {
    let text = node.text().filter(|text| !text.is_empty());
    if text.is_none() {
        findings
            .error(
                node.span,
                format!("`{name}` needs text, not {}", shown(node)),
            )
            .help("write a name");
    }
    text
}

/// A value as messages show it: itself where it is short, else its kind.
pub(crate) fn shown(node: &Node<'_>) -> String {
    const SHOWN_CHARS_MAX: usize = 40;
    let quoted = match &node.content {
        Content::Scalar(_, Style::Quoted) => "the text ",
        _ => "",
    };
    match node.text() {
        Some("") => "empty text".to_owned(),
        Some(text) if text.chars().count() <= SHOWN_CHARS_MAX => {
            format!("{quoted}`{}`", text.escape_debug())
        }
        _ => node.kind().to_owned(),
    }
}

/// An error for a mapping that lacks a key.
pub(crate) fn lacks(place: Span, what: &str, key: &str, help: &str, findings: &mut Findings) {
    findings
        .error(place, format!("{what} has no `{key}`"))
        .help(help);
}
