//! How alerts become incidents.

pub(crate) mod read;
#[cfg(test)]
mod schema;

use std::path::Path;

use crate::meta::{Level, Meta};
use crate::pattern::Pattern;
use crate::placeholder::Placeholders;
use crate::rule_file::{self, Document};

/// The policy that ships with yagura.
const SHIPPED: &str = include_str!("../policies/default.yml");

/// A checked incident policy.
#[derive(Clone, Debug)]
pub struct IncidentPolicy {
    /// What it says about itself.
    pub meta: Meta,
    /// Where entities are found, by kind. Kinds are referred to by their place here.
    pub entities: Vec<EntityKind>,
    /// How long after its last activity an incident takes in what shares an entity, in seconds.
    pub join_within_seconds: u64,
    /// An entity seen on more hosts than this within a day joins nothing any more.
    pub crowded: u64,
    /// The weight of a rule by its level, in the order of [`Level::ALL`].
    pub risk: [f64; Level::ALL.len()],
    /// When a candidate is shown; any of the two suffices.
    pub open_at: OpenAt,
}

impl IncidentPolicy {
    /// The policy that ships with yagura: `rules/policies/default.yml`.
    ///
    /// # Panics
    ///
    /// Never: the policy is part of the program, and a test reads it.
    pub fn shipped() -> Self {
        let path = Path::new("rules/policies/default.yml");
        let file = rule_file::parse(path, SHIPPED.to_owned(), &Placeholders::default());
        let policy = file
            .documents
            .into_iter()
            .find_map(|document| match document {
                Document::Policy(policy) => Some(*policy),
                _ => None,
            });
        policy.expect("the embedded policy is well-formed")
    }
}

/// A kind of entity.
#[derive(Clone, Debug)]
pub struct EntityKind {
    /// `host`, `user`, `address`, `file` or a kind of the policy's own.
    pub name: String,
    /// The fields that hold it; the first one present wins.
    pub fields: Vec<String>,
    /// Values on which nothing joins.
    pub ignore: Vec<Pattern>,
}

/// When a candidate becomes an incident.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OpenAt {
    /// From this risk.
    pub risk: Option<f64>,
    /// From this many tactics.
    pub tactics: Option<usize>,
}
