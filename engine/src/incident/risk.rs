//! How grave an incident is.

use yagura_rules::{IncidentPolicy, Level};

/// What a rule adds: its weight, and a tenth more for every power of ten of its count, so that
/// no number of repeats of a mild rule outweighs a grave one.
pub(super) fn of_rule(policy: &IncidentPolicy, level: Level, count: u64) -> f64 {
    let place = Level::ALL.iter().position(|known| *known == level);
    let weight = place.and_then(|at| policy.risk.get(at)).copied();
    #[expect(
        clippy::cast_precision_loss,
        reason = "the logarithm of a count above 2^53 differs from the exact one by nothing that shows"
    )]
    let count = count.max(1) as f64;
    weight.unwrap_or_default() * (1.0 + count.log10() / 10.0)
}

/// From which risk on an update is worth a record.
pub(super) fn quarter_more(recorded: f64) -> f64 {
    recorded * 1.25
}
