//! Whether the stages of a sequence, in their order, say something that can be decided.
//!
//! ```text
//!  optional …  FIRST … (any) …  LAST  optional … | absent
//!  └ whole key, nothing absent ┘       └ absent: alone, with `in`
//!        FIRST, LAST: the first and the last step that have to happen
//! ```

use super::read::{DraftStage, DraftStep};
use super::{KeyField, Presence};
use crate::diagnostic::Findings;
use crate::reference::Name;

/// Errors for what is ambiguous or can never hold.
pub(super) fn check(by: &[Name], steps: &[DraftStep], findings: &mut Findings) {
    let required = |step: &DraftStep| {
        step.stages()
            .iter()
            .any(|draft| draft.stage.presence == Presence::Required)
    };
    let (Some(first), Some(last)) = (
        steps.iter().position(required),
        steps.iter().rposition(required),
    ) else {
        nothing_required(steps, findings);
        return;
    };
    for (at, step) in steps.iter().enumerate() {
        for draft in step.stages() {
            if is_misplaced(step, draft) {
                continue;
            }
            if at <= first {
                check_beginning(by, draft, at, findings);
            }
            if draft.stage.presence == Presence::Absent {
                check_absent(draft, findings);
                if at > last {
                    check_absent_end(draft, at == last + 1 && at + 1 == steps.len(), findings);
                } else {
                    check_absent_between(draft, findings);
                }
            }
        }
    }
}

/// Absence in `any-order` was refused while reading: that is enough said.
fn is_misplaced(step: &DraftStep, draft: &DraftStage) -> bool {
    matches!(step, DraftStep::AnyOrder(_)) && draft.stage.presence == Presence::Absent
}

fn nothing_required(steps: &[DraftStep], findings: &mut Findings) {
    let Some(first) = steps.iter().flat_map(DraftStep::stages).next() else {
        return;
    };
    let mut all = steps.iter().flat_map(DraftStep::stages);
    let message = if all.all(|draft| draft.stage.presence == Presence::Absent) {
        "the sequence consists of absences only"
    } else {
        "no stage of the sequence has to happen"
    };
    findings
        .error(first.span, message)
        .help("add a stage that is neither `optional` nor `absent`: the chain needs something to begin with");
}

/// What stands before the first stage that has to happen, and that one.
fn check_beginning(by: &[Name], draft: &DraftStage, at: usize, findings: &mut Findings) {
    let name = &draft.stage.name;
    if draft.stage.presence == Presence::Absent {
        findings
            .error(
                draft.span,
                format!("the absent stage `{name}` has no stage before it that has to happen"),
            )
            .help("absence is looked for after a stage: begin with one that happens");
        return;
    }
    let unbound = draft.stage.by.iter().zip(by).zip(&draft.by_spans);
    for ((field, key), span) in unbound {
        if *field == KeyField::Unbound {
            findings
                .error(
                    span.unwrap_or(draft.span),
                    format!(
                        "the stage `{name}` begins the sequence and leaves `{}` of the key unbound",
                        key.text
                    ),
                )
                .help(
                    "name the field that holds it: a chain needs its whole key from the beginning",
                )
                .related(key.span, "part of the key");
        }
    }
    // A gap of the first required stage would count from an optional one, or from none.
    if let Some(span) = draft.gap_span {
        let message = if at == 0 {
            format!("the first stage, `{name}`, has a `gap`")
        } else {
            format!("before the stage `{name}`, which has a `gap`, none has to happen")
        };
        findings
            .error(span, message)
            .help("it counts from the completion of the stage before; remove it");
    }
}

fn check_absent(draft: &DraftStage, findings: &mut Findings) {
    if let Some(span) = draft.gap_span {
        findings
            .error(span, "an absent stage has a `gap`")
            .help("give the `gap` to the stage after it; as the last stage it takes `in`");
    }
}

fn check_absent_between(draft: &DraftStage, findings: &mut Findings) {
    if let Some(span) = draft.in_span {
        findings
            .error(
                span,
                format!(
                    "the absent stage `{}` has `in` and is not the last",
                    draft.stage.name
                ),
            )
            .help("between two stages it must not happen at all; give the stage after it a `gap` if time matters");
    }
}

fn check_absent_end(draft: &DraftStage, is_alone: bool, findings: &mut Findings) {
    let name = &draft.stage.name;
    if !is_alone {
        findings
            .error(
                draft.span,
                format!("the absent stage `{name}` must stand between two stages that have to happen, or be the last, next after one"),
            )
            .help("what it is absent from would depend on stages that may not happen; several absences at the end are one stage with several rules");
    } else if draft.in_span.is_none() {
        findings
            .error(
                draft.span,
                format!("the absent stage `{name}` is the last and has no `in`"),
            )
            .help("say for how long it must not happen: `in: 10m`");
    }
}
