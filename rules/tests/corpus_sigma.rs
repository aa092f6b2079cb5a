//! Every rule of `SigmaHQ` loads. The rules are not part of this project: the test looks for them
//! at `YAGURA_CORPUS`, else beside the checkout, and says so where it finds none.

use std::path::PathBuf;

use yagura_rules::{Activity, LoadOptions, Severity, load};

const SUPPORTED: [&str; 5] = [
    "rules",
    "rules-emerging-threats",
    "rules-threat-hunting",
    "rules-compliance",
    "rules-placeholder",
];

fn sigma_rules() -> Option<PathBuf> {
    let corpus = std::env::var_os("YAGURA_CORPUS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let rules = corpus.join("sigma-rules");
    if rules.is_dir() {
        return Some(rules);
    }
    eprintln!("skipped: there are no rules in {}", rules.display());
    None
}

#[test]
fn supported_rules_all_load() {
    let Some(root) = sigma_rules() else { return };
    let folders = SUPPORTED.map(|folder| root.join(folder));
    let loaded = load(&folders, &LoadOptions::default());
    let refused: Vec<String> = loaded
        .refused
        .iter()
        .map(|r| format!("{}: {}", r.path.display(), r.reason))
        .collect();
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    assert_eq!(loaded.files, 3780);
    assert_eq!(loaded.detections.len(), 3780);
    let errors = loaded
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .count();
    assert_eq!(errors, 0);
    let inactive = loaded
        .detections
        .iter()
        .filter(|d| d.activity != Activity::Active)
        .count();
    assert!(
        (1..100).contains(&inactive),
        "{inactive} rules lack placeholders"
    );
}

#[test]
fn other_rules_load_or_are_refused_with_a_reason() {
    let Some(root) = sigma_rules() else { return };
    let folders = ["unsupported", "deprecated"].map(|folder| root.join(folder));
    let loaded = load(&folders, &LoadOptions::default());
    assert!(loaded.refused.iter().all(|r| !r.reason.is_empty()));
    for refusal in &loaded.refused {
        println!("{}: {}", refusal.path.display(), refusal.reason);
    }
    assert!(loaded.detections.len() > 150);
    let accounted = loaded.detections.len() + loaded.refused.len();
    assert!(accounted >= loaded.files, "{accounted} of {}", loaded.files);
}

#[test]
fn every_diagnostic_points_into_its_file() {
    let Some(root) = sigma_rules() else { return };
    let loaded = load(&[root], &LoadOptions::default());
    for diagnostic in &loaded.diagnostics {
        let (Some(file), Some(span)) = (&diagnostic.file, diagnostic.span) else {
            panic!("{diagnostic:?}");
        };
        let line = file.text[..span.start].matches('\n').count() + 1;
        assert_eq!(
            line,
            span.line,
            "{}: {}",
            file.path.display(),
            diagnostic.message
        );
        assert!(file.text.get(span.start..span.start + span.len).is_some());
    }
}
