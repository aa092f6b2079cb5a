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
}

impl<E: StringEnds> Walker<'_, '_, '_, '_, E> {
    /// Takes as many members as are plain. Before the next one, or behind the last.
    #[inline]
    pub(super) fn plain_members(&mut self, parent: Place) -> Stop {
        let Some(index) = self.scan.indexed().filter(|_| !self.everything) else {
            return Stop::AtKey;
        };
        let Some(base) = self.out.offset_of(index.text) else {
            return Stop::AtKey;
        };
        let keys = &mut self.scratch.keys;
        let (mut last, mut next) = (keys.last(), index.next);
        let mut behind = self.scan.position();
        let mut stop = Stop::AtKey;
        while let Some(quotes) = index.quotes_from(next) {
            let [key, key_end, ..] = quotes;
            let begins_member = match stop {
                Stop::AtKey => behind == key,
                Stop::BehindValue => is_separated(index.text, behind, key),
            };
            if !begins_member {
                break;
            }
            (behind, stop) = (key, Stop::AtKey);
            let text = index.text.get(key..).unwrap_or_default();
            let written_len = key_end.wrapping_sub(key).wrapping_add(2);
            let Some((member, known)) = keys.expected_behind(last, parent, written_len, text)
            else {
                break;
            };
            let Some((value, quotes)) = Plain::read(index.text, quotes) else {
                break;
            };
            match known.usage {
                Use::Skip => {}
                Use::Store(target) => {
                    let encoding = value.encoding(&index);
                    let len = value.end - value.start;
                    let start = base + value.start;
                    self.out.plain(target, value.kind, encoding, start, len);
                }
                Use::StoreEach => {
                    let targets = known.child.map(|child| self.projection.targets(child));
                    let encoding = value.encoding(&index);
                    let text = index.text.get(value.start..value.end);
                    let text = text.unwrap_or_default();
                    let targets = targets.unwrap_or_default();
                    self.out.written(targets, value.kind, encoding, text);
                }
                Use::Special => break,
            }
            (last, behind, stop) = (member, value.behind, Stop::BehindValue);
            next += quotes;
        }
        keys.go_on_behind(last);
        self.scan.go_to(behind, next);
        stop
    }
}

/// Whether a comma, and at most a blank, lie between a value and the next key.
#[inline]
fn is_separated(text: &[u8], behind: usize, key: usize) -> bool {
    if text.get(behind) != Some(&b',') {
        return false;
    }
    match key.wrapping_sub(behind) {
        1 => true,
        2 => text.get(behind + 1) == Some(&b' '),
        _ => false,
    }
}

impl Plain {
    #[inline]
    fn encoding(&self, index: &Indexed<'_>) -> Encoding {
        if index.has_backslash(self.start, self.end) {
            Encoding::JsonEscaped
        } else {
            Encoding::Plain
        }
    }

    /// The value behind a key, given the quotes from that on, and how many of these key and value
    /// have.
    #[inline]
    fn read(text: &[u8], quotes: [usize; 4]) -> Option<(Self, usize)> {
        let [_, key_end, quote, end] = quotes;
        let mut start = key_end + 2;
        let mut first = *text.get(start)?;
        if first == b' ' {
            start += 1;
            first = *text.get(start)?;
        }
        if first == b'"' {
            let is_whole = start == quote && end < text.len();
            let value = Self::of(ValueKind::Text, start + 1, end, end + 1);
            return is_whole.then_some((value, 4));
        }
        let kind = match first {
            b'0'..=b'9' | b'-' => ValueKind::Number,
            b't' | b'f' => ValueKind::Bool,
            b'n' => ValueKind::Null,
            _ => return None,
        };
        let rest = text.get(start..)?;
        let len = match first {
            b't' if rest.starts_with(b"true") => 4,
            b'f' if rest.starts_with(b"false") => 5,
            b'n' if rest.starts_with(b"null") => 4,
            b't' | b'f' | b'n' => return None,
            _ => integer_len(rest)?,
        };
        let end = start + if kind == ValueKind::Null { 0 } else { len };
        Some((Self::of(kind, start, end, start + len), 2))
    }

    #[inline]
    fn of(kind: ValueKind, start: usize, end: usize, behind: usize) -> Self {
        Self {
            kind,
            start,
            end,
            behind,
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
