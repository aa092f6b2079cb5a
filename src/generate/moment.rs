//! Event time: how it advances, and how formats write it.

use yagura_parsers::Timestamp;

use super::random::Random;
use super::text;

const MILLIS_A_DAY: i64 = 86_400_000;
const NANOS_A_MILLI: i64 = 1_000_000;

const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// A point in time, taken apart once and written many times.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    nanos: i64,
    day: i64,
    /// `2026-03-02T08:00:00.000`
    iso: [u8; 23],
    month: u8,
}

impl Moment {
    /// Of a time.
    pub fn new(time: Timestamp) -> Self {
        let mut moment = Self {
            nanos: 0,
            day: i64::MIN,
            iso: *b"0000-00-00T00:00:00.000",
            month: 1,
        };
        moment.set(time.0);
        moment
    }

    /// Moves to another time.
    pub fn set(&mut self, nanos: i64) {
        self.nanos = nanos;
        let millis = nanos.div_euclid(NANOS_A_MILLI);
        let day = millis.div_euclid(MILLIS_A_DAY);
        if day != self.day {
            let (year, month, day_of_month, _) = Timestamp(nanos).civil();
            put(&mut self.iso, 0, 4, i64::from(year));
            put(&mut self.iso, 5, 2, i64::from(month));
            put(&mut self.iso, 8, 2, i64::from(day_of_month));
            (self.day, self.month) = (day, month);
        }
        let of_day = millis.rem_euclid(MILLIS_A_DAY);
        put(&mut self.iso, 11, 2, of_day / 3_600_000);
        put(&mut self.iso, 14, 2, of_day / 60_000 % 60);
        put(&mut self.iso, 17, 2, of_day / 1000 % 60);
        put(&mut self.iso, 20, 3, of_day % 1000);
    }

    /// As a number.
    pub fn time(&self) -> Timestamp {
        Timestamp(self.nanos)
    }

    /// `2026-03-02T08:00:00.000`, without a zone.
    pub fn iso(&self) -> &[u8; 23] {
        &self.iso
    }

    /// Appends `2026-03-02 08:00:00.000`.
    pub fn spaced(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.iso[..10]);
        out.push(b' ');
        out.extend_from_slice(&self.iso[11..]);
    }

    /// Appends `02/Mar/2026:08:00:00 +0000`.
    pub fn access_log(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.iso[8..10]);
        out.push(b'/');
        out.extend_from_slice(MONTHS[usize::from(self.month - 1) % 12]);
        out.push(b'/');
        out.extend_from_slice(&self.iso[..4]);
        out.push(b':');
        out.extend_from_slice(&self.iso[11..19]);
        out.extend_from_slice(b" +0000");
    }

    /// Appends seconds since the machine was started, as a kernel writes them.
    pub fn uptime(&self, out: &mut Vec<u8>) {
        let micros = (self.nanos / 1000).unsigned_abs();
        text::decimal(out, micros / 1_000_000 % 9_000_000 + 1_000_000);
        out.push(b'.');
        let fraction = micros % 1_000_000 + 1_000_000;
        let at = out.len();
        text::decimal(out, fraction);
        out.remove(at);
    }
}

fn put(iso: &mut [u8; 23], at: usize, width: usize, number: i64) {
    let mut rest = number;
    for place in iso[at..at + width].iter_mut().rev() {
        *place = b'0' + rest.rem_euclid(10) as u8;
        rest /= 10;
    }
}

/// How event time advances from one event to the next.
#[derive(Clone, Debug)]
pub struct EventClock {
    nanos: i64,
    step: i64,
    pace: Pace,
}

/// Whether the number of events depends on the hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Busy in working hours, quiet at night and on Sundays.
    WorkingHours,
    /// The same at all hours.
    Steady,
}

/// Traffic by the hour of the day, in percent of the busiest.
const TRAFFIC: [u8; 24] = [
    18, 15, 14, 14, 15, 18, 30, 55, 88, 100, 98, 95, 80, 88, 96, 94, 90, 78, 55, 40, 34, 30, 25, 20,
];

impl EventClock {
    /// From a time on, with so many events a second in the busiest hour.
    pub fn new(start: Timestamp, rate: u32, pace: Pace) -> Self {
        Self {
            nanos: start.0,
            step: 1_000_000_000 / i64::from(rate.max(1)),
            pace,
        }
    }

    /// With so many events in so many seconds.
    pub fn scaled(start: Timestamp, events: u64, seconds: u32, pace: Pace) -> Self {
        let nanos = u64::from(seconds) * 1_000_000_000 / events.max(1);
        Self {
            nanos: start.0,
            step: nanos.cast_signed(),
            pace,
        }
    }

    /// The time of the next event.
    pub fn next(&mut self, random: &mut Random) -> i64 {
        // Twice the step at most, so once the step on average.
        let share = i64::from(random.below(2048));
        let step = match self.pace {
            Pace::Steady => self.step,
            Pace::WorkingHours => self.step * 100 / self.percent(),
        };
        self.nanos = self.nanos.saturating_add((step * share + 512) / 1024);
        self.nanos
    }

    fn percent(&self) -> i64 {
        let hours = self.nanos.div_euclid(3600 * 1_000_000_000);
        // 1970-01-01 was a Thursday.
        let is_weekend = (hours.div_euclid(24) + 3).rem_euclid(7) >= 5;
        let percent = i64::from(TRAFFIC[hours.rem_euclid(24) as usize]);
        if is_weekend { percent / 4 + 1 } else { percent }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_times() {
        let mut moment = Moment::new(Timestamp(1_772_438_400_000_000_000));
        assert_eq!(moment.iso(), b"2026-03-02T08:00:00.000");
        moment.set(1_772_409_599_987_654_321);
        assert_eq!(moment.iso(), b"2026-03-01T23:59:59.987");
        let mut out = Vec::new();
        moment.access_log(&mut out);
        assert_eq!(out, b"01/Mar/2026:23:59:59 +0000");
        out.clear();
        moment.uptime(&mut out);
        assert!(out.ends_with(b".987654"), "{out:?}");
    }

    #[test]
    fn nights_are_quiet() {
        let events_of_an_hour = |start: i64| {
            let mut clock = EventClock::new(Timestamp(start), 10, Pace::WorkingHours);
            let mut random = Random::new(1);
            let end = start + 3600 * 1_000_000_000;
            std::iter::from_fn(|| (clock.next(&mut random) < end).then_some(())).count()
        };
        let day = events_of_an_hour(1_772_442_000_000_000_000);
        let night = events_of_an_hour(1_772_413_200_000_000_000);
        assert!(
            day > 5 * night && night > 1000,
            "{day} by day, {night} by night"
        );
    }
}
