//! Comments that suppress findings: `# yagura-lint: disable=YG308`.
//!
//! Behind something on a line it is about that line; alone on a line, about the whole file.

use super::catalogue::Code;
use super::finding::Finding;
use super::report::Report;
use crate::diagnostic::Span;

const MARK: &str = "# yagura-lint:";

/// One code of a comment.
struct Suppression {
    code: Code,
    /// `None`: the whole file.
    line: Option<usize>,
    span: Span,
    used: bool,
}

/// Takes out the findings that comments of the file suppress and returns how many those were.
/// Codes that do not exist or suppress nothing are added to the findings.
pub(super) fn suppress(found: &mut Vec<Finding>, report: &mut Report) -> usize {
    if !report.text().contains(MARK) {
        return 0;
    }
    let mut suppressions = read(report);
    let before = found.len();
    found.retain(|finding| {
        let line = finding.diagnostic.span.map(|span| span.line);
        let mut hit = false;
        for suppression in &mut suppressions {
            let covers = suppression.line.is_none() || suppression.line == line;
            if suppression.code == finding.code && covers {
                suppression.used = true;
                hit = true;
            }
        }
        // What refuses a rule cannot be wished away.
        !hit || finding.diagnostic.severity == crate::diagnostic::Severity::Error
    });
    let suppressed = before - found.len();
    for unused in suppressions.iter().filter(|one| !one.used) {
        let where_it_looks = if unused.line.is_some() {
            "line"
        } else {
            "file"
        };
        report
            .find(
                712,
                unused.span,
                format!("`{}` finds nothing in this {where_it_looks}", unused.code),
            )
            .help("remove it from the comment");
    }
    suppressed
}

fn read(report: &mut Report) -> Vec<Suppression> {
    let mut suppressions = Vec::new();
    let mut unknown = Vec::new();
    let mut start = 0;
    for (index, line) in report.text().split_inclusive('\n').enumerate() {
        if let Some(at) = line.find(MARK) {
            let alone = line
                .get(..at)
                .is_some_and(|before| before.trim().is_empty());
            let mut offset = at + MARK.len();
            for part in line
                .get(offset..)
                .unwrap_or_default()
                .split(['=', ',', ' '])
            {
                let word = part.trim();
                let span = Span {
                    start: start + offset,
                    len: word.len(),
                    line: index + 1,
                    column: line.get(..offset).unwrap_or_default().chars().count() + 1,
                };
                offset += part.len() + 1;
                match word.parse() {
                    _ if word.is_empty() || word == "disable" => {}
                    Ok(code) => suppressions.push(Suppression {
                        code,
                        line: (!alone).then_some(index + 1),
                        span,
                        used: false,
                    }),
                    Err(()) => unknown.push((span, word.to_owned())),
                }
            }
        }
        start += line.len();
    }
    for (span, word) in unknown {
        report
            .find(
                711,
                span,
                format!("there is no check `{}`", word.escape_default()),
            )
            .help("write `# yagura-lint: disable=YG101,YG102`; docs/lint/ lists the checks");
    }
    suppressions
}
