//! References between rules: names as written, what they lead to, and which rules have to go
//! because of what they refer to.
//!
//! ```text
//!  names in correlations and sequences ─▶ look_up ─▶ links ─▶ cycles ─▶ dependants ─▶ Places
//!                 an error for each that leads nowhere, back, or to what was refused
//! ```

mod graph;

use crate::correlation::Target;
use crate::detection::Activity;
use crate::diagnostic::{Findings, Span};
use crate::rule_index::{Found, RuleIndex};
use crate::suggestion::nearest;

pub(crate) use graph::{Graph, Places};

/// A name as written, with its place.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// All rules that names may lead to.
pub(crate) struct Known<'k> {
    pub(crate) index: &'k RuleIndex<'k>,
    /// Of all detections, by their place.
    pub(crate) activities: &'k [&'k Activity],
    /// The fields that alerts of correlations and of sequences have, by the place of the draft.
    pub(crate) fields: AlertFields,
}

/// The fields of the alerts of rules that refer to others: those of the key, and aliases.
pub(crate) struct AlertFields {
    pub(crate) correlations: Vec<Vec<String>>,
    pub(crate) sequences: Vec<Vec<String>>,
}

impl AlertFields {
    /// `None` for detections, whose events may have any field.
    pub(crate) fn of(&self, target: Target) -> Option<&[String]> {
        let fields = match target {
            Target::Detection(_) => None,
            Target::Correlation(at) => self.correlations.get(at),
            Target::Sequence(at) => self.sequences.get(at),
        };
        fields.map(Vec::as_slice)
    }
}

/// Why a rule was refused.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    /// The message of the error.
    pub(crate) message: String,
    /// The message of the error that began it, in another rule perhaps. Kept apart, so that
    /// messages do not grow along a chain of references.
    cause: String,
}

/// A rule that refers to others, with the findings of its resolution.
pub(crate) struct Referrer {
    /// What it is, for messages: `correlation`.
    what: &'static str,
    pub(crate) findings: Findings,
    /// Where its names lead, those that lead somewhere. Targets count drafts.
    links: Vec<(Name, Target)>,
    pub(crate) refused: Option<Refused>,
}

impl Referrer {
    pub(crate) fn new(what: &'static str, findings: Findings) -> Self {
        Self {
            what,
            findings,
            links: Vec::new(),
            refused: None,
        }
    }

    /// What a name leads to; an error where that is not one rule that is left.
    pub(crate) fn look_up(&mut self, name: &Name, known: &Known<'_>) -> Option<Target> {
        let target = self.find(name, known.index)?;
        if let Target::Detection(at) = target
            && let Some(Activity::LacksPlaceholders(names)) = known.activities.get(at)
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
        self.links.push((name.clone(), target));
        Some(target)
    }

    fn find(&mut self, name: &Name, index: &RuleIndex<'_>) -> Option<Target> {
        let (message, help) = match index.find(&name.text) {
            Found::One(target) => return Some(target),
            Found::Several(places) => (
                format!("`{}` is the id or name of several rules", name.text),
                format!(
                    "give each its own id and refer to that; found in {}",
                    places.join(", ")
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
        self.findings.error(name.span, message).help(help);
        None
    }

    /// Refuses the rule if errors were found in it by now.
    pub(crate) fn judge(&mut self) {
        if let Some(message) = self.findings.first_error(0) {
            self.refused = Some(Refused {
                message: message.to_owned(),
                cause: message.to_owned(),
            });
        }
    }
}
