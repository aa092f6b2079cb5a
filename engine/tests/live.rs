//! Rules are exchanged between batches, on every thread.

use yagura_engine::{Engine, Live};
use yagura_parsers::{BlockExtent, EventBatch, Extent, Format, Origin, Timestamp};
use yagura_rules::{LoadOptions, Taxonomy};

fn engine(value: &str) -> Engine {
    let folder = tempfile::tempdir().expect("a folder");
    let rule =
        format!("title: t\nlogsource: {{}}\ndetection:\n  s: {{a: {value}}}\n  condition: s\n");
    std::fs::write(folder.path().join("rule.yml"), rule).expect("written");
    let rules = yagura_rules::load(&[folder.path()], &LoadOptions::default()).detections;
    Engine::compile(&rules, &Taxonomy::shipped(), Extent::Projected).expect("compiles")
}

/// The indices of the events that match.
fn found(follower: &mut yagura_engine::Follower<'_>, lines: &[u8]) -> Vec<usize> {
    let matcher = follower.matcher();
    let mut batch = EventBatch::new();
    batch.recycle().extend_from_slice(lines);
    let origin = Origin {
        position: 0,
        near: Timestamp::UNKNOWN,
        extent: BlockExtent::Whole,
    };
    batch.parse(Format::JsonLines, origin, matcher.engine().projection());
    let mut found = Vec::new();
    matcher.scan(&batch, Format::JsonLines, &mut found);
    found.iter().map(|m| m.event).collect()
}

#[test]
fn a_follower_takes_up_new_rules_with_its_next_batch() {
    let lines = b"{\"a\":\"old\"}\n{\"a\":\"new\"}\n";
    let live = Live::new(engine("old"));
    let mut follower = live.follow();
    assert_eq!(found(&mut follower, lines), [0]);
    let former = live.replace(engine("new"));
    assert_eq!(found(&mut follower, lines), [1]);
    assert_eq!(found(&mut live.follow(), lines), [1]);
    assert_eq!(former.rules().len(), live.current().rules().len());
}
