//! Access predicates: a smallest, rarest set of predicates of which one must hold for a rule to
//! match. Only rules with one that holds are evaluated.

use crate::matcher::check::Check;
use crate::matcher::plan::{ClassPlan, Finding, Predicate, PredicateId};
use crate::matcher::program::{Node, NodeId};

struct Choice {
    /// Estimated share of events on which one of them holds.
    share: f64,
    predicates: Vec<PredicateId>,
}

/// The access predicates of a condition; `None` if it can hold without any (nothing but
/// negations, for example).
pub(crate) fn choose(plan: &ClassPlan, root: NodeId) -> Option<Vec<PredicateId>> {
    best(plan, root).map(|choice| choice.predicates)
}

fn best(plan: &ClassPlan, id: NodeId) -> Option<Choice> {
    let program = &plan.program;
    match program.node(id) {
        Node::Is(predicate) => Some(Choice {
            share: share(&plan.predicates[predicate.index()])?,
            predicates: vec![*predicate],
        }),
        Node::All(list) => {
            let choices = program.children(list).iter().filter_map(|c| best(plan, *c));
            choices.min_by(|a, b| a.share.total_cmp(&b.share))
        }
        Node::Any(list) => union(plan, program.children(list)),
        Node::AtLeast(count, list) if *count > 0 => union(plan, program.children(list)),
        // It never holds, so nothing ever has to open it.
        Node::Constant(false) => Some(Choice {
            share: 0.0,
            predicates: Vec::new(),
        }),
        Node::AtLeast(..) | Node::Not(_) | Node::Constant(true) => None,
    }
}

fn union(plan: &ClassPlan, children: &[NodeId]) -> Option<Choice> {
    let mut all = Choice {
        share: 0.0,
        predicates: Vec::new(),
    };
    for child in children {
        let one = best(plan, *child)?;
        all.share += one.share;
        all.predicates.extend(one.predicates);
    }
    all.predicates.sort_unstable();
    all.predicates.dedup();
    Some(all)
}

/// A guess from the shape of the test: the longer a literal, the rarer. `None` where the
/// predicate can hold without its field being there.
fn share(predicate: &Predicate) -> Option<f64> {
    Some(match &predicate.check {
        Check::Null => return None,
        Check::Exists => 0.9,
        Check::Compare(..) | Check::DatePart(..) | Check::Field(..) => 0.5,
        Check::Network(_) => 0.3,
        Check::Regex(_) if predicate.finding == Finding::Direct => 0.4,
        Check::Regex(_) => 0.05,
        Check::Number { .. } | Check::Bool(_) => 0.1,
        Check::Never => 0.0,
        Check::Text(_) if predicate.finding == Finding::Direct => 0.8,
        Check::Text(pattern) => {
            let literal_bytes = pattern.literal_bytes().min(99) as u8;
            0.5 * 0.8_f64.powi(i32::from(literal_bytes))
        }
    })
}
