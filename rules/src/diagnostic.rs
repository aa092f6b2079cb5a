//! What is wrong with a rule, where, and what to do about it.

use std::path::PathBuf;
use std::sync::Arc;

/// A file of rules as it was read.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path, as the user named it or as found below the folder that the user named.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// A stretch of a [`SourceFile`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Byte offset of its beginning.
    pub start: usize,
    /// Length in bytes.
    pub len: usize,
    /// Line of its beginning, from 1.
    pub line: usize,
    /// Column of its beginning in characters, from 1.
    pub column: usize,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// The rule works, perhaps not as meant.
    Warning,
    /// The rule is refused.
    Error,
}

/// One finding.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// The file; `None` only for what concerns no single file.
    pub file: Option<Arc<SourceFile>>,
    /// The place in the file.
    pub span: Option<Span>,
    /// Other places that matter (the first of two equal keys), each with what it is.
    pub related: Vec<(Span, String)>,
}

impl Diagnostic {
    /// Adds what to do.
    pub(crate) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Adds another place that matters.
    pub(crate) fn related(&mut self, span: Span, what: impl Into<String>) -> &mut Self {
        self.related.push((span, what.into()));
        self
    }
}

impl Span {
    /// The part of this stretch of `text` that begins `skip` bytes after its beginning.
    /// The whole, where that lies outside of it.
    pub(crate) fn part(self, text: &str, skip: usize, len: usize) -> Self {
        let start = self.start + skip;
        let (Some(before), Some(_)) = (
            text.get(self.start..start),
            text.get(start..start.saturating_add(len)),
        ) else {
            return self;
        };
        let (line, column) = match before.rfind('\n') {
            Some(last) => (
                self.line + before.matches('\n').count(),
                before[last + 1..].chars().count() + 1,
            ),
            None => (self.line, self.column + before.chars().count()),
        };
        Self {
            start,
            len,
            line,
            column,
        }
    }
}

/// Collects what is found in one file.
#[derive(Debug)]
pub(crate) struct Findings {
    file: Arc<SourceFile>,
    found: Vec<Diagnostic>,
    errors: usize,
}

impl Findings {
    pub(crate) fn new(file: Arc<SourceFile>) -> Self {
        Self {
            file,
            found: Vec::new(),
            errors: 0,
        }
    }

    pub(crate) fn file(&self) -> &Arc<SourceFile> {
        &self.file
    }

    pub(crate) fn error(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.errors += 1;
        self.add(Severity::Error, span, message.into())
    }

    pub(crate) fn warning(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Warning, span, message.into())
    }

    pub(crate) fn info(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Info, span, message.into())
    }

    fn add(&mut self, severity: Severity, span: Span, message: String) -> &mut Diagnostic {
        let index = self.found.len();
        self.found.push(Diagnostic {
            severity,
            message,
            help: None,
            file: Some(Arc::clone(&self.file)),
            span: Some(span),
            related: Vec::new(),
        });
        &mut self.found[index]
    }

    /// The number of errors so far: a document is refused when it rose while it was read.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    /// The message of the first error after the first `skip` findings.
    pub(crate) fn first_error(&self, skip: usize) -> Option<&str> {
        self.found
            .iter()
            .skip(skip)
            .find(|d| d.severity == Severity::Error)
            .map(|d| d.message.as_str())
    }

    pub(crate) fn len(&self) -> usize {
        self.found.len()
    }

    /// What was found so far, which is then forgotten.
    pub(crate) fn take(&mut self) -> Vec<Diagnostic> {
        self.errors = 0;
        std::mem::take(&mut self.found)
    }

    pub(crate) fn into_found(self) -> Vec<Diagnostic> {
        self.found
    }
}
