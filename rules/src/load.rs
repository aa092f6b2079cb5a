//! From paths to a checked set of rules.

mod walk;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hashbrown::HashMap;

use crate::correlation::{self, Correlation, Target};
use crate::detection::{Activity, Detection};
use crate::diagnostic::{Diagnostic, Findings, Severity, SourceFile, Span};
use crate::filter::{Filter, apply};
use crate::incident_policy::IncidentPolicy;
use crate::placeholder::Placeholders;
use crate::reference::{AlertFields, Graph, Known, Referrer};
use crate::rule_file::{self, Document, RefusedDocument, RuleFile};
use crate::rule_index::RuleIndex;
use crate::sequence::{self, Sequence};
use crate::{filter, meta::Meta};

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
    /// Detection rules, by file path and place; after them the detections that sequences have
    /// in place ([`Detection::in_place`]).
    pub detections: Vec<Arc<Detection>>,
    /// Correlation rules.
    pub correlations: Vec<Correlation>,
    /// Native sequences.
    pub sequences: Vec<Sequence>,
    /// Incident policies, of which the first counts: others are warned of. The one that ships is
    /// not among them.
    pub policies: Vec<IncidentPolicy>,
    /// Filters; already applied to `detections`.
    pub filters: Vec<Filter>,
    /// Everything worth saying, by file and place.
    pub diagnostics: Vec<Diagnostic>,
    /// What was refused. One bad document never stops the others.
    pub refused: Vec<Refusal>,
    /// The number of files read.
    pub files: usize,
}

impl Loaded {
    /// How many documents became something: detections written in place are no documents.
    pub fn rules(&self) -> usize {
        let detections = self.detections.iter().filter(|rule| !rule.in_place);
        detections.count()
            + self.correlations.len()
            + self.sequences.len()
            + self.policies.len()
            + self.filters.len()
    }
}

/// Reads all rules in files and, recursively, folders (`.yml`, `.yaml`). Never fails as a whole:
/// what could not be read is refused, with a reason.
///
/// Files are read by as many threads as the machine has cores; the result does not depend on
/// their number.
pub fn load<P: AsRef<Path>>(paths: &[P], options: &LoadOptions) -> Loaded {
    let walk = walk::walk(paths);
    let files = read_all(&walk.files, &options.placeholders);
    let mut loaded = assemble(files);
    loaded.diagnostics.extend(walk.diagnostics);
    loaded.refused.extend(walk.refused);
    loaded.diagnostics.sort_by(|a, b| place(a).cmp(&place(b)));
    loaded.refused.sort_by(|a, b| a.path.cmp(&b.path));
    loaded
}

fn place(diagnostic: &Diagnostic) -> (Option<&Path>, Option<usize>) {
    (
        diagnostic.file.as_ref().map(|file| file.path.as_path()),
        diagnostic.span.map(|span| span.start),
    )
}

fn read_all(paths: &[PathBuf], placeholders: &Placeholders) -> Vec<RuleFile> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut read = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = paths.get(index) else {
                return read;
            };
            read.push((index, rule_file::read(path, placeholders)));
        }
    };
    let mut files = std::thread::scope(|scope| {
        // This thread works too, so that a single file needs no other.
        let others = threads.min(paths.len()).saturating_sub(1);
        let handles: Vec<_> = (0..others).map(|_| scope.spawn(work)).collect();
        let mut read = work();
        for handle in handles {
            match handle.join() {
                Ok(more) => read.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        read
    });
    files.sort_unstable_by_key(|(index, _)| *index);
    files.into_iter().map(|(_, file)| file).collect()
}

/// The documents of all files by kind, in order.
#[derive(Default)]
struct Sorted {
    detections: Vec<Detection>,
    correlations: Vec<correlation::read::Draft>,
    sequences: Vec<sequence::read::Draft>,
    filters: Vec<filter::read::Draft>,
    refused: Vec<(PathBuf, RefusedDocument)>,
}

fn assemble(files: Vec<RuleFile>) -> Loaded {
    let mut loaded = Loaded {
        files: files.len(),
        ..Loaded::default()
    };
    let mut sorted = Sorted::default();
    let mut ids = Ids::default();
    for file in files {
        loaded.diagnostics.extend(file.diagnostics);
        for document in file.documents {
            match document {
                Document::Detection(detection) => {
                    ids.check(&detection.meta, &file.ids, &mut loaded.diagnostics);
                    sorted.detections.push(*detection);
                }
                Document::Correlation(draft) => {
                    ids.check(&draft.meta, &file.ids, &mut loaded.diagnostics);
                    sorted.correlations.push(*draft);
                }
                Document::Sequence(draft) => {
                    ids.check(&draft.meta, &file.ids, &mut loaded.diagnostics);
                    sorted.sequences.push(*draft);
                }
                Document::Policy(policy) => {
                    ids.check(&policy.meta, &file.ids, &mut loaded.diagnostics);
                    loaded.diagnostics.extend(
                        loaded
                            .policies
                            .first()
                            .map(|first| second_policy(first, &policy)),
                    );
                    loaded.policies.push(*policy);
                }
                Document::Filter(draft) => {
                    ids.check(&draft.filter.meta, &file.ids, &mut loaded.diagnostics);
                    sorted.filters.push(*draft);
                }
                Document::Refused(refused) => sorted.refused.push((file.path.clone(), refused)),
            }
        }
    }
    sorted.join(loaded)
}

impl Sorted {
    /// Resolves references, applies filters.
    fn join(self, mut loaded: Loaded) -> Loaded {
        let Self {
            mut detections,
            correlations,
            mut sequences,
            filters,
            refused,
        } = self;
        // Names are needed while detections change and drafts are consumed.
        let metas = metas(&detections, &correlations, &sequences);
        let index = index(&metas, &refused);
        let ordinary = detections.len();
        let in_place = sequences.iter_mut().map(|draft| {
            detections.append(&mut draft.in_place);
            detections.len()
        });
        let in_place_ends: Vec<usize> = in_place.collect();
        apply_filters(&filters, &index, &mut detections, &mut loaded.diagnostics);
        let activities: Vec<&Activity> = detections.iter().map(|d| &d.activity).collect();
        let known = Known {
            index: &index,
            activities: &activities,
            fields: AlertFields {
                correlations: correlations
                    .iter()
                    .map(correlation::read::Draft::alert_fields)
                    .collect(),
                sequences: sequences
                    .iter()
                    .map(sequence::read::Draft::alert_fields)
                    .collect(),
            },
        };
        let resolved = Resolved::new(correlations, sequences, &known);
        drop(index);
        resolved.finish(&mut loaded, detections, ordinary, &in_place_ends);
        loaded.filters = filters.into_iter().map(|draft| draft.filter).collect();
        loaded
            .refused
            .extend(refused.into_iter().map(|(path, document)| Refusal {
                path,
                title: document.title,
                reason: document.reason,
            }));
        loaded
    }
}

fn metas(
    detections: &[Detection],
    correlations: &[correlation::read::Draft],
    sequences: &[sequence::read::Draft],
) -> Vec<(Meta, Target)> {
    let detections = detections.iter().map(|detection| &detection.meta);
    let correlations = correlations.iter().map(|draft| &draft.meta);
    let sequences = sequences.iter().map(|draft| &draft.meta);
    let placed =
        |(at, meta): (usize, &Meta), target: fn(usize) -> Target| (meta.clone(), target(at));
    detections
        .enumerate()
        .map(|meta| placed(meta, Target::Detection))
        .chain(
            correlations
                .enumerate()
                .map(|meta| placed(meta, Target::Correlation)),
        )
        .chain(
            sequences
                .enumerate()
                .map(|meta| placed(meta, Target::Sequence)),
        )
        .collect()
}

/// Correlations and sequences with their names looked up.
struct Resolved {
    correlations: Vec<correlation::resolve::Candidate>,
    sequences: Vec<sequence::resolve::Candidate>,
}

impl Resolved {
    fn new(
        correlations: Vec<correlation::read::Draft>,
        sequences: Vec<sequence::read::Draft>,
        known: &Known<'_>,
    ) -> Self {
        let correlations = correlations.into_iter();
        let sequences = sequences.into_iter();
        Self {
            correlations: correlations
                .map(|draft| correlation::resolve::Candidate::new(draft, known))
                .collect(),
            sequences: sequences
                .map(|draft| sequence::resolve::Candidate::new(draft, known))
                .collect(),
        }
    }

    /// Refuses what cannot be kept and hands over the rest. Of `detections` those from
    /// `ordinary` on are parts of sequences, each sequence's up to its place in `ends`.
    fn finish(
        mut self,
        loaded: &mut Loaded,
        mut detections: Vec<Detection>,
        ordinary: usize,
        ends: &[usize],
    ) {
        let places = Graph {
            correlations: self
                .correlations
                .iter_mut()
                .map(|c| &mut c.referrer)
                .collect(),
            sequences: self.sequences.iter_mut().map(|s| &mut s.referrer).collect(),
        }
        .settle();
        for mut candidate in self.correlations {
            if keep(&mut candidate.referrer, &candidate.draft.meta, loaded) {
                loaded.correlations.push(candidate.finish(&places));
            }
        }
        let mut in_place = detections.split_off(ordinary).into_iter();
        let mut begin = ordinary;
        for (mut candidate, end) in self.sequences.into_iter().zip(ends) {
            let own = in_place.by_ref().take(end.saturating_sub(begin));
            begin = *end;
            if keep(&mut candidate.referrer, &candidate.draft.meta, loaded) {
                let first = detections.len();
                detections.extend(own);
                loaded.sequences.push(candidate.finish(&places, first));
            } else {
                own.for_each(drop);
            }
        }
        loaded.detections = detections.into_iter().map(Arc::new).collect();
    }
}

/// Hands over the findings. `false`, with a refusal, where the rule cannot be kept.
fn keep(referrer: &mut Referrer, meta: &Meta, loaded: &mut Loaded) -> bool {
    loaded.diagnostics.append(&mut referrer.findings.take());
    let Some(refused) = referrer.refused.take() else {
        return true;
    };
    loaded.refused.push(Refusal {
        path: meta.file.path.clone(),
        title: Some(meta.title.clone()),
        reason: refused.message,
    });
    false
}

fn index<'i>(
    metas: &'i [(Meta, Target)],
    refused: &'i [(PathBuf, RefusedDocument)],
) -> RuleIndex<'i> {
    let mut index = RuleIndex::default();
    for (meta, target) in metas {
        let file = meta.file.path.display().to_string();
        index.add(meta.id.as_deref(), meta.name.as_deref(), &file, *target);
    }
    for (path, document) in refused {
        let file = path.display().to_string();
        index.add_refused(
            document.id.as_deref(),
            document.name.as_deref(),
            &file,
            &document.reason,
        );
    }
    index
}

fn apply_filters(
    filters: &[filter::read::Draft],
    index: &RuleIndex<'_>,
    detections: &mut [Detection],
    diagnostics: &mut Vec<Diagnostic>,
) {
    for draft in filters {
        let mut findings = Findings::new(Arc::clone(&draft.filter.meta.file));
        for at in apply::targets(draft, index, detections, &mut findings) {
            if let Some(detection) = detections.get_mut(at) {
                apply::apply(draft, detection);
            }
        }
        diagnostics.extend(findings.into_found());
    }
}

/// Only one policy can decide; that another one was meant to must not go unnoticed.
fn second_policy(first: &IncidentPolicy, second: &IncidentPolicy) -> Diagnostic {
    let (file, span) = (&first.meta.file, first.meta.span);
    let path = file.path.display();
    Diagnostic {
        severity: Severity::Warning,
        message: "another incident policy comes before this one, which has no effect".to_owned(),
        help: Some(format!(
            "keep one of them; the other is in {path}:{}:{}",
            span.line, span.column
        )),
        file: Some(Arc::clone(&second.meta.file)),
        span: Some(second.meta.span),
        related: Vec::new(),
    }
}

/// The first place of every id.
#[derive(Default)]
struct Ids {
    seen: HashMap<String, (Arc<SourceFile>, Span)>,
}

impl Ids {
    /// Warns of an id that another rule has. The documents of a collection that share the one of
    /// its global part point at the same place: then this document is shown.
    fn check(&mut self, meta: &Meta, places: &[(String, Span)], diagnostics: &mut Vec<Diagnostic>) {
        let Some(id) = &meta.id else { return };
        // Among equal ids of a file, that of this document is the first at or after its
        // beginning; a global part lies before it.
        let of_id = || {
            places
                .iter()
                .filter(|(other, _)| other == id)
                .map(|(_, span)| *span)
        };
        let Some(span) = of_id()
            .find(|span| span.start >= meta.span.start)
            .or_else(|| of_id().next())
        else {
            return;
        };
        let Some((file, first)) = self.seen.get(&id.to_lowercase()) else {
            self.seen
                .insert(id.to_lowercase(), (Arc::clone(&meta.file), span));
            return;
        };
        let same_file = Arc::ptr_eq(file, &meta.file);
        let shared = same_file && first.start == span.start;
        diagnostics.push(Diagnostic {
            severity: Severity::Warning,
            message: format!("another rule has the id `{id}`"),
            help: Some(if shared {
                "the rules of this file share it; give each an id of its own".to_owned()
            } else {
                format!(
                    "give one of them a new id; the other is in {}:{}:{}",
                    file.path.display(),
                    first.line,
                    first.column
                )
            }),
            file: Some(Arc::clone(&meta.file)),
            span: Some(if shared { meta.span } else { span }),
            related: if same_file {
                vec![(*first, "first here".to_owned())]
            } else {
                Vec::new()
            },
        });
    }
}
