//! cron and its kin: `(root) CMD (run-parts /etc/cron.hourly)`.

use nom::Parser;
use nom::bytes::complete::{is_not, tag};
use nom::sequence::delimited;

use super::facts::Facts;
use crate::time::text::Parsed;
use crate::writer::EventWriter;

/// Adds the fields of a message of cron; whether it understood.
pub(super) fn body(text: &[u8], out: &mut EventWriter<'_>) -> bool {
    let Ok((_, (user, verb, detail))) = entry(text.trim_ascii()) else {
        return false;
    };
    // The verb is data: it is `CMD` most of the time, but also `BEGIN EDIT`, `REPLACE`, `RELOAD`.
    let Ok(action) = std::str::from_utf8(verb) else {
        return false;
    };
    let facts = Facts::of(action).user(user);
    let facts = match verb {
        b"CMD" | b"CMDEND" | b"CMDOUT" => Facts {
            command: Some(detail),
            ..facts
        },
        // Whose table it is.
        b"REPLACE" | b"BEGIN EDIT" | b"END EDIT" | b"LIST" | b"DELETE" => facts.target_user(detail),
        _ => facts.reason(detail),
    };
    facts.emit(out);
    true
}

/// User, verb and what stands in the second parentheses, which may hold parentheses.
fn entry(input: &[u8]) -> Parsed<'_, (&[u8], &[u8], &[u8])> {
    let (rest, user) = delimited(tag("("), is_not(")"), tag(") ")).parse(input)?;
    let (rest, verb) = is_not("(")(rest)?;
    let (rest, _) = tag("(")(rest)?;
    let detail = rest.strip_suffix(b")").unwrap_or(rest);
    Ok((b"", (user, verb.trim_ascii_end(), detail.trim_ascii())))
}
