//! Collects the findings of the checks of one file.

use std::sync::Arc;

use super::catalogue::Code;
use super::finding::{Edit, Finding, Fix};
use crate::diagnostic::{Diagnostic, Severity, SourceFile, Span};

/// The findings of one file so far.
pub(super) struct Report {
    file: Arc<SourceFile>,
    found: Vec<Finding>,
}

impl Report {
    pub(super) fn new(file: Arc<SourceFile>) -> Self {
        Self {
            file,
            found: Vec::new(),
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.file.text
    }

    /// Adds a finding of the severity that the catalogue names.
    pub(super) fn find(
        &mut self,
        number: u16,
        span: Span,
        message: impl Into<String>,
    ) -> &mut Finding {
        let code = Code::new(number);
        debug_assert!(code.check().is_some(), "{code} is not in the catalogue");
        let at = self.found.len();
        self.found.push(Finding {
            code,
            diagnostic: Diagnostic {
                severity: code.check().map_or(Severity::Info, |check| check.severity),
                message: message.into(),
                help: None,
                file: Some(Arc::clone(&self.file)),
                span: Some(span),
                related: Vec::new(),
            },
            fix: None,
        });
        &mut self.found[at]
    }

    pub(super) fn into_found(self) -> Vec<Finding> {
        self.found
    }
}

impl Finding {
    /// Adds what to do.
    pub(super) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.diagnostic.help(help);
        self
    }

    /// Adds another place that matters.
    pub(super) fn related(&mut self, span: Span, what: impl Into<String>) -> &mut Self {
        self.diagnostic.related(span, what);
        self
    }

    /// Adds how to mend it.
    pub(super) fn fix(&mut self, edits: Vec<Edit>) -> &mut Self {
        self.fix = Some(Fix { edits });
        self
    }

    /// Mends it by other text in its place.
    pub(super) fn replace(&mut self, span: Span, text: impl Into<String>) -> &mut Self {
        self.fix(vec![Edit::new(span.start, span.start + span.len, text)])
    }
}
