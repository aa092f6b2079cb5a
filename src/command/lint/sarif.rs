//! Findings in the Static Analysis Results Interchange Format, version 2.1.0 (OASIS).

use std::fmt::Write as _;

use serde_json::{Value, json};
use yagura_rules::lint::{Finding, Fix, checks};
use yagura_rules::{Severity, SourceFile};

use crate::render::json_text;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub fn render(shown: &[&Finding]) -> String {
    let rules: Vec<Value> = checks()
        .iter()
        .map(|check| {
            json!({
                "id": check.code.to_string(),
                "name": check.name,
                "shortDescription": { "text": check.summary },
                "fullDescription": { "text": if check.why.is_empty() { &check.summary } else { &check.why } },
                "defaultConfiguration": { "level": level(check.severity) },
            })
        })
        .collect();
    let results: Vec<Value> = shown.iter().map(|finding| result(finding)).collect();
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "yagura",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    let mut text = serde_json::to_string(&document).unwrap_or_default();
    json_text::escape_controls(&mut text);
    text.push('\n');
    text
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn result(finding: &Finding) -> Value {
    let diagnostic = &finding.diagnostic;
    let message = match &diagnostic.help {
        Some(help) => format!("{}: {help}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let mut result = json!({
        "ruleId": finding.code.to_string(),
        "level": level(diagnostic.severity),
        "message": { "text": message },
    });
    let Some(file) = &diagnostic.file else {
        return result;
    };
    let mut place = json!({ "artifactLocation": { "uri": uri(file) } });
    if let Some(span) = diagnostic.span {
        place["region"] = json!({
            "startLine": span.line,
            "startColumn": span.column,
            "byteOffset": span.start,
            "byteLength": span.len,
        });
    }
    result["locations"] = json!([{ "physicalLocation": place }]);
    if let Some(fix) = &finding.fix {
        result["fixes"] = json!([{ "artifactChanges": [{
            "artifactLocation": { "uri": uri(file) },
            "replacements": edits(fix, &file.text),
        }] }]);
    }
    result
}

/// The edits of a fix as replacements, by lines and columns as well as by bytes.
pub(super) fn edits(fix: &Fix, text: &str) -> Vec<Value> {
    let place = |at: usize| {
        let before = text.get(..at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        (before.matches('\n').count() + 1, column)
    };
    let edit = |edit: &yagura_rules::lint::Edit| {
        let (start_line, start_column) = place(edit.start);
        let (end_line, end_column) = place(edit.end);
        json!({
            "deletedRegion": {
                "startLine": start_line,
                "startColumn": start_column,
                "endLine": end_line,
                "endColumn": end_column,
                "byteOffset": edit.start,
                "byteLength": edit.end - edit.start,
            },
            "insertedContent": { "text": edit.text },
        })
    };
    fix.edits.iter().map(edit).collect()
}

/// A relative reference (RFC 3986) of the path.
fn uri(file: &SourceFile) -> String {
    let path = file.path.to_string_lossy().replace('\\', "/");
    let mut uri = String::with_capacity(path.len());
    for byte in path.trim_start_matches("./").bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}
