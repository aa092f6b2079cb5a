//! Cases as data: `cases/fmt/<name>/input.yml` becomes `expected.yml`. `YAGURA_BLESS=1` rewrites
//! what is expected. Over public rules: the meaning stays, and a second time changes nothing.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use yagura_rules::format::format;
use yagura_rules::{LoadOptions, load};

#[test]
fn files() {
    let mut differences = Vec::new();
    for entry in std::fs::read_dir("tests/cases/fmt").unwrap() {
        let case = entry.unwrap().path();
        let input = std::fs::read_to_string(case.join("input.yml")).unwrap();
        let actual = format(&input).unwrap();
        assert_eq!(
            format(&actual).unwrap(),
            actual,
            "{}: not settled",
            case.display()
        );
        let file = case.join("expected.yml");
        if std::env::var_os("YAGURA_BLESS").is_some() {
            std::fs::write(&file, &actual).unwrap();
            continue;
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        if expected != actual {
            differences.push(format!("{}\n--- actual\n{actual}", case.display()));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn what_is_no_yaml_stays() {
    assert_eq!(format("title: 'open\nlevel: high\n"), None);
}

/// What detections mean, without their places.
fn meaning(path: &Path) -> Vec<String> {
    let loaded = load(&[path], &LoadOptions::default());
    loaded
        .detections
        .iter()
        .map(|rule| format!("{} {} {:?}", rule.meta.title, rule.logsource, rule.matches))
        .collect()
}

fn yaml_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            yaml_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "yml") {
            found.push(path);
        }
    }
}

fn keeps_meaning_and_settles(file: &Path, folder: &Path) {
    let Ok(text) = std::fs::read_to_string(file) else {
        return;
    };
    let Some(formatted) = format(&text) else {
        return;
    };
    let again = format(&formatted).unwrap();
    assert_eq!(again, formatted, "{}: not settled", file.display());
    let comments = |text: &str| text.matches('#').count();
    assert_eq!(comments(&text), comments(&formatted), "{}", file.display());
    if formatted != text {
        let copy = folder.join("rule.yml");
        std::fs::write(&copy, &formatted).unwrap();
        assert_eq!(meaning(file), meaning(&copy), "{}", file.display());
    }
}

#[test]
fn rules_keep_their_meaning() {
    let folder = std::env::temp_dir().join(format!("yagura-fmt-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut files = Vec::new();
    for own in ["tests/cases", "packs"] {
        yaml_files(Path::new(own), &mut files);
    }
    let corpus = std::env::var_os("YAGURA_CORPUS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let rules = corpus.join("sigma-rules");
    if rules.is_dir() {
        yaml_files(&rules, &mut files);
    } else {
        eprintln!("skipped: there are no rules in {}", rules.display());
    }
    for file in &files {
        keeps_meaning_and_settles(file, &folder);
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

proptest! {
    /// Pieces of rules in any order and indentation: whatever it is, it settles.
    #[test]
    fn any_text_settles(
        pieces in prop::collection::vec(
            prop_oneof![
                Just("title: a"), Just("level: high  "), Just("# note"), Just("detection:"),
                Just("  s:"), Just("    - x"), Just("   - y: |"), Just("        t  "), Just(""),
                Just("---"), Just("tags: [a,"), Just("   b]"), Just("- z"), Just("\tq"),
                Just("description: >-"), Just(" 'w"), Just(" v'"), Just("a: &x {b: c}"), Just("d: *x"),
            ],
            0..12,
        ),
    ) {
        let text = pieces.join("\n");
        if let Some(formatted) = format(&text) {
            let again = format(&formatted);
            prop_assert_eq!(again.as_deref(), Some(formatted.as_str()));
        }
    }
}
