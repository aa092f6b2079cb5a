//! Title, description, references and false positives.

use hashbrown::HashMap;

use crate::document::{Content, Node};
use crate::lint::report::Report;

const TITLE_CHARS_MAX: usize = 120;
const DESCRIPTION_CHARS_MIN: usize = 16;

pub(super) fn check(root: &Node<'_>, report: &mut Report) {
    title(root, report);
    description(root, report);
    references(root, report);
    false_positives(root, report);
    for name in ["references", "falsepositives", "author"] {
        twice(root, name, report);
    }
}

fn title(root: &Node<'_>, report: &mut Report) {
    let Some(node) = root.get("title") else {
        return;
    };
    let Some(title) = node.text() else { return };
    let length = title.chars().count();
    if length > TITLE_CHARS_MAX {
        report
            .find(116, node.span, format!("the title has {length} characters"))
            .help(format!(
                "keep it below {TITLE_CHARS_MAX}; the description has room for the rest"
            ));
    }
    if title.ends_with('.') && !title.ends_with("..") {
        report
            .find(117, node.span, "the title ends with a full stop")
            .help("it is a headline: leave the full stop out");
    }
    let first = title.split_whitespace().next().unwrap_or_default();
    if matches!(
        first.to_ascii_lowercase().as_str(),
        "detects" | "detect" | "detection"
    ) {
        report
            .find(118, node.span, format!("the title begins with `{first}`"))
            .help("every rule detects; begin with what it detects");
    } else if is_lower_word(first) {
        report
            .find(119, node.span, "the title begins in lower case")
            .help("write it like a headline");
    }
    if title.trim() != title {
        report
            .find(120, node.span, "blanks stand around the title")
            .help("remove them");
    }
}

/// `certutil` and the like are names: they have a dot or digits more often than not.
fn is_lower_word(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase())
}

fn description(root: &Node<'_>, report: &mut Report) {
    let Some(node) = root.get("description") else {
        return;
    };
    let Some(text) = node.text().map(str::trim) else {
        return;
    };
    let title = root.get("title").and_then(Node::text).unwrap_or_default();
    if !text.is_empty() && text.eq_ignore_ascii_case(title.trim()) {
        report
            .find(122, node.span, "the description repeats the title")
            .help("say what happens, how it is seen and why it matters");
    } else if !text.is_empty() && text.chars().count() < DESCRIPTION_CHARS_MIN {
        report
            .find(123, node.span, "the description says next to nothing")
            .help("say what happens, how it is seen and why it matters");
    }
}

fn references(root: &Node<'_>, report: &mut Report) {
    let Some((key, node)) = root.entry("references") else {
        return;
    };
    if !node.is_null() && node.as_list().is_none() {
        report
            .find(
                111,
                key.span,
                format!("`references` is {}, not a list", node.kind()),
            )
            .help("write each reference in a line of its own after `- `");
    }
    for item in node.one_or_many() {
        let Some(text) = item.text() else { continue };
        if !text.contains("://") && !text.contains(char::is_whitespace) {
            report
                .find(112, item.span, "this reference is no URL")
                .help("write it with `https://`, so that readers can follow it");
        }
    }
}

fn false_positives(root: &Node<'_>, report: &mut Report) {
    let Some((key, node)) = root.entry("falsepositives") else {
        return;
    };
    if !node.is_null() && node.as_list().is_none() {
        report
            .find(
                111,
                key.span,
                format!("`falsepositives` is {}, not a list", node.kind()),
            )
            .help("write each in a line of its own after `- `");
    }
    for item in node.one_or_many() {
        let Some(text) = item.text() else { continue };
        let plain = text.trim().trim_end_matches('.').to_ascii_lowercase();
        if matches!(
            plain.as_str(),
            "none" | "no" | "n/a" | "-" | "nothing" | "false positives"
        ) {
            report
                .find(
                    115,
                    item.span,
                    format!("`{text}` promises that nothing else looks like this"),
                )
                .help("write `Unlikely`, or what it could be");
        }
    }
}

/// Entries of a list that occur twice.
fn twice(root: &Node<'_>, name: &str, report: &mut Report) {
    let items = root.get(name).and_then(Node::as_list).unwrap_or_default();
    let mut seen = HashMap::new();
    for item in items {
        let Content::Scalar(text, _) = &item.content else {
            continue;
        };
        match seen.get(text) {
            Some(first) => {
                report
                    .find(113, item.span, format!("`{name}` lists this twice"))
                    .help("remove one of them")
                    .related(*first, "first here");
            }
            None => {
                seen.insert(text, item.span);
            }
        }
    }
}
