//! Values and alternatives that add nothing.

use hashbrown::HashMap;

use crate::document::{Content, Node};
use crate::lint::conditions::same;
use crate::lint::document::{Document, Item};
use crate::lint::finding::Edit;
use crate::lint::report::Report;

/// Comparing all values with all others is quadratic.
const VALUES_MAX: usize = 200;

pub(super) fn check(item: &Item<'_>, report: &mut Report) {
    twice(item, report);
    implied(item, report);
    if item.is_list && item.values.len() == 1 && item.key.is_some() {
        report
            .find(307, item.place(), "a list of one value")
            .help("write the value behind the field");
    }
}

fn twice(item: &Item<'_>, report: &mut Report) {
    // Encoded text is compared with its case, too: `base64` of other letters is another text.
    let cased = item.has("cased") || !item.is_text();
    let mut seen = HashMap::new();
    for value in item.values {
        let Content::Scalar(text, style) = &value.content else {
            continue;
        };
        let key = if cased {
            text.to_string()
        } else {
            text.to_lowercase()
        };
        let Some(first) = seen.get(&(key.clone(), *style == crate::document::Style::Plain)) else {
            seen.insert((key, *style == crate::document::Style::Plain), value.span);
            continue;
        };
        let line = line_of_item(value, report.text());
        let found = report.find(301, value.span, "this value stands in the list already");
        found
            .help("remove one of them")
            .related(*first, "first here");
        if let Some((start, end)) = line {
            found.fix(vec![Edit::new(start, end, "")]);
        }
    }
}

/// The line of a list's item, where it holds nothing else.
fn line_of_item(value: &Node<'_>, text: &str) -> Option<(usize, usize)> {
    let start = text.get(..value.span.start)?.rfind('\n')? + 1;
    let before = text.get(start..value.span.start)?.trim();
    let after = text.get(value.span.start + value.span.len..)?;
    let end = after.find('\n')?;
    let alone = before == "-" && after.get(..end)?.trim().is_empty();
    let inside = text.get(value.span.start..value.span.start + value.span.len)?;
    (alone && !inside.contains('\n'))
        .then_some((start, value.span.start + value.span.len + end + 1))
}

/// Of texts that may be anywhere, one within another.
fn implied(item: &Item<'_>, report: &mut Report) {
    let Some(opening) = item.opening().filter(|_| item.is_text()) else {
        return;
    };
    let all = item.has("all");
    let values: Vec<(&Node<'_>, String)> = item
        .values
        .iter()
        .take(VALUES_MAX)
        .filter_map(|node| {
            let text = node.text()?;
            (!text.contains(['*', '?', '\\']) || opening == "endswith").then(|| {
                let text = if item.has("cased") {
                    text.to_owned()
                } else {
                    text.to_lowercase()
                };
                (node, text)
            })
        })
        .filter(|(_, text)| !text.contains(['*', '?']) && !text.is_empty())
        .collect();
    for (at, (node, text)) in values.iter().enumerate() {
        let within = |other: &str| match opening {
            "startswith" => text.starts_with(other),
            "endswith" => text.ends_with(other),
            _ => text.contains(other),
        };
        let wider = values
            .iter()
            .enumerate()
            .find(|(index, (_, other))| *index != at && other != text && within(other));
        let Some((_, (other, shorter))) = wider else {
            continue;
        };
        // With `all` the longer text asks for more, so that the shorter one is needless.
        let (needless, other, shown) = if all {
            (other, node, text)
        } else {
            (node, other, shorter)
        };
        report
            .find(
                302,
                needless.span,
                format!("`{}` makes this value needless", shown.escape_debug()),
            )
            .help("remove it: the rule matches the same without")
            .related(other.span, "the other");
    }
}

/// Mappings of a list that are equal.
pub(super) fn equal_alternatives(document: &Document<'_>, report: &mut Report) {
    for (_, node) in document.selections() {
        let parts = node.as_list().unwrap_or_default();
        let parts = parts.get(..VALUES_MAX).unwrap_or(parts);
        for (at, part) in parts.iter().enumerate() {
            let earlier = parts.iter().take(at).find(|other| same(part, other));
            if let Some(first) = earlier.filter(|_| part.as_map().is_some()) {
                report
                    .find(
                        311,
                        part.span,
                        "this alternative stands in the list already",
                    )
                    .help("remove one of them")
                    .related(first.span, "first here");
            }
        }
    }
}
