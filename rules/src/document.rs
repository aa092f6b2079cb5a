//! YAML with places: one tree of a document in which every key and value knows where it stands.
//!
//! ```text
//!  text ─▶ chunks (split at `---`) ─▶ saphyr-parser events ─▶ Node tree ─▶ rules read it
//!            a broken chunk is reported and does not touch the others
//! ```
//!
//! Scalars keep their text and whether they were quoted: `4688` is a number, `'4688'` is not.
//! They are interpreted by the core schema of YAML 1.2, less the notations that in rules are
//! text (`0x17`, `0o17`, `.inf`, `.nan`); `on`, `off`, `yes` and `no` are text.

mod build;
mod places;
mod syntax_error;

use std::borrow::Cow;

use crate::diagnostic::Span;

pub(crate) use build::read_documents;

/// A value with its place.
#[derive(Clone, Debug)]
pub(crate) struct Node<'a> {
    pub(crate) span: Span,
    pub(crate) content: Content<'a>,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Content<'a> {
    Scalar(Cow<'a, str>, Style),
    List(Vec<Node<'a>>),
    Map(Vec<(Key<'a>, Node<'a>)>),
}

/// Whether a scalar was quoted, or is a block, or has the tag `!!str`: then it is text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Quoted,
}

/// A key of a mapping with its place.
#[derive(Clone, Debug)]
pub(crate) struct Key<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) style: Style,
    pub(crate) span: Span,
}

impl Key<'_> {
    /// Whether it is the merge key of YAML; quoted it is a key like any other.
    fn merges(&self) -> bool {
        self.text == "<<" && self.style == Style::Plain
    }
}

/// What a scalar means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scalar<'n> {
    Null,
    Bool(bool),
    Number(f64),
    Text(&'n str),
}

impl<'a> Node<'a> {
    /// The meaning of a scalar; `None` for lists and mappings.
    pub(crate) fn scalar(&self) -> Option<Scalar<'_>> {
        match &self.content {
            Content::Scalar(text, Style::Plain) => Some(interpret(text)),
            Content::Scalar(text, Style::Quoted) => Some(Scalar::Text(text)),
            Content::List(_) | Content::Map(_) => None,
        }
    }

    /// The text of a scalar as written, whatever it means; `None` for null, lists, mappings.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(text, Style::Plain) if is_null(text) => None,
            Content::Scalar(text, _) => Some(text),
            Content::List(_) | Content::Map(_) => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        self.scalar() == Some(Scalar::Null)
    }

    pub(crate) fn as_map(&self) -> Option<&[(Key<'a>, Node<'a>)]> {
        match &self.content {
            Content::Map(entries) => Some(entries),
            _ => None,
        }
    }

    pub(crate) fn as_list(&self) -> Option<&[Self]> {
        match &self.content {
            Content::List(items) => Some(items),
            _ => None,
        }
    }

    /// The items of a list, or the value itself where it is none.
    pub(crate) fn one_or_many(&self) -> &[Self] {
        self.as_list().unwrap_or(std::slice::from_ref(self))
    }

    /// The value of a key in a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|(_, value)| value)
    }

    /// The key and value of a key in a mapping.
    pub(crate) fn entry(&self, key: &str) -> Option<&(Key<'a>, Self)> {
        self.as_map()?.iter().find(|(k, _)| k.text == key)
    }

    /// What kind of value it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.content {
            Content::List(_) => "a list",
            Content::Map(_) => "a mapping",
            Content::Scalar(..) => match self.scalar() {
                Some(Scalar::Bool(_)) => "a boolean",
                Some(Scalar::Number(_)) => "a number",
                Some(Scalar::Text(_)) => "text",
                Some(Scalar::Null) | None => "empty",
            },
        }
    }

    /// The number of nodes in the tree.
    pub(crate) fn size(&self) -> usize {
        1 + match &self.content {
            Content::Scalar(..) => 0,
            Content::List(items) => items.iter().map(Self::size).sum(),
            Content::Map(entries) => entries.iter().map(|(_, v)| 1 + v.size()).sum(),
        }
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// The meaning of a plain scalar.
fn interpret(text: &str) -> Scalar<'_> {
    match text {
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        _ if is_null(text) => Scalar::Null,
        _ => number(text).map_or(Scalar::Text(text), Scalar::Number),
    }
}

/// The value of a decimal number: `[-+]? digits [. digits] [e [-+]? digits]`.
pub(crate) fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let first = digits.bytes().next()?;
    let leads = first.is_ascii_digit()
        || (first == b'.' && digits.as_bytes().get(1).is_some_and(u8::is_ascii_digit));
    if !leads {
        return None;
    }
    text.parse().ok().filter(|n: &f64| n.is_finite())
}

#[cfg(test)]
mod tests {
    use super::{Scalar, interpret};

    #[test]
    fn plain_scalars() {
        for text in [
            "on", "off", "yes", "No", "0x17", "0o17", ".inf", ".nan", "1_000", "-", "1.2.3",
        ] {
            assert_eq!(interpret(text), Scalar::Text(text));
        }
        assert_eq!(interpret("4688"), Scalar::Number(4688.0));
        assert_eq!(interpret("-1.5e3"), Scalar::Number(-1500.0));
        assert_eq!(interpret("True"), Scalar::Bool(true));
        assert_eq!(interpret("~"), Scalar::Null);
        // Too large for a number: `1e999` is what it says, not infinity.
        assert_eq!(interpret("1e999"), Scalar::Text("1e999"));
    }
}
