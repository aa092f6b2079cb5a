//! The order in which units are evaluated: each behind what it refers to.

use yagura_rules::Sequence;
use yagura_rules::correlation::{Correlation, Reference, Target};
use yagura_rules::sequence::{Stage, Step};

/// The stages of a step.
pub(super) fn stages(step: &Step) -> &[Stage] {
    match step {
        Step::Stage(stage) => std::slice::from_ref(stage),
        Step::AnyOrder(stages) => stages,
    }
}

/// The units in order, and those that refer to each other in a circle (or to such).
pub(super) fn order(
    correlations: &[Correlation],
    sequences: &[Sequence],
) -> (Vec<Target>, Vec<Target>) {
    let mut waiting: Vec<(Target, Vec<Target>)> = Vec::new();
    for (index, correlation) in correlations.iter().enumerate() {
        let needs = correlation.rules.iter().map(|r| r.target);
        waiting.push((Target::Correlation(index), needs.collect()));
    }
    for (index, sequence) in sequences.iter().enumerate() {
        let needs = references(sequence).map(|r| r.target);
        waiting.push((Target::Sequence(index), needs.collect()));
    }
    let exists = |target: &Target| match target {
        Target::Detection(_) => false,
        Target::Correlation(index) => *index < correlations.len(),
        Target::Sequence(index) => *index < sequences.len(),
    };
    for (_, needs) in &mut waiting {
        needs.retain(exists);
    }
    let mut order: Vec<Target> = Vec::new();
    loop {
        let before = order.len();
        waiting.retain(|(target, needs)| {
            let ready = needs.iter().all(|need| order.contains(need));
            if ready {
                order.push(*target);
            }
            !ready
        });
        if order.len() == before {
            break;
        }
    }
    (
        order,
        waiting.into_iter().map(|(target, _)| target).collect(),
    )
}

fn references(sequence: &Sequence) -> impl Iterator<Item = &Reference> {
    let stages = sequence.steps.iter().flat_map(stages);
    let others = sequence.unless.iter().chain(&sequence.until);
    stages
        .flat_map(|stage| &stage.matches)
        .chain(others.map(|other| &other.rule))
}
