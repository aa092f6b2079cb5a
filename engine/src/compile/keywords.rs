//! Which keywords an event has to be searched for before its rules are decided.
//!
//! Most rules with keywords are opened by them: `keywords and filter` is not looked at where no
//! keyword stands, so that the often short and common texts of the filter need not be found.

use crate::matcher::plan::{ClassPlan, Predicate, PredicateId, Source};
use crate::matcher::program::{Node, NodeId, Program};

/// For each predicate whether it is a keyword without which nothing can be told. If none of
/// these holds, all rules are decided rightly when no keyword is said to hold.
pub(super) fn decisive(plan: &ClassPlan) -> Vec<bool> {
    let mut decisive = vec![false; plan.predicates.len()];
    let mut by_others = vec![false; plan.rules.len()];
    for rule in &plan.always {
        by_others[*rule as usize] = true;
    }
    for (id, predicate) in (0u32..).map(PredicateId).zip(&plan.predicates) {
        for rule in plan.opened_by(id) {
            if is_keyword(predicate) {
                decisive[id.index()] = true;
            } else {
                by_others[*rule as usize] = true;
            }
        }
    }
    let rules = plan.rules.iter().zip(by_others);
    for (rule, _) in rules.filter(|(_, by_others)| *by_others) {
        each_predicate(&plan.program, rule.root, &mut |id| {
            decisive[id.index()] |= is_keyword(&plan.predicates[id.index()]);
        });
    }
    decisive
}

pub(super) fn is_keyword(predicate: &Predicate) -> bool {
    *predicate.sources == [Source::ANYTHING]
}

fn each_predicate(program: &Program, node: NodeId, found: &mut impl FnMut(PredicateId)) {
    match program.node(node) {
        Node::Is(predicate) => found(predicate),
        Node::Not(child) => each_predicate(program, child, found),
        Node::All(list) | Node::Any(list) | Node::AtLeast(_, list) => {
            for child in program.children(&list) {
                each_predicate(program, *child, found);
            }
        }
        Node::Constant(_) => {}
    }
}
