//! Runs all checks over paths.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hashbrown::HashMap;

use super::classify;
use super::configuration::Configuration;
use super::document::Document;
use super::finding::{Finding, Linted};
use super::report::Report;
use super::{attributes, conditions, layout, logsource, rule_set, suppression, tags, values};
use crate::detection::Detection;
use crate::diagnostic::{Diagnostic, Findings, SourceFile};
use crate::document::read_documents;
use crate::load::{LoadOptions, Loaded, load};
use crate::taxonomy::Taxonomy;

/// Checked rules by the address of their file and the place where their document begins.
type ByPlace<'r> = HashMap<(usize, usize), &'r Detection>;

/// Checks all rules in files and, recursively, folders.
///
/// Files are checked by as many threads as the machine has cores; the result does not depend on
/// their number.
pub fn lint<P: AsRef<Path>>(
    paths: &[P],
    options: &LoadOptions,
    configuration: &Configuration,
) -> Linted {
    let loaded = load(paths, options);
    let files = files(&loaded);
    let mut of_files: HashMap<PathBuf, Vec<Finding>> = HashMap::new();
    let of_loading = loaded.diagnostics.iter().map(of_loading);
    let mut nowhere = Vec::new();
    for finding in of_loading.chain(rule_set::check(&loaded)) {
        match &finding.diagnostic.file {
            Some(file) => of_files.entry(file.path.clone()).or_default().push(finding),
            None => nowhere.push(finding),
        }
    }
    for (file, findings) in files.iter().zip(check_all(&files, &by_place(&loaded))) {
        of_files
            .entry(file.path.clone())
            .or_default()
            .extend(findings);
    }
    let mut linted = Linted {
        files: loaded.files,
        rules: loaded.rules(),
        ..Linted::default()
    };
    for finding in nowhere {
        add(&mut linted, finding, configuration);
    }
    for file in &files {
        let Some(mut found) = of_files.remove(&file.path) else {
            continue;
        };
        let mut report = Report::new(Arc::clone(file));
        linted.suppressed += suppression::suppress(&mut found, &mut report);
        found.extend(report.into_found());
        for finding in found {
            add(&mut linted, finding, configuration);
        }
    }
    linted.findings.sort_by(|a, b| place(a).cmp(&place(b)));
    linted
}

fn add(linted: &mut Linted, mut finding: Finding, configuration: &Configuration) {
    match configuration.judge(finding.code, finding.diagnostic.severity) {
        Some(severity) => {
            finding.diagnostic.severity = severity;
            linted.findings.push(finding);
        }
        None => linted.disabled += 1,
    }
}

fn place(finding: &Finding) -> (Option<&Path>, Option<usize>, super::Code) {
    let diagnostic = &finding.diagnostic;
    (
        diagnostic.file.as_ref().map(|file| file.path.as_path()),
        diagnostic.span.map(|span| span.start),
        finding.code,
    )
}

fn of_loading(diagnostic: &Diagnostic) -> Finding {
    Finding {
        code: classify::code(&diagnostic.message),
        diagnostic: diagnostic.clone(),
        fix: None,
    }
}

/// Every file that a load read or complained about, by path.
pub(crate) fn files(loaded: &Loaded) -> Vec<Arc<SourceFile>> {
    let detections = loaded.detections.iter().map(|rule| &rule.meta);
    let correlations = loaded.correlations.iter().map(|rule| &rule.meta);
    let sequences = loaded.sequences.iter().map(|rule| &rule.meta);
    let policies = loaded.policies.iter().map(|rule| &rule.meta);
    let filters = loaded.filters.iter().map(|rule| &rule.meta);
    let metas = detections
        .chain(correlations)
        .chain(sequences)
        .chain(policies)
        .chain(filters);
    let mut files: Vec<Arc<SourceFile>> = metas
        .map(|meta| &meta.file)
        .chain(loaded.diagnostics.iter().filter_map(|d| d.file.as_ref()))
        .map(Arc::clone)
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    files
}

fn by_place(loaded: &Loaded) -> ByPlace<'_> {
    let detections = loaded.detections.iter().filter(|rule| !rule.in_place);
    detections
        .map(|rule| ((address(&rule.meta.file), rule.meta.span.start), &**rule))
        .collect()
}

fn address(file: &Arc<SourceFile>) -> usize {
    Arc::as_ptr(file).addr()
}

/// The findings of every file, in order.
fn check_all(files: &[Arc<SourceFile>], rules: &ByPlace<'_>) -> Vec<Vec<Finding>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let taxonomy = Taxonomy::shipped();
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = files.get(index) else {
                return done;
            };
            done.push((index, check(file, &taxonomy, rules)));
        }
    };
    let mut done = std::thread::scope(|scope| {
        let others = threads.min(files.len()).saturating_sub(1);
        let handles: Vec<_> = (0..others).map(|_| scope.spawn(work)).collect();
        let mut done = work();
        for handle in handles {
            match handle.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, findings)| findings).collect()
}

fn check(file: &Arc<SourceFile>, taxonomy: &Taxonomy, rules: &ByPlace<'_>) -> Vec<Finding> {
    let mut report = Report::new(Arc::clone(file));
    layout::check(&mut report);
    // Loading has told of what cannot be read.
    let mut told = Findings::new(Arc::clone(file));
    let documents: Vec<_> = read_documents(&file.text, &mut told)
        .into_iter()
        .flatten()
        .filter(|root| root.as_map().is_some())
        .collect();
    // The documents of a collection share attributes: none is complete by itself.
    let collection = documents.iter().any(|root| root.get("action").is_some());
    for root in &documents {
        let document = Document {
            root,
            detection: rules.get(&(address(file), root.span.start)).copied(),
        };
        if !collection {
            attributes::check(&document, &mut report);
        }
        tags::check(&document, &mut report);
        logsource::check(&document, taxonomy, &mut report);
        values::check(&document, &mut report);
        conditions::check(&document, &mut report);
    }
    report.into_found()
}
