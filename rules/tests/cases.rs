//! Cases as data: `cases/diagnostics` say what is wrong with a rule, `cases/model` what a rule
//! means. `YAGURA_BLESS=1` rewrites the expected files.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use yagura_rules::correlation::{Correlation, Target};
use yagura_rules::{Activity, Detection, Diagnostic, LoadOptions, Loaded, Placeholders, load};

fn cases(what: &str) -> Vec<PathBuf> {
    // Tests run in the folder of their crate: paths in messages do not depend on the machine.
    let root = Path::new("tests/cases").join(what);
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&root)
        .unwrap_or_else(|e| panic!("{}: {e}", root.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("rule.yml").is_file())
        .collect();
    folders.sort();
    folders
}

fn read(case: &Path) -> Loaded {
    let file = case.join("placeholders.yml");
    let placeholders = if file.is_file() {
        Placeholders::read(&file).unwrap()
    } else {
        Placeholders::default()
    };
    load(&[case.join("rule.yml")], &LoadOptions { placeholders })
}

/// Compares with the expected file, or rewrites it. Returns what differs.
fn check(case: &Path, actual: &str) -> Option<String> {
    let file = case.join("expected.txt");
    if std::env::var_os("YAGURA_BLESS").is_some() {
        std::fs::write(&file, actual).unwrap();
        return None;
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    (expected != actual).then(|| {
        format!(
            "{}\n--- expected\n{expected}--- actual\n{actual}",
            case.display()
        )
    })
}

fn run(what: &str, show: fn(&Loaded) -> String) {
    let cases = cases(what);
    let differences: Vec<String> = cases
        .iter()
        .filter_map(|case| check(case, &show(&read(case))))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn diagnostics() {
    run("diagnostics", |loaded| {
        let mut shown = String::new();
        for diagnostic in &loaded.diagnostics {
            show_diagnostic(&mut shown, diagnostic);
        }
        let _ = writeln!(
            shown,
            "= {} loaded, {} refused",
            loaded.detections.len() + loaded.correlations.len() + loaded.filters.len(),
            loaded.refused.len()
        );
        shown
    });
}

fn show_diagnostic(shown: &mut String, diagnostic: &Diagnostic) {
    let severity = format!("{:?}", diagnostic.severity).to_lowercase();
    let _ = write!(shown, "{severity} ");
    match diagnostic.span {
        Some(span) => {
            let text = diagnostic.file.as_ref().map_or("", |file| &file.text);
            let part = text
                .get(span.start..span.start + span.len)
                .unwrap_or("(outside)");
            let part: String = part
                .lines()
                .next()
                .unwrap_or_default()
                .chars()
                .take(40)
                .collect();
            let _ = writeln!(
                shown,
                "{}:{} `{}`",
                span.line,
                span.column,
                part.escape_debug()
            );
        }
        None => shown.push_str("-\n"),
    }
    let _ = writeln!(shown, "  {}", diagnostic.message);
    if let Some(help) = &diagnostic.help {
        let _ = writeln!(shown, "  help: {}", help.replace('\n', "\n    "));
    }
    for (span, what) in &diagnostic.related {
        let _ = writeln!(shown, "  {}:{} {what}", span.line, span.column);
    }
}

#[test]
fn model() {
    run("model", |loaded| {
        let mut shown = String::new();
        for detection in &loaded.detections {
            show_detection(&mut shown, detection);
        }
        for correlation in &loaded.correlations {
            show_correlation(&mut shown, correlation, loaded);
        }
        for diagnostic in &loaded.diagnostics {
            show_diagnostic(&mut shown, diagnostic);
        }
        shown
    });
}

fn show_detection(shown: &mut String, detection: &Detection) {
    let _ = writeln!(
        shown,
        "{} ({}, {})",
        detection.meta.title, detection.logsource, detection.meta.level
    );
    for selection in &detection.selections {
        let _ = writeln!(shown, "  {} = {}", selection.name, selection.matches);
    }
    let _ = writeln!(shown, "  matches {}", detection.matches);
    if !detection.filters.is_empty() {
        let _ = writeln!(shown, "  filtered by {}", detection.filters.join(", "));
    }
    if let Activity::LacksPlaceholders(names) = &detection.activity {
        let _ = writeln!(shown, "  inactive: lacks {}", names.join(", "));
    }
}

fn show_correlation(shown: &mut String, correlation: &Correlation, loaded: &Loaded) {
    let _ = writeln!(
        shown,
        "{} ({})",
        correlation.meta.title,
        correlation.kind.name()
    );
    for reference in &correlation.rules {
        let title = match reference.target {
            Target::Detection(at) => &loaded.detections[at].meta.title,
            Target::Correlation(at) => &loaded.correlations[at].meta.title,
            Target::Sequence(at) => &loaded.sequences[at].meta.title,
        };
        let _ = writeln!(shown, "  of {} = {title}", reference.written);
    }
    let _ = writeln!(
        shown,
        "  by {:?} within {} s",
        correlation.group_by, correlation.timespan_seconds
    );
    let _ = writeln!(
        shown,
        "  {:?} of {:?}",
        correlation.condition, correlation.fields
    );
    for alias in &correlation.aliases {
        let _ = writeln!(shown, "  alias {} = {:?}", alias.name, alias.fields);
    }
    if let Some(percentile) = correlation.percentile {
        let _ = writeln!(shown, "  percentile {percentile}");
    }
    if correlation.generate {
        shown.push_str("  generate\n");
    }
}
