//! Times as devices write them: by a pattern, often without a year, with zone names.
//!
//! Patterns are those of Java's `SimpleDateFormat`, which LEEF's `devTimeFormat` and the CEF
//! white paper both speak, with `[…]` around what may be missing.

use crate::time::{self, Timestamp};

/// What CEF allows besides seconds and milliseconds since 1970, and what syslog relays write.
const PATTERNS: [&[u8]; 5] = [
    b"MMM d yyyy HH:mm:ss[.SSS][ z]",
    b"MMM d HH:mm:ss[.SSS][ z][ yyyy]",
    b"yyyy-MM-dd[ ]['T']HH:mm:ss[.SSS][,SSS][ ][z]",
    b"yyyy/MM/dd HH:mm:ss[.SSS][ ][z]",
    b"EEE MMM d HH:mm:ss[ z] yyyy",
];

/// A time in any of the usual forms. `near` decides the year where it is missing.
pub(crate) fn read(text: &[u8], near: Timestamp) -> Option<Timestamp> {
    let text = text.trim_ascii();
    time::parse_any(text).or_else(|| {
        PATTERNS
            .into_iter()
            .find_map(|pattern| read_as(pattern, text, near))
    })
}

/// A time in the form of `pattern`, and nothing behind it.
pub(crate) fn read_as(pattern: &[u8], text: &[u8], near: Timestamp) -> Option<Timestamp> {
    let (rest, time) = leading(pattern, text, near)?;
    rest.trim_ascii().is_empty().then_some(time)
}

/// A time in the form of `pattern` at the beginning of `text`, and what follows it.
pub(crate) fn leading<'a>(
    pattern: &[u8],
    text: &'a [u8],
    near: Timestamp,
) -> Option<(&'a [u8], Timestamp)> {
    let mut parts = Parts::default();
    let rest = parts.read(pattern, text)?;
    Some((rest, parts.timestamp(near)?))
}

/// A syslog time (RFC 3164 or RFC 3339) at the beginning of `text`, and what follows it.
pub(crate) fn leading_syslog(text: &[u8], near: Timestamp) -> Option<(&[u8], Timestamp)> {
    const ISO: &[u8] = b"yyyy-MM-dd[ ]['T']HH:mm:ss[.SSS][,SSS][X]";
    match text.first()? {
        b'0'..=b'9' => leading(ISO, text, near),
        // Cisco and others put the year between day and time, or behind the time.
        b'A'..=b'Z' | b'a'..=b'z' => leading(PATTERNS[0], text, near)
            .or_else(|| leading(b"MMM d HH:mm:ss[.SSS]", text, near)),
        _ => None,
    }
}

#[derive(Clone, Copy, Default)]
struct Parts {
    year: Option<i32>,
    month: Option<u8>,
    day: Option<u8>,
    hour: u8,
    minute: u8,
    second: u8,
    nanos: u32,
    afternoon: Option<bool>,
    offset_seconds: i64,
}

impl Parts {
    fn read<'a>(&mut self, mut pattern: &[u8], mut text: &'a [u8]) -> Option<&'a [u8]> {
        while let [symbol, after @ ..] = pattern {
            match symbol {
                b'[' => {
                    let end = memchr::memchr(b']', after)?;
                    let (optional, behind) = after.split_at(end);
                    let mut attempt = *self;
                    if let Some(rest) = attempt.read(optional, text) {
                        (*self, text) = (attempt, rest);
                    }
                    pattern = behind.get(1..)?;
                }
                b'\'' => {
                    let end = memchr::memchr(b'\'', after)?;
                    let (literal, behind) = after.split_at(end);
                    text = text.strip_prefix(literal)?;
                    pattern = behind.get(1..)?;
                }
                b' ' => {
                    let rest = text.trim_ascii_start();
                    if rest.len() == text.len() {
                        return None;
                    }
                    (text, pattern) = (rest, after);
                }
                b'A'..=b'Z' | b'a'..=b'z' => {
                    let count = pattern.iter().take_while(|b| *b == symbol).count();
                    text = self.part(*symbol, count, text)?;
                    pattern = pattern.get(count..)?;
                }
                literal => {
                    text = text.strip_prefix(std::slice::from_ref(literal))?;
                    pattern = after;
                }
            }
        }
        Some(text)
    }

    fn part<'a>(&mut self, symbol: u8, count: usize, text: &'a [u8]) -> Option<&'a [u8]> {
        match symbol {
            b'y' | b'u' if count == 2 => {
                let (rest, year) = digits(text, 2)?;
                let century = if year < 70 { 2000 } else { 1900 };
                self.year = Some(century + year.cast_signed());
                Some(rest)
            }
            b'y' | b'u' => {
                let (rest, year) = digits(text, 4)?;
                self.year = (year >= 1000).then_some(year.cast_signed());
                self.year.map(|_| rest)
            }
            b'M' | b'L' if count >= 3 => {
                let (rest, name) = word(text);
                self.month = Some(month(name)?);
                Some(rest)
            }
            b'M' | b'L' => self.two_digits(text, |p, n| p.month = Some(n)),
            b'd' => self.two_digits(text.trim_ascii_start(), |p, n| p.day = Some(n)),
            b'H' | b'h' | b'K' | b'k' => self.two_digits(text, |p, n| p.hour = n),
            b'm' => self.two_digits(text, |p, n| p.minute = n),
            b's' => self.two_digits(text, |p, n| p.second = n),
            b'S' | b'n' => {
                let (rest, fraction) = digits(text, 9)?;
                let missing = 9 - (text.len() - rest.len());
                self.nanos = fraction.checked_mul(10u32.checked_pow(missing as u32)?)?;
                Some(rest)
            }
            b'a' => {
                let (rest, name) = word(text);
                self.afternoon = Some(name.eq_ignore_ascii_case(b"PM"));
                (name.len() == 2).then_some(rest)
            }
            b'E' => {
                let (rest, name) = word(text);
                (name.len() >= 3).then_some(rest)
            }
            b'z' | b'Z' | b'X' | b'x' => {
                let (rest, offset) = zone(text)?;
                self.offset_seconds = offset;
                Some(rest)
            }
            _ => None,
        }
    }

    fn two_digits<'a>(
        &mut self,
        text: &'a [u8],
        set: impl FnOnce(&mut Self, u8),
    ) -> Option<&'a [u8]> {
        let (rest, number) = digits(text, 2)?;
        set(self, number as u8);
        Some(rest)
    }

    fn timestamp(&self, near: Timestamp) -> Option<Timestamp> {
        let hour = match self.afternoon {
            Some(afternoon) => self.hour % 12 + if afternoon { 12 } else { 0 },
            None => self.hour,
        };
        let (month, day) = (self.month?, self.day?);
        let in_year = |year| {
            let of_day = (hour, self.minute, self.second);
            Timestamp::from_civil((year, month, day), of_day, self.nanos)
                .map(|t| t.plus_seconds(-self.offset_seconds))
        };
        if let Some(year) = self.year {
            return in_year(year);
        }
        // Of the neighbouring years the one nearest to what is known; 29 February exists in few.
        let (near_year, ..) = (near != Timestamp::UNKNOWN).then(|| near.civil())?;
        (near_year - 1..=near_year + 1)
            .filter_map(in_year)
            .min_by_key(|t| t.0.abs_diff(near.0))
    }
}

/// One to `max` digits as a number.
fn digits(text: &[u8], max: usize) -> Option<(&[u8], u32)> {
    let count = text
        .iter()
        .take(max)
        .take_while(|b| b.is_ascii_digit())
        .count();
    let (number, rest) = text.split_at_checked(count)?;
    let value = number
        .iter()
        .fold(0u32, |n, digit| n * 10 + u32::from(digit - b'0'));
    (count > 0).then_some((rest, value))
}

fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text
        .iter()
        .position(|b| !b.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (rest, word)
}

fn month(name: &[u8]) -> Option<u8> {
    const NAMES: [&[u8; 3]; 12] = [
        b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov",
        b"dec",
    ];
    let short = name.get(..3)?;
    let index = NAMES.iter().position(|n| short.eq_ignore_ascii_case(*n))?;
    Some(index as u8 + 1)
}

/// Seconds east of UTC. A name that is not in the table is no zone: a guess would be off by hours.
fn zone(text: &[u8]) -> Option<(&[u8], i64)> {
    const HOURS: [(&[u8], i64); 18] = [
        (b"Z", 0),
        (b"UTC", 0),
        (b"GMT", 0),
        (b"WET", 0),
        (b"EST", -5),
        (b"EDT", -4),
        (b"CST", -6),
        (b"CDT", -5),
        (b"MST", -7),
        (b"MDT", -6),
        (b"PST", -8),
        (b"PDT", -7),
        (b"BST", 1),
        (b"CET", 1),
        (b"CEST", 2),
        (b"EET", 2),
        (b"EEST", 3),
        (b"JST", 9),
    ];
    let (after_name, name) = word(text);
    let (text, named) = match name {
        b"" => (text, None),
        name => {
            let (_, hours) = HOURS.iter().find(|(n, _)| *n == name)?;
            (after_name, Some(hours * 3600))
        }
    };
    let sign = match text.first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Some((text, named?)),
    };
    let (rest, hours) = digits(text.get(1..)?, 2)?;
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    let (rest, minutes) = digits(rest, 2).unwrap_or((rest, 0));
    let plausible = hours <= 18 && minutes < 60;
    let offset = i64::from(hours) * 3600 + i64::from(minutes) * 60;
    plausible.then_some((rest, sign * offset))
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, leading_syslog, read, read_as};

    const NEAR: Timestamp = Timestamp(1_704_110_400_000_000_000); // 2024-01-01T12:00:00Z

    fn shown(time: Option<Timestamp>) -> String {
        time.unwrap_or_default().to_string()
    }

    #[test]
    fn reads_the_forms_of_cef() {
        for (text, expected) in [
            ("Jan 02 2024 03:04:05", "2024-01-02T03:04:05Z"),
            ("Jan 02 2024 03:04:05.678", "2024-01-02T03:04:05.678Z"),
            ("Jan 02 2024 03:04:05.678 UTC", "2024-01-02T03:04:05.678Z"),
            ("Jan  2 03:04:05", "2024-01-02T03:04:05Z"),
            ("Dec 31 23:59:59 CET", "2023-12-31T22:59:59Z"),
            ("Tue Jan 02 03:04:05 2024", "2024-01-02T03:04:05Z"),
            ("2024-01-02 03:04:05 -0500", "2024-01-02T08:04:05Z"),
            ("Jan 02 2024 03:04:05 XYZ", "-"),
            ("Feb 30 2024 03:04:05", "-"),
            ("", "-"),
        ] {
            assert_eq!(shown(read(text.as_bytes(), NEAR)), expected, "{text}");
        }
    }

    #[test]
    fn reads_by_a_pattern() {
        for (pattern, text, expected) in [
            (
                "yyyy-MM-dd'T'HH:mm:ss.SSSZ",
                "2024-01-02T03:04:05.006+0200",
                "2024-01-02T01:04:05.006Z",
            ),
            (
                "MM/dd/yy hh:mm:ss a",
                "01/02/24 03:04:05 PM",
                "2024-01-02T15:04:05Z",
            ),
            ("yyyyMMddHHmmss", "20240102030405", "2024-01-02T03:04:05Z"),
            (
                "MMM dd yyyy HH:mm:ss z",
                "Jan 02 2024 03:04:05 EST",
                "2024-01-02T08:04:05Z",
            ),
            ("yyyy QQ", "2024 1", "-"),
            ("[", "x", "-"),
        ] {
            let time = read_as(pattern.as_bytes(), text.as_bytes(), NEAR);
            assert_eq!(shown(time), expected, "{pattern}");
        }
    }

    #[test]
    fn finds_a_syslog_time_at_the_beginning() {
        let (rest, time) = leading_syslog(b"Jan  2 03:04:05 host", NEAR).unwrap();
        assert_eq!(
            (rest, time.to_string().as_str()),
            (&b" host"[..], "2024-01-02T03:04:05Z")
        );
        let (rest, time) = leading_syslog(b"2024-01-02T03:04:05.5+01:00 host", NEAR).unwrap();
        assert_eq!(
            (rest, time.to_string().as_str()),
            (&b" host"[..], "2024-01-02T02:04:05.5Z")
        );
    }
}
