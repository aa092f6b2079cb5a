//! How far an event is from matching: how many items would have to be otherwise.

use super::truth::{Item, Join, Part, Truth};
use super::{Body, Named};

/// What no change of items can reach.
const NEVER: usize = usize::MAX;

/// How many items would have to be otherwise for a part to be `wanted`; each item is counted
/// wherever it stands, and a list of values of one field is one item. `None`: whatever the
/// items are, it is not.
pub(super) fn distance(body: &Body<'_>, truth: &Truth<'_>, wanted: bool) -> Option<usize> {
    Some(to(&body.named, truth, wanted)).filter(|d| *d != NEVER)
}

fn to(named: &[Named<'_>], truth: &Truth<'_>, wanted: bool) -> usize {
    let each = |parts: &[Truth<'_>]| -> Vec<usize> {
        parts.iter().map(|part| to(named, part, wanted)).collect()
    };
    match (&truth.part, wanted) {
        (Part::Named(at), _) => named
            .get(*at)
            .map_or(NEVER, |n| to(named, &n.truth, wanted)),
        (Part::Not(inner), _) => to(named, inner, !wanted),
        (Part::All(parts), true) | (Part::Any(parts), false) => sum(each(parts)),
        (Part::All(parts), false) | (Part::Any(parts), true) => least(each(parts), 1),
        (Part::AtLeast(count, parts), true) => least(each(parts), *count),
        // So many that the others are too few.
        (Part::AtLeast(count, parts), false) => match (parts.len() + 1).checked_sub(*count) {
            Some(too_few) if *count > 0 => least(each(parts), too_few),
            Some(_) => NEVER,
            None => 0,
        },
        (Part::Item(item), _) if truth.holds != wanted => of_item(item, wanted),
        (Part::Item(_), _) => 0,
    }
}

fn of_item(item: &Item<'_>, wanted: bool) -> usize {
    match item.join {
        Join::All if wanted => item.tests.iter().filter(|(_, holds)| !holds).count(),
        Join::Any | Join::All => 1,
    }
}

fn sum(distances: Vec<usize>) -> usize {
    distances.into_iter().fold(0, usize::saturating_add)
}

/// The sum of the `count` least.
fn least(mut distances: Vec<usize>, count: usize) -> usize {
    distances.sort_unstable();
    match distances.get(..count) {
        Some(nearest) => sum(nearest.to_vec()),
        None => NEVER,
    }
}

/// The items of which any one alone keeps a part from being `wanted`, where one is all it takes.
pub(super) fn decisive<'b, 'r>(
    body: &'b Body<'r>,
    truth: &'b Truth<'r>,
    wanted: bool,
    found: &mut Vec<(&'b Item<'r>, bool)>,
) {
    if to(&body.named, truth, wanted) != 1 {
        return;
    }
    match &truth.part {
        Part::Named(at) => {
            if let Some(named) = body.named.get(*at) {
                decisive(body, &named.truth, wanted, found);
            }
        }
        Part::Not(inner) => decisive(body, inner, !wanted, found),
        Part::All(parts) | Part::Any(parts) | Part::AtLeast(_, parts) => {
            for part in parts {
                decisive(body, part, wanted, found);
            }
        }
        Part::Item(item) if !found.iter().any(|(known, _)| *known == item) => {
            found.push((item, wanted));
        }
        Part::Item(_) => {}
    }
}

/// Whether an item that has to hold does: an event of which nothing is as the rule says is not
/// near to it.
pub(super) fn has_support(named: &[Named<'_>], truth: &Truth<'_>, wanted: bool) -> bool {
    match &truth.part {
        Part::Named(at) => named
            .get(*at)
            .is_some_and(|n| has_support(named, &n.truth, wanted)),
        Part::Not(inner) => has_support(named, inner, !wanted),
        Part::All(parts) | Part::Any(parts) | Part::AtLeast(_, parts) => {
            parts.iter().any(|part| has_support(named, part, wanted))
        }
        Part::Item(item) => wanted && item.tests.iter().any(|(_, holds)| *holds),
    }
}
