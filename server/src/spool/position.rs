use std::fmt;

/// A place in the stream of all that was ever appended: a count of bytes that only grows.
///
/// Never used twice, not after restarts, failures or damage either; so it leaps wherever a new
/// segment had to be begun early. Between two records it says "all before, nothing after".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position(u64);

impl Position {
    /// Before the first record.
    pub const START: Self = Self(0);

    /// Largest position that is used. Nothing reaches it in practice (at 1 GB/s: 146 years); a
    /// file name that claims more is not ours.
    pub(crate) const MAX: Self = Self(1 << 62);

    /// From a number that [`Position::get`] gave, for example one read from a checkpoint.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// As a number, to be stored.
    pub const fn get(self) -> u64 {
        self.0
    }

    pub(crate) const fn plus(self, bytes: u64) -> Self {
        Self(self.0.saturating_add(bytes))
    }

    /// Bytes from `earlier` to here; 0 if it is not earlier.
    pub const fn bytes_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
