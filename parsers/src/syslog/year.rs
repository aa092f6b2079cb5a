//! The year of times that leave it out.

use crate::time::Timestamp;
use crate::time::text::BsdTime;

const NANOS_PER_DAY: i64 = 86_400_000_000_000;
/// The mean Gregorian year of 365.2425 days.
const NANOS_PER_YEAR: i64 = NANOS_PER_DAY / 10_000 * 3_652_425;
/// No other year can be nearer than this.
const CERTAIN_NANOS: u64 = 182 * NANOS_PER_DAY as u64;
/// Between 1896 and 1904 there is no leap year; no other gap is as wide.
const LEAP_GAP_YEARS: i32 = 8;

/// The point in time, of all years in which that day exists, that lies nearest to `near`: in a
/// log that crosses New Year each line lies near the line before it, in both directions.
///
/// Where nothing is known of the neighbourhood the count begins in 1970, so that at least the
/// distances between lines are right.
pub(super) fn nearest(time: BsdTime, near: Timestamp) -> Option<Timestamp> {
    if let Some(year) = time.year {
        return time.in_year(year);
    }
    let near = near.max(Timestamp(0));
    // Off by one at most, around New Year; the neighbours make up for it.
    let guess = 1970 + (near.0 / NANOS_PER_YEAR) as i32;
    let distance = |t: &Timestamp| t.0.abs_diff(near.0);
    match time.in_year(guess) {
        Some(t) if distance(&t) <= CERTAIN_NANOS => Some(t),
        Some(_) => (guess - 1..=guess + 1)
            .filter_map(|year| time.in_year(year))
            .min_by_key(distance),
        None => (guess - LEAP_GAP_YEARS..=guess + LEAP_GAP_YEARS)
            .filter_map(|year| time.in_year(year))
            .min_by_key(distance),
    }
}

/// The time near which the next line lies, behind one with `time`.
///
/// Where there is no leap year around `near`, a leap day lies years away. One before it tells
/// that the log is older than was thought; one after it would take all the lines behind it into
/// years that the source has not seen.
pub(crate) fn near_behind(near: Timestamp, time: Timestamp) -> Timestamp {
    let is_known = near > Timestamp(0);
    let is_far = time > near && time.0.abs_diff(near.0) > CERTAIN_NANOS + NANOS_PER_DAY as u64;
    if time == Timestamp::UNKNOWN || is_known && is_far && is_leap_day(time) {
        near
    } else {
        time
    }
}

fn is_leap_day(time: Timestamp) -> bool {
    let date = time.to_string();
    date.get(4..10) == Some("-02-29")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_any;
    use crate::time::text::bsd;

    #[test]
    fn takes_the_year_that_is_nearest() {
        for (text, near, expected) in [
            (
                "Mar  7 12:00:00",
                "2024-03-07T11:00:00Z",
                "2024-03-07T12:00:00Z",
            ),
            (
                "Jan  1 00:00:01",
                "2023-12-31T23:59:59Z",
                "2024-01-01T00:00:01Z",
            ),
            (
                "Dec 31 23:59:59",
                "2024-01-01T00:00:01Z",
                "2023-12-31T23:59:59Z",
            ),
            (
                "Feb 29 12:00:00",
                "2024-03-01T00:00:00Z",
                "2024-02-29T12:00:00Z",
            ),
            (
                "Feb 29 12:00:00",
                "2023-03-01T00:00:00Z",
                "2024-02-29T12:00:00Z",
            ),
            (
                "Feb 29 12:00:00",
                "2025-03-01T00:00:00Z",
                "2024-02-29T12:00:00Z",
            ),
            (
                "Feb 29 12:00:00",
                "2100-06-01T00:00:00Z",
                "2104-02-29T12:00:00Z",
            ),
            (
                "Jun 14 15:16:01",
                "2006-01-01T00:00:00Z",
                "2006-06-14T15:16:01Z",
            ),
            (
                "Mar  7 2011 12:00:00",
                "2024-03-07T11:00:00Z",
                "2011-03-07T12:00:00Z",
            ),
        ] {
            let (_, time) = bsd(text.as_bytes()).unwrap();
            let near = parse_any(near.as_bytes()).unwrap();
            assert_eq!(
                nearest(time, near).unwrap().to_string(),
                expected,
                "{text} near {near}"
            );
        }
    }

    #[test]
    fn begins_in_1970_where_nothing_is_known() {
        let (_, time) = bsd(b"Mar  7 12:00:00").unwrap();
        let found = nearest(time, Timestamp::UNKNOWN).unwrap();
        assert_eq!(found.to_string(), "1970-03-07T12:00:00Z");
    }

    #[test]
    fn a_day_that_never_exists_has_no_time() {
        let (_, time) = bsd(b"Feb 30 12:00:00").unwrap();
        assert_eq!(nearest(time, Timestamp(0)), None);
    }

    #[test]
    fn a_leap_day_far_ahead_drags_nothing_along() {
        let at = |text: &str| parse_any(text.as_bytes()).unwrap();
        let near = at("2026-03-01T00:00:00Z");
        for (time, follows) in [
            ("2028-02-29T12:00:00Z", false),
            ("2024-02-29T12:00:00Z", true),
            ("2026-02-28T12:00:00Z", true),
            ("2019-05-01T12:00:00Z", true),
        ] {
            let time = at(time);
            let expected = if follows { time } else { near };
            assert_eq!(near_behind(near, time), expected, "{time}");
        }
        let near = at("2024-03-01T00:00:00Z");
        let time = at("2024-02-29T12:00:00Z");
        assert_eq!(near_behind(near, time), time);
        assert_eq!(near_behind(Timestamp::UNKNOWN, time), time);
        assert_eq!(near_behind(near, Timestamp::UNKNOWN), near);
    }
}
