//! Where a syslog message ends in a stream of bytes: RFC 6587.
//!
//! ```text
//!  octet counting     LENGTH SP MESSAGE          a count, and then exactly so many bytes
//!  non-transparent    MESSAGE LF | CRLF | NUL    anything that does not begin with a count
//! ```
//!
//! Decided for every message anew, as relays mix them. A message may begin with digits that are
//! no count (`2024 …` of a device without priorities), hence a count is one only if a priority
//! follows or if the connection has counted before.
//!
//! Cost: one `memchr` over the bytes; stretches of lines that need no change are copied at once.

use memchr::{memchr2, memchr2_iter};

use super::packer::Packer;
use crate::limits::Limits;

/// The digits of a count that mean anything, leading zeros included.
const COUNT_DIGITS_MAX: usize = 16;

/// Cuts a stream into messages. The same bytes give the same messages however they are split.
#[derive(Debug)]
pub(super) struct Framing {
    line_bytes: usize,
    batch_bytes: usize,
    counting: Counting,
    rest: Rest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counting {
    /// Lines only: digits are text.
    Never,
    /// Not seen yet.
    Possible,
    /// The sender counts.
    Seen,
}

/// What is left of a message that was cut at the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    None,
    Octets(usize),
    Line,
}

/// A count larger than any message may be: there is no way back into step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AbsurdCount;

enum Head {
    Incomplete,
    Counted { prefix: usize, length: usize },
    Line,
}

impl Framing {
    /// Both ways of framing.
    pub(super) fn syslog(limits: &Limits) -> Self {
        Self {
            line_bytes: limits.line_bytes,
            batch_bytes: limits.batch_bytes.max(limits.line_bytes),
            counting: Counting::Possible,
            rest: Rest::None,
        }
    }

    /// Lines, whatever they begin with.
    pub(super) fn lines(limits: &Limits) -> Self {
        Self {
            counting: Counting::Never,
            ..Self::syslog(limits)
        }
    }

    /// Packs messages until no whole one is left or the packer is full; how many bytes are done
    /// with. Call it again after emptying a full packer.
    pub(super) fn take(&mut self, bytes: &[u8], out: &mut Packer) -> Result<usize, AbsurdCount> {
        let mut at = 0;
        while !out.is_full() {
            let ahead = bytes.get(at..).unwrap_or_default();
            let taken = match self.rest {
                Rest::None => self.message(ahead, out)?,
                _ => self.skip(ahead),
            };
            if taken == 0 {
                break;
            }
            at += taken;
        }
        Ok(at)
    }

    /// The message that the stream broke off in, as far as it came.
    pub(super) fn finish(&mut self, bytes: &[u8], out: &mut Packer) {
        if self.rest != Rest::None || bytes.is_empty() {
            return;
        }
        let text = match self.head(bytes) {
            Ok(Head::Counted { prefix, .. }) => bytes.get(prefix..).unwrap_or_default(),
            _ => bytes,
        };
        out.line(self.limited(text));
    }

    /// The content of the message that `bytes` begin with, for recognition; `None` as long as it
    /// is not whole.
    pub(super) fn peek<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let (from, end) = match self.head(bytes) {
            Err(AbsurdCount) => (0, 0),
            Ok(Head::Incomplete) => return None,
            Ok(Head::Counted { prefix, length }) => (prefix, prefix.saturating_add(length)),
            Ok(Head::Line) => {
                let limited = self.limited(bytes);
                let cut = (limited.len() > self.line_bytes).then_some(self.line_bytes);
                (0, memchr2(b'\n', 0, limited).or(cut)?)
            }
        };
        bytes.get(from..end.min(from.saturating_add(self.line_bytes)))
    }

    fn message(&mut self, bytes: &[u8], out: &mut Packer) -> Result<usize, AbsurdCount> {
        Ok(match self.head(bytes)? {
            Head::Incomplete => 0,
            Head::Counted { prefix, length } => self.counted(bytes, prefix, length, out),
            Head::Line => self.stretch(bytes, out),
        })
    }

    fn head(&self, bytes: &[u8]) -> Result<Head, AbsurdCount> {
        if self.counting == Counting::Never || !bytes.first().is_some_and(u8::is_ascii_digit) {
            return Ok(if bytes.is_empty() {
                Head::Incomplete
            } else {
                Head::Line
            });
        }
        let near = bytes.get(..COUNT_DIGITS_MAX + 2).unwrap_or(bytes);
        let digits = near.iter().take_while(|b| b.is_ascii_digit()).count();
        let (space, begin) = (near.get(digits), near.get(digits + 1));
        match (space, begin) {
            _ if digits > COUNT_DIGITS_MAX && self.counting == Counting::Seen => {
                return Err(AbsurdCount);
            }
            _ if digits > COUNT_DIGITS_MAX => return Ok(Head::Line),
            (Some(b' '), _) if self.counting == Counting::Seen => {}
            (None, _) | (Some(b' '), None) => return Ok(Head::Incomplete),
            (Some(b' '), Some(b'<')) => {}
            _ => return Ok(Head::Line),
        }
        let fold = |sum: usize, digit: &u8| {
            let digit = usize::from(digit.wrapping_sub(b'0'));
            sum.saturating_mul(10).saturating_add(digit)
        };
        let length = near.iter().take(digits).fold(0, fold);
        if length > self.batch_bytes {
            return Err(AbsurdCount);
        }
        let prefix = digits + 1;
        Ok(Head::Counted { prefix, length })
    }

    fn counted(&mut self, bytes: &[u8], prefix: usize, length: usize, out: &mut Packer) -> usize {
        // One byte beyond the limit, so that the packer knows that it cuts.
        let kept = length.min(self.line_bytes + 1);
        let Some(message) = bytes.get(prefix..prefix + kept) else {
            return 0;
        };
        self.counting = Counting::Seen;
        out.line(message);
        if length > kept {
            self.rest = Rest::Octets(length - kept);
        }
        prefix + kept
    }

    /// Lines up to one that begins with a digit, which may be a count.
    fn stretch(&mut self, bytes: &[u8], out: &mut Packer) -> usize {
        let room = out.room();
        let (mut plain_from, mut at, mut records) = (0, 0, 0);
        for end in memchr2_iter(b'\n', 0, bytes) {
            let may_be_count = self.counting != Counting::Never
                && at > 0
                && bytes.get(at).is_some_and(u8::is_ascii_digit);
            if may_be_count || at - plain_from >= room {
                break;
            }
            let line = bytes.get(at..end).unwrap_or_default();
            if self.is_plain(line) && bytes.get(end) == Some(&b'\n') {
                records += 1;
                at = end + 1;
                continue;
            }
            out.whole_lines(bytes.get(plain_from..at).unwrap_or_default(), records);
            out.line(self.limited(line));
            at = end + 1;
            (plain_from, records) = (at, 0);
            if out.is_full() {
                break;
            }
        }
        out.whole_lines(bytes.get(plain_from..at).unwrap_or_default(), records);
        if at == 0 && bytes.len() > self.line_bytes {
            let line = self.limited(bytes);
            out.line(line);
            self.rest = Rest::Line;
            return line.len();
        }
        at
    }

    /// Whether [`Packer::line`] would leave it as it is.
    fn is_plain(&self, line: &[u8]) -> bool {
        line.len() <= self.line_bytes
            && line
                .last()
                .is_some_and(|end| !end.is_ascii_whitespace() && *end != 0)
    }

    fn limited<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        line.get(..=self.line_bytes).unwrap_or(line)
    }

    fn skip(&mut self, bytes: &[u8]) -> usize {
        match self.rest {
            Rest::None => 0,
            Rest::Octets(octets) => {
                let skipped = octets.min(bytes.len());
                self.rest = match octets - skipped {
                    0 => Rest::None,
                    left => Rest::Octets(left),
                };
                skipped
            }
            Rest::Line => match memchr2(b'\n', 0, bytes) {
                Some(end) => {
                    self.rest = Rest::None;
                    end + 1
                }
                None => bytes.len(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use yagura_parsers::Format;

    use super::Framing;
    use crate::input::packer::Packer;
    use crate::{Limits, Sources};

    /// What comes out of a stream that arrives in those pieces; `None` after an absurd count.
    fn messages(pieces: &[&[u8]]) -> Option<Vec<u8>> {
        let limits = Limits {
            line_bytes: 16,
            batch_bytes: 1000,
            ..Limits::default()
        };
        let source = Sources::new(1).of_input(&"syslog".into());
        let mut packer = Packer::new(source, Format::Syslog, limits.line_bytes);
        let mut framing = Framing::syslog(&limits);
        let mut waiting = Vec::new();
        for piece in pieces {
            waiting.extend_from_slice(piece);
            let taken = framing.take(&waiting, &mut packer).ok()?;
            waiting.drain(..taken);
        }
        framing.finish(&waiting, &mut packer);
        Some(
            packer
                .take()
                .map_or(Vec::new(), |parcel| parcel.bytes.to_vec()),
        )
    }

    #[test]
    fn both_framings_in_one_stream() {
        for (stream, expected) in [
            (
                &b"<1>a\n<2>b\r\n\n<3>c\0<4>d"[..],
                &b"<1>a\n<2>b\n<3>c\n<4>d\n"[..],
            ),
            (
                b"4 <1>a5 <2>bb\n<3>c\n004 <4>d",
                b"<1>a\n<2>bb\n<3>c\n<4>d\n",
            ),
            (b"6 <1>a\nb4 <2>c", b"<1>a#012b\n<2>c\n"),
            (
                b"2024 is no count\n12:00 nor this\n",
                b"2024 is no count\n12:00 nor this\n",
            ),
            (b"4 <1>a3 abc", b"<1>a\nabc\n"),
            (
                b"20 <1>4567890123456789X4 <2>b",
                b"<1>4567890123456\n<2>b\n",
            ),
            (b"<1>45678901234567890\n<2>b\n", b"<1>4567890123456\n<2>b\n"),
            (b"9 <1>torn", b"<1>torn\n"),
        ] {
            let got = messages(&[stream]);
            let text = stream.escape_ascii();
            assert_eq!(got.as_deref(), Some(expected), "{text}");
        }
        assert_eq!(messages(&[b"99999999 <1>a"]), None);
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same(
            stream in "([0-9]{1,3} )?[<a 0-9\n\r\0]{0,60}(4 <1>a|<2>bcd\n|25 <3>|\n){0,5}",
            cuts in proptest::collection::vec(0usize..100, 0..6),
        ) {
            let stream = stream.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|w| &stream[w[0]..w[1]]).collect();
            prop_assert_eq!(messages(&pieces), messages(&[stream]));
        }
    }
}
