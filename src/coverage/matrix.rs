//! Tactics, techniques, and how many rules are about each.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use yagura_engine::incident::{RuleFacts, Tactic};
use yagura_rules::{Level, Meta};

/// Rules about one thing.
#[derive(Clone, Debug, Serialize)]
pub struct Covered {
    /// How many.
    pub rules: u64,
    /// The gravest of their levels.
    #[serde(serialize_with = "by_name")]
    pub level: Level,
    /// Some of their titles, for whoever asks which.
    pub titles: Vec<String>,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Matrix {
    /// By tactic: all rules with its tag.
    pub tactics: BTreeMap<Tactic, Covered>,
    /// By technique.
    pub techniques: BTreeMap<String, Covered>,
    /// The techniques of rules with a tactic's tag. ATT&CK's own assignment is not known here:
    /// a technique stands where rules put it.
    pub cells: BTreeMap<Tactic, BTreeSet<String>>,
    /// Rules without a tag of ATT&CK.
    pub untagged: u64,
    /// All rules.
    pub rules: u64,
}

/// So many titles are kept of each.
const TITLES: usize = 10;

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn by_name<S: serde::Serializer>(level: &Level, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(level.name())
}

impl Matrix {
    /// Of what rules say about themselves.
    pub fn of<'a>(metas: impl Iterator<Item = &'a Meta>) -> Self {
        let mut matrix = Self::default();
        for meta in metas {
            matrix.add(meta);
        }
        matrix
    }

    fn add(&mut self, meta: &Meta) {
        let facts = RuleFacts::from_meta(meta);
        self.rules += 1;
        self.untagged += u64::from(facts.tactics.is_empty() && facts.techniques.is_empty());
        for tactic in &*facts.tactics {
            count(self.tactics.entry(*tactic), meta);
            let cells = self.cells.entry(*tactic).or_default();
            cells.extend(facts.techniques.iter().map(ToString::to_string));
        }
        for technique in &*facts.techniques {
            count(self.techniques.entry(technique.to_string()), meta);
        }
    }
}

fn count<K: Ord>(entry: std::collections::btree_map::Entry<'_, K, Covered>, meta: &Meta) {
    let covered = entry.or_insert_with(|| Covered {
        rules: 0,
        level: meta.level,
        titles: Vec::new(),
    });
    covered.rules += 1;
    covered.level = covered.level.max(meta.level);
    if covered.titles.len() < TITLES {
        covered.titles.push(meta.title.clone());
    }
}
