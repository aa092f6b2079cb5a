//! A sequence as its stages, for `rules show`.

use std::fmt::Write;

use yagura_rules::correlation::{Reference, Target};
use yagura_rules::sequence::{KeyField, KeyedReference, Presence, Sequence, Stage, Step};
use yagura_rules::{Detection, Loaded};

use super::escape::visible;
use super::expression::tree;
use super::quantity::length_of_time;
use super::rule::RuleText;

/// Where the matches of a stage begin, after its number and the widest of usual names.
const NAME_CHARS_MAX: usize = 24;

/// Writing to a string cannot fail, in all of this file.
impl RuleText {
    /// Writes a sequence; `loaded` is where its references lead.
    pub fn sequence(&mut self, rule: &Sequence, loaded: &Loaded) {
        self.meta(&rule.meta);
        let by = match rule.by.as_slice() {
            [] => String::new(),
            fields => format!(" by {}", visible(&fields.join(", "))),
        };
        let within = length_of_time(rule.within_seconds);
        self.heading(&format!("sequence{by} within {within}"));
        let names = rule.steps.iter().flat_map(stages);
        let width = names
            .map(|stage| visible(&stage.name).chars().count())
            .max()
            .unwrap_or(0)
            .min(NAME_CHARS_MAX);
        for (index, step) in rule.steps.iter().enumerate() {
            let place = (index + 1).to_string();
            let number = match step {
                Step::Stage(_) => place.as_str(),
                Step::AnyOrder(_) => {
                    let _ = writeln!(self.out, "  {place:>2} in any order");
                    // The stages below share the place.
                    "·"
                }
            };
            for stage in stages(step) {
                self.stage(number, width, stage, rule, loaded);
            }
        }
        self.keyed("unless", &rule.unless, rule, loaded);
        self.keyed("until", &rule.until, rule, loaded);
        if rule.generate {
            self.line("generate", "its rules keep their own detections");
        }
    }

    fn stage(
        &mut self,
        number: &str,
        width: usize,
        stage: &Stage,
        rule: &Sequence,
        loaded: &Loaded,
    ) {
        let name = visible(&stage.name);
        let _ = writeln!(
            self.out,
            "  {number:>2} {name:width$}  {}",
            demand(stage, rule, loaded)
        );
        for reference in &stage.matches {
            self.in_place(reference, loaded, width.div_ceil(2) + 4);
        }
        let indent = " ".repeat(width + 7);
        if let Some(gap) = stage.gap_seconds {
            let gap = length_of_time(gap);
            let _ = writeln!(self.out, "{indent}at most {gap} after the stage before");
        }
        if let Some(key) = key(&stage.by, &rule.by) {
            let _ = writeln!(self.out, "{indent}{key}");
        }
    }

    /// The meaning of a detection that has no other place to be shown.
    fn in_place(&mut self, reference: &Reference, loaded: &Loaded, depth: usize) {
        if let Some(detection) = detection_in_place(reference, loaded) {
            tree(&mut self.out, &detection.matches, depth);
        }
    }

    fn keyed(&mut self, word: &str, entries: &[KeyedReference], rule: &Sequence, loaded: &Loaded) {
        for KeyedReference { rule: of, by } in entries {
            let key = key(by, &rule.by).map_or_else(String::new, |key| format!(" ({key})"));
            let _ = writeln!(self.out, "   {word} {}{key}", called(of, loaded));
            self.in_place(of, loaded, 3);
        }
    }
}

fn stages(step: &Step) -> &[Stage] {
    match step {
        Step::Stage(stage) => std::slice::from_ref(stage),
        Step::AnyOrder(stages) => stages,
    }
}

/// `20× a or b in 5m`, `3 distinct User of a, optional`, `no a in 10m`.
fn demand(stage: &Stage, rule: &Sequence, loaded: &Loaded) -> String {
    let matches: Vec<String> = stage
        .matches
        .iter()
        .map(|reference| called(reference, loaded))
        .collect();
    let mut text = String::new();
    let absent = stage.presence == Presence::Absent;
    match &stage.distinct {
        _ if absent => text.push_str("no "),
        Some(field) => {
            let _ = write!(text, "{} distinct {} of ", stage.at_least, visible(field));
        }
        None if stage.at_least > 1 => {
            let _ = write!(text, "{}× ", stage.at_least);
        }
        None => {}
    }
    text.push_str(&matches.join(" or "));
    let is_last = rule.steps.last().map(stages).is_some_and(|last| {
        let names = last.iter().map(|stage| &stage.name);
        names.eq([&stage.name])
    });
    if stage.at_least > 1 || (absent && is_last) {
        let _ = write!(text, " in {}", length_of_time(stage.in_seconds));
    }
    if stage.presence == Presence::Optional {
        text.push_str(", optional");
    }
    text
}

/// What a rule is called, with its title where it is referred to by id.
fn called(reference: &Reference, loaded: &Loaded) -> String {
    if let Some(detection) = detection_in_place(reference, loaded) {
        return format!(
            "an event of {} with",
            visible(&detection.logsource.to_string())
        );
    }
    let meta = match reference.target {
        Target::Detection(at) => loaded.detections.get(at).map(|rule| &rule.meta),
        Target::Correlation(at) => loaded.correlations.get(at).map(|rule| &rule.meta),
        Target::Sequence(at) => loaded.sequences.get(at).map(|rule| &rule.meta),
    };
    match meta.filter(|meta| meta.name.as_deref() != Some(&reference.written)) {
        Some(meta) => format!("{} ({})", visible(&reference.written), visible(&meta.title)),
        None => visible(&reference.written).into_owned(),
    }
}

fn detection_in_place<'l>(reference: &Reference, loaded: &'l Loaded) -> Option<&'l Detection> {
    let Target::Detection(at) = reference.target else {
        return None;
    };
    let detection = loaded.detections.get(at)?;
    detection.in_place.then_some(&**detection)
}

/// `host is Computer, whatever the user`; nothing where all fields have their own names.
fn key(by: &[KeyField], names: &[String]) -> Option<String> {
    let said: Vec<String> = by
        .iter()
        .zip(names)
        .filter_map(|(field, name)| match field {
            KeyField::Field(field) if field == name => None,
            KeyField::Field(field) => Some(format!("{} is {}", visible(name), visible(field))),
            KeyField::Unbound => Some(format!("whatever the {}", visible(name))),
        })
        .collect();
    (!said.is_empty()).then(|| said.join(", "))
}
