//! From a logsource to its routes.
//!
//! A logsource names up to three parts, and tables know some combinations. In this order:
//! an entry with just these parts; entries with these and further parts, together; the entries
//! for the category and for the service, where both hold at the same time.

use super::table::windows_route;
use super::{Entry, Route, Shape};
use crate::logsource::Logsource;
use crate::predicate::Expr;

/// The routes of a logsource that tables know.
pub(super) fn find(entries: &[Entry], wanted: &Logsource) -> Option<Vec<Route>> {
    let lower = parts(wanted).map(|part| part.map(str::to_ascii_lowercase));
    let [product, category, service] = lower.each_ref().map(Option::as_deref);
    if let Some(routes) = known(entries, [product, category, service]) {
        return Some(routes);
    }
    let by_category = || {
        known(entries, [product, category, None]).or_else(|| exact(entries, [None, category, None]))
    };
    let by_service = || {
        known(entries, [product, None, service]).or_else(|| exact(entries, [None, None, service]))
    };
    match (category, service) {
        (None, None) => None,
        (Some(_), None) => by_category(),
        (None, Some(_)) => by_service(),
        (Some(_), Some(_)) => {
            let (of_category, of_service) = (by_category()?, by_service()?);
            let pairs = of_category
                .iter()
                .flat_map(|c| of_service.iter().map(move |s| both(c, s)));
            Some(pairs.flatten().collect())
        }
    }
}

/// The routes of the entry with just these parts, else those of all entries with further parts.
fn known(entries: &[Entry], wanted: Parts<'_>) -> Option<Vec<Route>> {
    if wanted == [None; 3] {
        return Some(vec![open("every event", &Shape::ALL)]);
    }
    exact(entries, wanted).or_else(|| {
        let narrower = entries
            .iter()
            .filter(|e| covers(wanted, parts(&e.logsource)));
        let together = distinct(narrower.flat_map(|e| &e.routes));
        (!together.is_empty()).then_some(together)
    })
}

fn exact(entries: &[Entry], wanted: Parts<'_>) -> Option<Vec<Route>> {
    let entry = entries.iter().find(|e| parts(&e.logsource) == wanted)?;
    Some(entry.routes.clone())
}

/// What to look at for a logsource that no table knows.
pub(super) fn fallback(unknown: &Logsource) -> Vec<Route> {
    let Logsource {
        product,
        category,
        service,
        ..
    } = unknown;
    let product = product.as_deref().map(str::to_ascii_lowercase);
    match (product.as_deref(), category, service) {
        // A channel may be written where a service should be.
        (Some("windows"), _, Some(service)) => {
            vec![windows_route(service, std::slice::from_ref(service))]
        }
        (Some("windows"), ..) => vec![windows_route("any Windows event", &[])],
        (Some("linux"), None, Some(service)) => vec![
            Route {
                programs: vec![format!("{}*", service.to_ascii_lowercase())],
                ..open("program of this name", &[Shape::Syslog])
            },
            open(
                "unknown logsource",
                &[Shape::Json, Shape::KeyValue, Shape::Raw],
            ),
        ],
        _ => vec![open("unknown logsource", &NO_PRODUCT)],
    }
}

/// Shapes that any application may write.
const NO_PRODUCT: [Shape; 7] = [
    Shape::Syslog,
    Shape::AccessLog,
    Shape::Cef,
    Shape::Leef,
    Shape::KeyValue,
    Shape::Json,
    Shape::Raw,
];

fn open(name: &str, shapes: &[Shape]) -> Route {
    Route {
        name: name.to_owned(),
        shapes: shapes.to_vec(),
        channels: Vec::new(),
        event_ids: Vec::new(),
        programs: Vec::new(),
        guard: None,
        renames: Vec::new(),
    }
}

/// Product, category, service.
type Parts<'a> = [Option<&'a str>; 3];

fn parts(of: &Logsource) -> Parts<'_> {
    [&of.product, &of.category, &of.service].map(Option::as_deref)
}

/// Whether every part of `wide` is also one of `narrow`.
fn covers(wide: Parts<'_>, narrow: Parts<'_>) -> bool {
    let mut pairs = wide.into_iter().zip(narrow);
    pairs.all(|(wide, narrow)| wide.is_none() || wide == narrow)
}

fn distinct<'a>(routes: impl Iterator<Item = &'a Route>) -> Vec<Route> {
    let mut kept: Vec<Route> = Vec::new();
    for route in routes {
        let same = |other: &Route| {
            *other
                == Route {
                    name: other.name.clone(),
                    ..route.clone()
                }
        };
        if !kept.iter().any(same) {
            kept.push(route.clone());
        }
    }
    kept
}

/// The events that take both routes.
fn both(a: &Route, b: &Route) -> Option<Route> {
    let mut renames = a.renames.clone();
    for rename in &b.renames {
        if !renames.iter().any(|r| r.field == rename.field) {
            renames.push(rename.clone());
        }
    }
    let guards: Vec<Expr> = [&a.guard, &b.guard]
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    let shapes: Vec<Shape> = (a.shapes.iter().filter(|s| b.shapes.contains(s)))
        .copied()
        .collect();
    (!shapes.is_empty()).then_some(())?;
    Some(Route {
        name: format!("{}, {}", a.name, b.name),
        shapes,
        channels: narrow(&a.channels, &b.channels)?,
        event_ids: narrow(&a.event_ids, &b.event_ids)?,
        programs: narrow(&a.programs, &b.programs)?,
        guard: (!guards.is_empty()).then_some(Expr::All(guards)),
        renames,
    })
}

/// What two lists, of which an empty one allows anything, both allow; `None`: nothing.
fn narrow<T: Clone + PartialEq>(a: &[T], b: &[T]) -> Option<Vec<T>> {
    match (a.is_empty(), b.is_empty()) {
        (true, _) => Some(b.to_vec()),
        (_, true) => Some(a.to_vec()),
        _ => {
            let common: Vec<T> = a.iter().filter(|x| b.contains(x)).cloned().collect();
            (!common.is_empty()).then_some(common)
        }
    }
}
