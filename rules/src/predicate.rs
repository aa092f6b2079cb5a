//! The checked model of a detection: a boolean expression over predicates.
//!
//! Everything that is only notation is gone here: modifiers are applied, `N of` is expanded,
//! lists are [`Expr::Any`] or [`Expr::All`], `neq` is [`Expr::Not`].

use std::net::IpAddr;

use crate::pattern::{Case, Pattern};

/// A boolean expression over predicates.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// All hold. Holds when empty.
    All(Vec<Expr>),
    /// At least one holds. Does not hold when empty.
    Any(Vec<Expr>),
    /// At least `count` of them hold.
    AtLeast(usize, Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// A single test.
    Is(Predicate),
}

/// A test of one field. On a multi-valued field it holds if any value satisfies it.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicate {
    /// The field tested.
    pub subject: Subject,
    /// The test.
    pub test: Test,
}

/// What a predicate looks at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A field by the name the rule uses.
    Field(String),
    /// The whole event: any value, or the raw text where there is no structure (keywords).
    /// The test is always [`Test::Text`] open on both sides, [`Test::Regex`] or
    /// [`Test::Network`].
    Anything,
}

/// The comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// The whole value fits the pattern.
    Text(Pattern),
    /// The value is a number, or numeric text, equal to this. `text` is the number as the rule
    /// wrote it: a value of the same text matches as well.
    Number {
        /// The value.
        value: f64,
        /// As written.
        text: String,
    },
    /// The value is this boolean, or its name in any case.
    Bool(bool),
    /// The value is a number, or numeric text, in this relation to the bound.
    Compare {
        /// The relation of the value to the bound.
        ordering: Ordering,
        /// The bound, rounded to double precision.
        bound: f64,
        /// The bound as written, which large whole numbers need to be compared exactly.
        text: String,
    },
    /// A match anywhere in the value.
    Regex(Regex),
    /// The value is an address within the network. An IPv4-mapped IPv6 address counts as IPv4.
    Network(Network),
    /// The field is present, whatever its value.
    Exists,
    /// The field is absent, or present as null.
    Null,
    /// The value compares to that of another field of the event (any to any where several).
    Field {
        /// The other field.
        other: String,
        /// How.
        relation: Relation,
        /// Whether case counts.
        case: Case,
    },
    /// A part of the date that the value is, as a number.
    DatePart(DatePart, f64),
}

/// Relations of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ordering {
    /// Less than the bound.
    Less,
    /// Less than or equal to the bound.
    LessOrEqual,
    /// Greater than the bound.
    Greater,
    /// Greater than or equal to the bound.
    GreaterOrEqual,
}

/// Relations of text for field references: value `relation` other field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// Equal as a whole.
    Equals,
    /// Contains the other.
    Contains,
    /// Starts with the other.
    StartsWith,
    /// Ends with the other.
    EndsWith,
}

/// A regular expression, checked to compile.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Regex {
    /// The expression as written, without flags of sub-modifiers.
    pub pattern: String,
    /// `|re|i`: case does not count.
    pub case: Case,
    /// `|re|m`: `^` and `$` match at line ends.
    pub multi_line: bool,
    /// `|re|s`: `.` matches a line end.
    pub dot_all: bool,
}

/// An IPv4 or IPv6 network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    /// Its first address.
    pub address: IpAddr,
    /// How many leading bits count.
    pub prefix_bits: u8,
}

/// Parts of a date (`|minute`, `|hour` …), of the value read as a time in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DatePart {
    /// 0 to 59.
    Minute,
    /// 0 to 23.
    Hour,
    /// Day of the month, 1 to 31.
    Day,
    /// Week of the year by ISO 8601, 1 to 53.
    Week,
    /// 1 to 12.
    Month,
    /// For example 2026.
    Year,
}

impl Expr {
    /// All of them; a single one is itself.
    pub(crate) fn all(parts: Vec<Self>) -> Self {
        Self::single(parts).unwrap_or_else(Self::All)
    }

    /// Any of them; a single one is itself.
    pub(crate) fn any(parts: Vec<Self>) -> Self {
        Self::single(parts).unwrap_or_else(Self::Any)
    }

    fn single(mut parts: Vec<Self>) -> Result<Self, Vec<Self>> {
        match parts.pop() {
            Some(only) if parts.is_empty() => Ok(only),
            Some(last) => {
                parts.push(last);
                Err(parts)
            }
            None => Err(parts),
        }
    }

    /// The number of predicates in it.
    pub fn size(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) | Self::AtLeast(_, parts) => {
                parts.iter().map(Self::size).sum()
            }
            Self::Not(inner) => inner.size(),
            Self::Is(_) => 1,
        }
    }
}
