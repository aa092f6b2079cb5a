//! Resolves the references of correlations, once all files are read.
//!
//! A correlation is refused when a reference of its leads nowhere, to several rules, to one that
//! was refused, or back to itself.

use hashbrown::HashMap;

use super::condition_names;
use super::read::{Draft, DraftCondition, Name};
use super::{Alias, Condition, Correlation, Reference, ReferenceExpr, Target};
use crate::condition;
use crate::detection::Activity;
use crate::diagnostic::Findings;
use crate::rule_index::{Found, RuleIndex};
use crate::suggestion::nearest;

/// A draft with the findings of its resolution.
pub(crate) struct Candidate {
    pub(crate) draft: Draft,
    pub(crate) findings: Findings,
    /// The targets of `draft.rules`; [`Target::Correlation`] counts candidates.
    targets: Vec<Target>,
    refused: Option<String>,
}

/// What became of a correlation.
pub(crate) enum Outcome {
    Accepted(Box<Correlation>),
    Refused { draft: Box<Draft>, reason: String },
}

/// Resolves all correlations together. The outcomes are in the order of the drafts, each with
/// its findings.
pub(crate) fn resolve(
    drafts: Vec<Draft>,
    index: &RuleIndex<'_>,
    activities: &[&Activity],
) -> Vec<(Outcome, Findings)> {
    let mut candidates: Vec<Candidate> = drafts
        .into_iter()
        .map(|draft| Candidate {
            findings: Findings::new(draft.meta.file.clone()),
            draft,
            targets: Vec::new(),
            refused: None,
        })
        .collect();
    for candidate in &mut candidates {
        candidate.look_up(index, activities);
    }
    refuse_cycles(&mut candidates);
    refuse_dependants(&mut candidates);
    // Correlations are referred to by their place among those that are left.
    let mut place = 0;
    let places: Vec<usize> = candidates
        .iter()
        .map(|candidate| {
            let own = place;
            place += usize::from(candidate.refused.is_none());
            own
        })
        .collect();
    candidates
        .into_iter()
        .map(|candidate| candidate.finish(&places))
        .collect()
}

impl Candidate {
    fn look_up(&mut self, index: &RuleIndex<'_>, activities: &[&Activity]) {
        let draft = &self.draft;
        let mut seen: HashMap<Target, &Name> = HashMap::new();
        for name in &draft.rules {
            let target = match index.find(&name.text) {
                Found::One(target) => target,
                Found::Several(places) => {
                    self.findings
                        .error(
                            name.span,
                            format!("`{}` is the id or name of several rules", name.text),
                        )
                        .help(format!(
                            "give each its own id and refer to that; found in {}",
                            places.join(", ")
                        ));
                    continue;
                }
                Found::Refused(reason) => {
                    self.findings
                        .error(
                            name.span,
                            format!("the rule `{}` was refused: {reason}", name.text),
                        )
                        .help("correct that rule");
                    continue;
                }
                Found::None => {
                    let diagnostic = self.findings.error(
                        name.span,
                        format!("there is no rule with the id or name `{}`", name.text),
                    );
                    match nearest(&name.text, index.names()) {
                        Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
                        None => {
                            diagnostic.help("load the file that holds it together with this one")
                        }
                    };
                    continue;
                }
            };
            if let Target::Detection(at) = target
                && let Some(Activity::LacksPlaceholders(names)) = activities.get(at)
            {
                self.findings
                    .warning(
                        name.span,
                        format!("the rule `{}` is inactive, so it never matches", name.text),
                    )
                    .help(format!(
                        "give values for its placeholders: {}",
                        names.join(", ")
                    ));
            }
            if let Some(earlier) = seen.insert(target, name) {
                self.findings
                    .warning(
                        name.span,
                        format!(
                            "`{}` refers to the same rule as an entry above it",
                            name.text
                        ),
                    )
                    .help("remove one of them")
                    .related(earlier.span, "first here");
            }
            self.targets.push(target);
        }
        drop(seen);
        check_aliases(draft, &mut self.findings);
        // With a reference missing, targets are not in the order of `rules`.
        if self.targets.len() == draft.rules.len() {
            self.look_up_condition(index);
        }
        self.refused = self.findings.first_error(0).map(str::to_owned);
    }

    /// The names in the condition, once it is known what `rules` lists.
    fn look_up_condition(&mut self, index: &RuleIndex<'_>) {
        let Draft {
            condition: DraftCondition::Expression(condition, others),
            rules,
            ..
        } = &mut self.draft
        else {
            return;
        };
        let findings = &mut self.findings;
        let places = condition_names::look_up(others, rules, &self.targets, index, findings);
        if places.len() == others.len() {
            condition_names::replace(condition, rules.len(), &places);
            condition_names::warn_of_unused(condition, rules, findings);
        }
    }

    fn finish(self, places: &[usize]) -> (Outcome, Findings) {
        let Self {
            draft,
            findings,
            targets,
            refused,
        } = self;
        if let Some(reason) = refused {
            return (
                Outcome::Refused {
                    draft: Box::new(draft),
                    reason,
                },
                findings,
            );
        }
        let position = |rule: &Name| draft.rules.iter().position(|name| name.text == rule.text);
        let aliases = draft
            .aliases
            .iter()
            .map(|(alias, fields)| Alias {
                name: alias.text.clone(),
                fields: fields
                    .iter()
                    .filter_map(|(rule, field)| Some((position(rule)?, field.clone())))
                    .collect(),
            })
            .collect();
        let rules = draft
            .rules
            .iter()
            .zip(targets)
            .map(|(name, target)| Reference {
                written: name.text.clone(),
                target: match target {
                    Target::Correlation(at) => {
                        Target::Correlation(places.get(at).copied().unwrap_or(at))
                    }
                    other => other,
                },
            })
            .collect();
        let correlation = Correlation {
            kind: draft.kind,
            rules,
            group_by: draft.group_by.into_iter().map(|name| name.text).collect(),
            aliases,
            timespan_seconds: draft.timespan_seconds,
            condition: match draft.condition {
                DraftCondition::Bounds(bounds) => Condition::Bounds(bounds),
                DraftCondition::Expression(expression, _) => {
                    Condition::References(references(&expression))
                }
            },
            fields: draft.fields,
            percentile: draft.percentile,
            generate: draft.generate,
            meta: draft.meta,
        };
        (Outcome::Accepted(Box::new(correlation)), findings)
    }
}

/// Aliases must be of rules that are listed, and should be used and complete.
fn check_aliases(draft: &Draft, findings: &mut Findings) {
    for (alias, fields) in &draft.aliases {
        for (rule, _) in fields {
            if draft.rules.iter().all(|name| name.text != rule.text) {
                let names = draft.rules.iter().map(|name| name.text.as_str());
                let help = nearest(&rule.text, names).map_or_else(
                    || "use the id or name by which `rules` lists it".to_owned(),
                    |meant| format!("did you mean `{meant}`?"),
                );
                findings
                    .error(
                        rule.span,
                        format!(
                            "the alias `{}` is given for `{}`, which `rules` does not list",
                            alias.text, rule.text
                        ),
                    )
                    .help(help);
            }
        }
        let used = draft.group_by.iter().any(|name| name.text == alias.text)
            || draft.fields.contains(&alias.text);
        if !used {
            findings
                .warning(
                    alias.span,
                    format!(
                        "the alias `{}` is used neither in `group-by` nor as `field`",
                        alias.text
                    ),
                )
                .help("list it in `group-by`, or remove it");
        }
        let lacking = draft
            .rules
            .iter()
            .find(|name| fields.iter().all(|(rule, _)| rule.text != name.text));
        if let Some(name) = lacking {
            findings
                .warning(
                    alias.span,
                    format!(
                        "the alias `{}` names no field for `{}`",
                        alias.text, name.text
                    ),
                )
                .help(format!(
                    "its matches need a field `{}` of their own",
                    alias.text
                ));
        }
    }
}

/// `N of` is written out only as any and all: `condition: {gte: N}` says the rest.
fn references(condition: &condition::Condition) -> ReferenceExpr {
    use condition::Condition as C;
    let each = |parts: &[C]| parts.iter().map(references).collect();
    match condition {
        C::Name(index) => ReferenceExpr::Rule(*index),
        C::Not(inner) => ReferenceExpr::Not(Box::new(references(inner))),
        C::All(parts) => ReferenceExpr::All(each(parts)),
        C::Any(parts) => ReferenceExpr::Any(each(parts)),
        C::AtLeast(count, parts) => at_least(*count, parts),
    }
}

/// At least `count` of the parts hold: the first and `count - 1` of the others, or `count` of the
/// others.
fn at_least(count: usize, parts: &[condition::Condition]) -> ReferenceExpr {
    let Some((first, others)) = parts.split_first().filter(|_| count <= parts.len()) else {
        // Never, or always where nothing is asked for.
        return if count == 0 {
            ReferenceExpr::All(Vec::new())
        } else {
            ReferenceExpr::Any(Vec::new())
        };
    };
    match count {
        0 => ReferenceExpr::All(Vec::new()),
        1 => ReferenceExpr::Any(parts.iter().map(references).collect()),
        _ if count == parts.len() => ReferenceExpr::All(parts.iter().map(references).collect()),
        _ => ReferenceExpr::Any(vec![
            ReferenceExpr::All(vec![references(first), at_least(count - 1, others)]),
            at_least(count, others),
        ]),
    }
}

/// Refuses every correlation that refers to itself, directly or through others.
fn refuse_cycles(candidates: &mut [Candidate]) {
    for start in 0..candidates.len() {
        let Some(via) = reference_back(candidates, start) else {
            continue;
        };
        let Some(candidate) = candidates.get_mut(start) else {
            continue;
        };
        let Some(name) = candidate.draft.rules.get(via) else {
            continue;
        };
        let message = format!("`{}` leads back to this correlation", name.text);
        candidate
            .findings
            .error(name.span, message.clone())
            .help("remove the reference that closes the circle");
        candidate.refused.get_or_insert(message);
    }
}

/// Which of the references of a correlation leads back to it.
fn reference_back(candidates: &[Candidate], start: usize) -> Option<usize> {
    let own = candidates.get(start)?;
    if own.refused.is_some() {
        return None;
    }
    own.targets.iter().position(|target| {
        let mut seen = vec![false; candidates.len()];
        let mut open = vec![*target];
        while let Some(next) = open.pop() {
            let Target::Correlation(at) = next else {
                continue;
            };
            if at == start {
                return true;
            }
            let (Some(seen), Some(candidate)) = (seen.get_mut(at), candidates.get(at)) else {
                continue;
            };
            if !std::mem::replace(seen, true) {
                open.extend(candidate.targets.iter().copied());
            }
        }
        false
    })
}

/// Refuses correlations of refused correlations, until there are none left.
fn refuse_dependants(candidates: &mut [Candidate]) {
    loop {
        let found = candidates
            .iter()
            .enumerate()
            .find_map(|(index, candidate)| {
                if candidate.refused.is_some() {
                    return None;
                }
                candidate
                    .targets
                    .iter()
                    .enumerate()
                    .find_map(|(via, target)| match target {
                        Target::Correlation(at) => {
                            let reason = candidates.get(*at)?.refused.clone()?;
                            Some((index, via, reason))
                        }
                        Target::Detection(_) | Target::Sequence(_) => None,
                    })
            });
        let Some((index, via, reason)) = found else {
            return;
        };
        let Some(candidate) = candidates.get_mut(index) else {
            return;
        };
        let (text, span) = match candidate.draft.rules.get(via) {
            Some(name) => (name.text.as_str(), name.span),
            None => return,
        };
        let message = format!("the rule `{text}` was refused: {reason}");
        candidate
            .findings
            .error(span, message.clone())
            .help("correct that rule");
        candidate.refused = Some(message);
    }
}
