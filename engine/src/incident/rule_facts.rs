//! What an incident has to know of a rule.

use std::sync::Arc;

use yagura_rules::{Level, Meta};

use super::tactic::{Tactic, technique_from_tag};

/// What an incident shows of a rule, whatever kind of rule it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFacts {
    /// `title`.
    pub title: Arc<str>,
    /// `id`, as written.
    pub id: Option<Arc<str>>,
    /// `level`.
    pub level: Level,
    /// From its tags, in the order of the matrix.
    pub tactics: Arc<[Tactic]>,
    /// From its tags, such as `T1059.001`.
    pub techniques: Arc<[Arc<str>]>,
}

impl RuleFacts {
    /// Takes them from what the rule says about itself.
    pub fn from_meta(meta: &Meta) -> Self {
        let mut tactics: Vec<Tactic> = meta
            .tags
            .iter()
            .filter_map(|t| Tactic::from_tag(t))
            .collect();
        tactics.sort_unstable();
        tactics.dedup();
        let techniques = meta.tags.iter().filter_map(|tag| technique_from_tag(tag));
        let mut techniques: Vec<Arc<str>> = techniques.map(Arc::from).collect();
        techniques.sort_unstable();
        techniques.dedup();
        Self {
            title: meta.title.as_str().into(),
            id: meta.id.as_deref().map(Arc::from),
            level: meta.level,
            tactics: tactics.into(),
            techniques: techniques.into(),
        }
    }

    /// What tells it from other rules, also after a reload: its id, else its title.
    pub(super) fn identity(&self) -> &str {
        self.id.as_deref().unwrap_or(&self.title)
    }
}
