//! Which logs rules need, and which of them there are.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;

use serde::Serialize;
use yagura_engine::{Engine, pipeline};
use yagura_parsers::{EventBatch, Extent};
use yagura_rules::predicate::Expr;
use yagura_rules::{Activity, Detection, Logsource, Taxonomy};

use crate::failure::Failure;
use crate::source::Sources;

/// A logsource.
#[derive(Clone, Debug, Serialize)]
pub struct Needed {
    /// `product/category/service`.
    pub logsource: String,
    /// Rules that are about it.
    pub rules: u64,
    /// Whether yagura knows what logs that are; if not, its rules never match.
    pub known: bool,
    /// Events of it in the logs; `None`: no logs were given.
    pub events: Option<u64>,
}

/// Of rules; those written in place belong to others.
pub fn needed(rules: &[Arc<Detection>], taxonomy: &Taxonomy) -> Vec<Needed> {
    let distinct = distinct(rules);
    let mut needed: Vec<Needed> = distinct
        .into_values()
        .map(|(logsource, rules)| Needed {
            logsource: logsource.to_string(),
            rules,
            known: taxonomy.is_known(logsource),
            events: None,
        })
        .collect();
    needed.sort_by(|a, b| {
        b.rules
            .cmp(&a.rules)
            .then_with(|| a.logsource.cmp(&b.logsource))
    });
    needed
}

/// By name. The definition, which is for people, tells none apart.
fn distinct(rules: &[Arc<Detection>]) -> BTreeMap<String, (&Logsource, u64)> {
    let mut distinct = BTreeMap::new();
    for rule in rules.iter().filter(|rule| !rule.in_place) {
        let entry = distinct.entry(rule.logsource.to_string());
        entry.or_insert((&rule.logsource, 0)).1 += 1;
    }
    distinct
}

/// Counts the events of each logsource in logs: a rule for each that matches everything finds
/// what the real ones would look at.
///
/// # Errors
/// The rules cannot be compiled.
pub fn count(
    needed: &mut [Needed],
    rules: &[Arc<Detection>],
    sources: &mut Sources,
    threads: NonZeroUsize,
) -> Result<u64, Failure> {
    let distinct = distinct(rules);
    let everything: Vec<Arc<Detection>> = needed
        .iter()
        .filter_map(|of| distinct.get(&of.logsource))
        .filter_map(|(logsource, _)| {
            let like = rules.iter().find(|rule| rule.logsource == **logsource)?;
            Some(Arc::new(Detection {
                selections: Vec::new(),
                conditions: Vec::new(),
                filters: Vec::new(),
                matches: Expr::All(Vec::new()),
                activity: Activity::Active,
                ..Detection::clone(like)
            }))
        })
        .collect();
    let engine = Engine::compile(&everything, &Taxonomy::shipped(), Extent::Projected)?;
    let engine = Arc::new(engine);
    let mut events = vec![0_u64; needed.len()];
    let mut all = 0;
    pipeline::run(
        threads,
        |batch| sources.next(batch),
        || worker(&engine, needed.len()),
        |_, (of_block, counts): (u64, Vec<u64>)| {
            all += of_block;
            for (sum, count) in events.iter_mut().zip(counts) {
                *sum += count;
            }
            ControlFlow::Continue(())
        },
    );
    for (of, events) in needed.iter_mut().zip(events) {
        of.events = Some(events);
    }
    Ok(all)
}

fn worker(
    engine: &Arc<Engine>,
    rules: usize,
) -> impl FnMut(&pipeline::Block, &mut EventBatch) -> (u64, Vec<u64>) + use<'_> {
    let (mut matcher, mut found) = (engine.matcher(), Vec::new());
    move |block, batch| {
        batch.parse(block.format, block.origin, engine.projection());
        found.clear();
        matcher.scan(batch, block.format, &mut found);
        let mut counts = vec![0; rules];
        for one in &found {
            if let Some(count) = counts.get_mut(one.rule.0 as usize) {
                *count += 1;
            }
        }
        (batch.len() as u64, counts)
    }
}
