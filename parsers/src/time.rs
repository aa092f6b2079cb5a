//! Event time: nanoseconds since 1970 in UTC, and the many ways to write it.

use std::fmt;

mod minute;
pub(crate) mod text;

pub(crate) use minute::MinuteMemory;
pub use text::parse_any;

/// A point in time, nanoseconds since 1970-01-01T00:00:00Z. Reaches from 1677 to 2262.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

const NANOS: i64 = 1_000_000_000;

impl Timestamp {
    /// No time is known. Sorts before every other.
    pub const UNKNOWN: Self = Self(i64::MIN);

    /// From seconds since 1970 and nanoseconds below one second; `None` outside the range.
    pub fn from_unix(seconds: i64, nanos: u32) -> Option<Self> {
        seconds
            .checked_mul(NANOS)?
            .checked_add(i64::from(nanos))
            .map(Self)
    }

    /// From a date and time of day in UTC; `None` where a part is out of its range. Second 60
    /// is taken as 59.999999999 of the same minute, as a clock without leap seconds shows it.
    pub fn from_civil(date: (i32, u8, u8), time: (u8, u8, u8), nanos: u32) -> Option<Self> {
        let ((year, month, day), (hour, minute, second)) = (date, time);
        let in_range = (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60
            && nanos < 1_000_000_000;
        if !in_range {
            return None;
        }
        let (second, nanos) = if second == 60 {
            (59, 999_999_999)
        } else {
            (second, nanos)
        };
        let of_day = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
        Self::from_unix(days_from_civil(year, month, day) * 86_400 + of_day, nanos)
    }

    /// Later or earlier by seconds; stays within the range.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(NANOS)))
    }

    /// Year, month, day and the nanosecond of the day.
    pub fn civil(self) -> (i32, u8, u8, i64) {
        let per_day = 86_400 * NANOS;
        let (year, month, day) = civil_from_days(self.0.div_euclid(per_day));
        (year, month, day, self.0.rem_euclid(per_day))
    }
}

impl Timestamp {
    /// Week of the year by ISO 8601, 1 to 53: that of the Thursday of the same week.
    #[expect(
        clippy::cast_sign_loss,
        reason = "a week of the year is between 1 and 53"
    )]
    pub fn iso_week(self) -> u8 {
        let days = self.0.div_euclid(86_400 * NANOS);
        // 1970-01-01 was a Thursday.
        let thursday = days - (days + 3).rem_euclid(7) + 3;
        let (year, _, _) = civil_from_days(thursday);
        ((thursday - days_from_civil(year, 1, 1)) / 7 + 1) as u8
    }
}

/// RFC 3339 in UTC, with the fraction only as far as it is not zero.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::UNKNOWN {
            return f.write_str("-");
        }
        let (year, month, day, of_day) = self.civil();
        let (seconds, nanos) = (of_day / NANOS, of_day % NANOS);
        let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}")?;
        if nanos != 0 {
            let digits = format!("{nanos:09}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Default for Timestamp {
    fn default() -> Self {
        Self::UNKNOWN
    }
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar (Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms").
fn days_from_civil(year: i32, month: u8, day: u8) -> i64 {
    let y = i64::from(year) - i64::from(month <= 2);
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let shifted = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * shifted + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[expect(clippy::cast_sign_loss, reason = "months and days are positive")]
fn civil_from_days(days: i64) -> (i32, u8, u8) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let shifted = (5 * doy + 2) / 153;
    let day = doy - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    (
        (yoe + era * 400 + i64::from(month <= 2)) as i32,
        month as u8,
        day as u8,
    )
}

/// The number of days of a month; 0 for a month that does not exist.
pub fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 0,
    }
}
