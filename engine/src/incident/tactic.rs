//! ATT&CK tactics and techniques among the tags of a rule.

use std::fmt;

/// An ATT&CK tactic, in the order of the enterprise matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tactic(u8);

/// By their place in the matrix. Newer versions part defense evasion into stealth and defense
/// impairment; rules use the old name and the new ones.
const NAMES: [&str; 16] = [
    "reconnaissance",
    "resource-development",
    "initial-access",
    "execution",
    "persistence",
    "privilege-escalation",
    "defense-evasion",
    "stealth",
    "defense-impairment",
    "credential-access",
    "discovery",
    "lateral-movement",
    "collection",
    "command-and-control",
    "exfiltration",
    "impact",
];

impl Tactic {
    /// The tactic of a tag such as `attack.lateral-movement`; older rules write `_` for `-`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let name = tag_of_attack(tag)?.replace('_', "-");
        let place = NAMES.iter().position(|known| name == *known)?;
        Some(Self(place as u8))
    }

    /// As tags write it.
    pub fn name(self) -> &'static str {
        NAMES.get(usize::from(self.0)).copied().unwrap_or_default()
    }

    pub(super) fn place(self) -> u8 {
        self.0
    }

    pub(super) fn from_place(place: u8) -> Option<Self> {
        (usize::from(place) < NAMES.len()).then_some(Self(place))
    }
}

impl fmt::Display for Tactic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The technique of a tag such as `attack.t1059.001`, in capitals.
pub(super) fn technique_from_tag(tag: &str) -> Option<String> {
    let name = tag_of_attack(tag)?;
    let number = name.strip_prefix('t')?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    number
        .split('.')
        .all(digits)
        .then(|| name.to_ascii_uppercase())
}

fn tag_of_attack(tag: &str) -> Option<String> {
    let lower = tag.to_ascii_lowercase();
    lower.strip_prefix("attack.").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{Tactic, technique_from_tag};

    #[test]
    fn tags() {
        let named = |tag| Tactic::from_tag(tag).map(Tactic::name);
        assert_eq!(named("attack.Initial_Access"), Some("initial-access"));
        assert_eq!(named("attack.t1059"), None);
        assert_eq!(named("car.impact"), None);
        assert_eq!(
            technique_from_tag("attack.t1059.001").as_deref(),
            Some("T1059.001")
        );
        assert_eq!(technique_from_tag("attack.tx"), None);
        assert_eq!(technique_from_tag("attack.t"), None);
    }
}
