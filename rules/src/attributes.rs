//! The attributes at the top of a document: what a rule says about itself, and what it misspells.

use crate::diagnostic::Findings;
use crate::document::{Content, Key, Node};
use crate::meta::{Level, Meta};
use crate::suggestion::nearest;

/// What the specification knows.
const KNOWN: [&str; 26] = [
    "title",
    "id",
    "name",
    "related",
    "taxonomy",
    "status",
    "description",
    "license",
    "author",
    "references",
    "date",
    "modified",
    "logsource",
    "detection",
    "fields",
    "falsepositives",
    "level",
    "tags",
    "scope",
    "correlation",
    "generate",
    "filter",
    "action",
    "sequence",
    "incident",
    "regression_tests_path",
];

const STATUSES: [&str; 5] = [
    "stable",
    "test",
    "experimental",
    "deprecated",
    "unsupported",
];

/// Reads what describes a rule and decides nothing. What is wrong here is worth a warning.
pub(crate) fn read(root: &Node<'_>, findings: &mut Findings) -> Meta {
    let mut reader = Reader { root, findings };
    reader.check_names();
    let level = reader.level();
    let title = reader
        .text("title")
        .unwrap_or_else(|| reader.stand_in_title());
    let status = reader.text("status");
    reader.check_status();
    Meta {
        id: reader.text("id"),
        name: reader.text("name"),
        title,
        status,
        description: reader.text("description"),
        author: reader.authors(),
        date: reader.text("date"),
        modified: reader.text("modified"),
        level,
        tags: reader.texts("tags"),
        references: reader.texts("references"),
        false_positives: reader.texts("falsepositives"),
        fields: reader.texts("fields"),
        file: reader.findings.file().clone(),
        span: root.span,
    }
}

struct Reader<'r, 'n> {
    root: &'r Node<'n>,
    findings: &'r mut Findings,
}

impl Reader<'_, '_> {
    fn check_names(&mut self) {
        let entries = self.root.as_map().unwrap_or_default();
        for (key, _) in entries {
            if KNOWN.contains(&key.text.as_ref()) {
                continue;
            }
            match nearest(&key.text, KNOWN).filter(|meant| self.root.get(meant).is_none()) {
                Some(meant) => self
                    .findings
                    .warning(
                        key.span,
                        format!("`{}` is not an attribute of a rule", key.text),
                    )
                    .help(format!("did you mean `{meant}`?")),
                None => self
                    .findings
                    .info(key.span, format!("`{}` is a custom attribute", key.text)),
            };
        }
    }

    /// The text of an attribute; a warning where it is a list or a mapping.
    fn text(&mut self, name: &str) -> Option<String> {
        let node = self.root.get(name)?;
        if !matches!(node.content, Content::Scalar(..)) {
            self.findings
                .warning(
                    node.span,
                    format!("`{name}` must be text, not {}", node.kind()),
                )
                .help("it is ignored");
        }
        node.text().map(str::to_owned)
    }

    /// `author` is text; some rules list several.
    fn authors(&mut self) -> Option<String> {
        let all = self.texts("author");
        (!all.is_empty()).then(|| all.join(", "))
    }

    /// The texts of a list, or of a single value in place of it.
    fn texts(&mut self, name: &str) -> Vec<String> {
        let Some(node) = self.root.get(name).filter(|node| !node.is_null()) else {
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in node.one_or_many() {
            match item.text() {
                Some(text) => texts.push(text.to_owned()),
                None => {
                    self.findings
                        .warning(
                            item.span,
                            format!("`{name}` holds {} where text is expected", item.kind()),
                        )
                        .help("it is ignored");
                }
            }
        }
        texts
    }

    fn stand_in_title(&mut self) -> String {
        self.findings
            .warning(self.root.span, "the rule has no title")
            .help("add `title:` with a few words on what it detects");
        let path = &self.findings.file().path;
        path.file_stem().map_or_else(
            || "untitled".to_owned(),
            |stem| stem.to_string_lossy().into_owned(),
        )
    }

    fn level(&mut self) -> Level {
        let Some(node) = self.root.get("level") else {
            return Level::default();
        };
        let name = node.text().unwrap_or_default();
        if let Some(level) = Level::from_name(name) {
            return level;
        }
        let names = Level::ALL.map(Level::name);
        let help = nearest(name, names).map_or_else(
            || format!("it is taken as informational; known: {}", names.join(", ")),
            |meant| format!("it is taken as informational; did you mean `{meant}`?"),
        );
        self.findings
            .warning(
                node.span,
                format!("there is no level `{}`", name.escape_default()),
            )
            .help(help);
        Level::default()
    }

    fn check_status(&mut self) {
        let Some(node) = self.root.get("status") else {
            return;
        };
        let name = node.text().unwrap_or_default();
        if STATUSES.contains(&name.to_ascii_lowercase().as_str()) {
            return;
        }
        let help = nearest(name, STATUSES).map_or_else(
            || format!("known: {}", STATUSES.join(", ")),
            |meant| format!("did you mean `{meant}`?"),
        );
        self.findings
            .warning(
                node.span,
                format!("there is no status `{}`", name.escape_default()),
            )
            .help(help);
    }
}

/// An error for a document that lacks what makes it a rule, with the misspelt attribute where
/// there is one.
pub(crate) fn refuse_unknown_kind(root: &Node<'_>, findings: &mut Findings) {
    const KINDS: [&str; 5] = ["detection", "correlation", "filter", "sequence", "incident"];
    let misspelt: Option<(&Key<'_>, &str)> = root
        .as_map()
        .unwrap_or_default()
        .iter()
        .find_map(|(key, _)| nearest(&key.text, KINDS).map(|meant| (key, meant)));
    match misspelt {
        Some((key, meant)) => findings
            .error(key.span, format!("the document has no `{meant}`, but `{}`", key.text))
            .help(format!("did you mean `{meant}`?")),
        None => findings
            .error(root.span, "the document is not a rule: it has none of `detection`, `correlation`, `sequence`, `filter` and `incident`")
            .help("add one of them, or keep files that are not rules in another folder"),
    };
}
