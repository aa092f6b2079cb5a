//! Text patterns: what a Sigma string value means.

/// One part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Piece {
    /// These characters. Never empty; two literals never follow each other.
    Literal(String),
    /// `*`: any run of characters, also none.
    AnyRun,
    /// `?`: exactly one character.
    AnyOne,
}

/// Whether case counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Case {
    /// Compared by Unicode simple case folding.
    Insensitive,
    /// Compared as written.
    Sensitive,
}

/// A pattern over a whole value. `contains`, `startswith` and `endswith` are an
/// [`Piece::AnyRun`] on the open sides; no pieces at all match the empty value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// The parts in order; two [`Piece::AnyRun`] never follow each other.
    pub pieces: Vec<Piece>,
    /// Whether case counts.
    pub case: Case,
}
