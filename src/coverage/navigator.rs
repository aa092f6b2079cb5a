//! A layer for ATT&CK Navigator, format 4.5: a score for each technique, which is how many rules
//! are about it. Source of the format: mitre-attack/attack-navigator, `layers/spec`.

use std::fmt::Write;

use serde_json::{Value, json};

use super::matrix::Matrix;

/// The layer.
pub fn layer(matrix: &Matrix) -> Value {
    let most = matrix
        .techniques
        .values()
        .map(|of| of.rules)
        .max()
        .unwrap_or(1);
    let techniques = matrix.techniques.iter().map(|(id, covered)| {
        let more = covered.rules.saturating_sub(covered.titles.len() as u64);
        let mut comment = covered.titles.join("\n");
        if more > 0 {
            // Writing to a string cannot fail.
            let _ = write!(comment, "\nand {more} more");
        }
        json!({
            "techniqueID": id,
            "score": covered.rules,
            "comment": comment,
            "enabled": true,
            "showSubtechniques": id.contains('.'),
        })
    });
    json!({
        "name": "yagura",
        "versions": {"layer": "4.5"},
        "domain": "enterprise-attack",
        "description": format!("{} rules; the score of a technique is how many are about it", matrix.rules),
        "techniques": techniques.collect::<Vec<_>>(),
        "gradient": {"colors": ["#e8f1fb", "#1f6fb4"], "minValue": 0, "maxValue": most},
        "sorting": 3,
    })
}
