//! Whether a rule holds for an event: one rule at a time, in the plainest code, straight from
//! the specification.

use yagura_parsers::ValueKind;
use yagura_rules::predicate::{Expr, Predicate, Subject, Test};
use yagura_rules::taxonomy::{Rename, Route};
use yagura_rules::{Activity, Detection, Taxonomy};

use super::event::SeenEvent;
use super::route::is_on;

/// The documented limit of values that a field reference compares.
const COMPARED_MAX: usize = 256;

/// Whether an event satisfies a rule.
pub fn matches(rule: &Detection, taxonomy: &Taxonomy, event: &SeenEvent) -> bool {
    rule.activity == Activity::Active
        && taxonomy
            .routes(&rule.logsource)
            .iter()
            .any(|route| is_on(route, taxonomy, event) && holds_on(rule, route, event))
}

/// Whether an event that takes a route ([`is_on`]) satisfies a rule there.
pub fn holds_on(rule: &Detection, route: &Route, event: &SeenEvent) -> bool {
    route.guard.iter().all(|guard| holds(guard, &[], event))
        && holds(&rule.matches, &route.renames, event)
}

pub(super) fn holds(expr: &Expr, renames: &[Rename], event: &SeenEvent) -> bool {
    match expr {
        Expr::All(parts) => parts.iter().all(|p| holds(p, renames, event)),
        Expr::Any(parts) => parts.iter().any(|p| holds(p, renames, event)),
        Expr::AtLeast(n, parts) => parts.iter().filter(|p| holds(p, renames, event)).count() >= *n,
        Expr::Not(inner) => !holds(inner, renames, event),
        Expr::Is(predicate) => is(predicate, renames, event),
    }
}

pub(super) fn is(predicate: &Predicate, renames: &[Rename], event: &SeenEvent) -> bool {
    let test = &predicate.test;
    let Subject::Field(name) = &predicate.subject else {
        return match test {
            Test::Null => is_null(&predicate.subject, renames, event),
            Test::Exists => !event.texts().is_empty(),
            test => event.texts().iter().any(|v| v.satisfies(test)),
        };
    };
    match test {
        Test::Null => is_null(&predicate.subject, renames, event),
        Test::Exists => !event.field(name, renames).is_empty(),
        Test::Field {
            other,
            relation,
            case,
        } => {
            let values = event.field(name, renames);
            let others = event.field(other, renames);
            values.iter().take(COMPARED_MAX).any(|(_, value)| {
                let mut others = others.iter().take(COMPARED_MAX);
                others.any(|(_, other)| value.relates(*relation, *case, other))
            })
        }
        test => {
            let values = event.field(name, renames);
            values.iter().any(|(_, v)| v.satisfies(test))
        }
    }
}

/// Absent, or null, under each of its names.
fn is_null(subject: &Subject, renames: &[Rename], event: &SeenEvent) -> bool {
    let by_source = event.by_source(subject, renames);
    by_source
        .iter()
        .all(|values| values.is_empty() || values.iter().any(|(_, v)| v.kind == ValueKind::Null))
}
