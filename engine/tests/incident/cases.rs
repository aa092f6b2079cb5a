//! `cases/incident/<name>/`: `input.txt` (see [`crate::script`]) and `expected.jsonl`, the
//! records and what was counted. `YAGURA_BLESS=1` rewrites the expected files.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use yagura_engine::incident::{Builder, IncidentRecord};
use yagura_parsers::Timestamp;

use crate::script::{Script, Step};

fn run(text: &str) -> String {
    let script = Script::parse(text);
    let mut builder = Builder::new(Arc::new(script.policy), script.rules, script.limits);
    let mut out = String::new();
    let mut sink = |record: &IncidentRecord| {
        let line = record.to_string();
        serde_json::from_str::<serde_json::Value>(&line).expect("JSON");
        writeln!(out, "{line}").expect("written");
    };
    for step in &script.steps {
        match step {
            Step::Add(said) => said.with(|contribution| builder.add(contribution, &mut sink)),
            Step::Advance(time) => builder.advance(Timestamp(*time), &mut sink),
        }
    }
    builder.finish(&mut sink);
    writeln!(out, "{:?}", builder.counters()).expect("written");
    out
}

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/incident");
    let mut cases: Vec<_> = std::fs::read_dir(folder)
        .expect("cases")
        .flatten()
        .collect();
    cases.sort_by_key(std::fs::DirEntry::path);
    assert!(!cases.is_empty());
    for case in cases {
        let input = std::fs::read_to_string(case.path().join("input.txt")).expect("an input");
        let got = run(&input);
        let expected = case.path().join("expected.jsonl");
        if std::env::var_os("YAGURA_BLESS").is_some() {
            std::fs::write(&expected, &got).expect("written");
        }
        let expected = std::fs::read_to_string(&expected).expect("expected.jsonl");
        assert_eq!(got, expected, "{}", case.path().display());
    }
}
