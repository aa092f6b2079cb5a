//! Reads the stages of a sequence.

use super::read::{DraftStage, DraftStep, Reader, STAGES_MAX};
use super::{Presence, Stage};
use crate::diagnostic::Span;
use crate::document::{Key, Node};
use crate::length_of_time;
use crate::reference::Name;
use crate::strict_mapping::{Form, boolean, count, lacks, text};

/// The keys of a stage.
pub(super) const FORM: Form = Form {
    what: "a stage",
    keys: &[
        "name", "match", "by", "at-least", "in", "gap", "distinct", "optional", "absent",
    ],
};

/// The key of what stands in place of a stage.
pub(super) const ANY_ORDER: Form = Form {
    what: "`any-order`, which stands alone",
    keys: &["any-order"],
};

/// So many matches a stage may ask for: the times of so many are kept for each key.
pub(super) const AT_LEAST_MAX: u64 = 1_000_000;

impl Reader<'_> {
    /// The stages of a sequence in their order.
    pub(super) fn steps(&mut self, key: &Key<'_>, sequence: &Node<'_>) -> Vec<DraftStep> {
        let Some((stages_key, node)) = sequence.entry("stages") else {
            let help = "list what has to happen, in order: `- {name: first, match: rule}`";
            lacks(key.span, "the sequence", "stages", help, self.findings);
            return Vec::new();
        };
        let Some(items) = self.list_of_stages(stages_key, node) else {
            return Vec::new();
        };
        items.iter().filter_map(|item| self.step(item)).collect()
    }

    /// The items of a list that must not be empty.
    fn list_of_stages<'n, 'a>(
        &mut self,
        key: &Key<'_>,
        node: &'n Node<'a>,
    ) -> Option<&'n [Node<'a>]> {
        let items = node.as_list().filter(|items| !items.is_empty());
        if items.is_none() {
            let message = match node.as_list() {
                Some(_) => format!("`{}` lists nothing", key.text),
                None => format!("`{}` must be a list, not {}", key.text, node.kind()),
            };
            self.findings
                .error(key.span, message)
                .help("list stages, each with a `name` and what it has to `match`");
        }
        items
    }

    fn step(&mut self, item: &Node<'_>) -> Option<DraftStep> {
        let Some((key, node)) = item.entry("any-order") else {
            let stage = self.stage(item)?;
            return Some(DraftStep::Stage(Box::new(stage)));
        };
        ANY_ORDER.check(item, self.findings);
        let items = self.list_of_stages(key, node)?;
        if items.len() == 1 {
            self.findings
                .warning(key.span, "`any-order` of one stage has no effect")
                .help("write the stage in its place, or add the others");
        }
        let mut stages = Vec::with_capacity(items.len());
        for item in items {
            if let Some((key, _)) = item.entry("any-order") {
                self.findings
                    .error(key.span, "`any-order` stands within `any-order`")
                    .help("list its stages among those of the outer one");
                continue;
            }
            stages.extend(self.stage(item));
        }
        for draft in &stages {
            if draft.stage.presence == Presence::Absent {
                self.findings
                    .error(
                        draft.span,
                        format!("the absent stage `{}` stands in `any-order`", draft.stage.name),
                    )
                    .help("between which stages it must not happen is said by its place in the order: put it there");
            }
        }
        Some(DraftStep::AnyOrder(stages))
    }

    fn stage(&mut self, node: &Node<'_>) -> Option<DraftStage> {
        if !FORM.check(node, self.findings) {
            self.findings
                .error(
                    node.span,
                    format!("a stage must be a mapping, not {}", node.kind()),
                )
                .help("write `- {name: first, match: rule}`");
            return None;
        }
        let name = self.name(node);
        let presence = self.presence(node);
        let sources = self.matches(node, &name);
        let (by, by_spans) = self.key_fields(node.get("by"));
        let at_least = self.at_least(node, presence);
        let (in_seconds, in_span) = self.length(node, "in");
        let (gap_seconds, gap_span) = self.length(node, "gap");
        let distinct = self.distinct(node, presence);
        if let (Some(span), 1, true) = (in_span, at_least, presence != Presence::Absent) {
            self.findings
                .warning(span, "`in` has no effect on a single match")
                .help("add `at-least`, or say with `gap` how soon the stage has to follow");
        }
        Some(DraftStage {
            stage: Stage {
                name: name.text,
                matches: Vec::new(),
                by,
                at_least,
                in_seconds: in_seconds.or(self.within_seconds).unwrap_or(u64::MAX),
                distinct,
                gap_seconds,
                presence,
            },
            sources,
            span: name.span,
            by_spans,
            in_span,
            gap_span,
        })
    }

    /// The name of a stage, with the place where to speak of it.
    fn name(&mut self, stage: &Node<'_>) -> Name {
        let unnamed = Name {
            text: "(unnamed)".to_owned(),
            span: stage.span,
        };
        let Some(node) = stage.get("name") else {
            let help = "give each a name of its own: alerts show it";
            lacks(stage.span, "the stage", "name", help, self.findings);
            return unnamed;
        };
        let Some(text) = text("name", node, self.findings) else {
            return unnamed;
        };
        let name = Name {
            text: text.to_owned(),
            span: node.span,
        };
        if let Some(first) = self.names.iter().find(|other| other.text == name.text) {
            self.findings
                .error(
                    name.span,
                    format!("another stage has the name `{}`", name.text),
                )
                .help("give each a name of its own: alerts show it")
                .related(first.span, "first here");
        }
        self.names.push(name.clone());
        // Once is enough to say it.
        if self.names.len() == STAGES_MAX + 1 {
            self.findings
                .error(
                    name.span,
                    format!("the sequence has more than {STAGES_MAX} stages"),
                )
                .help("divide it into sequences that refer to each other");
        }
        name
    }

    fn presence(&mut self, stage: &Node<'_>) -> Presence {
        let optional = boolean("optional", stage.get("optional"), self.findings);
        let absent = boolean("absent", stage.get("absent"), self.findings);
        match (optional, absent) {
            (true, true) => {
                let places = stage.entry("optional").zip(stage.entry("absent"));
                if let Some(((optional, _), (absent, _))) = places {
                    self.findings
                        .error(absent.span, "the stage is both `optional` and `absent`")
                        .help("keep `absent` if it must not happen, `optional` if it may")
                        .related(optional.span, "optional here");
                }
                Presence::Absent
            }
            (true, false) => Presence::Optional,
            (false, true) => Presence::Absent,
            (false, false) => Presence::Required,
        }
    }

    fn at_least(&mut self, stage: &Node<'_>, presence: Presence) -> u64 {
        let Some((key, node)) = stage.entry("at-least") else {
            return 1;
        };
        if node.text() == Some("0") {
            self.findings
                .error(node.span, "`at-least: 0` holds whatever happens")
                .help(
                    "write `optional: true` if the stage may happen, `absent: true` if it must not",
                );
            return 1;
        }
        let least = count("at-least", node, AT_LEAST_MAX, self.findings).unwrap_or(1);
        if least > 1 && presence == Presence::Absent {
            self.findings
                .error(key.span, "an absent stage has `at-least`")
                .help("any match of it voids the chain; refer to a correlation that counts them if more are meant");
            return 1;
        }
        least
    }

    /// A length of time within that of the sequence, and where it stands.
    fn length(&mut self, stage: &Node<'_>, name: &str) -> (Option<u64>, Option<Span>) {
        let Some((key, node)) = stage.entry(name) else {
            return (None, None);
        };
        let seconds = length_of_time::read(node, self.findings);
        if let (Some(own), Some(whole)) = (seconds, self.within_seconds)
            && own > whole
        {
            self.findings
                .error(
                    node.span,
                    format!("`{name}` is longer than the `within` of the sequence"),
                )
                .help("shorten it, or lengthen `within`: the whole chain has to fit");
        }
        (seconds, Some(key.span))
    }

    fn distinct(&mut self, stage: &Node<'_>, presence: Presence) -> Option<String> {
        let (key, node) = stage.entry("distinct")?;
        if presence == Presence::Absent {
            self.findings
                .error(key.span, "an absent stage has `distinct`")
                .help("any match of it voids the chain, so there is nothing to count: remove it");
            return None;
        }
        text("distinct", node, self.findings).map(str::to_owned)
    }
}
