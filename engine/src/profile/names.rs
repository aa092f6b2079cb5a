//! What the predicates of a compiled rule are called: as the rule writes them.

use yagura_rules::predicate::{Expr, Predicate, Subject};

use crate::engine::Engine;
use crate::matcher::plan::{ClassPlan, ClassRule, PredicateId};
use crate::matcher::program::{Node, NodeId};

/// The distinct predicates of a rule and what they are called.
///
/// Compilation keeps the order of a condition's tests and puts those of the logsource before
/// them, so the two lists are laid side by side from their ends. Where names do not agree the
/// field alone is told.
pub(super) fn of_rule(
    engine: &Engine,
    plan: &ClassPlan,
    rule: &ClassRule,
) -> Vec<(PredicateId, String)> {
    let mut compiled = Vec::new();
    collect_compiled(plan, rule.root, &mut compiled);
    let mut written = Vec::new();
    if let Some(detection) = engine.rules.get(rule.rule.0 as usize) {
        collect_written(&detection.matches, &mut written);
    }
    let of_logsource = compiled.len().saturating_sub(written.len());
    let mut named: Vec<(PredicateId, String)> = Vec::new();
    for (at, id) in compiled.iter().enumerate() {
        let own = at.checked_sub(of_logsource).and_then(|at| written.get(at));
        let field = &*plan.predicates[id.index()].name;
        let name = match own {
            Some(predicate) if subject(predicate) == field => predicate.to_string(),
            _ if field.is_empty() => "keyword".to_owned(),
            Some(_) => field.to_owned(),
            None => format!("{field} (logsource)"),
        };
        if named.iter().all(|(known, _)| known != id) {
            named.push((*id, name));
        }
    }
    named
}

fn subject(predicate: &Predicate) -> &str {
    match &predicate.subject {
        Subject::Field(name) => name,
        Subject::Anything => "",
    }
}

fn collect_compiled(plan: &ClassPlan, id: NodeId, found: &mut Vec<PredicateId>) {
    match plan.program.node(id) {
        Node::Is(predicate) => found.push(predicate),
        Node::Not(child) => collect_compiled(plan, child, found),
        Node::All(list) | Node::Any(list) | Node::AtLeast(_, list) => {
            for child in plan.program.children(&list) {
                collect_compiled(plan, *child, found);
            }
        }
        Node::Constant(_) => {}
    }
}

fn collect_written<'a>(expr: &'a Expr, found: &mut Vec<&'a Predicate>) {
    match expr {
        Expr::Is(predicate) => found.push(predicate),
        Expr::Not(inner) => collect_written(inner, found),
        Expr::All(parts) | Expr::Any(parts) | Expr::AtLeast(_, parts) => {
            for part in parts {
                collect_written(part, found);
            }
        }
    }
}
