//! `match`: the rules of a stage by name, or detections written in place.

use std::sync::Arc;

use super::read::{DraftReference, Reader, Source};
use crate::detection_body;
use crate::document::Node;
use crate::meta::{Level, Meta};
use crate::reference::Name;
use crate::strict_mapping::{Form, lacks, shown};

/// The keys of a detection written in place.
pub(super) const IN_PLACE: Form = Form {
    what: "a detection in place",
    keys: &["logsource", "detection"],
};

/// The keys of an entry of `unless` or `until` that is no mere name.
pub(super) const KEYED: Form = Form {
    what: "`unless` and `until`",
    keys: &["match", "by"],
};

impl Reader<'_> {
    /// What a stage matches.
    pub(super) fn matches(&mut self, stage: &Node<'_>, name: &Name) -> Vec<Source> {
        let Some(node) = stage.get("match") else {
            let help = "name one or more rules, or write a detection in place";
            lacks(name.span, "the stage", "match", help, self.findings);
            return Vec::new();
        };
        self.sources(node, &name.text)
    }

    /// `unless` or `until`: names, or mappings that say what they call the key.
    pub(super) fn references(&mut self, sequence: &Node<'_>, of: &str) -> Vec<DraftReference> {
        let Some(node) = sequence.get(of) else {
            return Vec::new();
        };
        let mut references = Vec::new();
        for item in node.one_or_many() {
            let is_mapping = KEYED.check(item, self.findings);
            let (matches, by) = if is_mapping {
                let Some(matches) = item.get("match") else {
                    let help = "name the rule: `{match: rule, by: {…}}`";
                    lacks(
                        item.span,
                        &format!("an entry of `{of}`"),
                        "match",
                        help,
                        self.findings,
                    );
                    continue;
                };
                (matches, item.get("by"))
            } else {
                (item, None)
            };
            let (by, _) = self.key_fields(by);
            let sources = self.sources(matches, of);
            references.extend(sources.into_iter().map(|source| DraftReference {
                source,
                by: by.clone(),
            }));
        }
        references
    }

    fn sources(&mut self, node: &Node<'_>, part: &str) -> Vec<Source> {
        let items = node.one_or_many();
        if items.is_empty() {
            self.findings
                .error(node.span, "the list of rules is empty")
                .help("name one or more rules, or write a detection in place");
        }
        let mut sources = Vec::with_capacity(items.len());
        let mut in_place = 0;
        for item in items {
            if item.as_map().is_some() {
                in_place += 1;
                let title = match in_place {
                    1 => format!("{}: {part}", self.title),
                    // Titles tell rules without an id apart.
                    n => format!("{}: {part} ({n})", self.title),
                };
                sources.extend(self.detection(item, title));
            } else if let Some(text) = item.text().filter(|text| !text.is_empty()) {
                sources.push(Source::Named(Name {
                    text: text.to_owned(),
                    span: item.span,
                }));
            } else {
                self.findings
                    .error(
                        item.span,
                        format!("`{part}` needs a rule to match, not {}", shown(item)),
                    )
                    .help("write its id or name, or a detection in place");
            }
        }
        sources
    }

    /// A detection written in place.
    fn detection(&mut self, node: &Node<'_>, title: String) -> Option<Source> {
        IN_PLACE.check(node, self.findings);
        if node.get("detection").is_none() {
            let help = "write search identifiers and a `condition` below `detection`";
            lacks(
                node.span,
                "the detection in place",
                "detection",
                help,
                self.findings,
            );
            return None;
        }
        let meta = Meta {
            id: None,
            name: None,
            title,
            status: None,
            description: None,
            author: None,
            date: None,
            modified: None,
            level: Level::Informational,
            tags: Vec::new(),
            references: Vec::new(),
            false_positives: Vec::new(),
            fields: Vec::new(),
            file: Arc::clone(self.findings.file()),
            span: node.span,
        };
        let mut detection =
            detection_body::read_detection(node, meta, self.placeholders, self.findings)?;
        detection.in_place = true;
        let title = detection.meta.title.clone();
        self.in_place.push(detection);
        Some(Source::InPlace(self.in_place.len() - 1, title))
    }
}
