//! The rules that the expression of a correlation names: as `rules` lists them, or otherwise.
//!
//! Who lists rules by id may call them by name in the condition. Which rule a name belongs to is
//! only known once all files are read; until then such names have places after those listed.

use super::Target;
use crate::condition::Condition;
use crate::diagnostic::Findings;
use crate::reference::Name;
use crate::rule_index::{Found, RuleIndex};
use crate::suggestion::nearest;

/// The place in `rules` of each name that is not listed there; errors are among the findings.
/// `targets` are those of `rules`.
pub(super) fn look_up(
    others: &[Name],
    rules: &[Name],
    targets: &[Target],
    index: &RuleIndex<'_>,
    findings: &mut Findings,
) -> Vec<usize> {
    let mut places = Vec::with_capacity(others.len());
    for name in others {
        let target = match index.find(&name.text) {
            Found::One(target) => Some(target),
            Found::Several(_) | Found::Refused(_) | Found::None => None,
        };
        if let Some(at) = target.and_then(|target| targets.iter().position(|t| *t == target)) {
            places.push(at);
            continue;
        }
        let message = match target {
            Some(_) => format!("`rules` does not list `{}`", name.text),
            None => format!("there is no rule `{}`", name.text),
        };
        let listed = || rules.iter().map(|rule| rule.text.as_str());
        let help = match nearest(&name.text, listed()) {
            Some(meant) if target.is_none() => format!("did you mean `{meant}`?"),
            _ => format!("known: {}", listed().collect::<Vec<_>>().join(", ")),
        };
        findings.error(name.span, message).help(help);
    }
    places
}

/// Puts the places found in the place of those after the first `listed`.
pub(super) fn replace(condition: &mut Condition, listed: usize, places: &[usize]) {
    match condition {
        Condition::Name(index) => {
            let other = index.checked_sub(listed).and_then(|at| places.get(at));
            *index = other.copied().unwrap_or(*index);
        }
        Condition::Not(inner) => replace(inner, listed, places),
        Condition::All(parts) | Condition::Any(parts) => {
            for part in parts {
                replace(part, listed, places);
            }
        }
        // A rule that is both listed and named otherwise counts once: leave out the latter.
        Condition::AtLeast(_, parts) => {
            parts.retain(|part| !matches!(part, Condition::Name(index) if *index >= listed));
        }
    }
}

/// Warns of listed rules that a condition does not name.
pub(super) fn warn_of_unused(condition: &Condition, rules: &[Name], findings: &mut Findings) {
    let mut used = vec![false; rules.len()];
    mark(condition, &mut used);
    for (name, _) in rules.iter().zip(&used).filter(|(_, used)| !**used) {
        findings
            .warning(
                name.span,
                format!("the condition never uses `{}`", name.text),
            )
            .help("use it in the condition, or remove it");
    }
}

fn mark(condition: &Condition, used: &mut [bool]) {
    match condition {
        Condition::Name(index) => {
            if let Some(used) = used.get_mut(*index) {
                *used = true;
            }
        }
        Condition::Not(inner) => mark(inner, used),
        Condition::All(parts) | Condition::Any(parts) | Condition::AtLeast(_, parts) => {
            for part in parts {
                mark(part, used);
            }
        }
    }
}
