//! Times in cases: absolute, or from the start of the case on.

use std::fmt::Write;

use serde::{Deserialize, Deserializer, de};
use yagura_parsers::Timestamp;
use yagura_parsers::time::parse_any;

const NANOS: i64 = 1_000_000_000;

/// `+90s`, `+1h30m`, `+0.5s`, or a time such as `2026-03-02T08:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instant {
    /// So many nanoseconds after the start.
    After(i64),
    /// Then.
    At(i64),
}

impl Instant {
    /// Reads one.
    ///
    /// # Errors
    /// What is needed instead.
    pub fn read(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no time: write +90s, +1h30m or 2026-03-02T08:00:00Z");
        if let Some(length) = text.strip_prefix('+') {
            return read_length(length).map(Self::After).ok_or_else(wrong);
        }
        let time = parse_any(text.as_bytes()).filter(|time| *time != Timestamp::UNKNOWN);
        time.map(|time| Self::At(time.0)).ok_or_else(wrong)
    }

    /// In nanoseconds since 1970.
    pub fn from(self, start: i64) -> i64 {
        match self {
            Self::After(length) => start.saturating_add(length),
            Self::At(time) => time,
        }
    }

    /// How a time looks to whoever wrote the case.
    pub fn shown(at: i64, start: i64) -> String {
        const DAY: i64 = 86_400 * NANOS;
        let after = at.saturating_sub(start);
        if !(0..=30 * DAY).contains(&after) {
            return Timestamp(at).to_string();
        }
        let (seconds, nanos) = (after / NANOS, after % NANOS);
        let mut text = "+".to_owned();
        for (count, unit) in [
            (seconds / 86_400, 'd'),
            (seconds / 3600 % 24, 'h'),
            (seconds / 60 % 60, 'm'),
        ] {
            if count > 0 {
                let _ = write!(text, "{count}{unit}");
            }
        }
        let rest = seconds % 60;
        if nanos > 0 {
            let fraction = format!("{nanos:09}");
            let _ = write!(text, "{rest}.{}s", fraction.trim_end_matches('0'));
        } else if rest > 0 || text.len() == 1 {
            let _ = write!(text, "{rest}s");
        }
        text
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::read(&text).map_err(de::Error::custom)
    }
}

/// `90s`, `1h30m`, `0.5s`, `250ms`.
pub fn read_length(text: &str) -> Option<i64> {
    let (mut rest, mut nanos) = (text, 0_i64);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at(digits);
        let (unit, behind) = [
            ("ms", NANOS / 1000),
            ("d", 86_400 * NANOS),
            ("h", 3600 * NANOS),
            ("m", 60 * NANOS),
            ("s", NANOS),
        ]
        .iter()
        .find_map(|(name, unit)| Some((*unit, behind.strip_prefix(name)?)))?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let whole: i64 = whole.parse().ok()?;
        let places = u32::try_from(fraction.len())
            .ok()
            .filter(|places| *places <= 9)?;
        let fraction: i64 = fraction.parse().ok()?;
        let part = fraction.checked_mul(unit / 1000)?.checked_mul(1000)? / 10_i64.pow(places);
        nanos = nanos
            .checked_add(whole.checked_mul(unit)?)?
            .checked_add(part)?;
        rest = behind;
    }
    Some(nanos)
}

#[cfg(test)]
mod tests {
    use super::{Instant, NANOS};

    #[test]
    fn reads_and_shows_times() {
        for (text, seconds) in [("+0s", 0), ("+90s", 90), ("+1h30m", 5400), ("+2d", 172_800)] {
            assert_eq!(
                Instant::read(text),
                Ok(Instant::After(seconds * NANOS)),
                "{text}"
            );
        }
        assert_eq!(Instant::read("+0.5s"), Ok(Instant::After(NANOS / 2)));
        assert_eq!(Instant::read("+250ms"), Ok(Instant::After(NANOS / 4)));
        assert_eq!(
            Instant::read("1970-01-01T00:00:01Z"),
            Ok(Instant::At(NANOS))
        );
        for wrong in [
            "",
            "+",
            "+5",
            "+5w",
            "5s",
            "+1..5s",
            "+99999999999999d",
            "soon",
        ] {
            assert!(Instant::read(wrong).is_err(), "{wrong}");
        }
        for (nanos, text) in [
            (0, "+0s"),
            (90 * NANOS, "+1m30s"),
            (3600 * NANOS, "+1h"),
            (90_061 * NANOS + NANOS / 2, "+1d1h1m1.5s"),
            (-NANOS, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(Instant::shown(nanos, 0), text);
        }
    }
}
