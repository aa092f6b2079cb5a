//! Cases as data: `cases/diagnostics` say what is wrong with a rule, `cases/model` what a rule
//! means. `YAGURA_BLESS=1` rewrites the expected files.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use yagura_rules::correlation::{Correlation, Reference, Target};
use yagura_rules::sequence::{KeyField, KeyedReference, Presence, Stage, Step};
use yagura_rules::{
    Activity, Detection, Diagnostic, IncidentPolicy, Level, LoadOptions, Loaded, Placeholders,
    Sequence, load,
};

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
            loaded.rules(),
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
        for sequence in &loaded.sequences {
            show_sequence(&mut shown, sequence, loaded);
        }
        for policy in &loaded.policies {
            show_policy(&mut shown, policy);
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
    if detection.in_place {
        shown.push_str("  in place\n");
    }
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
        let title = title(reference, loaded);
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

fn title<'l>(reference: &Reference, loaded: &'l Loaded) -> &'l str {
    match reference.target {
        Target::Detection(at) => &loaded.detections[at].meta.title,
        Target::Correlation(at) => &loaded.correlations[at].meta.title,
        Target::Sequence(at) => &loaded.sequences[at].meta.title,
    }
}

fn show_sequence(shown: &mut String, sequence: &Sequence, loaded: &Loaded) {
    let _ = writeln!(
        shown,
        "{} (sequence, {})\n  by {:?} within {} s",
        sequence.meta.title, sequence.meta.level, sequence.by, sequence.within_seconds
    );
    for step in &sequence.steps {
        match step {
            Step::Stage(stage) => show_stage(shown, stage, 1, loaded),
            Step::AnyOrder(stages) => {
                shown.push_str("  any order\n");
                for stage in stages {
                    show_stage(shown, stage, 2, loaded);
                }
            }
        }
    }
    for (word, list) in [("unless", &sequence.unless), ("until", &sequence.until)] {
        for KeyedReference { rule, by } in list {
            let title = title(rule, loaded);
            let _ = writeln!(shown, "  {word} {} = {title}{}", rule.written, key(by));
        }
    }
    if sequence.generate {
        shown.push_str("  generate\n");
    }
}

fn show_stage(shown: &mut String, stage: &Stage, depth: usize, loaded: &Loaded) {
    let indent = "  ".repeat(depth);
    let presence = match stage.presence {
        Presence::Required => "",
        Presence::Optional => " optional",
        Presence::Absent => " absent",
    };
    let _ = write!(
        shown,
        "{indent}{}{presence}: {} in {} s",
        stage.name, stage.at_least, stage.in_seconds
    );
    if let Some(field) = &stage.distinct {
        let _ = write!(shown, ", distinct {field}");
    }
    if let Some(gap) = stage.gap_seconds {
        let _ = write!(shown, ", gap {gap} s");
    }
    let _ = writeln!(shown, "{}", key(&stage.by));
    for reference in &stage.matches {
        let title = title(reference, loaded);
        let _ = writeln!(shown, "{indent}  of {} = {title}", reference.written);
    }
}

fn key(by: &[KeyField]) -> String {
    let fields: Vec<&str> = by
        .iter()
        .map(|field| match field {
            KeyField::Field(name) => name,
            KeyField::Unbound => "(unbound)",
        })
        .collect();
    format!(", by {}", fields.join(" "))
}

fn show_policy(shown: &mut String, policy: &IncidentPolicy) {
    let _ = writeln!(shown, "{} (incident policy)", policy.meta.title);
    for kind in &policy.entities {
        let ignored: Vec<String> = kind.ignore.iter().map(|p| format!("'{p}'")).collect();
        let _ = writeln!(
            shown,
            "  {} in {} ignoring {}",
            kind.name,
            kind.fields.join(", "),
            ignored.join(", ")
        );
    }
    let _ = writeln!(
        shown,
        "  join within {} s, crowded above {}",
        policy.join_within_seconds, policy.crowded
    );
    for (level, weight) in Level::ALL.iter().zip(policy.risk) {
        let _ = writeln!(shown, "  {level} weighs {weight}");
    }
    let _ = writeln!(shown, "  {:?}", policy.open_at);
}
