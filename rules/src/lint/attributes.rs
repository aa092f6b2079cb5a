//! Checks of what a rule says about itself.

mod dates;
mod related;
mod texts;

use super::document::Document;
use super::report::Report;
use crate::diagnostic::Span;
use crate::document::Node;

/// A rule should have these, most wanted first: code, name, what to write.
const WANTED: [(u16, &str, &str); 7] = [
    (
        101,
        "id",
        "a random UUID, by which others refer to the rule",
    ),
    (
        104,
        "level",
        "how grave a match is: `informational`, `low`, `medium`, `high` or `critical`",
    ),
    (
        103,
        "status",
        "how well it is tried: `experimental`, `test` or `stable`",
    ),
    (109, "description", "what is detected and why that matters"),
    (105, "date", "when it was written: `2026-01-31`"),
    (110, "author", "whom to ask"),
    (114, "falsepositives", "what else may look like this"),
];

pub(super) fn check(document: &Document<'_>, report: &mut Report) {
    let root = document.root;
    if root.get("incident").is_some() {
        return;
    }
    let about = root.get("title").map_or(root.span, |title| title.span);
    for (code, name, what) in WANTED {
        // A correlation or a filter has no false positives of its own, a filter no level.
        let of_detections = matches!(name, "falsepositives" | "level");
        if root.get(name).is_none() && (!of_detections || root.get("detection").is_some()) {
            report
                .find(code, about, format!("the rule has no `{name}`"))
                .help(format!("add `{name}:` with {what}"));
        }
    }
    for (key, value) in root.as_map().unwrap_or_default() {
        if value.is_null() && key.text != "detection" {
            report
                .find(139, key.span, format!("`{}` is empty", key.text))
                .help("give it a value, or remove it");
        }
    }
    check_id(root, report);
    dates::check(root, report);
    related::check(root, report);
    texts::check(root, report);
    lower_case(root, report);
}

fn check_id(root: &Node<'_>, report: &mut Report) {
    let Some(node) = root.get("id") else { return };
    let Some(id) = node.text() else { return };
    if !is_uuid(id) {
        report
            .find(
                102,
                node.span,
                format!("the id `{}` is not a UUID", id.escape_default()),
            )
            .help("make one by `uuidgen`; ids that people make up collide");
    } else if id.chars().any(|c| c.is_ascii_uppercase()) {
        report
            .find(121, node.span, "the id is not in lower case")
            .help("RFC 9562 writes UUIDs in lower case")
            .replace(
                bare(report_text(node.span, id), node.span),
                id.to_lowercase(),
            );
    }
}

/// The text within quotes, where there are any: a replacement keeps the quotes.
fn bare(skip: usize, span: Span) -> Span {
    Span {
        start: span.start + skip,
        len: span.len.saturating_sub(2 * skip),
        ..span
    }
}

fn report_text(span: Span, text: &str) -> usize {
    usize::from(span.len == text.len() + 2)
}

pub(super) fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.len() == 5
        && groups
            .iter()
            .zip([8, 4, 4, 4, 12])
            .all(|(group, len)| group.len() == len && group.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn lower_case(root: &Node<'_>, report: &mut Report) {
    for name in ["status", "level"] {
        let Some(node) = root.get(name) else { continue };
        let Some(text) = node.text() else { continue };
        if text.chars().any(|c| c.is_ascii_uppercase()) {
            report
                .find(121, node.span, format!("`{name}` is not in lower case"))
                .help(format!("write `{}`", text.to_lowercase().escape_default()))
                .replace(
                    bare(report_text(node.span, text), node.span),
                    text.to_lowercase(),
                );
        }
    }
}
