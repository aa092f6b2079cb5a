//! Cases as data: `cases/<name>/` holds `rules.yml`, `input.*` (its format is recognised) and
//! `expected.txt`, a line for each match: the event's number, the rule's title.
//!
//! `YAGURA_BLESS=1` rewrites the expected files.

mod files;

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use yagura_engine::Engine;
use yagura_parsers::{EventBatch, Extent};
use yagura_rules::{LoadOptions, Taxonomy};

fn matches(folder: &Path) -> String {
    let loaded = yagura_rules::load(&[folder.join("rules.yml")], &LoadOptions::default());
    assert!(loaded.refused.is_empty(), "{:?}", loaded.refused);
    let engine = Engine::compile(&loaded.detections, &Taxonomy::shipped(), Extent::Projected);
    let mut matcher = engine.map(Arc::new).expect("compiles").matcher();
    let mut out = String::new();
    let mut input = std::fs::read_dir(folder).expect("a folder").flatten();
    let input = input.find(|entry| entry.path().file_stem().is_some_and(|stem| stem == "input"));
    let (mut batch, mut found) = (EventBatch::new(), Vec::new());
    for block in files::blocks_of(&input.expect("an input").path()) {
        batch.recycle().extend_from_slice(&block.bytes);
        let engine = Arc::clone(matcher.engine());
        batch.parse(block.format, block.origin, engine.projection());
        found.clear();
        matcher.scan(&batch, block.format, &mut found);
        for one in &found {
            let title = &engine.rules()[one.rule.0 as usize].meta.title;
            writeln!(out, "{} {title}", one.event).expect("written");
        }
    }
    out
}

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases: Vec<_> = std::fs::read_dir(folder)
        .expect("cases")
        .flatten()
        .collect();
    // Folders without rules of their own hold the cases of other parts.
    cases.retain(|case| case.path().join("rules.yml").is_file());
    cases.sort_by_key(std::fs::DirEntry::path);
    assert!(!cases.is_empty());
    for case in cases {
        let got = matches(&case.path());
        let expected = case.path().join("expected.txt");
        if std::env::var_os("YAGURA_BLESS").is_some() {
            std::fs::write(&expected, &got).expect("written");
        }
        let expected = std::fs::read_to_string(&expected).expect("expected.txt");
        assert_eq!(got, expected, "{}", case.path().display());
    }
}
