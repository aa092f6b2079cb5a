//! And-s filters to the detections that they are for.

use super::FilteredRules;
use super::read::Draft;
use crate::correlation::Target;
use crate::detection::Detection;
use crate::diagnostic::Findings;
use crate::predicate::Expr;
use crate::rule_index::{Found, RuleIndex};
use crate::suggestion::nearest;

/// The indices of the detections that a filter is for. What it names in vain is a warning.
pub(crate) fn targets(
    draft: &Draft,
    index: &RuleIndex<'_>,
    detections: &[Detection],
    findings: &mut Findings,
) -> Vec<usize> {
    if !draft.missing.is_empty() {
        return Vec::new();
    }
    let logsource = &draft.filter.logsource;
    if draft.filter.rules == FilteredRules::Any {
        let compatible: Vec<usize> = detections
            .iter()
            .enumerate()
            .filter(|(_, detection)| logsource.covers(&detection.logsource))
            .map(|(at, _)| at)
            .collect();
        if compatible.is_empty() {
            findings
                .warning(draft.filter.meta.span, "the filter fits no rule")
                .help(format!("no rule is about the logsource `{logsource}`"));
        }
        return compatible;
    }
    let mut found = Vec::new();
    for name in &draft.rules {
        let (message, help) = match index.find(&name.text) {
            Found::One(Target::Detection(at)) => {
                let theirs = detections.get(at).map(|detection| &detection.logsource);
                if theirs.is_some_and(|theirs| logsource.covers(theirs)) {
                    if !found.contains(&at) {
                        found.push(at);
                    }
                    continue;
                }
                let shown = theirs.map(ToString::to_string).unwrap_or_default();
                (
                    format!("the filter does not apply to `{}`", name.text),
                    format!("that rule is about `{shown}`, the filter about `{logsource}`"),
                )
            }
            Found::One(Target::Correlation(_)) => (
                format!(
                    "the filter does not apply to the correlation `{}`",
                    name.text
                ),
                "name the rules that it refers to".to_owned(),
            ),
            Found::One(Target::Sequence(_)) => (
                format!("the filter does not apply to the sequence `{}`", name.text),
                "name the rules that it refers to".to_owned(),
            ),
            Found::Several(files) => (
                format!("`{}` is the id or name of several rules", name.text),
                format!(
                    "give each its own id and name that; found in {}",
                    files.join(", ")
                ),
            ),
            Found::Refused(reason) => (
                format!("the rule `{}` was refused: {reason}", name.text),
                "correct that rule".to_owned(),
            ),
            Found::None => (
                format!("there is no rule with the id or name `{}`", name.text),
                nearest(&name.text, index.names()).map_or_else(
                    || "load the file that holds it together with this one".to_owned(),
                    |meant| format!("did you mean `{meant}`?"),
                ),
            ),
        };
        findings.warning(name.span, message).help(help);
    }
    found
}

/// Adds a filter to a detection.
pub(crate) fn apply(draft: &Draft, detection: &mut Detection) {
    let own = std::mem::replace(&mut detection.matches, Expr::All(Vec::new()));
    detection.matches = Expr::All(vec![own, draft.filter.matches.clone()]);
    detection.filters.push(draft.filter.meta.title.clone());
}
