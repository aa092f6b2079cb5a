//! Detection rules: what a single event must look like.

use crate::logsource::Logsource;
use crate::meta::Meta;
use crate::predicate::Expr;

/// Whether a rule takes part in matching.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It does.
    Active,
    /// It was loaded but needs placeholders that were not given; their names.
    LacksPlaceholders(Vec<String>),
}

/// A search identifier as the rule wrote it, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// Its name.
    pub name: String,
    /// Its meaning.
    pub matches: Expr,
}

/// A checked detection rule.
#[derive(Clone, Debug)]
pub struct Detection {
    /// What it says about itself.
    pub meta: Meta,
    /// The logs it is about.
    pub logsource: Logsource,
    /// Its search identifiers, in the order of the file.
    pub selections: Vec<Selection>,
    /// Its conditions as written; any of them suffices.
    pub conditions: Vec<String>,
    /// The titles of the filters that were and-ed to it.
    pub filters: Vec<String>,
    /// What an event must satisfy: conditions over selections, filters included.
    pub matches: Expr,
    /// Whether it takes part in matching.
    pub activity: Activity,
    /// Whether it was written in place, within a sequence: then it is a part of that rule and
    /// none of its own. Its title is that of the sequence and of the stage, it has no id, and
    /// its level says nothing.
    pub in_place: bool,
}
