//! Findings for people.

use std::fmt::Write as _;

use yagura_rules::lint::{Finding, Linted};
use yagura_rules::{Diagnostic, Severity};

use crate::render::diagnostics;
use crate::render::summary::plural;
use crate::terminal::Stream;

/// Every finding with its place, and how many there are.
pub fn render(shown: &[&Finding], linted: &Linted, stream: Stream) -> String {
    let with_code: Vec<Diagnostic> = shown.iter().map(|finding| coded(finding)).collect();
    let mut text = diagnostics::render_all(&with_code, stream);
    let rules = plural(linted.rules as u64, "rule");
    let files = plural(linted.files as u64, "file");
    let _ = write!(text, "{rules} in {files}");
    let count = |severity: Severity| {
        let of = |finding: &&Finding| finding.diagnostic.severity == severity;
        linted.findings.iter().filter(of).count() as u64
    };
    for (severity, name) in [
        (Severity::Error, "error"),
        (Severity::Warning, "warning"),
        (Severity::Info, "note"),
    ] {
        let _ = write!(text, ", {}", plural(count(severity), name));
    }
    if linted.suppressed > 0 {
        let _ = write!(text, ", {} suppressed", linted.suppressed);
    }
    text.push('\n');
    let hidden = linted.findings.len() - shown.len();
    if hidden > 0 {
        let _ = writeln!(text, "{hidden} not shown: add --level info");
    }
    let fixable = linted.findings.iter().filter(|f| f.fix.is_some()).count();
    if fixable > 0 {
        let _ = writeln!(text, "{fixable} can be mended by --fix");
    }
    text
}

fn coded(finding: &Finding) -> Diagnostic {
    let mut diagnostic = finding.diagnostic.clone();
    diagnostic.message = format!("{} {}", finding.code, diagnostic.message);
    diagnostic
}
