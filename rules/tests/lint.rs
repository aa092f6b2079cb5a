//! Cases as data: `cases/lint/<name>/rule.yml` is broken in the way that the folder's name says
//! (`YG301_…`), `expected.txt` lists what is found, `fixed.yml` is what `--fix` makes of it.
//! `YAGURA_BLESS=1` rewrites the expected files, and the pages of `docs/lint/`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use yagura_rules::lint::{Configuration, Finding, Linted, checks, documentation, lint, mend};
use yagura_rules::{LoadOptions, Severity};

fn blessing() -> bool {
    std::env::var_os("YAGURA_BLESS").is_some()
}

/// Compares with the expected file, or rewrites it. Returns what differs.
fn check(file: &Path, actual: &str) -> Option<String> {
    if blessing() {
        std::fs::write(file, actual).unwrap();
        return None;
    }
    let expected = std::fs::read_to_string(file).unwrap_or_default();
    let shown = || {
        format!(
            "{}\n--- expected\n{expected}--- actual\n{actual}",
            file.display()
        )
    };
    (expected != actual).then(shown)
}

fn cases() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir("tests/cases/lint")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

fn run(case: &Path) -> Linted {
    let configuration = case.join(".yagura-lint.yml");
    let configuration = if configuration.is_file() {
        Configuration::read(&configuration).unwrap()
    } else {
        Configuration::default()
    };
    lint(
        &[case.join("rule.yml")],
        &LoadOptions::default(),
        &configuration,
    )
}

fn show(linted: &Linted) -> String {
    let mut shown = String::new();
    for Finding {
        code,
        diagnostic,
        fix,
    } in &linted.findings
    {
        let severity = format!("{:?}", diagnostic.severity).to_lowercase();
        let (line, column) = diagnostic
            .span
            .map_or((0, 0), |span| (span.line, span.column));
        let fix = if fix.is_some() { " (fix)" } else { "" };
        let _ = writeln!(
            shown,
            "{code} {severity} {line}:{column} {}{fix}",
            diagnostic.message
        );
    }
    let _ = writeln!(
        shown,
        "= {} suppressed, {} disabled",
        linted.suppressed, linted.disabled
    );
    shown
}

#[test]
fn findings() {
    let mut differences = Vec::new();
    for case in cases() {
        let linted = run(&case);
        differences.extend(check(&case.join("expected.txt"), &show(&linted)));
        let name = case.file_name().unwrap().to_str().unwrap().to_owned();
        let wanted = name.split('_').next().unwrap();
        let found = linted.findings.iter().any(|f| f.code.to_string() == wanted);
        if wanted.starts_with("YG") && !found {
            differences.push(format!("{name}: {wanted} is not found\n{}", show(&linted)));
        }
        let Some(file) = linted
            .findings
            .iter()
            .find_map(|f| f.diagnostic.file.as_ref())
        else {
            continue;
        };
        if let Some((text, _)) = mend(file, linted.findings.iter().filter_map(|f| f.fix.as_ref())) {
            differences.extend(check(&case.join("fixed.yml"), &text));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Codes below 100 stand for what loading says, which `cases/diagnostics` is about.
#[test]
fn every_check_has_a_case() {
    let found: BTreeSet<String> = cases()
        .iter()
        .flat_map(|case| run(case).findings)
        .map(|finding| finding.code.to_string())
        .collect();
    let missing: Vec<String> = checks()
        .iter()
        .map(|check| check.code.to_string())
        .filter(|code| !code.starts_with("YG0") && !found.contains(code))
        .collect();
    assert!(missing.is_empty(), "no case for {}", missing.join(", "));
}

#[test]
fn what_loading_finds_has_a_code() {
    let mut without = Vec::new();
    for entry in std::fs::read_dir("tests/cases/diagnostics").unwrap() {
        let rule = entry.unwrap().path().join("rule.yml");
        let linted = lint(&[rule], &LoadOptions::default(), &Configuration::default());
        let other = linted
            .findings
            .iter()
            .filter(|f| f.code.to_string() == "YG000");
        without.extend(other.map(|f| f.diagnostic.message.clone()));
    }
    without.sort();
    assert!(without.is_empty(), "{}", without.join("\n"));
}

#[test]
fn fixes_of_one_file_reach_an_end() {
    for case in cases() {
        let linted = run(&case);
        let Some(file) = linted
            .findings
            .iter()
            .find_map(|f| f.diagnostic.file.clone())
        else {
            continue;
        };
        let fixes = || linted.findings.iter().filter_map(|f| f.fix.as_ref());
        if let Some((text, applied)) = mend(&file, fixes()) {
            assert!(applied <= fixes().count());
            assert_ne!(text, file.text, "{}", case.display());
        }
    }
}

#[test]
fn documentation_is_that_of_the_catalogue() {
    let folder = Path::new("../docs/lint");
    if blessing() {
        std::fs::create_dir_all(folder).unwrap();
    }
    let differences: Vec<String> = documentation()
        .iter()
        .filter_map(|(name, text)| check(&folder.join(name), text))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

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
fn public_rules_have_no_errors() {
    let Some(root) = sigma_rules() else { return };
    let folders = [
        "rules",
        "rules-emerging-threats",
        "rules-threat-hunting",
        "rules-compliance",
    ];
    let folders = folders.map(|folder| root.join(folder));
    let linted = lint(&folders, &LoadOptions::default(), &Configuration::default());
    let errors: Vec<&Finding> = linted
        .findings
        .iter()
        .filter(|finding| finding.diagnostic.severity == Severity::Error)
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert!(linted.rules > 3000);
}
