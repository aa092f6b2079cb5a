//! Native sequences: stages that follow each other, for one key.
//!
//! ```text
//!  read ─▶ stage, matches, key_fields ─▶ Draft ─▶ order: is it decidable? ─▶ resolve ─▶ Sequence
//! ```

mod key_fields;
mod matches;
mod order;
pub(crate) mod read;
pub(crate) mod resolve;
#[cfg(test)]
mod schema;
mod stage;

use crate::correlation::Reference;
use crate::meta::Meta;

/// A checked sequence, its references resolved.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// What it says about itself.
    pub meta: Meta,
    /// The names of the key fields. Empty: one key for all.
    pub by: Vec<String>,
    /// From the beginning of the first stage to the completion of the last, in seconds.
    pub within_seconds: u64,
    /// What has to happen, in order.
    pub steps: Vec<Step>,
    /// Matches inside a chain that void it.
    pub unless: Vec<KeyedReference>,
    /// Matches that drop what was collected for a key.
    pub until: Vec<KeyedReference>,
    /// Whether the referred rules keep their own detections.
    pub generate: bool,
}

/// One place in the order of a sequence.
#[derive(Clone, Debug)]
pub enum Step {
    /// A stage.
    Stage(Stage),
    /// `any-order`: all of these, in whatever order.
    AnyOrder(Vec<Stage>),
}

/// A stage.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its name, unique in the sequence.
    pub name: String,
    /// The rules whose matches count for it. A detection written in place is among
    /// [`crate::Loaded::detections`] like any other.
    pub matches: Vec<Reference>,
    /// What it calls the key fields, parallel to [`Sequence::by`].
    pub by: Vec<KeyField>,
    /// How many matches, or distinct values, it takes. At least 1.
    pub at_least: u64,
    /// Within how many seconds these lie.
    pub in_seconds: u64,
    /// The field whose distinct values count instead of matches.
    pub distinct: Option<String>,
    /// At most this many seconds from the completion of the stage before to its own.
    pub gap_seconds: Option<u64>,
    /// Whether it has to happen.
    pub presence: Presence,
}

/// Whether a stage has to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It has to.
    Required,
    /// It is recorded if it does.
    Optional,
    /// It must not.
    Absent,
}

/// What a stage calls a field of the key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyField {
    /// By this name.
    Field(String),
    /// `none`: the stage is not bound to it.
    Unbound,
}

/// A rule of `unless` or `until`, and what it calls the key fields.
#[derive(Clone, Debug)]
pub struct KeyedReference {
    /// The rule.
    pub rule: Reference,
    /// Parallel to [`Sequence::by`].
    pub by: Vec<KeyField>,
}
