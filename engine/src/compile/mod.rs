//! From checked rules to an [`Engine`].
//!
//! ```text
//!  rules ─▶ routes of their logsources ─▶ fields ─▶ Projection
//!                    └─▶ sets of routes that one event can have ─▶ a ClassPlan for each
//! ```

mod access;
mod class;
mod classes;
mod fields;
mod keywords;
mod rarity;

use std::sync::Arc;

use hashbrown::HashMap;
use yagura_parsers::{Extent, ProjectionBuilder};
use yagura_rules::taxonomy::Route;
use yagura_rules::{Activity, Detection, Logsource, Taxonomy};

use crate::engine::{CompileError, Engine, RuleIndex};
use crate::facts::{FactFields, Wanted};

pub(crate) use fields::everything;

/// A way in which a logsource occurs, and the rules of that logsource.
pub(crate) struct Routed {
    pub(crate) route: Route,
    pub(crate) rules: Vec<RuleIndex>,
}

pub(crate) fn compile(
    rules: &[Arc<Detection>],
    taxonomy: &Taxonomy,
    extent: Extent,
    wanted: &Wanted,
) -> Result<Engine, CompileError> {
    let (routed, unrouted) = route(rules, taxonomy);
    let mut builder = ProjectionBuilder::new(extent);
    fields::add(&mut builder, rules, &routed, wanted, taxonomy)?;
    let facts = facts(&builder, &routed, wanted);
    let classes = classes::build(&builder, rules, &routed, taxonomy);
    Ok(Engine {
        rules: rules.to_vec(),
        unrouted,
        projection: builder.build(),
        whole: ProjectionBuilder::new(Extent::Everything).build(),
        classes,
        facts,
    })
}

fn facts(names: &ProjectionBuilder, routed: &[Routed], wanted: &Wanted) -> FactFields {
    let mut facts = FactFields::new(names, wanted);
    for Routed { route, rules } in routed {
        for rule in rules {
            let Some(fields) = wanted.by_rule.get(rule.0 as usize) else {
                continue;
            };
            if !fields.is_empty() {
                let sources = fields
                    .iter()
                    .map(|name| fields::sources(names, name, &route.renames));
                facts.add_route(*rule, sources.collect());
            }
        }
    }
    facts
}

/// Groups active rules by route. Rules whose logsource no event can have come second.
fn route(rules: &[Arc<Detection>], taxonomy: &Taxonomy) -> (Vec<Routed>, Vec<RuleIndex>) {
    let mut routed: Vec<Routed> = Vec::new();
    let mut unrouted = Vec::new();
    let mut known: HashMap<Logsource, std::ops::Range<usize>> = HashMap::new();
    for (i, rule) in rules.iter().enumerate() {
        if rule.activity != Activity::Active {
            continue;
        }
        let key = Logsource {
            definition: None,
            ..rule.logsource.clone()
        };
        let range = known.entry(key).or_insert_with_key(|logsource| {
            let start = routed.len();
            routed.extend(taxonomy.routes(logsource).into_iter().map(|route| Routed {
                route,
                rules: Vec::new(),
            }));
            start..routed.len()
        });
        let rule = RuleIndex(i as u32);
        if range.start == range.end {
            unrouted.push(rule);
        }
        for one in &mut routed[range.clone()] {
            one.rules.push(rule);
        }
    }
    (routed, unrouted)
}
