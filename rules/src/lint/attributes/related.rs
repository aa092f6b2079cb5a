//! `related`: other rules that this one has to do with.

use super::is_uuid;
use crate::document::Node;
use crate::lint::report::Report;
use crate::suggestion::nearest;

const TYPES: [&str; 6] = [
    "correlation",
    "derived",
    "obsolete",
    "merged",
    "renamed",
    "similar",
];

pub(super) fn check(root: &Node<'_>, report: &mut Report) {
    let Some((key, node)) = root.entry("related") else {
        return;
    };
    let Some(entries) = node.as_list() else {
        if !node.is_null() {
            report
                .find(
                    124,
                    key.span,
                    format!("`related` must be a list, not {}", node.kind()),
                )
                .help("write `- id: …` and `type: …` for each rule");
        }
        return;
    };
    let own = root.get("id").and_then(Node::text);
    for entry in entries {
        check_id(entry, own, report);
        check_type(entry, report);
    }
}

fn check_id(entry: &Node<'_>, own: Option<&str>, report: &mut Report) {
    let Some(node) = entry.get("id") else {
        report
            .find(124, entry.span, "this entry of `related` has no `id`")
            .help("name the rule by its id");
        return;
    };
    let id = node.text().unwrap_or_default();
    if own.is_some_and(|own| own.eq_ignore_ascii_case(id)) {
        report
            .find(125, node.span, "the rule is related to itself")
            .help("name the other rule, or remove the entry");
    } else if !is_uuid(id) {
        report
            .find(
                124,
                node.span,
                format!("`{}` is not the id of a rule", id.escape_default()),
            )
            .help("ids are UUIDs");
    }
}

fn check_type(entry: &Node<'_>, report: &mut Report) {
    let Some(node) = entry.get("type") else {
        report
            .find(124, entry.span, "this entry of `related` has no `type`")
            .help(format!("known: {}", TYPES.join(", ")));
        return;
    };
    let kind = node.text().unwrap_or_default();
    if !TYPES.contains(&kind) {
        let help = nearest(kind, TYPES).map_or_else(
            || format!("known: {}", TYPES.join(", ")),
            |meant| format!("did you mean `{meant}`?"),
        );
        report
            .find(
                124,
                node.span,
                format!("there is no type `{}`", kind.escape_default()),
            )
            .help(help);
    }
}
