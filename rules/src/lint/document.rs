//! A document as the checks see it: its tree, and the checked rule where it could be loaded.

use crate::detection::Detection;
use crate::diagnostic::Span;
use crate::document::{Key, Node};

/// A document of a file.
pub(super) struct Document<'d> {
    pub(super) root: &'d Node<'d>,
    /// The checked rule, of detections that could be loaded.
    pub(super) detection: Option<&'d Detection>,
}

/// An entry of a search identifier.
pub(super) struct Item<'d> {
    /// The search identifier it belongs to.
    pub(super) selection: &'d Key<'d>,
    /// `None` for keywords.
    pub(super) key: Option<&'d Key<'d>>,
    /// The field; empty for keywords.
    pub(super) field: &'d str,
    pub(super) modifiers: Vec<&'d str>,
    pub(super) values: &'d [Node<'d>],
    /// Whether the values are written as a list.
    pub(super) is_list: bool,
}

impl<'d> Document<'d> {
    /// `detection` or `filter`: what holds search identifiers.
    pub(super) fn body(&self) -> Option<&'d Node<'d>> {
        self.root
            .get("detection")
            .or_else(|| self.root.get("filter"))
    }

    pub(super) fn selections(&self) -> impl Iterator<Item = &'d (Key<'d>, Node<'d>)> {
        const OTHERS: [&str; 3] = ["condition", "timeframe", "rules"];
        let entries = self.body().and_then(Node::as_map).unwrap_or_default();
        entries
            .iter()
            .filter(|(key, _)| !OTHERS.contains(&key.text.as_ref()))
    }

    pub(super) fn items(&self) -> Vec<Item<'d>> {
        let mut items = Vec::new();
        for (name, node) in self.selections() {
            let parts = node.one_or_many();
            if parts.iter().any(|part| part.as_map().is_none()) && !node.is_null() {
                items.push(Item {
                    selection: name,
                    key: None,
                    field: "",
                    modifiers: Vec::new(),
                    values: parts,
                    is_list: node.as_list().is_some(),
                });
            }
            for part in parts {
                items.extend(
                    part.as_map()
                        .unwrap_or_default()
                        .iter()
                        .map(|(key, value)| {
                            let mut words = key.text.split('|');
                            Item {
                                selection: name,
                                key: Some(key),
                                field: words.next().unwrap_or_default(),
                                modifiers: words.collect(),
                                values: value.one_or_many(),
                                is_list: value.as_list().is_some(),
                            }
                        }),
                );
            }
        }
        items
    }

    /// A text of the logsource, lower case.
    pub(super) fn logsource(&self, part: &str) -> Option<String> {
        let logsource = self.root.get("logsource")?;
        Some(logsource.get(part)?.text()?.trim().to_lowercase())
    }
}

impl Item<'_> {
    pub(super) fn has(&self, modifier: &str) -> bool {
        self.modifiers.contains(&modifier)
    }

    pub(super) fn place(&self) -> Span {
        self.key.unwrap_or(self.selection).span
    }

    /// Whether values are compared as text as they stand: no encoding, expression or network.
    pub(super) fn is_text(&self) -> bool {
        const TEXT: [&str; 6] = ["contains", "startswith", "endswith", "all", "cased", "neq"];
        self.modifiers.iter().all(|name| TEXT.contains(name))
    }

    /// `contains`, `startswith` or `endswith`, where there is one.
    pub(super) fn opening(&self) -> Option<&'static str> {
        ["contains", "startswith", "endswith"]
            .into_iter()
            .find(|name| self.has(name))
    }
}
