//! Findings as workflow commands of GitHub Actions: they become annotations of a change.

use std::fmt::Write as _;

use yagura_rules::Severity;
use yagura_rules::lint::Finding;

pub fn render(shown: &[&Finding]) -> String {
    let mut text = String::new();
    for finding in shown {
        one(&mut text, finding);
    }
    text
}

fn one(out: &mut String, finding: &Finding) {
    let diagnostic = &finding.diagnostic;
    out.push_str(match diagnostic.severity {
        Severity::Info => "::notice ",
        Severity::Warning => "::warning ",
        Severity::Error => "::error ",
    });
    if let Some(file) = &diagnostic.file {
        let _ = write!(out, "file={},", property(&file.path.to_string_lossy()));
    }
    if let Some(span) = diagnostic.span {
        let _ = write!(out, "line={},col={},", span.line, span.column);
    }
    let name = finding.code.check().map_or("", |check| &check.name);
    let _ = write!(out, "title={} {}::", finding.code, property(name));
    out.push_str(&data(&diagnostic.message));
    if let Some(help) = &diagnostic.help {
        out.push_str(&data("\n"));
        out.push_str(&data(help));
    }
    out.push('\n');
}

/// What a message may not hold as it is.
fn data(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '%' => safe.push_str("%25"),
            '\r' => safe.push_str("%0D"),
            '\n' => safe.push_str("%0A"),
            c if c.is_control() => safe.extend(c.escape_default()),
            c => safe.push(c),
        }
    }
    safe
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
