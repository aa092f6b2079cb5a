//! Backslashes and other characters that do not say what they seem to.

use crate::document::Node;
use crate::lint::document::Item;
use crate::lint::report::Report;

pub(super) fn check(item: &Item<'_>, report: &mut Report) {
    for value in item.values {
        let Some(text) = value.text() else { continue };
        let span = value.span;
        let raw = report
            .text()
            .get(span.start..span.start + span.len)
            .unwrap_or_default()
            .to_owned();
        if raw.starts_with('"') {
            double_quoted(text, &raw, value, report);
        }
        if !item.is_text() {
            continue;
        }
        line_ends(item, text, &raw, value, report);
        escaped_wildcard(text, value, report);
        if raw.starts_with('\'') {
            doubled(text, &raw, value, report);
        }
        blanks(item, text, value, report);
        if text.contains([
            '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}', '\u{2013}', '\u{2014}',
        ]) && text.chars().filter(|c| !c.is_ascii()).count() == 1
            && text.chars().count() > 1
        {
            report
                .find(710, span, "a typographic quotation mark or dash stands in this value")
                .help("word processors put it there; write the ASCII character, unless logs hold this one");
        }
    }
}

/// `"C:\temp"` holds a tab.
fn double_quoted(text: &str, raw: &str, value: &Node<'_>, report: &mut Report) {
    let control = text.chars().find(|c| c.is_control());
    if let Some(c) = control
        && raw.contains('\\')
    {
        report
            .find(
                309,
                value.span,
                format!(
                    "within double quotes the backslash made `{}` of it",
                    c.escape_default()
                ),
            )
            .help("use single quotes, within which backslashes stand for themselves");
    }
}

fn line_ends(item: &Item<'_>, text: &str, raw: &str, value: &Node<'_>, report: &mut Report) {
    let at_end = text.ends_with('\n') && !text.trim_end_matches('\n').contains('\n');
    if !text.contains('\n') || raw.starts_with('"') {
        return;
    }
    let help = if at_end {
        "a block (`|`) ends with a line end: write `|-`, or the value in quotes"
    } else {
        "write the lines as values of a list"
    };
    report
        .find(
            306,
            value.span,
            format!(
                "the value of `{}` holds a line end",
                item.field.escape_default()
            ),
        )
        .help(help);
}

/// `'\Temp\*'` is no wildcard: the backslash takes its meaning away.
fn escaped_wildcard(text: &str, value: &Node<'_>, report: &mut Report) {
    let Some(before) = text.strip_suffix('*') else {
        return;
    };
    let stem = before.trim_end_matches('\\');
    let backslashes = before.len() - stem.len();
    // Commands name patterns (`-like "*x*"`), which are escaped on purpose: only what looks like
    // a folder is doubtful.
    let folder =
        stem.ends_with(char::is_alphanumeric) && stem.contains(['\\', ':']) && !stem.contains('*');
    if backslashes % 2 == 1 && folder {
        report
            .find(
                339,
                value.span,
                "the asterisk at the end is escaped: it stands for itself",
            )
            .help(r"write `\\*` for a backslash and a wildcard, or use `startswith`");
    }
}

/// Two backslashes where one says the same.
fn doubled(text: &str, raw: &str, value: &Node<'_>, report: &mut Report) {
    let bytes = text.as_bytes();
    let word = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'.' | b':' | b')'))
    };
    let needless: Vec<usize> = text
        .match_indices(r"\\")
        .map(|(at, _)| at)
        .filter(|at| word(at.checked_sub(1)) && word(Some(at + 2)))
        .collect();
    if needless.is_empty() {
        return;
    }
    let found = report.find(308, value.span, "two backslashes stand here for one");
    found.help("write one: it needs no escape before letters and digits");
    // A quote within is written twice, so that places in text and file differ.
    if raw.len() == text.len() + 2 {
        found.fix(
            needless
                .iter()
                .map(|at| {
                    let start = value.span.start + 1 + at;
                    crate::lint::finding::Edit::new(start, start + 1, "")
                })
                .collect(),
        );
    }
}

fn blanks(item: &Item<'_>, text: &str, value: &Node<'_>, report: &mut Report) {
    let whole = item.opening().is_none() && !item.field.is_empty();
    let starts = text.starts_with(' ') && (whole || item.has("startswith"));
    let ends = text.ends_with(' ') && (whole || item.has("endswith"));
    let known = !matches!(item.field, "CommandLine" | "ParentCommandLine");
    if known && (starts || ends) {
        let place = if starts { "begin" } else { "end" };
        report
            .find(
                305,
                value.span,
                format!("values have to {place} with a blank"),
            )
            .help("remove the blank, unless the logs really hold it");
    }
}
