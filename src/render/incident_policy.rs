//! An incident policy, for `rules show`.

use std::fmt::Write;

use yagura_rules::{IncidentPolicy, Level};

use super::escape::visible;
use super::quantity::length_of_time;
use super::rule::RuleText;

/// Writing to a string cannot fail, in all of this file.
impl RuleText {
    /// Writes an incident policy.
    pub fn policy(&mut self, policy: &IncidentPolicy) {
        self.meta(&policy.meta);
        for kind in &policy.entities {
            self.heading(&format!("entity {}", visible(&kind.name)));
            let _ = writeln!(self.out, "  in {}", visible(&kind.fields.join(", ")));
            let ignored: Vec<String> = kind.ignore.iter().map(|p| format!("'{p}'")).collect();
            if !ignored.is_empty() {
                let _ = writeln!(self.out, "  never by {}", visible(&ignored.join(", ")));
            }
        }
        self.heading("incidents");
        self.line("join within", &length_of_time(policy.join_within_seconds));
        let crowded = format!("an entity seen on more than {} hosts a day", policy.crowded);
        self.line("never by", &crowded);
        let weights = Level::ALL.iter().zip(policy.risk);
        let weights: Vec<String> = weights.map(|(level, w)| format!("{level} {w}")).collect();
        self.line("weigh", &weights.join(", "));
        let risk = policy.open_at.risk.map(|risk| format!("risk {risk}"));
        let tactics = policy.open_at.tactics.map(|n| format!("{n} tactics"));
        let opens: Vec<String> = risk.into_iter().chain(tactics).collect();
        self.line("open at", &opens.join(" or "));
    }
}
