//! Says what is wrong with the syntax of a document in the words of its author, and where.

use saphyr_parser::ScanError;

use super::places::Places;
use crate::diagnostic::{Findings, Span};

/// How many lines above an error an unclosed quote is looked for.
const LINES_SEARCHED_MAX: usize = 30;

/// Adds the error and returns its message.
pub(super) fn report(error: &ScanError, places: &Places<'_>, findings: &mut Findings) -> String {
    let at = places.offset(error.marker());
    let (span, message, help) = if let Some(span) = tab_indentation(places, at) {
        let message = "a tab indents this line, which YAML does not allow".to_owned();
        (span, message, "replace it by spaces")
    } else if let Some(span) = unclosed_quote(places, at) {
        let help = "close it, or double it where it belongs to the text: `''` within single quotes, `\\\"` within double quotes";
        (
            span,
            "this quote is not closed on its line".to_owned(),
            help,
        )
    } else {
        let (message, help) = explain(error.info());
        (places.span(error.marker(), error.marker()), message, help)
    };
    findings.error(span, message.clone()).help(help);
    message
}

/// The tab that indents the line of the error, or one of its neighbours.
fn tab_indentation(places: &Places<'_>, at: usize) -> Option<Span> {
    let chunk = places.chunk();
    let mut begin = line_start(chunk, at);
    for _ in 0..2 {
        let line = chunk.get(begin..)?.lines().next().unwrap_or_default();
        let indent = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
        if let Some(tab) = indent.find('\t').filter(|_| line.len() > indent.len()) {
            return Some(places.span_at(begin + tab, 1));
        }
        begin = line_start(chunk, begin.checked_sub(1)?);
    }
    None
}

/// An unclosed quote is noticed where the next one stands, lines below. So its line is the
/// nearest at or above the error whose value begins with a quote and holds no other.
fn unclosed_quote(places: &Places<'_>, at: usize) -> Option<Span> {
    let chunk = places.chunk();
    let mut begin = line_start(chunk, at);
    for _ in 0..LINES_SEARCHED_MAX {
        let line = chunk.get(begin..)?.lines().next().unwrap_or_default();
        if let Some(column) = quote_left_open(line) {
            return Some(places.span_at(begin + column, 1));
        }
        begin = line_start(chunk, begin.checked_sub(1)?);
    }
    None
}

/// The place of the quote that begins the value of a line and is not closed on it.
fn quote_left_open(line: &str) -> Option<usize> {
    let item = line.trim_start_matches([' ', '-', '\t']);
    let value = if item.starts_with(['\'', '"']) {
        item
    } else {
        item.split_once(": ")?.1.trim_start()
    };
    let quote = value.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let mut rest = value.get(1..)?.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' if quote == '"' => drop(rest.next()),
            c if c == quote => return None,
            _ => {}
        }
    }
    Some(line.len() - value.len())
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at)
        .or_else(|| text.get(..text.len()))
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |n| n + 1)
}

/// What the messages of the YAML parser mean for the author of a rule.
fn explain(info: &str) -> (String, &'static str) {
    let known: [(&str, &str, &str); 14] = [
        (
            "quoted scalar, found unexpected",
            "this quote is never closed",
            "close it, or double it where it belongs to the text",
        ),
        (
            "invalid indentation in quoted",
            "the text of this quote continues on a line that is indented less",
            "close the quote, or indent the line",
        ),
        (
            "unknown escape",
            "this backslash is no escape that YAML knows",
            "use single quotes: backslashes mean themselves there",
        ),
        (
            "hexadecimal number",
            "this escape needs hexadecimal digits",
            "use single quotes: backslashes mean themselves there",
        ),
        (
            "mapping values are not allowed",
            "a second `: ` on one line",
            "quote the value",
        ),
        (
            "trailing content",
            "text follows the closing quote",
            "double the quote where it belongs to the text: `''` within single quotes",
        ),
        (
            "recursion limit",
            "lists and mappings are nested too deep",
            "rules need five levels; is this a rule?",
        ),
        (
            "unknown anchor",
            "this alias refers to an anchor that does not exist",
            "quote the value if it begins with a literal `*`",
        ),
        (
            "anchor or alias",
            "`*` and `&` begin an alias or an anchor here",
            "quote the value",
        ),
        (
            "expected ',' or",
            "this list or mapping in brackets is not closed, or lacks a comma",
            "quote a value that begins with `[` or `{`",
        ),
        (
            "plain scalar, found a tab",
            "a tab stands where YAML does not allow one",
            "replace it by spaces",
        ),
        (
            "simple key expect",
            "this key has no `:`",
            "end the key with a colon, or indent the line if it continues the one above",
        ),
        (
            "did not find expected key",
            "this line fits neither the mapping nor the list around it",
            "align it with the lines that it belongs to",
        ),
        (
            "expected node content",
            "a value is expected here",
            "quote a value that begins with one of `%`, `@`, `` ` ``, `|`, `>`, `}`, `]`",
        ),
    ];
    known
        .iter()
        .find(|(part, ..)| info.contains(part))
        .map_or_else(
            || {
                (
                    format!("not valid YAML: {info}"),
                    "quote values with special characters, and indent by spaces",
                )
            },
            |(_, message, help)| ((*message).to_owned(), *help),
        )
}
