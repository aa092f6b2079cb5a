//! `by`: the fields of a sequence's key, and what stages call them.

use hashbrown::HashMap;

use super::KeyField;
use super::read::Reader;
use crate::diagnostic::{Findings, Span};
use crate::document::{Content, Key, Node, Style};
use crate::reference::Name;
use crate::strict_mapping::text;
use crate::suggestion::nearest;

/// How a stage without a field of the key says so.
const UNBOUND: &str = "none";

/// Reads the key of a sequence.
pub(super) fn read(key: &Key<'_>, sequence: &Node<'_>, findings: &mut Findings) -> Vec<Name> {
    let Some(node) = sequence.get("by") else {
        findings
            .warning(key.span, "the sequence has no `by`: all matches have one key")
            .help("name the fields whose values must be the same, or write `by: []` if one key is meant");
        return Vec::new();
    };
    let mut fields: Vec<Name> = Vec::new();
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for item in node.one_or_many() {
        let Some(field) = text("by", item, findings) else {
            continue;
        };
        if let Some(first) = seen.insert(field, item.span) {
            findings
                .error(item.span, format!("`by` lists `{field}` twice"))
                .help("remove one of them")
                .related(first, "first here");
            continue;
        }
        fields.push(Name {
            text: field.to_owned(),
            span: item.span,
        });
    }
    fields
}

impl Reader<'_> {
    /// What a stage, or an entry of `unless` or `until`, calls the fields of the key, and where
    /// it says so. A field that it does not name has its own name.
    pub(super) fn key_fields(
        &mut self,
        node: Option<&Node<'_>>,
    ) -> (Vec<KeyField>, Vec<Option<Span>>) {
        let own = self
            .by
            .iter()
            .map(|name| KeyField::Field(name.text.clone()));
        let mut fields: Vec<KeyField> = own.collect();
        let mut spans = vec![None; fields.len()];
        let Some(node) = node else {
            return (fields, spans);
        };
        let Some(entries) = node.as_map() else {
            let help = "write `by: {field of the key: field of this stage}`, or `none` as the field of the stage";
            self.findings
                .error(
                    node.span,
                    format!("`by` of a stage must be a mapping, not {}", node.kind()),
                )
                .help(help);
            return (fields, spans);
        };
        for (key, value) in entries {
            let Some(at) = self.place_in_key(key) else {
                continue;
            };
            let Some(read) = self.key_field(key, value) else {
                continue;
            };
            if let (Some(field), Some(span)) = (fields.get_mut(at), spans.get_mut(at)) {
                *field = read;
                *span = Some(value.span);
            }
        }
        (fields, spans)
    }

    fn place_in_key(&mut self, key: &Key<'_>) -> Option<usize> {
        let at = self.by.iter().position(|name| name.text == key.text);
        if at.is_none() {
            let names = || self.by.iter().map(|name| name.text.as_str());
            let help = match nearest(&key.text, names()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None if self.by.is_empty() => "name it in the `by` of the sequence".to_owned(),
                None => format!(
                    "known: {}; or add it to the `by` of the sequence",
                    names().collect::<Vec<_>>().join(", ")
                ),
            };
            self.findings
                .error(
                    key.span,
                    format!("`{}` is not a field of the sequence's key", key.text),
                )
                .help(help);
        }
        at
    }

    fn key_field(&mut self, key: &Key<'_>, value: &Node<'_>) -> Option<KeyField> {
        match &value.content {
            Content::Scalar(word, Style::Plain) if word == UNBOUND => Some(KeyField::Unbound),
            // One of the two is meant, and a guess may be wrong.
            Content::Scalar(word, Style::Plain)
                if value.is_null() || word.eq_ignore_ascii_case(UNBOUND) =>
            {
                let shown = if value.is_null() {
                    "an empty value"
                } else {
                    word
                };
                self.findings
                    .error(
                        value.span,
                        format!("`{}` has {shown} as its field", key.text),
                    )
                    .help("write `none` if the stage is not bound to it; quote the name of a field that is called so");
                None
            }
            _ => text(&key.text, value, self.findings).map(|name| KeyField::Field(name.to_owned())),
        }
    }
}
