//! Checks of the text itself: blanks, line ends, characters that are not what they look like.

use super::finding::Edit;
use super::report::Report;
use crate::diagnostic::Span;

pub(super) fn check(report: &mut Report) {
    let text = report.text().to_owned();
    if text.is_empty() {
        return;
    }
    let mut start = 0;
    let mut trailing: Option<Span> = None;
    let mut carriage: Option<Span> = None;
    let mut edits = Vec::new();
    for (index, whole) in text.split_inclusive('\n').enumerate() {
        let line = whole.strip_suffix('\n').unwrap_or(whole);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let place = |at: usize, len: usize| Span {
            start: start + at,
            len,
            line: index + 1,
            column: line.get(..at).unwrap_or_default().chars().count() + 1,
        };
        if whole.ends_with("\r\n") {
            carriage.get_or_insert(place(line.len(), 1));
        }
        let kept = line.trim_end_matches([' ', '\t']);
        if kept.len() < line.len() {
            trailing.get_or_insert(place(kept.len(), line.len() - kept.len()));
            edits.push(Edit::new(start + kept.len(), start + line.len(), ""));
        }
        if let Some((at, c, what)) = deceptive(line) {
            report
                .find(709, place(at, c.len_utf8()), format!("here stands {what}"))
                .help("replace it, unless the logs really hold it");
        }
        start += whole.len();
    }
    if let Some(span) = trailing {
        let lines = edits.len();
        let found = report.find(
            701,
            span,
            match lines {
                1 => "blanks at the end of a line".to_owned(),
                lines => format!("blanks at the end of {lines} lines"),
            },
        );
        found.help("remove them");
        // Within a block scalar or quotes they may be a part of the value.
        if !has_multi_line_text(&text) {
            found.fix(edits);
        }
    }
    if let Some(span) = carriage {
        report
            .find(703, span, "lines end as on Windows (CR LF)")
            .help("end them with LF; git does so with `*.yml text eol=lf` in .gitattributes");
    }
    ending(&text, report);
}

/// Whether the file has values that go over several lines: there blanks may count.
fn has_multi_line_text(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_end();
        let block = line.trim_end_matches(['+', '-', '1', '2', '4', '6', '8']);
        let opens = |quote: char| line.matches(quote).count() % 2 == 1;
        block.ends_with(['|', '>']) || opens('\'') || opens('"')
    })
}

fn ending(text: &str, report: &mut Report) {
    let lines = text.matches('\n').count();
    let end = |start: usize, len: usize| Span {
        start,
        len,
        line: lines + 1,
        column: 1,
    };
    if !text.ends_with('\n') {
        report
            .find(704, end(text.len(), 0), "the last line does not end")
            .help("end the file with a newline")
            .fix(vec![Edit::new(text.len(), text.len(), "\n")]);
        return;
    }
    let kept = text.trim_end_matches(['\n', '\r']);
    let after = text.get(kept.len()..).unwrap_or_default();
    if after.matches('\n').count() > 1 && !has_multi_line_text(text) {
        let newline = if after.starts_with('\r') {
            "\r\n"
        } else {
            "\n"
        };
        report
            .find(
                705,
                end(text.len(), 0),
                "empty lines at the end of the file",
            )
            .help("end it with one newline")
            .fix(vec![Edit::new(kept.len(), text.len(), newline)]);
    }
}

/// The first character of a line that looks like another, or like nothing.
fn deceptive(line: &str) -> Option<(usize, char, &'static str)> {
    if line.is_ascii() || line.trim_start().starts_with('#') {
        return None;
    }
    line.char_indices().find_map(|(at, c)| {
        let what = match c {
            '\u{a0}' | '\u{202f}' | '\u{2007}' => "a no-break space",
            '\u{200b}' | '\u{2060}' | '\u{feff}' => "an invisible character",
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                "a character that changes the direction of writing"
            }
            _ => return None,
        };
        Some((at, c, what))
    })
}
