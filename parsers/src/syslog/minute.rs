//! Times of lines that follow each other: nearly all of them lie in the same minute, so that only
//! the seconds have to be read.
//!
//! ```text
//!  2024-03-07T12:00:|07|.25|+01:00␠        Mar  7 12:00:|07|␠
//!  as the line before      as before       as the line before
//! ```
//!
//! What is not written so is read by the grammars of [`crate::time::text`], and learnt from them.

use super::rfc3164::stamp;
use crate::time::Timestamp;

/// `2024-03-07T12:00:`
const ISO_BYTES: usize = 17;
/// `Mar  7 12:00:`
const BSD_BYTES: usize = 13;
/// `+01:00 ` is the longest.
const OFFSET_BYTES_MAX: usize = 7;

const NANOS_PER_SECOND: i64 = 1_000_000_000;
const NANOS_PER_MINUTE: i64 = 60 * NANOS_PER_SECOND;

/// The last minute of each form. Texts of zeros stand for none.
#[derive(Debug, Default)]
pub(crate) struct LastMinute {
    iso: [u8; ISO_BYTES],
    iso_start: Timestamp,
    /// Offset from UTC and a blank.
    offset: [u8; OFFSET_BYTES_MAX],
    offset_len: usize,
    bsd: [u8; BSD_BYTES],
    bsd_start: Timestamp,
}

impl LastMinute {
    /// The time in front of `text` and what follows the blank behind it, if it lies in the last
    /// minute. `near` is the time of the line before.
    #[inline]
    pub(super) fn read<'a>(
        &self,
        text: &'a [u8],
        near: Timestamp,
    ) -> Option<(&'a [u8], Timestamp)> {
        // What stands for no minute is no time either.
        if text.first() == Some(&0) {
            return None;
        }
        if let Some((prefix, rest)) = text.split_first_chunk::<ISO_BYTES>()
            && *prefix == self.iso
        {
            let (rest, second) = second(rest)?;
            let (rest, nanos) = fraction(rest)?;
            let offset = self.offset.get(..self.offset_len)?;
            let time = Timestamp(self.iso_start.0 + second + nanos);
            return Some((rest.strip_prefix(offset)?, time));
        }
        let (prefix, rest) = text.split_first_chunk::<BSD_BYTES>()?;
        // Far from the line before, it may belong to another year.
        let is_near = || (0..NANOS_PER_MINUTE).contains(&near.0.wrapping_sub(self.bsd_start.0));
        if *prefix != self.bsd || !is_near() {
            return None;
        }
        let (rest, second) = second(rest)?;
        // A year may stand behind the clock, but nothing else that begins with a letter.
        let rest @ [b'A'..=b'Z' | b'a'..=b'z', ..] = rest.strip_prefix(b" ")? else {
            return None;
        };
        Some((rest, Timestamp(self.bsd_start.0 + second)))
    }

    /// Learns from the time in front of `text`, if it is written in one of the two forms.
    pub(super) fn learn(&mut self, text: &[u8], near: Timestamp) {
        let is_iso = matches!(text, [b'0'..=b'9', _, _, _, b'-' | b'/', ..])
            && text.get(ISO_BYTES - 1) == Some(&b':');
        let is_bsd = matches!(text, [b'A'..=b'Z' | b'a'..=b'z', _, _, b' ', ..])
            && text.get(BSD_BYTES - 1) == Some(&b':');
        if !is_iso && !is_bsd {
            return;
        }
        let Ok((rest, time)) = stamp(text, near) else {
            return;
        };
        if is_iso {
            self.learn_iso(text, rest, time);
        } else if text.len() - rest.len() == BSD_BYTES + 2 {
            self.learn_bsd(text, time);
        }
    }

    fn learn_iso(&mut self, text: &[u8], rest: &[u8], time: Timestamp) -> Option<()> {
        let (prefix, behind) = text.split_first_chunk()?;
        let (behind, second) = second(behind)?;
        let (behind, nanos) = fraction(behind)?;
        // With the blank. Without an offset the blank may belong to one, as in ` UTC`.
        let len = (behind.len() - rest.len()).checked_add(1)?;
        let offset = behind.get(..len)?;
        if !matches!(offset, [b'Z' | b'z' | b'+' | b'-', .., b' ']) {
            return None;
        }
        self.offset.get_mut(..len)?.copy_from_slice(offset);
        self.offset_len = len;
        self.iso = *prefix;
        self.iso_start = Timestamp(time.0.checked_sub(second + nanos)?);
        // What is added to it later must stay in range.
        self.iso_start.0.checked_add(NANOS_PER_MINUTE)?;
        Some(())
    }

    fn learn_bsd(&mut self, text: &[u8], time: Timestamp) -> Option<()> {
        let (prefix, behind) = text.split_first_chunk()?;
        let (_, second) = second(behind)?;
        self.bsd = *prefix;
        self.bsd_start = Timestamp(time.0.checked_sub(second)?);
        Some(())
    }
}

/// Two digits below 60, in nanoseconds: a leap second is read by the grammar.
#[inline]
fn second(text: &[u8]) -> Option<(&[u8], i64)> {
    match text {
        [tens @ b'0'..=b'5', ones @ b'0'..=b'9', rest @ ..] => {
            let second = (tens - b'0') * 10 + (ones - b'0');
            Some((rest, i64::from(second) * NANOS_PER_SECOND))
        }
        _ => None,
    }
}

/// Up to nine digits behind a point, in nanoseconds; none without a point.
#[inline]
fn fraction(text: &[u8]) -> Option<(&[u8], i64)> {
    let [b'.', digits @ ..] = text else {
        return Some((text, 0));
    };
    let mut unit = NANOS_PER_SECOND;
    let mut nanos = 0;
    let mut rest = digits;
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        unit /= 10;
        nanos += i64::from(digit - b'0') * unit;
        rest = after;
    }
    let count = digits.len() - rest.len();
    (1..=9).contains(&count).then_some((rest, nanos))
}
