//! Members in a row that need no thought: an expected key, and a string, integer or literal
//! behind it, with at most a blank where most encoders put none.
//!
//! ```text
//!  {"Channel":"Security","EventID":4688, "Task": 13312,…
//!   ▲       ▲ ▲        ▲ ▲                                 offsets in the index of quotes
//!   key     value        next key
//! ```
//!
//! Where a member ends is read from the index, so that the processor may be busy with the next
//! one before this one is understood. All else goes through [`super::walk`], member by member:
//! what is here is a shorter way to the same end, and gives up *before* a member that is not as
//! it expects. So nothing here refuses anything.

use super::keys::{Place, Use};
use super::strings::{Indexed, StringEnds};
use super::walk::Walker;
use crate::event::{Encoding, ValueKind};

/// Where a row of members ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Before a member, which was not taken.
    AtKey,
    /// Behind a value.
    BehindValue,
}

/// A value, as written: a string without its quotes.
#[derive(Clone, Copy)]
struct Plain {
    kind: ValueKind,
    start: usize,
    end: usize,
    /// What comes behind it.
    behind: usize,
    /// How many quotes its member has.
    quotes: usize,
}

impl<E: StringEnds> Walker<'_, '_, '_, '_, E> {
    /// Takes as many members as are plain. Before the next one, or behind the last.
    pub(super) fn plain_members(&mut self, parent: Place) -> Stop {
        let Some(index) = self.scan.indexed().filter(|_| !self.everything) else {
            return Stop::AtKey;
        };
        let (mut key, mut next) = (self.scan.position(), index.next);
        let Some(base) = self.out.offset_of(index.text) else {
            return Stop::AtKey;
        };
        if index.quote(next) != Some(key) {
            return Stop::AtKey;
        }
        let mut step = self.out.scratch.keys.step();
        let (at, stop) = loop {
            let text = index.text.get(key..).unwrap_or_default();
            let keys = &mut self.out.scratch.keys;
            let Some(known) = keys.at_step(step, parent, text) else {
                break (key, Stop::AtKey);
            };
            let start = key + known.written_len as usize;
            let (usage, child) = (known.usage, known.child);
            let Some(value) = Plain::read(&index, start, next) else {
                break (key, Stop::AtKey);
            };
            match usage {
                Use::Skip => {}
                Use::Store(target) => {
                    let encoding = value.encoding(&index);
                    let len = value.end - value.start;
                    let start = base + value.start;
                    self.out.plain(target, value.kind, encoding, start, len);
                }
                Use::Special => break (key, Stop::AtKey),
                Use::StoreEach => {
                    let targets = child.map(|child| self.projection.targets(child));
                    let encoding = value.encoding(&index);
                    let text = index.text.get(value.start..value.end);
                    let (targets, text) = (targets.unwrap_or_default(), text.unwrap_or_default());
                    self.out.written(targets, value.kind, encoding, text);
                }
            }
            step += 1;
            next += value.quotes;
            match next_key(index.text, value.behind) {
                Some(at) => key = at,
                None => break (value.behind, Stop::BehindValue),
            }
        };
        self.out.scratch.keys.go_on(step);
        self.scan.go_to(at, next);
        stop
    }
}

/// Where the next key begins, behind a comma and at most a blank.
#[inline]
fn next_key(text: &[u8], behind: usize) -> Option<usize> {
    match text.get(behind..)? {
        [b',', b'"', ..] => Some(behind + 1),
        [b',', b' ', b'"', ..] => Some(behind + 2),
        _ => None,
    }
}

impl Plain {
    /// The value that begins at `start`, or behind a blank there, in a member whose first quote is
    /// the one given.
    #[inline]
    fn read(index: &Indexed<'_>, mut start: usize, first_quote: usize) -> Option<Self> {
        let mut first = *index.text.get(start)?;
        if first == b' ' {
            start += 1;
            first = *index.text.get(start)?;
        }
        if first == b'"' {
            let end = index.quote(first_quote + 3)?;
            return Some(Self {
                kind: ValueKind::Text,
                start: start + 1,
                end,
                behind: end + 1,
                quotes: 4,
            });
        }
        Self::scalar(index.text.get(start..)?, start)
    }

    fn scalar(text: &[u8], start: usize) -> Option<Self> {
        let (kind, len) = match text {
            [b'0'..=b'9' | b'-', ..] => (ValueKind::Number, integer_len(text)?),
            [b't', b'r', b'u', b'e', ..] => (ValueKind::Bool, 4),
            [b'f', b'a', b'l', b's', b'e', ..] => (ValueKind::Bool, 5),
            [b'n', b'u', b'l', b'l', ..] => (ValueKind::Null, 4),
            _ => return None,
        };
        Some(Self {
            kind,
            start,
            end: start + if kind == ValueKind::Null { 0 } else { len },
            behind: start + len,
            quotes: 2,
        })
    }

    #[inline]
    fn encoding(&self, index: &Indexed<'_>) -> Encoding {
        if index.has_backslash(self.start, self.end) {
            Encoding::JsonEscaped
        } else {
            Encoding::Plain
        }
    }
}

/// The length of an integer, with its sign; `None` where a number is malformed, has a fraction or
/// exponent, or ends too near to the end of the text.
#[inline]
fn integer_len(text: &[u8]) -> Option<usize> {
    const BYTES: u64 = 0x0101_0101_0101_0101;
    let sign = usize::from(text.first() == Some(&b'-'));
    let digits = text.get(sign..)?;
    let mut count = 0;
    loop {
        let word = u64::from_le_bytes(*digits.get(count..)?.first_chunk()?);
        // A digit has become 0 to 9, which with 0x76 stays below 0x80.
        let word = word ^ BYTES * 0x30;
        let others = (word | (word & BYTES * 0x7F) + BYTES * 0x76) & BYTES * 0x80;
        count += others.trailing_zeros() as usize / 8;
        if others != 0 {
            break;
        }
    }
    let is_short = match digits.get(..2)? {
        [b'0', _] => count == 1,
        _ => count > 0,
    };
    let goes_on = matches!(digits.get(count), Some(b'.' | b'e' | b'E'));
    (is_short && !goes_on).then_some(sign + count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_told_from_the_rest() {
        for (text, len) in [
            ("0", Some(1)),
            ("-0", Some(2)),
            ("7", Some(1)),
            ("12345678", Some(8)),
            ("-9223372036854775808", Some(20)),
            ("01", None),
            ("-", None),
            ("-a", None),
            ("1.5", None),
            ("1e5", None),
            ("1E5", None),
        ] {
            for behind in [",", "}", "/", ":", "\n", "\u{b0}"] {
                let text = format!("{text}{behind}          ");
                assert_eq!(integer_len(text.as_bytes()), len, "{text}");
            }
        }
        assert_eq!(integer_len(b"12"), None);
    }
}
