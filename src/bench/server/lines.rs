//! Lines to send again and again, each time with the time of then.

use yagura_parsers::Timestamp;
use yagura_parsers::time::parse_any;

use crate::generate::{Kind, Limit, Pace, Stream, StreamOptions, WorldOptions};

/// See the module.
#[derive(Debug, Default)]
pub struct Lines {
    text: Vec<u8>,
    /// Where each line ends.
    ends: Vec<usize>,
    /// Where in `text` a time in UTC stands, of how many digits and separators, in order.
    stamps: Vec<(usize, usize)>,
    /// By line: how many stamps are before it.
    stamps_before: Vec<usize>,
}

/// `2026-03-02T08:00:00`, and as much behind it as there is.
const SECONDS_BYTES: usize = 19;
/// Nanoseconds are enough.
const STAMP_BYTES_MAX: usize = 29;
/// A generated input is no longer; it comes again and again.
const EVENTS: u64 = 100_000;

/// A time as digits.
#[derive(Clone, Copy, Debug)]
pub struct Stamp([u8; STAMP_BYTES_MAX]);

impl Stamp {
    /// Of a time; `None` before the year 0 and behind 9999.
    pub fn of(time: Timestamp) -> Option<Self> {
        let mut digits = *b"0000-00-00T00:00:00.000000000";
        let text = time.to_string();
        let text = text.strip_suffix('Z').unwrap_or(&text).as_bytes();
        digits.get_mut(..text.len())?.copy_from_slice(text);
        (text.len() >= SECONDS_BYTES).then_some(Self(digits))
    }
}

impl Lines {
    /// Of a text. Empty lines are left out.
    pub fn of(text: &[u8]) -> Self {
        let mut lines = Self::default();
        for line in text.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                continue;
            }
            let start = lines.text.len();
            lines.stamps_before.push(lines.stamps.len());
            lines
                .stamps
                .extend(stamps(line).map(|(at, len)| (start + at, len)));
            lines.text.extend_from_slice(line);
            lines.ends.push(lines.text.len());
        }
        lines
    }

    /// Lines that `yagura gen` writes.
    pub fn generated(kind: Kind) -> Self {
        let options = StreamOptions {
            world: WorldOptions {
                seed: 1,
                hosts: 200,
                users: 500,
                repeated: 870_000,
                suspicious: 1000,
            },
            kinds: vec![kind],
            attacks: Vec::new(),
            start: Timestamp(1_772_438_400_000_000_000),
            rate: 1000,
            pace: Pace::Steady,
            limit: Limit::Events(EVENTS),
        };
        let mut text = Vec::new();
        if let Ok(mut stream) = Stream::new(&options) {
            while stream.write_next(&mut text).is_some() {}
        }
        Self::of(&text)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Appends line number `number`, counted round and round, as if it had happened at `now`.
    pub fn write(&self, number: u64, now: &Stamp, out: &mut Vec<u8>) {
        let count = self.len().max(1) as u64;
        let at = (number % count) as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before));
        let start = start.copied().unwrap_or(0);
        let end = self.ends.get(at).copied().unwrap_or(start);
        let begin = out.len();
        out.extend_from_slice(self.text.get(start..end).unwrap_or_default());
        let first = self.stamps_before.get(at).copied().unwrap_or(0);
        for (stamp, len) in self.stamps.get(first..).unwrap_or_default() {
            if *stamp >= end {
                break;
            }
            let at = begin + stamp - start;
            if let (Some(into), Some(from)) = (out.get_mut(at..at + len), now.0.get(..*len)) {
                into.copy_from_slice(from);
            }
        }
    }
}

/// Times in UTC: where, and how long without their zone.
fn stamps(line: &[u8]) -> impl Iterator<Item = (usize, usize)> {
    memchr::memchr_iter(b'T', line).filter_map(move |middle| {
        let start = middle.checked_sub(10)?;
        let rest = line.get(start..)?;
        let seconds = std::str::from_utf8(rest.get(..SECONDS_BYTES)?).ok()?;
        parse_any(format!("{seconds}Z").as_bytes())?;
        let behind = rest.get(SECONDS_BYTES..)?;
        let digits = match behind.strip_prefix(b".") {
            Some(digits) => digits.iter().take_while(|b| b.is_ascii_digit()).count(),
            None => 0,
        };
        let len = SECONDS_BYTES + if digits > 0 { 1 + digits } else { 0 };
        let zone = rest.get(len..)?;
        let is_utc = [&b"Z"[..], b"+00:00", b"-00:00"]
            .iter()
            .any(|utc| zone.starts_with(utc));
        (is_utc && len <= STAMP_BYTES_MAX).then_some((start, len))
    })
}

#[cfg(test)]
mod tests {
    use super::{Lines, Stamp};
    use crate::generate::Kind;
    use yagura_parsers::time::parse_any;

    #[test]
    fn each_time_in_utc_becomes_now() {
        let text = "<13>1 2026-03-02T08:00:00.000+00:00 a b\r\n\n\
                    {\"t\":\"2020-01-01T00:00:00Z\",\"u\":\"2020-01-01T00:00:00.1234567Z\"}\n\
                    2020-01-01T00:00:00+02:00 THE END";
        let lines = Lines::of(text.as_bytes());
        let now = parse_any(b"2026-11-25T20:15:52.987654321Z").expect("a time");
        let now = Stamp::of(now).expect("digits");
        let mut out = Vec::new();
        for number in 0..4 {
            lines.write(number, &now, &mut out);
            out.push(b'\n');
        }
        assert_eq!(
            String::from_utf8_lossy(&out),
            "<13>1 2026-11-25T20:15:52.987+00:00 a b\n\
             {\"t\":\"2026-11-25T20:15:52Z\",\"u\":\"2026-11-25T20:15:52.9876543Z\"}\n\
             2020-01-01T00:00:00+02:00 THE END\n\
             <13>1 2026-11-25T20:15:52.987+00:00 a b\n"
        );
    }

    #[test]
    fn generated_lines_have_times() {
        let lines = Lines::generated(Kind::Sshd);
        assert_eq!((lines.len(), lines.stamps.len()), (100_000, 100_000));
    }
}
