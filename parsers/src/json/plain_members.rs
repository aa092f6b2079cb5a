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

use std::ops::Range;

use super::keys::{Place, Use};
use super::strings::{Indexed, StringEnds};
use super::walk::Walker;
use crate::event::{Encoding, ValueKind};
use crate::projection::Projection;
use crate::writer::EventWriter;

/// Where a row of members ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Before a member, which was not taken.
    AtKey,
    /// Behind a value.
    BehindValue,
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
        let mut row = Row {
            index: &index,
            base,
            projection: self.projection,
            out: &mut *self.out,
        };
        let (position, end) = loop {
            let Some((behind, quotes)) = row.member(step, parent, key, next) else {
                break (key, Stop::AtKey);
            };
            step += 1;
            next += quotes;
            match next_key(index.text, behind) {
                Some(at) => key = at,
                None => break (behind, Stop::BehindValue),
            }
        };
        self.out.scratch.keys.go_on(step);
        self.scan.go_to(position, next);
        end
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

/// What is needed to take one member after the other.
struct Row<'r, 'w, 'b> {
    index: &'r Indexed<'r>,
    /// Where the indexed text begins in the block.
    base: usize,
    projection: &'b Projection,
    out: &'w mut EventWriter<'b>,
}

impl Row<'_, '_, '_> {
    /// Takes the member at `key`, whose first quote is the one given: where it ends, and how many
    /// quotes it has. `None` if it is not plain.
    #[expect(clippy::inline_always, reason = "measured: once a member")]
    #[inline(always)]
    fn member(
        &mut self,
        step: usize,
        parent: Place,
        key: usize,
        quote: usize,
    ) -> Option<(usize, usize)> {
        let text = self.index.text.get(key..)?;
        let known = self.out.scratch.keys.at_step(step, parent, text)?;
        let (usage, child) = (known.usage, known.child);
        let mut start = key + known.written_len as usize;
        let mut first = *self.index.text.get(start)?;
        if first == b' ' {
            start += 1;
            first = *self.index.text.get(start)?;
        }
        if first != b'"' {
            let behind = self.scalar(usage, child, start)?;
            return Some((behind, 2));
        }
        let (start, end) = (start + 1, self.index.quote(quote + 3)?);
        if let Use::Store(target) = usage {
            let encoding = self.encoding(start, end);
            let (at, len) = (self.base + start, end - start);
            self.out.plain(target, ValueKind::Text, encoding, at, len);
        } else if usage != Use::Skip {
            let encoding = self.encoding(start, end);
            self.value(usage, child, ValueKind::Text, encoding, start..end)?;
        }
        Some((end + 1, 4))
    }

    #[inline]
    fn encoding(&self, start: usize, end: usize) -> Encoding {
        if self.index.has_backslash(start, end) {
            Encoding::JsonEscaped
        } else {
            Encoding::Plain
        }
    }

    /// Takes an integer or a literal; where it ends.
    #[inline(never)]
    fn scalar(&mut self, usage: Use, child: Place, start: usize) -> Option<usize> {
        let text = self.index.text.get(start..)?;
        let (kind, len) = match text {
            [b'0'..=b'9' | b'-', ..] => (ValueKind::Number, integer_len(text)?),
            [b't', b'r', b'u', b'e', ..] => (ValueKind::Bool, 4),
            [b'f', b'a', b'l', b's', b'e', ..] => (ValueKind::Bool, 5),
            [b'n', b'u', b'l', b'l', ..] => (ValueKind::Null, 4),
            _ => return None,
        };
        if usage != Use::Skip {
            let end = start + if kind == ValueKind::Null { 0 } else { len };
            self.value(usage, child, kind, Encoding::Plain, start..end)?;
        }
        Some(start + len)
    }

    /// A value that is not simply one of one field.
    #[inline(never)]
    fn value(
        &mut self,
        usage: Use,
        child: Place,
        kind: ValueKind,
        encoding: Encoding,
        range: Range<usize>,
    ) -> Option<()> {
        if let Use::Time(rank) = usage {
            let (at, len) = (self.base + range.start, range.end - range.start);
            self.out.plain_time(rank, kind, encoding, at, len);
            return Some(());
        }
        if usage == Use::Special {
            return None;
        }
        let targets = self.projection.targets(child?);
        let text = self.index.text.get(range)?;
        self.out.written(targets, kind, encoding, text);
        Some(())
    }
}

/// The length of an integer, with its sign; `None` where a number is malformed, has a fraction or
/// exponent, or ends too near to the end of the text.
#[inline]
fn integer_len(text: &[u8]) -> Option<usize> {
    const BYTES: u64 = 0x0101_0101_0101_0101;
    const ZEROS: u64 = BYTES * b'0' as u64;
    const LOW_BITS: u64 = BYTES * 0x7F;
    const ABOVE_NINE: u64 = BYTES * 0x76;
    const TOP_BITS: u64 = BYTES * 0x80;
    let sign = usize::from(text.first() == Some(&b'-'));
    let digits = text.get(sign..)?;
    let mut count = 0;
    loop {
        let word = u64::from_le_bytes(*digits.get(count..)?.first_chunk()?);
        // A digit has become 0 to 9, which with 0x76 stays below 0x80.
        let word = word ^ ZEROS;
        let others = (word | ((word & LOW_BITS) + ABOVE_NINE)) & TOP_BITS;
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
