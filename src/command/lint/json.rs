//! Findings as one JSON document.

use serde_json::{Value, json};
use yagura_rules::lint::{Finding, Linted};

use super::sarif::edits;
use crate::render::json_text;

pub fn render(shown: &[&Finding], linted: &Linted) -> String {
    let findings: Vec<Value> = shown.iter().map(|finding| one(finding)).collect();
    let document = json!({
        "files": linted.files,
        "rules": linted.rules,
        "suppressed": linted.suppressed,
        "findings": findings,
    });
    let mut text = serde_json::to_string(&document).unwrap_or_default();
    json_text::escape_controls(&mut text);
    text.push('\n');
    text
}

fn one(finding: &Finding) -> Value {
    let diagnostic = &finding.diagnostic;
    let fix = finding.fix.as_ref().map(|fix| {
        let text = diagnostic.file.as_ref().map_or("", |file| &file.text);
        edits(fix, text)
    });
    json!({
        "code": finding.code.to_string(),
        "check": finding.code.check().map(|check| check.name.as_str()),
        "severity": format!("{:?}", diagnostic.severity).to_lowercase(),
        "message": diagnostic.message,
        "help": diagnostic.help,
        "path": diagnostic.file.as_ref().map(|file| file.path.to_string_lossy()),
        "line": diagnostic.span.map(|span| span.line),
        "column": diagnostic.span.map(|span| span.column),
        "byte": diagnostic.span.map(|span| span.start),
        "bytes": diagnostic.span.map(|span| span.len),
        "fix": fix,
    })
}
