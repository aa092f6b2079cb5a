//! Sigma correlation rules: what several events together must look like.

mod bounds;
mod condition_names;
pub(crate) mod read;
pub(crate) mod resolve;
mod satisfiable;

use crate::meta::Meta;

/// What is computed over the matches of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The number of matches.
    EventCount,
    /// The number of distinct values of a field.
    ValueCount,
    /// Matches of all rules, in any order.
    Temporal,
    /// Matches of all rules, in the order given.
    TemporalOrdered,
    /// The sum of a field.
    ValueSum,
    /// The mean of a field.
    ValueAvg,
    /// A percentile of a field.
    ValuePercentile,
    /// The median of a field.
    ValueMedian,
}

/// A rule that a correlation refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// As written: an id or a name.
    pub written: String,
    /// What it leads to.
    pub target: Target,
}

/// What a reference leads to, as an index into the lists of [`crate::Loaded`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A detection rule.
    Detection(usize),
    /// Another correlation.
    Correlation(usize),
    /// A native sequence.
    Sequence(usize),
}

/// A comparison of what was computed with a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `gt`
    Greater,
    /// `gte`
    GreaterOrEqual,
    /// `lt`
    Less,
    /// `lte`
    LessOrEqual,
    /// `eq`
    Equal,
    /// `neq`
    NotEqual,
}

/// A boolean expression over references, by index into [`Correlation::rules`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferenceExpr {
    /// The rule matched in the window.
    Rule(usize),
    /// It does not hold.
    Not(Box<ReferenceExpr>),
    /// All hold.
    All(Vec<ReferenceExpr>),
    /// At least one holds.
    Any(Vec<ReferenceExpr>),
}

/// When a correlation holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// What was computed, compared with one or two bounds.
    Bounds(Vec<(Comparison, f64)>),
    /// Extended temporal condition.
    References(ReferenceExpr),
}

/// One name for fields that are called differently in each rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The name used in `group-by`.
    pub name: String,
    /// Index into [`Correlation::rules`], and the field's name there.
    pub fields: Vec<(usize, String)>,
}

/// A checked correlation rule, its references resolved.
#[derive(Clone, Debug)]
pub struct Correlation {
    /// What it says about itself.
    pub meta: Meta,
    /// What is computed.
    pub kind: Kind,
    /// The rules whose matches count.
    pub rules: Vec<Reference>,
    /// The fields whose values divide the matches into groups.
    pub group_by: Vec<String>,
    /// Names for differently called fields.
    pub aliases: Vec<Alias>,
    /// The length of the window in seconds.
    pub timespan_seconds: u64,
    /// When it holds.
    pub condition: Condition,
    /// The field, or fields taken together, that is counted, summed …
    pub fields: Vec<String>,
    /// The percentile, for [`Kind::ValuePercentile`].
    pub percentile: Option<f64>,
    /// Whether the referred rules keep their own detections.
    pub generate: bool,
}
