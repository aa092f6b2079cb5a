//! How a condition is written.

use crate::diagnostic::Span;
use crate::document::Node;
use crate::lint::finding::Edit;
use crate::lint::report::Report;

/// A word or a parenthesis.
struct Word<'c> {
    text: &'c str,
    at: usize,
}

impl Word<'_> {
    fn is(&self, text: &str) -> bool {
        self.text.eq_ignore_ascii_case(text)
    }
}

pub(super) fn check(node: &Node<'_>, names: &[&str], report: &mut Report) {
    let Some(text) = node.text() else { return };
    // Only where the text stands in the file as it is, places can be told.
    let written = report
        .text()
        .get(node.span.start..node.span.start + node.span.len);
    let plain = written == Some(text);
    let place = |word: &Word<'_>| Span {
        start: node.span.start + word.at,
        len: word.text.len(),
        line: node.span.line,
        column: node.span.column + text.get(..word.at).unwrap_or_default().chars().count(),
    };
    let place = |word: &Word<'_>| if plain { place(word) } else { node.span };
    let words = words(text);
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1);
        let after = words.get(at + 2);
        if ["and", "or", "not", "of"]
            .iter()
            .any(|w| word.is(w) && word.text != *w)
        {
            let found = report.find(
                408,
                place(word),
                format!("`{}` is not in lower case", word.text),
            );
            found.help("other converters of Sigma know the lower case only");
            if plain {
                found.replace(place(word), word.text.to_lowercase());
            }
        }
        if word.is("not") && next.is_some_and(|next| next.is("not")) {
            report
                .find(406, place(word), "`not not` says nothing")
                .help("remove both");
        }
        if let (Some(joint), Some(other)) = (next, after)
            && (joint.is("and") || joint.is("or"))
            && word.text == other.text
            && names.contains(&word.text)
            && !at
                .checked_sub(1)
                .and_then(|at| words.get(at))
                .is_some_and(|w| w.is("of") || w.is("not"))
        {
            report
                .find(
                    412,
                    place(other),
                    format!("`{}` is joined with itself", other.text),
                )
                .help("remove one of them, or name the other search identifier that was meant");
        }
        if let (Some(of), Some(pattern)) = (next, after)
            && of.is("of")
        {
            counted(word, pattern, names, place(pattern), report);
        }
    }
    enclosed(&words, node, plain, report);
    positive_filter(&words, names, node.span, report);
}

fn counted(count: &Word<'_>, pattern: &Word<'_>, names: &[&str], span: Span, report: &mut Report) {
    if pattern.is("them") {
        let filter = names.iter().find(|name| name.starts_with("filter"));
        let several = names.iter().any(|name| !name.starts_with("filter"));
        if let Some(filter) = filter.filter(|_| several) {
            report
                .find(405, span, format!("`them` includes `{filter}`"))
                .help(format!(
                    "write `{} of selection_*` if the filter is not meant",
                    count.text
                ));
        }
        return;
    }
    let Some(prefix) = pattern.text.strip_suffix('*').filter(|p| !p.contains('*')) else {
        return;
    };
    let mut fitting = names.iter().filter(|name| name.starts_with(prefix));
    if let (Some(only), None) = (fitting.next(), fitting.next()) {
        report
            .find(404, span, format!("only `{only}` fits `{}`", pattern.text))
            .help(format!(
                "write `{only}`, or add the search identifiers that are missing"
            ));
    }
}

/// Parentheses around all of it.
fn enclosed(words: &[Word<'_>], node: &Node<'_>, plain: bool, report: &mut Report) {
    let mut depth = 0usize;
    let closes = words.iter().position(|word| {
        match word.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    });
    let (Some(first), Some(last)) = (words.first(), words.last()) else {
        return;
    };
    if first.text != "(" || closes != Some(words.len() - 1) || words.len() < 3 {
        return;
    }
    let found = report.find(407, node.span, "parentheses around the whole condition");
    found.help("remove them");
    if plain {
        let start = node.span.start;
        found.fix(vec![
            Edit::new(start + first.at, start + first.at + 1, ""),
            Edit::new(start + last.at, start + last.at + 1, ""),
        ]);
    }
}

/// By convention what is called a filter is excluded.
fn positive_filter(words: &[Word<'_>], names: &[&str], span: Span, report: &mut Report) {
    if words.iter().any(|word| word.is("not")) {
        return;
    }
    let filter = words.iter().find(|word| {
        word.text.starts_with("filter") && (names.contains(&word.text) || word.text.ends_with('*'))
    });
    if let Some(filter) = filter {
        report
            .find(
                409,
                span,
                format!(
                    "`{}` has to match, though it is called a filter",
                    filter.text
                ),
            )
            .help("write `and not` before it, or give it another name");
    }
}

fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut begin = None;
    for (at, c) in text.char_indices() {
        let ends = c.is_whitespace() || c == '(' || c == ')';
        if ends && let Some(start) = begin.take() {
            words.push(Word {
                text: text.get(start..at).unwrap_or_default(),
                at: start,
            });
        }
        if c == '(' || c == ')' {
            words.push(Word {
                text: text.get(at..=at).unwrap_or_default(),
                at,
            });
        } else if !ends && begin.is_none() {
            begin = Some(at);
        }
    }
    if let Some(start) = begin {
        words.push(Word {
            text: text.get(start..).unwrap_or_default(),
            at: start,
        });
    }
    words
}
