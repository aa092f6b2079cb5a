//! Wildcards that a modifier says better, or that say nothing.

use crate::lint::document::Item;
use crate::lint::finding::Edit;
use crate::lint::report::Report;
use crate::pattern::{Piece, parse_pieces};

pub(super) fn check(item: &Item<'_>, report: &mut Report) {
    if !item.is_text() || item.key.is_none() {
        return;
    }
    match item.opening() {
        Some(opening) => needless(item, opening, report),
        None => say_better(item, report),
    }
    if item.opening() == Some("contains") && !item.has("all") {
        short(item, report);
    }
}

/// Wildcards on a side that is open already.
fn needless(item: &Item<'_>, opening: &str, report: &mut Report) {
    for value in item.values {
        let Some(text) = value.text() else { continue };
        let pieces = parse_pieces(text);
        let first = opening != "startswith" && pieces.first() == Some(&Piece::AnyRun);
        let last = opening != "endswith" && pieces.last() == Some(&Piece::AnyRun);
        if (!first && !last) || pieces.len() < 2 {
            continue;
        }
        let span = value.span;
        let quoted = span.len == text.len() + 2;
        let found = report.find(
            303,
            span,
            format!("the wildcard at the side that `{opening}` leaves open"),
        );
        found.help("remove it");
        if quoted {
            let (begin, end) = (span.start + 1, span.start + 1 + text.len());
            let mut edits = Vec::new();
            if first {
                edits.push(Edit::new(begin, begin + 1, ""));
            }
            if last && pieces.len() > 1 + usize::from(first) {
                edits.push(Edit::new(end - 1, end, ""));
            }
            // Bare of its wildcard, `a\` would escape what a modifier adds to it.
            let bare = text.trim_matches('*');
            if !bare.is_empty() && !bare.ends_with('\\') && !bare.starts_with('*') {
                found.fix(edits);
            }
        }
    }
}

/// Which modifier stands for the wildcards at the ends of a value.
fn modifier_for(text: &str) -> Option<(&'static str, String)> {
    let pieces = parse_pieces(text);
    let literal = match pieces.as_slice() {
        [Piece::AnyRun, Piece::Literal(text), Piece::AnyRun] => ("contains", text),
        [Piece::Literal(text), Piece::AnyRun] => ("startswith", text),
        [Piece::AnyRun, Piece::Literal(text)] => ("endswith", text),
        _ => return None,
    };
    Some((literal.0, literal.1.clone()))
}

fn say_better(item: &Item<'_>, report: &mut Report) {
    let mut modifiers = item
        .values
        .iter()
        .map(|value| value.text().and_then(modifier_for));
    let Some(Some((modifier, _))) = modifiers.next() else {
        return;
    };
    if modifiers.all(|other| other.is_some_and(|(name, _)| name == modifier)) {
        report
            .find(
                304,
                item.place(),
                format!("wildcards do here what `{modifier}` does"),
            )
            .help(format!(
                "write `{}|{modifier}` and the values without `*`",
                item.field.escape_default()
            ));
    }
}

/// A text of one character is nearly everywhere.
fn short(item: &Item<'_>, report: &mut Report) {
    for value in item.values {
        let Some(text) = value.text() else { continue };
        if text.chars().count() == 1 && text.chars().all(char::is_alphanumeric) {
            report
                .find(
                    338,
                    value.span,
                    format!("`{}` occurs in nearly every value", text.escape_default()),
                )
                .help("look for something longer");
        }
    }
}
