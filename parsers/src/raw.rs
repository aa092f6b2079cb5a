//! Lines of no known format: their text, and the time that they begin with if they do.

use crate::event::EventKind;
use crate::format::LineContext;
use crate::time::Timestamp;
use crate::time::text::{asctime, iso, mail};
use crate::writer::EventWriter;

/// One line into one event.
pub(crate) fn line(line: &[u8], _: &mut LineContext, out: &mut EventWriter<'_>) {
    out.begin(EventKind::Raw, line);
    if let Some(time) = leading_time(line) {
        out.time(time);
    }
    out.finish();
}

/// A time at the very beginning, perhaps in brackets. Only forms with a year: of a line that is
/// understood no further, nothing says that the rest would be a time.
fn leading_time(line: &[u8]) -> Option<Timestamp> {
    let text = line.strip_prefix(b"[").unwrap_or(line);
    let (rest, time) = match text.first()? {
        b'0'..=b'9' => iso(text).or_else(|_| mail(text)),
        b'A'..=b'Z' => asctime(text).or_else(|_| mail(text)),
        _ => return None,
    }
    .ok()?;
    matches!(
        rest,
        [] | [b' ' | b'\t' | b']' | b',' | b';' | b'|' | b':', ..]
    )
    .then_some(time)
}

#[cfg(test)]
mod tests {
    use super::leading_time;

    #[test]
    fn takes_only_times_with_a_year() {
        for (line, expected) in [
            (
                "2024-03-07 12:00:01 192.0.2.1 GET /x",
                Some("2024-03-07T12:00:01Z"),
            ),
            ("[2024-03-07T12:00:01Z] text", Some("2024-03-07T12:00:01Z")),
            (
                "Thu Mar  7 12:00:01 2024 [pid 1] CONNECT",
                Some("2024-03-07T12:00:01Z"),
            ),
            (
                "07-Mar-2024 12:00:01.5 queries: info",
                Some("2024-03-07T12:00:01.5Z"),
            ),
            ("Mar  7 12:00:01 text", None),
            ("12 monkeys", None),
            ("", None),
        ] {
            let found = leading_time(line.as_bytes()).map(|t| t.to_string());
            assert_eq!(found.as_deref(), expected, "{line}");
        }
    }
}
