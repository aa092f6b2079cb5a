//! The rule packs that ship: each pattern finds what it is for, and nothing where the one thing
//! that matters is different.
//!
//! A case is a folder `rules/packs/<pack>/tests/<pattern>/`: `positive.*` and `negative.*`, logs
//! of whatever formats, read together, and `expected.txt`, see [`outcome`]. The folder is called
//! like the file of the pattern, and the rule whose name is `<pack>_<pattern>` has to alert on
//! the one and not on the other, whatever `expected.txt` says. `YAGURA_BLESS=1` rewrites that.

mod ordinary;
mod outcome;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use outcome::Compiled;
use yagura_rules::{Level, LoadOptions, Loaded, Meta, Severity};

fn packs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/packs");
    let mut packs = entries(&root);
    packs.retain(|path| path.is_dir());
    assert!(!packs.is_empty());
    packs
}

/// What is in a folder, sorted; nothing if there is none.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn name_of(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn load(pack: &Path) -> Loaded {
    yagura_rules::load(&[pack], &LoadOptions::default())
}

/// The patterns of a pack that has cases: its files, but not those of its folders.
fn patterns(pack: &Path) -> BTreeSet<String> {
    if !pack.join("tests").is_dir() {
        return BTreeSet::new();
    }
    let mut files = entries(pack);
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yml"));
    files.iter().map(|path| name_of(path)).collect()
}

#[test]
fn every_pattern_has_a_case() {
    for pack in packs() {
        let cases = entries(&pack.join("tests"));
        let cases: BTreeSet<String> = cases.iter().map(|path| name_of(path)).collect();
        assert_eq!(cases, patterns(&pack), "{}", pack.display());
    }
}

#[test]
fn cases() {
    let bless = std::env::var_os("YAGURA_BLESS").is_some_and(|v| v == "1");
    let mut failures = String::new();
    for pack in packs().iter().filter(|pack| pack.join("tests").is_dir()) {
        let rules = Compiled::new(load(pack));
        for folder in entries(&pack.join("tests")) {
            let name = name_of(&folder);
            let pattern = format!("{}_{name}", name_of(pack));
            let [positive, negative] = ["positive", "negative"].map(|stem| {
                let mut inputs = entries(&folder);
                inputs.retain(|path| name_of(path) == stem);
                assert!(!inputs.is_empty(), "{name} lacks {stem}.*");
                rules.scan(&inputs)
            });
            if !positive.alerts_of(&pattern) {
                let _ = writeln!(failures, "{name}: no alert on positive.*");
            }
            if negative.alerts_of(&pattern) {
                let _ = writeln!(failures, "{name}: an alert on negative.*");
            }
            let got = format!("positive\n{positive}negative\n{negative}");
            let path = folder.join("expected.txt");
            if bless {
                fs::write(&path, &got).expect("a writable case");
            }
            let expected = fs::read_to_string(&path).unwrap_or_default();
            if expected != got {
                let _ = writeln!(failures, "{name}\n-- expected\n{expected}-- got\n{got}");
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn cases_pass_by_the_command_too() {
    let packs = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/packs");
    let tested = std::process::Command::new(env!("CARGO_BIN_EXE_yagura"))
        .arg("test")
        .arg(&packs)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&tested.stdout);
    assert_eq!(tested.status.code(), Some(0), "{said}");
    let patterns: usize = self::packs().iter().map(|pack| patterns(pack).len()).sum();
    assert!(
        said.contains(&format!("{} passed, 0 failed", 2 * patterns)),
        "{said}"
    );
}

#[test]
fn packs_load_without_a_word() {
    for pack in packs() {
        let loaded = load(&pack);
        let mut said = String::new();
        for refused in &loaded.refused {
            let _ = writeln!(said, "{refused:?}");
        }
        for diagnostic in &loaded.diagnostics {
            if diagnostic.severity >= Severity::Warning {
                let file = diagnostic.file.as_ref().map(|file| file.path.display());
                let _ = writeln!(said, "{:?}: {}", file, diagnostic.message);
            }
        }
        assert!(said.is_empty(), "{}: {said}", pack.display());
    }
}

/// All heads of a pack's documents, and whether each stands in the folder of single events.
fn heads(loaded: &Loaded) -> Vec<(&Meta, bool)> {
    let detections = loaded.detections.iter().filter(|rule| !rule.in_place);
    let metas = detections.map(|rule| &rule.meta);
    let metas = metas.chain(loaded.correlations.iter().map(|rule| &rule.meta));
    let metas = metas.chain(loaded.sequences.iter().map(|rule| &rule.meta));
    let in_base = |meta: &Meta| meta.file.path.components().any(|c| c.as_os_str() == "base");
    metas.map(|meta| (meta, in_base(meta))).collect()
}

#[test]
fn rules_say_what_readers_need() {
    const BASES: [&str; 1] = ["https://attack.mitre.org/techniques/"];
    let (mut ids, mut names) = (BTreeSet::new(), BTreeSet::new());
    for pack in packs() {
        let loaded = load(&pack);
        let prefixes = prefixes(&name_of(&pack));
        for (meta, in_base) in heads(&loaded) {
            let title = &meta.title;
            let has = |part: &Option<String>| part.as_ref().is_some_and(|text| !text.is_empty());
            let described = has(&meta.description) && has(&meta.status) && has(&meta.date);
            assert!(described, "{title}");
            assert_eq!(meta.author.as_deref(), Some("yagura"), "{title}");
            assert!(!meta.false_positives.is_empty(), "{title}");
            let (techniques, tactics): (Vec<&String>, Vec<&String>) =
                meta.tags.iter().partition(|tag| is_technique(tag));
            assert!(!techniques.is_empty() && !tactics.is_empty(), "{title}");
            let ours = |of: &String| BASES.iter().any(|base| of.starts_with(base));
            assert!(meta.references.iter().all(ours), "{title}");
            assert!(!in_base || meta.level <= Level::Low, "{title} alerts alone");
            assert!(ids.insert(meta.id.clone().expect("an id")), "{title}: id");
            if let Some(name) = &meta.name {
                let known = prefixes.iter().any(|prefix| name.starts_with(prefix));
                assert!(known, "{title}: {name}");
                assert!(names.insert(name.clone()), "{title}: {name}");
            }
        }
    }
}

/// What the names of a pack's rules begin with: its name, or the initials of that.
fn prefixes(pack: &str) -> [String; 2] {
    let initials = pack.split('-').filter_map(|word| word.chars().next());
    [
        format!("{pack}_"),
        format!("{}_", initials.collect::<String>()),
    ]
}

/// `attack.t1110.001`
fn is_technique(tag: &str) -> bool {
    let number = tag.strip_prefix("attack.t");
    number.is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}
