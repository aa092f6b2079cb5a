//! The identity of a detection: the same on every run, machine and number of threads.
//!
//! FNV-1a with 128 bits (Fowler, Noll, Vo) over, each followed by its length:
//! the rule's `id` (empty where it has none) and its title, for rules of a collection may share
//! an id, the path of the source as the user named it (with `/` between folders), and the
//! position in it. FNV is no cryptographic hash: who writes
//! the rules or names the files can make two ids equal.

use std::fmt;

const OFFSET_BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// A finished identity; shown as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DetectionId(u128);

impl DetectionId {
    /// How long it is when shown.
    pub const DIGITS: usize = 32;

    /// As a number.
    pub fn number(self) -> u128 {
        self.0
    }
}

impl fmt::Display for DetectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// An identity under construction. Copied where several detections begin alike.
#[derive(Clone, Copy, Debug)]
pub struct IdBuilder(u128);

impl IdBuilder {
    /// Nothing hashed yet.
    pub fn new() -> Self {
        Self(OFFSET_BASIS)
    }

    /// Begins with what tells rules apart.
    pub fn of_rule(id: Option<&str>, title: &str) -> Self {
        Self::new()
            .part(id.unwrap_or_default().as_bytes())
            .part(title.as_bytes())
    }

    /// Adds a part, and its length so that parts cannot flow into each other.
    pub fn part(self, bytes: &[u8]) -> Self {
        self.bytes(bytes).bytes(&(bytes.len() as u64).to_le_bytes())
    }

    /// Adds the position and ends.
    pub fn finish(self, position: u64) -> DetectionId {
        DetectionId(self.bytes(&position.to_le_bytes()).0)
    }

    fn bytes(self, bytes: &[u8]) -> Self {
        let step = |hash: u128, byte: &u8| (hash ^ u128::from(*byte)).wrapping_mul(PRIME);
        Self(bytes.iter().fold(self.0, step))
    }
}

#[cfg(test)]
mod tests {
    use super::IdBuilder;

    #[test]
    fn agrees_with_the_published_vectors() {
        let hash = |text: &[u8]| format!("{:032x}", IdBuilder::new().bytes(text).0);
        assert_eq!(hash(b""), "6c62272e07bb014262b821756295c58d");
        assert_eq!(hash(b"a"), "d228cb696f1a8caf78912b704e4a8964");
        assert_eq!(hash(b"foobar"), "343e1662793c64bf6f0d3597ba446f18");
    }

    #[test]
    fn rules_that_share_an_id_differ_by_title() {
        let id = |id, title| IdBuilder::of_rule(id, title).finish(1).to_string();
        assert_ne!(id(Some("a"), "One"), id(Some("a"), "Two"));
        assert_ne!(id(Some("a"), "One"), id(Some("b"), "One"));
        assert_ne!(id(None, "a"), id(Some("a"), ""));
    }

    #[test]
    fn depends_on_each_part_and_where_it_ends() {
        let id = |rule: &str, path: &str, position| {
            let id = IdBuilder::new().part(rule.as_bytes()).part(path.as_bytes());
            id.finish(position).to_string()
        };
        let base = id("ab", "c", 1);
        assert_eq!(base, id("ab", "c", 1));
        for other in [id("a", "bc", 1), id("ab", "c", 2), id("abc", "", 1)] {
            assert_ne!(base, other);
        }
    }
}
