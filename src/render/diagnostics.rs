//! What is wrong with rules, with the place: file, line, column, the line itself, a caret.
//!
//! Drawn by `miette`: with colours and lines on a terminal, in plain ASCII elsewhere. Rules are
//! the text of strangers too, so it is made safe first, without moving anything in it.

use std::fmt::{self, Write};

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode, SourceSpan,
};
use yagura_rules::{Diagnostic, Severity, SourceFile, Span};

use super::escape::{same_length, visible, visible_lines};
use crate::terminal::{Colour, Destination, Stream};

const WIDTH_MAX: usize = 120;

/// Renders diagnostics one after the other.
pub fn render_all<'a>(
    diagnostics: impl IntoIterator<Item = &'a Diagnostic>,
    stream: Stream,
) -> String {
    let handler = handler(stream);
    let mut out = String::new();
    for diagnostic in diagnostics {
        let report = Report::of(diagnostic);
        let mut text = String::new();
        if handler.render_report(&mut text, &report).is_err() {
            text = report.plain(diagnostic);
        }
        // The drawing pads lines with blanks.
        for line in text.trim_matches('\n').lines() {
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out.push('\n');
    }
    out
}

fn handler(stream: Stream) -> GraphicalReportHandler {
    let theme = match (stream.destination, stream.colour) {
        (_, Colour::On) => GraphicalTheme::unicode(),
        (Destination::Terminal, Colour::Off) => GraphicalTheme::unicode_nocolor(),
        (Destination::Pipe, Colour::Off) => GraphicalTheme::none(),
    };
    GraphicalReportHandler::new_themed(theme)
        .with_links(false)
        .with_context_lines(1)
        .with_width(stream.width.min(WIDTH_MAX))
}

/// A diagnostic as `miette` sees it.
#[derive(Debug)]
struct Report {
    severity: Severity,
    message: String,
    help: Option<String>,
    source: Option<NamedSource<String>>,
    labels: Vec<LabeledSpan>,
}

impl Report {
    fn of(diagnostic: &Diagnostic) -> Self {
        let mut report = Self {
            severity: diagnostic.severity,
            message: visible(&diagnostic.message).into_owned(),
            help: diagnostic.help.as_deref().map(visible_lines),
            source: None,
            labels: Vec::new(),
        };
        let Some(file) = diagnostic.file.as_deref() else {
            return report;
        };
        let path = file.path.to_string_lossy();
        match diagnostic.span.filter(|_| !file.text.is_empty()) {
            Some(span) => report.point_at(file, span, &diagnostic.related),
            // Nothing to draw: the path goes into the sentence.
            None => report.message = format!("{}: {}", visible(&path), report.message),
        }
        report
    }

    fn point_at(&mut self, file: &SourceFile, span: Span, related: &[(Span, String)]) {
        let path = file.path.to_string_lossy();
        let text = same_length(&file.text).into_owned();
        self.labels.push(LabeledSpan::new_primary_with_span(
            None,
            within(&text, span),
        ));
        for (span, what) in related {
            let what = visible(what).into_owned();
            self.labels
                .push(LabeledSpan::new_with_span(Some(what), within(&text, *span)));
        }
        self.source = Some(NamedSource::new(visible(&path), text));
    }

    /// For the case that the drawing fails.
    fn plain(&self, diagnostic: &Diagnostic) -> String {
        let mut text = String::new();
        if let (Some(file), Some(span)) = (&diagnostic.file, diagnostic.span) {
            let path = file.path.to_string_lossy();
            let _ = write!(text, "{}:{}:{}: ", visible(&path), span.line, span.column);
        }
        let _ = write!(text, "{}: {self}", severity_name(self.severity));
        if let Some(help) = &self.help {
            let _ = write!(text, "\n  help: {help}");
        }
        text
    }
}

/// The span cut to what the text has, at the borders of characters and within one line: the
/// drawing of a span over many lines hides its beginning.
fn within(text: &str, span: Span) -> SourceSpan {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(span.start);
    let end = floor(span.start.saturating_add(span.len)).max(start);
    let of_line = text[start..end].lines().next().map_or(0, str::len);
    (start, of_line).into()
}

fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(severity_name(self.severity)))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Info => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as _)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as _)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use proptest::prelude::*;
    use yagura_rules::{Diagnostic, Severity, SourceFile, Span};

    use super::render_all;
    use crate::render::escape::is_unsafe;
    use crate::terminal::{Colour, Destination, Stream};

    const PIPE: Stream = Stream {
        destination: Destination::Pipe,
        colour: Colour::Off,
        width: 100,
    };

    fn diagnostic(text: &str, start: usize, len: usize, line: usize, column: usize) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            message: "unknown modifier `contain`".to_owned(),
            help: Some("did you mean `contains`?".to_owned()),
            file: Some(Arc::new(SourceFile {
                path: PathBuf::from("rules/a.yml"),
                text: text.to_owned(),
            })),
            span: Some(Span {
                start,
                len,
                line,
                column,
            }),
            related: Vec::new(),
        }
    }

    #[test]
    fn points_at_the_place() {
        let text = "title: x\u{1b}[2J\ndetection:\n  a:\n    Image|contain: evil\n";
        let start = text.find("contain").expect("there");
        let one = diagnostic(text, start, 7, 4, 11);
        insta::assert_snapshot!(render_all([&one], PIPE));
    }

    #[test]
    fn names_the_file_where_there_is_no_place() {
        let mut one = diagnostic("", 0, 0, 1, 1);
        one.severity = Severity::Warning;
        one.message = "the file is empty".to_owned();
        one.help = None;
        insta::assert_snapshot!(render_all([&one], PIPE));
    }

    proptest! {
        #[test]
        fn draws_any_span_over_any_text(
            text in "(?s).{0,80}",
            start in 0..120usize,
            len in prop_oneof![0..100usize, Just(usize::MAX)],
        ) {
            let one = diagnostic(&text, start, len, 1, 1);
            let drawn = render_all([&one], PIPE);
            prop_assert!(drawn.contains("unknown modifier"));
            prop_assert!(!drawn.chars().any(|c| is_unsafe(c) && c != '\n'));
        }
    }
}
