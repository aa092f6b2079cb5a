//! Access predicates: a smallest, rarest set of predicates of which one must hold for a rule to
//! match. Only rules with one that holds are evaluated, and then only what the set leaves open.

use crate::compile::rarity::Share;
use crate::matcher::plan::PredicateId;
use crate::matcher::program::{Node, NodeId, Program};

/// How a rule is looked at.
#[derive(Debug, PartialEq)]
pub(crate) struct Entry {
    /// One of these holds whenever the rule does; `None` if it can hold without any (nothing
    /// but negations, for example).
    pub(crate) opening: Option<Vec<PredicateId>>,
    /// What decides the rule once it is open.
    pub(crate) rest: NodeId,
}

/// The entry of a condition. Its `rest` is added to the program, the likeliest to fail first.
pub(crate) fn entry(program: &mut Program, shares: &[Share], root: NodeId) -> Entry {
    let mut parts = Vec::new();
    flatten(program, root, &mut parts);
    let choices = parts.iter().enumerate().filter_map(|(at, part)| {
        let choice = best(program, shares, *part)?;
        Some((at, choice))
    });
    let rarest = choices.min_by(|(_, a), (_, b)| a.share.total_cmp(&b.share));
    let opening = rarest.map(|(at, choice)| {
        if choice.exact {
            parts.remove(at);
        }
        choice.predicates
    });
    let mut ordered: Vec<(f64, NodeId)> = parts
        .into_iter()
        .map(|part| (share(program, shares, part), part))
        .collect();
    ordered.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let parts: Vec<NodeId> = ordered.into_iter().map(|(_, part)| part).collect();
    let rest = if let [part] = parts.as_slice() {
        *part
    } else {
        let list = program.list(&parts);
        program.add(Node::All(list))
    };
    Entry { opening, rest }
}

/// What has to hold together.
fn flatten(program: &Program, id: NodeId, parts: &mut Vec<NodeId>) {
    match program.node(id) {
        Node::All(list) => {
            for child in program.children(&list) {
                flatten(program, *child, parts);
            }
        }
        _ => parts.push(id),
    }
}

struct Choice {
    /// Estimated share of events on which one of them holds.
    share: f64,
    predicates: Vec<PredicateId>,
    /// Whether the node holds whenever one of them does.
    exact: bool,
}

fn best(program: &Program, shares: &[Share], id: NodeId) -> Option<Choice> {
    match program.node(id) {
        Node::Is(predicate) => {
            let share = shares[predicate.index()];
            share.needs_field.then(|| Choice {
                share: share.of_events,
                predicates: vec![predicate],
                exact: true,
            })
        }
        Node::All(list) => {
            let children = program.children(&list).iter();
            let choices = children.filter_map(|c| best(program, shares, *c));
            let rarest = choices.min_by(|a, b| a.share.total_cmp(&b.share))?;
            let exact = rarest.exact && list.len() == 1;
            Some(Choice { exact, ..rarest })
        }
        Node::Any(list) => union(program, shares, program.children(&list)),
        Node::AtLeast(count, list) if count > 0 => {
            let choice = union(program, shares, program.children(&list))?;
            let exact = choice.exact && count == 1;
            Some(Choice { exact, ..choice })
        }
        // It never holds, so nothing ever has to open it.
        Node::Constant(false) => Some(Choice {
            share: 0.0,
            predicates: Vec::new(),
            exact: true,
        }),
        Node::AtLeast(..) | Node::Not(_) | Node::Constant(true) => None,
    }
}

fn union(program: &Program, shares: &[Share], children: &[NodeId]) -> Option<Choice> {
    let mut all = Choice {
        share: 0.0,
        predicates: Vec::new(),
        exact: true,
    };
    for child in children {
        let one = best(program, shares, *child)?;
        all.share += one.share;
        all.predicates.extend(one.predicates);
        all.exact &= one.exact;
    }
    all.predicates.sort_unstable();
    all.predicates.dedup();
    Some(all)
}

/// Estimated share of events on which a node holds.
fn share(program: &Program, shares: &[Share], id: NodeId) -> f64 {
    let of = |list: &std::ops::Range<u32>| {
        let children = program.children(list).iter();
        children.map(|c| share(program, shares, *c))
    };
    match program.node(id) {
        Node::Constant(value) => f64::from(u8::from(value)),
        Node::Is(predicate) => shares[predicate.index()].of_events,
        Node::Not(child) => 1.0 - share(program, shares, child),
        Node::All(list) => of(&list).fold(1.0, f64::min),
        Node::Any(list) | Node::AtLeast(_, list) => of(&list).sum::<f64>().min(1.0),
    }
}
