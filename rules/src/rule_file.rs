//! One file of rules: from bytes to checked documents.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::attributes;
use crate::collection::{Collection, Step};
use crate::correlation;
use crate::detection::Detection;
use crate::detection_body;
use crate::diagnostic::{Diagnostic, Findings, Severity, SourceFile, Span};
use crate::document::{self, Node};
use crate::filter;
use crate::incident_policy::{self, IncidentPolicy};
use crate::placeholder::Placeholders;
use crate::sequence;

/// How large a file of rules may be. The largest public ones have about 130 KB.
pub(crate) const FILE_BYTES_MAX: u64 = 1 << 20;

/// A document that did not become a rule.
#[derive(Debug)]
pub(crate) struct RefusedDocument {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) reason: String,
}

/// A document as it was read.
#[derive(Debug)]
pub(crate) enum Document {
    Detection(Box<Detection>),
    Correlation(Box<correlation::read::Draft>),
    Sequence(Box<sequence::read::Draft>),
    Policy(Box<IncidentPolicy>),
    Filter(Box<filter::read::Draft>),
    Refused(RefusedDocument),
}

/// All of a file.
#[derive(Debug)]
pub(crate) struct RuleFile {
    pub(crate) path: PathBuf,
    pub(crate) documents: Vec<Document>,
    /// The places of the ids of rules, to tell a shared id of a collection from a repeated one.
    pub(crate) ids: Vec<(String, Span)>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Reads a file. Whatever is wrong with it is in the result.
pub(crate) fn read(path: &Path, placeholders: &Placeholders) -> RuleFile {
    match read_text(path) {
        Ok(text) => parse(path, text, placeholders),
        Err(problem) => {
            let file = Arc::new(SourceFile {
                path: path.to_owned(),
                text: problem.text,
            });
            let reason = problem.message.clone();
            let diagnostic = Diagnostic {
                severity: Severity::Error,
                message: problem.message,
                help: Some(problem.help.to_owned()),
                file: Some(file),
                span: problem.span,
                related: Vec::new(),
            };
            RuleFile {
                path: path.to_owned(),
                documents: vec![Document::Refused(RefusedDocument {
                    id: None,
                    name: None,
                    title: None,
                    reason,
                })],
                ids: Vec::new(),
                diagnostics: vec![diagnostic],
            }
        }
    }
}

/// Why a file has no text that could be parsed.
struct Unreadable {
    message: String,
    help: &'static str,
    /// As much of it as can be shown.
    text: String,
    span: Option<Span>,
}

fn read_text(path: &Path) -> Result<String, Unreadable> {
    let unreadable = |message: String, help| Unreadable {
        message,
        help,
        text: String::new(),
        span: None,
    };
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file of just the limit from a larger one; the size in
    // the folder's entry says nothing about pipes and devices.
    let read =
        File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        return Err(unreadable(
            format!("the file cannot be read: {error}"),
            "check that it exists and may be read",
        ));
    }
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(unreadable(
            format!("the file is larger than {} KiB", FILE_BYTES_MAX / 1024),
            "divide it into several files; is it a rule?",
        ));
    }
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        bytes.drain(..3);
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let span = span_at(&text, valid, '\u{FFFD}'.len_utf8());
        Unreadable {
            message: "the file is not valid UTF-8".to_owned(),
            help: "save it in UTF-8; editors call this the encoding of the file",
            text,
            span: Some(span),
        }
    })?;
    let control = text.char_indices().find(|(_, c)| is_forbidden(*c));
    if let Some((at, c)) = control {
        let span = span_at(&text, at, c.len_utf8());
        return Err(Unreadable {
            message: format!(
                "a control character ({}) stands in the file, which YAML does not allow",
                c.escape_unicode()
            ),
            help: "remove it; within double quotes it may be written as an escape",
            text,
            span: Some(span),
        });
    }
    Ok(text)
}

fn is_forbidden(c: char) -> bool {
    c.is_ascii_control() && !matches!(c, '\t' | '\n' | '\r')
}

fn span_at(text: &str, at: usize, len: usize) -> Span {
    let beginning = Span {
        start: 0,
        len: 0,
        line: 1,
        column: 1,
    };
    beginning.part(text, at, len)
}

/// Reads the documents of a text.
pub(crate) fn parse(path: &Path, text: String, placeholders: &Placeholders) -> RuleFile {
    let file = Arc::new(SourceFile {
        path: path.to_owned(),
        text,
    });
    let mut findings = Findings::new(Arc::clone(&file));
    let mut documents = Vec::new();
    let mut ids = Vec::new();
    let mut collection = Collection::default();
    let mut seen = 0;
    for document in document::read_documents(&file.text, &mut findings) {
        seen += 1;
        let root = match document {
            Ok(root) => root,
            Err(reason) => {
                collection.unreadable();
                documents.push(Document::Refused(RefusedDocument {
                    id: None,
                    name: None,
                    title: None,
                    reason,
                }));
                continue;
            }
        };
        let root = match collection.next(root, &mut findings) {
            Step::Rule(root) => root,
            Step::Shared => continue,
            Step::Refused(root, reason) => {
                documents.push(Document::Refused(refused(&root, reason)));
                continue;
            }
        };
        if let Some((id, span)) = root
            .get("id")
            .and_then(|id| Some((id.text()?.to_owned(), id.span)))
        {
            ids.push((id, span));
        }
        documents.push(read_document(&root, placeholders, &mut findings));
    }
    collection.warn_of_unused(&mut findings);
    if seen == 0 {
        findings
            .warning(span_at(&file.text, 0, 0), "the file holds no rule")
            .help("it is empty, or holds comments only");
    }
    let mut diagnostics = findings.into_found();
    diagnostics.sort_by_key(|found| found.span.map(|span| span.start));
    RuleFile {
        path: path.to_owned(),
        documents,
        ids,
        diagnostics,
    }
}

fn read_document(
    root: &Node<'_>,
    placeholders: &Placeholders,
    findings: &mut Findings,
) -> Document {
    let (errors, found) = (findings.errors(), findings.len());
    let document = if root.as_map().is_none() {
        findings
            .error(
                root.span,
                format!("a rule must be a mapping, not {}", root.kind()),
            )
            .help("begin with `title: …`; separate several rules of a file by lines of `---`");
        None
    } else {
        read_rule(root, placeholders, findings)
    };
    match document {
        Some(document) if findings.errors() == errors => document,
        _ => {
            let reason = findings.first_error(found).unwrap_or("it has errors");
            Document::Refused(refused(root, reason))
        }
    }
}

fn refused(root: &Node<'_>, reason: &str) -> RefusedDocument {
    RefusedDocument {
        id: text_of(root, "id"),
        name: text_of(root, "name"),
        title: text_of(root, "title"),
        reason: reason.to_owned(),
    }
}

fn read_rule(
    root: &Node<'_>,
    placeholders: &Placeholders,
    findings: &mut Findings,
) -> Option<Document> {
    let mut kinds = KINDS.iter().filter_map(|kind| root.entry(kind));
    let Some((kind, _)) = kinds.next() else {
        attributes::refuse_unknown_kind(root, findings);
        return None;
    };
    if let Some((other, _)) = kinds.next() {
        findings
            .error(
                other.span,
                format!("the document has both `{}` and `{}`", other.text, kind.text),
            )
            .help("make two documents of it, separated by a line of `---`");
        return None;
    }
    let meta = attributes::read(root, findings);
    Some(match kind.text.as_ref() {
        "correlation" => {
            let draft = correlation::read::read(root, meta, findings)?;
            Document::Correlation(Box::new(draft))
        }
        "sequence" => {
            let draft = sequence::read::read(root, meta, placeholders, findings)?;
            Document::Sequence(Box::new(draft))
        }
        "incident" => {
            let policy = incident_policy::read::read(root, meta, findings)?;
            Document::Policy(Box::new(policy))
        }
        "filter" => {
            let draft = filter::read::read(root, meta, placeholders, findings)?;
            Document::Filter(Box::new(draft))
        }
        _ => {
            let detection = detection_body::read_detection(root, meta, placeholders, findings)?;
            Document::Detection(Box::new(detection))
        }
    })
}

/// What makes a document a rule, or a policy. Of several the later ones are too many.
const KINDS: [&str; 5] = ["correlation", "sequence", "incident", "filter", "detection"];

fn text_of(root: &Node<'_>, name: &str) -> Option<String> {
    root.get(name)?.text().map(str::to_owned)
}
