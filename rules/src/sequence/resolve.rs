//! Resolves the references of sequences, once all files are read.

use hashbrown::HashMap;

use super::read::{Draft, DraftReference, DraftStage, DraftStep, Source};
use super::{KeyField, KeyedReference, Presence, Sequence, Stage, Step};
use crate::correlation::{Reference, Target};
use crate::diagnostic::Findings;
use crate::reference::{AlertFields, Known, Name, Places, Referrer};

/// A draft whose names were looked up.
pub(crate) struct Candidate {
    pub(crate) draft: Draft,
    pub(crate) referrer: Referrer,
    /// Where names lead; targets count drafts.
    targets: HashMap<String, Target>,
}

impl Candidate {
    pub(crate) fn new(draft: Draft, known: &Known<'_>) -> Self {
        let findings = Findings::new(draft.meta.file.clone());
        let mut candidate = Self {
            draft,
            referrer: Referrer::new("sequence", findings),
            targets: HashMap::new(),
        };
        candidate.look_up(known);
        candidate.referrer.judge();
        candidate
    }

    fn look_up(&mut self, known: &Known<'_>) {
        let draft = &self.draft;
        let stages = draft.steps.iter().flat_map(DraftStep::stages);
        let of_stages = stages.map(|draft| {
            let sources = draft.sources.iter();
            sources.map(|source| (source, &draft.stage.by)).collect()
        });
        let of_entries = [&draft.unless, &draft.until].map(|list| {
            let entries = list.iter();
            entries.map(|entry| (&entry.source, &entry.by)).collect()
        });
        for list in of_stages.chain(of_entries) {
            let list: Vec<(&Source, &Vec<KeyField>)> = list;
            let mut seen: HashMap<(Target, &Vec<KeyField>), &Name> = HashMap::new();
            for (source, by) in list {
                let Some(name) = source.name() else { continue };
                let Some(target) = self.referrer.look_up(name, known) else {
                    continue;
                };
                self.targets.insert(name.text.clone(), target);
                if let Some(earlier) = seen.insert((target, by), name) {
                    self.referrer
                        .findings
                        .warning(
                            name.span,
                            format!(
                                "`{}` refers to the same rule as an entry before it",
                                name.text
                            ),
                        )
                        .help("remove one of them")
                        .related(earlier.span, "first here");
                }
            }
        }
        self.check_fields(&known.fields);
        self.check_voided();
    }

    /// Alerts have few fields: what asks for another of them never takes part.
    fn check_fields(&mut self, fields: &AlertFields) {
        let draft = &self.draft;
        let stages = draft.steps.iter().flat_map(DraftStep::stages);
        let of_stages = stages.flat_map(|draft| {
            let sources = draft.sources.iter();
            sources.map(|source| (source, &draft.stage.by, draft.stage.distinct.as_ref()))
        });
        let entries = draft.unless.iter().chain(&draft.until);
        let of_entries = entries.map(|entry| (&entry.source, &entry.by, None));
        for (source, by, distinct) in of_stages.chain(of_entries) {
            let Some(name) = source.name() else { continue };
            let target = self.targets.get(&name.text);
            let Some(has) = target.and_then(|target| fields.of(*target)) else {
                continue;
            };
            let of_key = by.iter().filter_map(|field| match field {
                KeyField::Field(field) => Some(field),
                KeyField::Unbound => None,
            });
            let Some(lacking) = of_key.chain(distinct).find(|field| !has.contains(field)) else {
                continue;
            };
            let help = match has {
                [] => "its alerts have no fields: give it a key".to_owned(),
                _ => format!("they have: {}", has.join(", ")),
            };
            self.referrer
                .findings
                .warning(
                    name.span,
                    format!("the alerts of `{}` have no field `{lacking}`", name.text),
                )
                .help(help);
        }
    }

    /// A rule of `unless` that is the only one of a stage that has to happen voids every chain.
    fn check_voided(&mut self) {
        let target = |source: &Source| self.targets.get(&source.name()?.text);
        let mut found = Vec::new();
        for stage in self.draft.steps.iter().flat_map(DraftStep::stages) {
            let [only] = stage.sources.as_slice() else {
                continue;
            };
            if stage.stage.presence != Presence::Required {
                continue;
            }
            let unless = self.draft.unless.iter();
            let voids = |entry: &&DraftReference| {
                target(&entry.source).is_some_and(|own| Some(own) == target(only))
                    && entry.by == stage.stage.by
            };
            if let Some(name) = unless.filter(voids).find_map(|entry| entry.source.name()) {
                found.push((name.clone(), stage.stage.name.clone(), stage.span));
            }
        }
        for (name, stage, span) in found {
            self.referrer
                .findings
                .error(
                    name.span,
                    format!(
                        "`{}` voids every chain: the stage `{stage}` needs it",
                        name.text
                    ),
                )
                .help("remove it from `unless`, or narrow the rule")
                .related(span, "needed here");
        }
    }

    /// The sequence, once it is known that it stays and that its detections written in place
    /// begin at `in_place_first` among all detections.
    pub(crate) fn finish(self, places: &Places, in_place_first: usize) -> Sequence {
        let Self { draft, targets, .. } = self;
        let reference = |source: Source| match source {
            Source::Named(name) => targets.get(&name.text).map(|target| Reference {
                written: name.text,
                target: places.of(*target),
            }),
            Source::InPlace(at, written) => Some(Reference {
                written,
                target: Target::Detection(in_place_first + at),
            }),
        };
        let stage = |DraftStage { stage, sources, .. }: DraftStage| Stage {
            matches: sources.into_iter().filter_map(reference).collect(),
            ..stage
        };
        let keyed = |list: Vec<DraftReference>| {
            let entries = list
                .into_iter()
                .filter_map(|DraftReference { source, by }| {
                    reference(source).map(|rule| KeyedReference { rule, by })
                });
            entries.collect()
        };
        let steps = draft.steps.into_iter().map(|step| match step {
            DraftStep::Stage(draft) => Step::Stage(stage(*draft)),
            DraftStep::AnyOrder(drafts) => Step::AnyOrder(drafts.into_iter().map(stage).collect()),
        });
        Sequence {
            steps: steps.collect(),
            unless: keyed(draft.unless),
            until: keyed(draft.until),
            meta: draft.meta,
            by: draft.by.into_iter().map(|name| name.text).collect(),
            within_seconds: draft.within_seconds,
            generate: draft.generate,
        }
    }
}

impl Source {
    fn name(&self) -> Option<&Name> {
        match self {
            Self::Named(name) => Some(name),
            Self::InPlace(..) => None,
        }
    }
}
