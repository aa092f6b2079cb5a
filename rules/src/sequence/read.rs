//! Reads sequences. References stay as written: they are resolved once all files are read.

use super::key_fields;
use super::order;
use super::{KeyField, Stage};
use crate::detection::Detection;
use crate::diagnostic::{Findings, Span};
use crate::document::{Key, Node};
use crate::length_of_time;
use crate::meta::Meta;
use crate::placeholder::Placeholders;
use crate::reference::Name;
use crate::strict_mapping::{Form, boolean, lacks};

/// The keys of `sequence`.
pub(super) const FORM: Form = Form {
    what: "a sequence",
    keys: &["by", "within", "stages", "unless", "until", "generate"],
};

/// So many stages a sequence may have: what is kept for each key grows with them.
pub(super) const STAGES_MAX: usize = 64;

/// A sequence whose references are not resolved yet.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) meta: Meta,
    pub(super) by: Vec<Name>,
    pub(super) within_seconds: u64,
    pub(super) steps: Vec<DraftStep>,
    pub(super) unless: Vec<DraftReference>,
    pub(super) until: Vec<DraftReference>,
    pub(super) generate: bool,
    /// The detections written in place.
    pub(crate) in_place: Vec<Detection>,
}

impl Draft {
    /// The fields that its alerts have.
    pub(crate) fn alert_fields(&self) -> Vec<String> {
        self.by.iter().map(|name| name.text.clone()).collect()
    }
}

/// One place in the order, not resolved.
#[derive(Debug)]
pub(super) enum DraftStep {
    Stage(Box<DraftStage>),
    AnyOrder(Vec<DraftStage>),
}

impl DraftStep {
    pub(super) fn stages(&self) -> &[DraftStage] {
        match self {
            Self::Stage(stage) => std::slice::from_ref(stage),
            Self::AnyOrder(stages) => stages,
        }
    }
}

/// A stage without its matches, and where its parts stand.
#[derive(Debug)]
pub(super) struct DraftStage {
    /// Its `matches` are empty until `sources` are resolved.
    pub(super) stage: Stage,
    pub(super) sources: Vec<Source>,
    /// Its name, or its beginning where it has none.
    pub(super) span: Span,
    /// The fields that `by` gives it, parallel to the key.
    pub(super) by_spans: Vec<Option<Span>>,
    pub(super) in_span: Option<Span>,
    pub(super) gap_span: Option<Span>,
}

/// Where matches come from.
#[derive(Debug)]
pub(super) enum Source {
    /// A rule by its name.
    Named(Name),
    /// A detection written in place: its index in [`Draft::in_place`], and its title.
    InPlace(usize, String),
}

/// An entry of `unless` or `until`, not resolved.
#[derive(Debug)]
pub(super) struct DraftReference {
    pub(super) source: Source,
    pub(super) by: Vec<KeyField>,
}

/// Reads a sequence. Errors are among the findings; a draft with errors is of no use.
pub(crate) fn read(
    root: &Node<'_>,
    meta: Meta,
    placeholders: &Placeholders,
    findings: &mut Findings,
) -> Option<Draft> {
    let (key, node) = root.entry("sequence")?;
    if !FORM.check_below(key, node, findings) {
        return None;
    }
    let by = key_fields::read(key, node, findings);
    let within_seconds = within(key, node, findings);
    let generate = node.get("generate").or_else(|| root.get("generate"));
    let generate = boolean("generate", generate, findings);
    let mut reader = Reader {
        by: &by,
        within_seconds,
        title: &meta.title,
        placeholders,
        findings,
        names: Vec::new(),
        in_place: Vec::new(),
    };
    let steps = reader.steps(key, node);
    let unless = reader.references(node, "unless");
    let until = reader.references(node, "until");
    let in_place = reader.in_place;
    order::check(&by, &steps, findings);
    Some(Draft {
        meta,
        by,
        within_seconds: within_seconds?,
        steps,
        unless,
        until,
        generate,
        in_place,
    })
}

fn within(key: &Key<'_>, node: &Node<'_>, findings: &mut Findings) -> Option<u64> {
    let Some(within) = node.get("within") else {
        lacks(
            key.span,
            "the sequence",
            "within",
            "add the time from its beginning to its end: `within: 1h`",
            findings,
        );
        return None;
    };
    length_of_time::read(within, findings)
}

/// Reads the parts of a sequence one by one.
pub(super) struct Reader<'r> {
    /// The key of the sequence.
    pub(super) by: &'r [Name],
    /// `None` where it is missing or wrong.
    pub(super) within_seconds: Option<u64>,
    pub(super) title: &'r str,
    pub(super) placeholders: &'r Placeholders,
    pub(super) findings: &'r mut Findings,
    /// The names of the stages so far.
    pub(super) names: Vec<Name>,
    pub(super) in_place: Vec<Detection>,
}
