//! Which sets of routes an event can have, with their plans; and the table that finds an event's
//! set.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use yagura_parsers::ProjectionBuilder;
use yagura_rules::taxonomy::{Route, Shape};
use yagura_rules::{Detection, Taxonomy};

use crate::classes::{ByEventId, Class, ClassId, Classes, PlanId, SHAPES, prefix_of};
use crate::compile::Routed;
use crate::compile::class::ClassBuilder;
use crate::matcher::plan::{ClassPlan, Slot};
use crate::matcher::raw_filter::RawFilter;

/// Routes, as ascending indices.
type RouteSet = Vec<u32>;

/// Gives each distinct class, and each distinct set of routes that is a plan, one id.
struct Interner<'a> {
    routed: &'a [Routed],
    classes: Vec<Class>,
    class_ids: HashMap<Class, ClassId>,
    sets: Vec<RouteSet>,
    plan_ids: HashMap<RouteSet, PlanId>,
}

impl<'a> Interner<'a> {
    fn new(routed: &'a [Routed]) -> Self {
        Self {
            routed,
            classes: Vec::new(),
            class_ids: HashMap::new(),
            sets: Vec::new(),
            plan_ids: HashMap::new(),
        }
    }

    /// The class of events that take these routes.
    fn class(&mut self, routes: RouteSet) -> ClassId {
        let (shared, special) = routes
            .into_iter()
            .partition(|route| is_shared(&self.routed[*route as usize].route));
        let class = Class {
            special: self.plan(special),
            shared: self.plan(shared),
            raw_filter: None,
        };
        *self.class_ids.entry(class).or_insert_with(|| {
            self.classes.push(class);
            ClassId(self.classes.len() as u32 - 1)
        })
    }

    fn plan(&mut self, set: RouteSet) -> Option<PlanId> {
        if set.is_empty() {
            return None;
        }
        let next = self.sets.len() as PlanId;
        Some(*self.plan_ids.entry(set).or_insert_with_key(|set| {
            self.sets.push(set.clone());
            next
        }))
    }
}

/// Whether events of many classes take a route.
fn is_shared(route: &Route) -> bool {
    route.channels.is_empty() && route.event_ids.is_empty() && route.programs.is_empty()
}

pub(super) fn build(
    names: &ProjectionBuilder,
    rules: &[Arc<Detection>],
    routed: &[Routed],
    taxonomy: &Taxonomy,
) -> Classes {
    let mut interner = Interner::new(routed);
    let set = |holds: &dyn Fn(&Route) -> bool| -> RouteSet {
        let all = (0u32..).zip(routed);
        all.filter(|(_, r)| holds(&r.route))
            .map(|(i, _)| i)
            .collect()
    };
    let by_shape = SHAPES.map(|shape| {
        interner.class(set(&|route| {
            route.shapes.contains(&shape) && is_shared(route)
        }))
    });
    let by_channel = channels(routed)
        .into_iter()
        // A known channel makes a Windows event, whether or not a rule asks for it.
        .chain(taxonomy.channels())
        .collect::<HashSet<&str>>()
        .into_iter()
        .map(|channel| {
            let ids = by_event_id(Some(channel), routed, &mut interner);
            (channel.into(), ids)
        })
        .collect();
    let by_program = programs(routed)
        .into_iter()
        .map(|program| {
            let class = interner.class(set(&|route| is_of_program(route, program)));
            (program.into(), class)
        })
        .collect();
    let other_channel = by_event_id(None, routed, &mut interner);
    let plans = plans(&interner.sets, names, rules, routed);
    let mut by_id = interner.classes;
    let raw_filters = raw_filters(&mut by_id, &plans);
    Classes {
        by_shape,
        by_channel,
        other_channel,
        by_program,
        channel_of_provider: taxonomy
            .providers()
            .map(|(provider, channel)| (provider.into(), channel.into()))
            .collect(),
        plans,
        raw_filters,
        by_id,
    }
}

/// One filter for the keywords of all plans of a class.
fn raw_filters(classes: &mut [Class], plans: &[ClassPlan]) -> Vec<RawFilter> {
    let mut filters = Vec::new();
    let mut known: HashMap<Vec<PlanId>, u32> = HashMap::new();
    for class in classes {
        let parts_of = |id: &PlanId| plans[*id as usize].keyword_parts.as_ref();
        let ids = [class.special, class.shared].into_iter().flatten();
        let ids: Vec<PlanId> = ids.filter(|id| parts_of(id).is_some()).collect();
        if ids.is_empty() {
            continue;
        }
        class.raw_filter = Some(*known.entry(ids).or_insert_with_key(|ids| {
            let parts: Vec<_> = ids.iter().filter_map(parts_of).collect();
            filters.push(RawFilter::new(&parts));
            filters.len() as u32 - 1
        }));
    }
    filters
}

fn is_of_program(route: &Route, program: &str) -> bool {
    let fits = |pattern: &String| match prefix_of(pattern) {
        // A prefix stands for itself among the programs.
        Some(prefix) => program.trim_end_matches('*').starts_with(prefix),
        None => pattern == program,
    };
    route.shapes.contains(&Shape::Syslog)
        && (route.programs.is_empty() || route.programs.iter().any(fits))
}

fn channels(routed: &[Routed]) -> HashSet<&str> {
    let all = routed.iter().flat_map(|r| &r.route.channels);
    all.map(String::as_str).collect()
}

fn programs(routed: &[Routed]) -> HashSet<&str> {
    let all = routed.iter().flat_map(|r| &r.route.programs);
    all.map(String::as_str).collect()
}

/// The classes of a channel's events; `None`: of a channel that no route names.
fn by_event_id(channel: Option<&str>, routed: &[Routed], interner: &mut Interner<'_>) -> ByEventId {
    let of_channel = |route: &Route| {
        route.shapes.contains(&Shape::Windows)
            && (route.channels.is_empty()
                || channel.is_some_and(|c| route.channels.iter().any(|r| r == c)))
    };
    let candidates: Vec<(u32, &Route)> = (0u32..)
        .zip(routed)
        .map(|(i, r)| (i, &r.route))
        .filter(|(_, route)| of_channel(route))
        .collect();
    let mut class = |event_id: Option<u32>| {
        let fits = |route: &Route| {
            route.event_ids.is_empty() || event_id.is_some_and(|id| route.event_ids.contains(&id))
        };
        let set = candidates.iter().filter(|(_, route)| fits(route));
        interner.class(set.map(|(i, _)| *i).collect())
    };
    let named: HashSet<u32> = candidates
        .iter()
        .flat_map(|(_, route)| route.event_ids.iter().copied())
        .collect();
    let mut named: Vec<u32> = named.into_iter().collect();
    named.sort_unstable();
    ByEventId {
        named: named.into_iter().map(|id| (id, class(Some(id)))).collect(),
        other: class(None),
    }
}

/// Compiles all classes, on all cores: their number is what loading takes longest for.
fn plans(
    sets: &[RouteSet],
    names: &ProjectionBuilder,
    rules: &[Arc<Detection>],
    routed: &[Routed],
) -> Vec<ClassPlan> {
    let weight = |set: &RouteSet| -> usize {
        let sizes = set.iter().map(|i| routed[*i as usize].rules.len());
        sizes.sum()
    };
    let mut order: Vec<usize> = (0..sets.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(weight(&sets[*i])));
    let next = std::sync::atomic::AtomicUsize::new(0);
    let build_some = || {
        let mut built = Vec::new();
        while let Some(&class) = order.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
        {
            built.push((class, plan(&sets[class], names, rules, routed)));
        }
        built
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut built: Vec<(usize, ClassPlan)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..cores.min(8)).map(|_| scope.spawn(build_some)).collect();
        let mut all = build_some();
        for other in others {
            // A panic there would be a defect here; it goes on where it can be seen.
            all.extend(
                other
                    .join()
                    .unwrap_or_else(|p| std::panic::resume_unwind(p)),
            );
        }
        all
    });
    built.sort_by_key(|(class, _)| *class);
    let mut plans: Vec<ClassPlan> = built.into_iter().map(|(_, plan)| plan).collect();
    for (number, slot) in (0u32..).zip(plans.iter_mut().flat_map(|plan| &mut plan.slots)) {
        slot.number = number;
    }
    for plan in &mut plans {
        plan.slot_heads = plan.slots.iter().map(Slot::head).collect();
    }
    plans
}

fn plan(
    set: &RouteSet,
    names: &ProjectionBuilder,
    rules: &[Arc<Detection>],
    routed: &[Routed],
) -> ClassPlan {
    let mut builder = ClassBuilder::new(names);
    for route in set {
        let Routed { route, rules: of } = &routed[*route as usize];
        for rule in of {
            builder.add(*rule, &rules[rule.0 as usize].matches, route);
        }
    }
    builder.build(names.ids())
}
