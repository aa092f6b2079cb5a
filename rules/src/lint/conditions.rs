//! Checks of conditions: what they ask for, and how they are written.

mod satisfiable;
mod wording;

use super::document::Document;
use super::report::Report;
use crate::document::{Content, Node};

pub(super) fn check(document: &Document<'_>, report: &mut Report) {
    let Some(body) = document.body() else { return };
    equal_selections(document, report);
    let Some(condition) = body.get("condition") else {
        return;
    };
    let names: Vec<&str> = document
        .selections()
        .map(|(key, _)| key.text.as_ref())
        .collect();
    for one in condition.one_or_many() {
        wording::check(one, &names, report);
    }
    if let Some(list) = condition.as_list()
        && let [_] = list
    {
        report
            .find(410, condition.span, "a list of one condition")
            .help("write the condition itself");
    }
    if let Some(rule) = document.detection {
        satisfiable::check(rule, condition.span, report);
    }
}

/// Search identifiers that say the same.
fn equal_selections(document: &Document<'_>, report: &mut Report) {
    let selections: Vec<_> = document.selections().take(SELECTIONS_MAX).collect();
    for (at, (name, node)) in selections.iter().enumerate() {
        let earlier = selections
            .iter()
            .take(at)
            .find(|(_, other)| same(node, other));
        if let Some((first, _)) = earlier {
            report
                .find(
                    312,
                    name.span,
                    format!("`{}` says the same as `{}`", name.text, first.text),
                )
                .help("use one of them in the condition, and remove the other")
                .related(first.span, "first here");
        }
    }
}

/// Comparing all with all is quadratic.
const SELECTIONS_MAX: usize = 100;

/// Whether two trees are equal, wherever they stand.
pub(super) fn same(one: &Node<'_>, other: &Node<'_>) -> bool {
    match (&one.content, &other.content) {
        (Content::Scalar(a, how), Content::Scalar(b, also)) => a == b && how == also,
        (Content::List(a), Content::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Content::Map(a), Content::Map(b)) => {
            let equal = |((k, v), (l, w)): (&(_, _), &(_, _))| {
                let (k, l): (&crate::document::Key<'_>, &crate::document::Key<'_>) = (k, l);
                k.text == l.text && same(v, w)
            };
            a.len() == b.len() && a.iter().zip(b).all(equal)
        }
        _ => false,
    }
}
