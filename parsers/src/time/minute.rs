//! Reading times of which many lie in one minute.

use super::text::{fraction, parse_any};
use super::{NANOS, Timestamp};

/// `2024-03-07T12:00:`, with `T` or a blank.
const MINUTE_BYTES: usize = 17;

/// Reads times like [`parse_any`], and remembers the last date, hour and minute: behind the same
/// ones only the seconds are read.
#[derive(Debug)]
pub(crate) struct MinuteMemory {
    written: [u8; MINUTE_BYTES],
    begins: Timestamp,
}

impl Default for MinuteMemory {
    fn default() -> Self {
        Self {
            // No time begins like that.
            written: [0; MINUTE_BYTES],
            begins: Timestamp::UNKNOWN,
        }
    }
}

impl MinuteMemory {
    /// Reads a time in whatever way it is spelled.
    #[inline]
    pub(crate) fn read(&mut self, text: &[u8]) -> Option<Timestamp> {
        let Some((minute, behind)) = text.split_first_chunk::<MINUTE_BYTES>() else {
            return parse_any(text);
        };
        let Some(nanos) = of_minute(behind) else {
            return parse_any(text);
        };
        if *minute == self.written {
            return self.begins.0.checked_add(nanos).map(Timestamp);
        }
        let time = parse_any(text)?;
        let is_minute =
            matches!(minute[4], b'-' | b'/') && minute[13] == b':' && minute[16] == b':';
        if !is_minute {
            return Some(time);
        }
        if let Some(begins) = time.0.checked_sub(nanos) {
            self.written = *minute;
            self.begins = Timestamp(begins);
        }
        Some(time)
    }
}

/// Nanoseconds of `SS` with an optional fraction and an optional `Z`; `None` for what is written
/// in another way, with an offset, or in a second 60.
#[inline]
fn of_minute(text: &[u8]) -> Option<i64> {
    let [tens @ b'0'..=b'5', ones @ b'0'..=b'9', rest @ ..] = text else {
        return None;
    };
    let (rest, nanos) = fraction(rest);
    if !matches!(rest, [] | [b'Z']) {
        return None;
    }
    let seconds = i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
    Some(seconds * NANOS + i64::from(nanos))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What was read before changes nothing.
        #[test]
        fn reads_what_is_read_without_memory(
            texts in prop::collection::vec(
                "(2024-03-07|2024/02-30|07/Mar/2024|0000000000|1677-09-21|2262-04-11)[T :]\
                 (12:00|00:12|23:47|25:00)[:.,](43|60|16|99|5)?[.,]?[0-9]{0,11}(Z|\\+02:00| UTC| )?\
                 |170981280012345(67|68)[0-9]{0,2}| {3}2024-03-07\\+02:[03]0",
                1..20,
            ),
        ) {
            let mut memory = MinuteMemory::default();
            for text in &texts {
                for _ in 0..2 {
                    let read = memory.read(text.as_bytes());
                    prop_assert_eq!(read, parse_any(text.as_bytes()), "{}", text);
                }
            }
        }
    }
}
