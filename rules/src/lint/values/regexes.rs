//! Regular expressions that say too much, too little, or what a modifier says for less.

use crate::document::Node;
use crate::lint::document::Item;
use crate::lint::finding::Edit;
use crate::lint::report::Report;

pub(super) fn check(item: &Item<'_>, report: &mut Report) {
    if !item.has("re") {
        return;
    }
    for value in item.values {
        let Some(text) = value.text() else { continue };
        if matches!(
            text.trim_start_matches('^').trim_end_matches('$'),
            ".*" | ".*?" | ""
        ) {
            report
                .find(316, value.span, "this expression matches every value")
                .help("write what must occur, or `exists: true`");
            continue;
        }
        open_ends(text, value, report);
        plain(item, text, value, report);
        if text.starts_with("(?i)") {
            report
                .find(318, value.span, "`(?i)` within the expression")
                .help("write `|re|i`: other converters of Sigma know the flags as modifiers");
        }
        if let Some(ending) = unescaped_dot(text) {
            report
                .find(
                    317,
                    value.span,
                    format!("the dot of `.{ending}` fits any character"),
                )
                .help(format!(r"write `\.{ending}`"));
        }
    }
}

/// `.*` where an expression may match anywhere.
fn open_ends(text: &str, value: &Node<'_>, report: &mut Report) {
    let first = text
        .strip_prefix(".*")
        .is_some_and(|rest| !rest.starts_with(['?', '+', '*', '{']));
    let last = text.strip_suffix(".*").is_some_and(|rest| {
        let backslashes = rest.len() - rest.trim_end_matches('\\').len();
        backslashes % 2 == 0
    });
    let enough = text.len() > 2 * (usize::from(first) + usize::from(last));
    if !(first || last) || !enough {
        return;
    }
    let span = value.span;
    let found = report.find(
        315,
        span,
        "`.*` at the end of an expression that may match anywhere",
    );
    found.help("remove it: the same values match, and faster");
    // An alternative may begin or end with it, too: then all of it changes its meaning.
    if span.len == text.len() + 2 && !text.contains('|') {
        let (begin, end) = (span.start + 1, span.start + 1 + text.len());
        let mut edits = Vec::new();
        if first {
            edits.push(Edit::new(begin, begin + 2, ""));
        }
        if last {
            edits.push(Edit::new(end - 2, end, ""));
        }
        found.fix(edits);
    }
}

/// Expressions without anything that would need one.
fn plain(item: &Item<'_>, text: &str, value: &Node<'_>, report: &mut Report) {
    let (inner, starts) = text
        .strip_prefix('^')
        .map_or((text, false), |rest| (rest, true));
    let (inner, ends) = inner
        .strip_suffix('$')
        .map_or((inner, false), |rest| (rest, true));
    let literal = inner.chars().all(|c| {
        c.is_alphanumeric()
            || matches!(
                c,
                ' ' | '_' | '-' | '/' | ':' | '=' | ',' | '@' | '%' | '&' | ';'
            )
    });
    if !literal || inner.is_empty() {
        return;
    }
    let case = if item.has("i") || item.has("ignorecase") {
        ""
    } else {
        "|cased"
    };
    let instead = match (starts, ends) {
        (false, false) => format!("|contains{case}"),
        (true, false) => format!("|startswith{case}"),
        (false, true) => format!("|endswith{case}"),
        (true, true) => case.to_owned(),
    };
    report
        .find(319, value.span, "this is plain text, not an expression")
        .help(format!(
            "write `{}{instead}`, which is found faster",
            item.field.escape_default()
        ));
}

/// A file's ending behind a dot that is not escaped and follows a word.
fn unescaped_dot(text: &str) -> Option<&'static str> {
    const ENDINGS: [&str; 9] = [
        "exe", "dll", "ps1", "bat", "vbs", "cmd", "hta", "sys", "zip",
    ];
    let lower = text.to_ascii_lowercase();
    ENDINGS.into_iter().find(|ending| {
        lower.match_indices(&format!(".{ending}")).any(|(at, _)| {
            lower
                .get(..at)
                .and_then(|before| before.chars().next_back())
                .is_some_and(char::is_alphanumeric)
        })
    })
}
