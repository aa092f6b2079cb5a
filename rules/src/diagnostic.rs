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
