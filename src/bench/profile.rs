//! Costs by rule and by predicate, for the report.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Instant;

use hashbrown::HashMap;
use serde::Serialize;
use yagura_engine::{Access, Engine, PredicateCost, Profile, Profiler};
use yagura_parsers::EventBatch;

use super::input::Input;

/// The content of `profile` in the report.
#[derive(Clone, Debug, Serialize)]
pub struct ProfileReport {
    /// Events of the pass that was profiled.
    pub events: u64,
    /// Looking values up in tables, for all rules together.
    pub look_up_ns: u64,
    /// All other, by rule; the costliest first.
    pub rules: Vec<RuleReport>,
    /// By predicate; the costliest first.
    pub predicates: Vec<PredicateReport>,
}

/// One rule.
#[derive(Clone, Debug, Serialize)]
pub struct RuleReport {
    /// Its title.
    pub title: String,
    /// Its id.
    pub id: Option<String>,
    /// Where it stands.
    pub file: String,
    /// Events of its logsource.
    pub events: u64,
    /// Events on which it was evaluated.
    pub evaluated: u64,
    /// `evaluated` as a share of the events of its logsource.
    pub evaluated_share: f64,
    /// Events on which it held.
    pub held: u64,
    /// Predicates that its evaluations asked for.
    pub predicates_asked: u64,
    /// See [`yagura_engine::RuleCost::cost_ns`].
    pub cost_ns: u64,
    /// What opens it; `null`: evaluated on every event of its logsource.
    pub access: Option<Vec<String>>,
}

/// One predicate.
#[derive(Clone, Debug, Serialize)]
pub struct PredicateReport {
    /// As rules write it.
    pub predicate: String,
    /// Rules that have it.
    pub rules: u64,
    /// Events on which it opened rules.
    pub fired: u64,
    /// `fired` as a share of all events.
    pub fired_share: f64,
    /// How often evaluations asked for it.
    pub asked: u64,
    /// How often it held then.
    pub held: u64,
    /// How often a value was tested one by one.
    pub tested: u64,
    /// What these tests took.
    pub cost_ns: u64,
}

/// Counts are the same in each pass; of times the least is taken, since what is more was mostly
/// another process on the same core.
const PASSES: usize = 3;

/// Profiles the input.
pub fn profile(input: &Input, engine: &Arc<Engine>) -> ProfileReport {
    let mut profile = one_pass(input, engine);
    for _ in 1..PASSES {
        take_least(&mut profile, &one_pass(input, engine));
    }
    report(profile, engine)
}

fn one_pass(input: &Input, engine: &Arc<Engine>) -> Profile {
    let origin = Instant::now();
    let clock_ns = || u64::try_from(origin.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let mut profiler = Profiler::new(engine, clock_ns);
    let mut batch = EventBatch::new();
    for one in &input.blocks {
        one.fill(&mut batch);
        batch.parse(one.block.format, one.block.origin, engine.projection());
        profiler.add(&batch, one.block.format);
    }
    profiler.finish()
}

fn take_least(profile: &mut Profile, other: &Profile) {
    profile.look_up_ns = profile.look_up_ns.min(other.look_up_ns);
    let rules: HashMap<_, u64> = other.rules.iter().map(|r| (r.rule, r.cost_ns)).collect();
    for cost in &mut profile.rules {
        let theirs = rules.get(&cost.rule).copied();
        cost.cost_ns = theirs.map_or(cost.cost_ns, |ns| ns.min(cost.cost_ns));
    }
    let of = |p: &PredicateCost| p.cost_ns;
    let predicates = other.predicates.iter();
    let predicates: HashMap<&str, u64> = predicates.map(|p| (&*p.predicate, of(p))).collect();
    for cost in &mut profile.predicates {
        let theirs = predicates.get(&*cost.predicate).copied();
        cost.cost_ns = theirs.map_or(cost.cost_ns, |ns| ns.min(cost.cost_ns));
    }
    // Stable, so that equal costs keep the order that the engine gave them.
    profile.rules.sort_by_key(|r| Reverse(r.cost_ns));
    profile.predicates.sort_by_key(|p| Reverse(p.cost_ns));
}

fn report(profile: Profile, engine: &Arc<Engine>) -> ProfileReport {
    let rules = profile.rules.into_iter().filter_map(|cost| {
        let meta = &engine.rules().get(cost.rule.0 as usize)?.meta;
        Some(RuleReport {
            title: meta.title.clone(),
            id: meta.id.clone(),
            file: meta.file.path.display().to_string(),
            events: cost.events,
            evaluated: cost.evaluated,
            evaluated_share: share(cost.evaluated, cost.events),
            held: cost.held,
            predicates_asked: cost.asked,
            cost_ns: cost.cost_ns,
            access: match cost.access {
                Access::Predicates(predicates) => Some(predicates),
                Access::Always => None,
            },
        })
    });
    let predicates = profile.predicates.into_iter().map(|cost| PredicateReport {
        predicate: cost.predicate,
        rules: cost.rules,
        fired: cost.fired,
        fired_share: share(cost.fired, profile.events),
        asked: cost.asked,
        held: cost.held,
        tested: cost.tested,
        cost_ns: cost.cost_ns,
    });
    ProfileReport {
        events: profile.events,
        look_up_ns: profile.look_up_ns,
        rules: rules.collect(),
        predicates: predicates.collect(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share for people")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}
