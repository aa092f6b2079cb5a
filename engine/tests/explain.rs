//! An explanation says of each rule and event what the engine finds, and each of its parts
//! follows from the parts below it.
//!
//! On the fixtures of `cases/`; with `YAGURA_EXPLAIN_PAIRS=100000` on so many pairs of the rules
//! and logs of others as well (`YAGURA_CORPUS`, else `shared/data` beside the checkout), which is
//! said to be skipped where they are not there.

mod files;

use std::path::Path;
use std::sync::Arc;

use yagura_engine::Engine;
use yagura_engine::explain::{Body, Explainer, Join, Part, SeenEvent, Truth, Verdict};
use yagura_parsers::{EventBatch, Extent};
use yagura_rules::{Activity, LoadOptions, Loaded, Taxonomy};

/// Whether a part holds, by the parts below it alone.
fn follows(body: &Body<'_>, truth: &Truth<'_>) -> bool {
    let holding = |parts: &[Truth<'_>]| parts.iter().filter(|p| follows(body, p)).count();
    let holds = match &truth.part {
        Part::All(parts) => holding(parts) == parts.len(),
        Part::Any(parts) => holding(parts) > 0,
        Part::AtLeast(count, parts) => holding(parts) >= *count,
        Part::Not(inner) => !follows(body, inner),
        Part::Named(at) => follows(body, &body.named[*at].truth),
        Part::Item(item) => {
            let holding = item.tests.iter().filter(|(_, holds)| *holds).count();
            match item.join {
                Join::Any => holding > 0,
                Join::All => holding == item.tests.len(),
            }
        }
    };
    assert_eq!(holds, truth.holds, "{truth:?}");
    holds
}

/// Compares the rules with the events of files, until there were so many pairs.
fn compare(loaded: &Loaded, logs: &[std::path::PathBuf], pairs_max: usize) -> (usize, usize) {
    let taxonomy = Taxonomy::shipped();
    let rules = &loaded.detections;
    let engine = Engine::compile(rules, &taxonomy, Extent::Everything);
    let engine = engine.map(Arc::new).expect("compiles");
    let mut explainers = Vec::new();
    for rule in rules {
        explainers.push(Explainer::new(rule, &loaded.filters, &taxonomy));
    }
    let (mut pairs, mut matched) = (0, 0);
    let (mut batch, mut found) = (EventBatch::new(), Vec::new());
    for block in logs.iter().flat_map(|path| files::blocks_of(path)) {
        batch.recycle().extend_from_slice(&block.bytes);
        batch.parse(block.format, block.origin, engine.projection());
        found.clear();
        engine.matcher().scan(&batch, block.format, &mut found);
        for (index, event) in batch.events().enumerate() {
            let seen = SeenEvent::new(event, engine.projection(), block.format);
            for (at, explainer) in explainers.iter().enumerate() {
                let why = explainer.explain(&seen);
                let by_engine = found
                    .iter()
                    .any(|m| m.event == index && m.rule.0 as usize == at);
                let title = &explainer.rule().meta.title;
                let place = format!("{}:{}", block.path.display(), event.position());
                assert_eq!(
                    why.verdict == Verdict::Matched,
                    by_engine,
                    "{title} {place}"
                );
                if let Some(body) = &why.body {
                    let holds = follows(body, &body.condition);
                    let is_active = explainer.rule().activity == Activity::Active;
                    assert_eq!(holds && is_active, by_engine, "{title} {place}");
                    assert_eq!(body.distance() == Some(0), holds, "{title} {place}");
                }
                pairs += 1;
                matched += usize::from(by_engine);
            }
            if pairs >= pairs_max {
                return (pairs, matched);
            }
        }
    }
    (pairs, matched)
}

#[test]
fn fixtures() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let (mut pairs, mut matched) = (0, 0);
    for case in std::fs::read_dir(folder).expect("cases").flatten() {
        let rules = case.path().join("rules.yml");
        if !rules.is_file() {
            continue;
        }
        let loaded = yagura_rules::load(&[rules], &LoadOptions::default());
        let mut logs = files::below(&case.path());
        logs.retain(|path| path.file_stem().is_some_and(|stem| stem == "input"));
        let (compared, found) = compare(&loaded, &logs, usize::MAX);
        pairs += compared;
        matched += found;
    }
    assert!(pairs > 0 && matched > 0, "{pairs} {matched}");
}

#[test]
fn rules_and_logs_of_others() {
    let asked = std::env::var("YAGURA_EXPLAIN_PAIRS");
    let pairs_max = asked.ok().and_then(|n| n.parse::<usize>().ok());
    let (Some(corpus), Some(pairs_max)) = (files::corpus(), pairs_max) else {
        println!("skipped: needs YAGURA_EXPLAIN_PAIRS=100000 and a corpus (YAGURA_CORPUS)");
        return;
    };
    let rules = corpus.join("sigma-rules/rules");
    let loaded = yagura_rules::load(&[rules], &LoadOptions::default());
    let mut pairs = (0, 0);
    for folder in ["sigma-regression", "syslog", "evtx"] {
        let logs = files::below(&corpus.join(folder));
        let (compared, matched) = compare(&loaded, &logs, pairs_max / 3);
        pairs = (pairs.0 + compared, pairs.1 + matched);
    }
    println!("{} pairs compared, {} matched", pairs.0, pairs.1);
    assert!(pairs.0 > 0);
}
