//! One pass, untimed: what the others are compared with.

use std::sync::Arc;

use hashbrown::HashSet;
use yagura_engine::{Engine, RuleIndex};
use yagura_parsers::EventBatch;

use super::findings::Findings;
use super::input::Input;

/// What one pass found.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// The findings.
    pub findings: Findings,
    /// Rules with at least one detection.
    pub rules_matched: u64,
}

/// Parses and matches the whole input once.
pub fn run(input: &Input, engine: &Arc<Engine>) -> Pass {
    let mut matcher = engine.matcher();
    let mut batch = EventBatch::new();
    let mut found = Vec::new();
    let mut findings = Findings::default();
    let mut rules: HashSet<RuleIndex> = HashSet::new();
    for one in &input.blocks {
        one.fill(&mut batch);
        batch.parse(one.block.format, one.block.origin, engine.projection());
        found.clear();
        matcher.scan(&batch, one.block.format, &mut found);
        findings.add(Findings::of_block(one.block.input, batch.len(), &found));
        rules.extend(found.iter().map(|of| of.rule));
    }
    Pass {
        findings,
        rules_matched: rules.len() as u64,
    }
}
