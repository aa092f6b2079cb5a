//! Resolves the references of correlations, once all files are read.

use hashbrown::HashMap;

use super::condition_names;
use super::read::{Draft, DraftCondition};
use super::{Alias, Condition, Correlation, Reference, ReferenceExpr, Target};
use crate::condition;
use crate::diagnostic::Findings;
use crate::reference::{Known, Name, Places, Referrer};
use crate::rule_index::RuleIndex;
use crate::suggestion::nearest;

/// A draft whose names were looked up.
pub(crate) struct Candidate {
    pub(crate) draft: Draft,
    pub(crate) referrer: Referrer,
    /// The targets of `draft.rules`; they count drafts.
    targets: Vec<Target>,
}

impl Candidate {
    pub(crate) fn new(draft: Draft, known: &Known<'_>) -> Self {
        let findings = Findings::new(draft.meta.file.clone());
        let mut candidate = Self {
            draft,
            referrer: Referrer::new("correlation", findings),
            targets: Vec::new(),
        };
        candidate.look_up(known);
        candidate.referrer.judge();
        candidate
    }

    fn look_up(&mut self, known: &Known<'_>) {
        let draft = &self.draft;
        let mut seen: HashMap<Target, &Name> = HashMap::new();
        for name in &draft.rules {
            let Some(target) = self.referrer.look_up(name, known) else {
                continue;
            };
            if let Some(earlier) = seen.insert(target, name) {
                self.referrer
                    .findings
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
        check_aliases(draft, &mut self.referrer.findings);
        // With a reference missing, targets are not in the order of `rules`.
        if self.targets.len() == draft.rules.len() {
            self.look_up_condition(known.index);
        }
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
        let findings = &mut self.referrer.findings;
        let places = condition_names::look_up(others, rules, &self.targets, index, findings);
        if places.len() == others.len() {
            condition_names::replace(condition, rules.len(), &places);
            condition_names::warn_of_unused(condition, rules, findings);
        }
    }

    /// The correlation, once it is known that it stays.
    pub(crate) fn finish(self, places: &Places) -> Correlation {
        let Self { draft, targets, .. } = self;
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
                target: places.of(target),
            })
            .collect();
        Correlation {
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
        }
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
