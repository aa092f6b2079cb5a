//! Reads and checks Sigma rules, correlations and filters.
pub mod pattern;
pub mod predicate;
