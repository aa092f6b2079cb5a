//! Sigma filters: conditions that are and-ed to rules written by others.

pub(crate) mod apply;
pub(crate) mod read;

use crate::logsource::Logsource;
use crate::meta::Meta;
use crate::predicate::Expr;

/// Which rules a filter is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilteredRules {
    /// `any`: all whose logsource is compatible.
    Any,
    /// These, by id or name.
    Named(Vec<String>),
}

/// A checked filter.
#[derive(Clone, Debug)]
pub struct Filter {
    /// What it says about itself.
    pub meta: Meta,
    /// The logs it is about.
    pub logsource: Logsource,
    /// The rules it is for.
    pub rules: FilteredRules,
    /// What is and-ed to each.
    pub matches: Expr,
}
