//! Whether two texts say the same: trees without places.

use crate::document::{Content, Key, Node};

type Entry<'n> = (Key<'n>, Node<'n>);

/// Whether documents are equal, but for the order of the attributes at the top.
pub(super) fn all(before: &[Node<'_>], after: &[Node<'_>]) -> bool {
    before.len() == after.len()
        && before
            .iter()
            .zip(after)
            .all(|(one, other)| match (one.as_map(), other.as_map()) {
                (Some(one), Some(other)) => sorted(one, other),
                _ => equal(one, other),
            })
}

fn sorted(one: &[Entry<'_>], other: &[Entry<'_>]) -> bool {
    let order = |entries: &[Entry<'_>]| {
        let mut order: Vec<usize> = (0..entries.len()).collect();
        order.sort_by(|a, b| {
            let key = |at: &usize| entries.get(*at).map(|(key, _)| key.text.clone());
            key(a).cmp(&key(b))
        });
        order
    };
    let pairs = order(one).into_iter().zip(order(other));
    one.len() == other.len()
        && pairs
            .into_iter()
            .all(|(a, b)| match (one.get(a), other.get(b)) {
                (Some(a), Some(b)) => entries_equal(a, b),
                _ => false,
            })
}

fn entries_equal((key, value): &Entry<'_>, (other, theirs): &Entry<'_>) -> bool {
    key.text == other.text && key.style == other.style && equal(value, theirs)
}

fn equal(one: &Node<'_>, other: &Node<'_>) -> bool {
    match (&one.content, &other.content) {
        (Content::Scalar(a, how), Content::Scalar(b, also)) => a == b && how == also,
        (Content::List(a), Content::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Content::Map(a), Content::Map(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| entries_equal(a, b))
        }
        _ => false,
    }
}
