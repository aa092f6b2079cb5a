//! The engine finds in real logs exactly what the naive evaluator (`explain`) finds, for every rule of
//! SigmaHQ.
//!
//! Needs logs and rules of others (`YAGURA_CORPUS`, else `shared/data` beside the checkout);
//! says so where they are not there. Of the largest file, the events with detections and every
//! 20th other are compared; `YAGURA_CORPUS_FULL=1` compares all.

mod files;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use yagura_engine::Engine;
use yagura_engine::explain::{self, SeenEvent};
use yagura_parsers::{EventBatch, Extent};
use yagura_rules::taxonomy::Route;
use yagura_rules::{Activity, Detection, LoadOptions, Taxonomy};

use files::{ReadBlock, blocks_of, corpus};

const SUPPORTED: [&str; 5] = [
    "rules",
    "rules-emerging-threats",
    "rules-threat-hunting",
    "rules-compliance",
    "rules-placeholder",
];

struct Bench {
    taxonomy: Taxonomy,
    engine: Arc<Engine>,
    projected: Arc<Engine>,
    /// Every route, with the rules on it.
    routes: Vec<(Route, Vec<u32>)>,
}

impl Bench {
    fn new(corpus: &Path) -> Self {
        let folders = SUPPORTED.map(|folder| corpus.join("sigma-rules").join(folder));
        let rules = yagura_rules::load(&folders, &LoadOptions::default()).detections;
        assert_eq!(rules.len(), 3_780);
        let taxonomy = Taxonomy::shipped();
        let routes = routes(&rules, &taxonomy);
        Self {
            engine: Engine::compile(&rules, &taxonomy, Extent::Everything)
                .map(Arc::new)
                .expect("compiles"),
            projected: Engine::compile(&rules, &taxonomy, Extent::Projected)
                .map(Arc::new)
                .expect("compiles"),
            taxonomy,
            routes,
        }
    }

    /// Compares the events of a block: those in which the engine found something, and every
    /// `step`th. How many, and their detections.
    fn compare(&self, block: &ReadBlock, step: usize) -> (usize, usize) {
        let mut batch = EventBatch::new();
        let (events, fast) = found(&self.engine, block, &mut batch);
        let mut small = EventBatch::new();
        let (same_events, projected) = found(&self.projected, block, &mut small);
        assert_eq!(events, same_events);
        assert_eq!(
            fast,
            projected,
            "{}: projection changes what is found",
            block.path.display()
        );
        let (mut compared, mut detections) = (0, 0);
        for (i, event) in batch.events().enumerate() {
            let detected = fast.iter().any(|(event, _)| *event == i);
            if i % step != 0 && !detected {
                continue;
            }
            let slow = SeenEvent::new(event, self.engine.projection(), block.format);
            let expected = self.reference(&slow);
            let mine = fast.iter().filter(|(event, _)| *event == i);
            let got: Vec<u32> = mine.map(|(_, rule)| *rule).collect();
            let titles = |ids: &[u32]| -> Vec<String> {
                let titles = ids
                    .iter()
                    .map(|r| &self.engine.rules()[*r as usize].meta.title);
                titles.cloned().collect()
            };
            assert_eq!(
                titles(&got),
                titles(&expected),
                "{} at {}: engine (left), reference (right)\n{}",
                block.path.display(),
                event.position(),
                String::from_utf8_lossy(event.raw()),
            );
            compared += 1;
            detections += got.len();
        }
        (compared, detections)
    }

    fn reference(&self, event: &SeenEvent) -> Vec<u32> {
        let mut found = Vec::new();
        for (route, rules) in &self.routes {
            if explain::is_on(route, &self.taxonomy, event) {
                let rule = |r: &u32| &self.engine.rules()[*r as usize];
                let holds = |r: &&u32| explain::holds_on(rule(r), route, event);
                found.extend(rules.iter().filter(holds));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

fn routes(rules: &[Arc<Detection>], taxonomy: &Taxonomy) -> Vec<(Route, Vec<u32>)> {
    let mut routes: Vec<(Route, Vec<u32>)> = Vec::new();
    for (i, rule) in (0u32..).zip(rules) {
        if rule.activity != Activity::Active {
            continue;
        }
        for route in taxonomy.routes(&rule.logsource) {
            match routes.iter_mut().find(|(known, _)| *known == route) {
                Some((_, rules)) => rules.push(i),
                None => routes.push((route, vec![i])),
            }
        }
    }
    routes
}

fn found(
    engine: &Arc<Engine>,
    block: &ReadBlock,
    batch: &mut EventBatch,
) -> (usize, Vec<(usize, u32)>) {
    batch.recycle().extend_from_slice(&block.bytes);
    batch.parse(block.format, block.origin, engine.projection());
    let mut found = Vec::new();
    engine.matcher().scan(batch, block.format, &mut found);
    (
        batch.len(),
        found.iter().map(|m| (m.event, m.rule.0)).collect(),
    )
}

/// Compares all files below a folder of the corpus; how many events and detections.
fn compare_all(folder: &str, step: usize) -> Option<(usize, usize)> {
    let Some(corpus) = corpus() else {
        println!("skipped: no corpus (set YAGURA_CORPUS)");
        return None;
    };
    let bench = Bench::new(&corpus);
    let blocks: Vec<ReadBlock> = files::below(&corpus.join(folder))
        .iter()
        .flat_map(|path| blocks_of(path))
        .collect();
    let (events, detections, next) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(block) = blocks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (compared, detected) = bench.compare(block, step);
                    events.fetch_add(compared, Ordering::Relaxed);
                    detections.fetch_add(detected, Ordering::Relaxed);
                }
            });
        }
    });
    let totals = (events.into_inner(), detections.into_inner());
    println!(
        "{folder}: {} events compared, {} detections",
        totals.0, totals.1
    );
    Some(totals)
}

fn step() -> usize {
    if std::env::var_os("YAGURA_CORPUS_FULL").is_some() {
        1
    } else {
        20
    }
}

#[test]
fn windows_json() {
    if let Some((events, detections)) = compare_all("windows-json", step()) {
        assert!(events > 4_000 && detections > 500, "{events} {detections}");
    }
}

#[test]
fn evtx() {
    if let Some((events, detections)) = compare_all("evtx", 1) {
        assert!(
            events >= 1_000 && detections >= 500,
            "{events} {detections}"
        );
    }
}

#[test]
fn syslog() {
    if let Some((events, _)) = compare_all("syslog", 1) {
        assert!(events >= 6_000, "{events}");
    }
}

#[test]
fn regression() {
    if let Some((events, detections)) = compare_all("sigma-regression", 1) {
        assert!(events >= 208 && detections >= 200, "{events} {detections}");
    }
}
