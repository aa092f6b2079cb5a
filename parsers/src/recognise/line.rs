//! The marks by which a single line shows its format.

use memchr::{memchr, memmem};

use crate::format::Format;
use crate::syslog::rfc3164::JOURNAL_FULL;
use crate::time::Timestamp;
use crate::time::text::{bsd, iso};
use crate::{cef, device_time, leef, snare};

/// Any: only whether there is a time matters here, not which.
const NEAR: Timestamp = Timestamp(1_704_110_400_000_000_000);

/// The most special format whose marks the line bears.
pub(super) fn format_of(line: &[u8]) -> Format {
    let text = line.trim_ascii_start();
    if cef::split_at_marker(text).is_some() {
        Format::Cef
    } else if leef::split_at_marker(text).is_some() {
        Format::Leef
    } else if is_snare(text) {
        Format::Snare
    } else if is_audit(text) {
        Format::Auditd
    } else if matches!(text, [b'{', .., b'}']) {
        Format::JsonLines
    } else if text.starts_with(b"<Event") || has_windows_event(text) {
        Format::WindowsXml
    } else if is_access_log(text) || is_error_log(text) {
        Format::AccessLog
    } else {
        headed(text)
    }
}

/// An event with its namespace somewhere in a line that has no syslog header: within the envelope
/// of a forwarder, or behind what is left of a torn event.
fn has_windows_event(text: &[u8]) -> bool {
    const NAMESPACE: &[u8] = b"schemas.microsoft.com/win/2004/08/events/event";
    memmem::find(text, NAMESPACE).is_some()
        && memmem::find(text, b"Event ").is_some()
        && priority_end(text).is_none()
        && behind_time(text).is_none()
}

fn is_snare(text: &[u8]) -> bool {
    memmem::find(text, snare::MARKER)
        .and_then(|at| text.get(at + snare::MARKER.len()..))
        .is_some_and(|rest| rest.starts_with(b"\t") || rest.starts_with(b"#011"))
}

/// `type=… msg=audit(…` or `node=… type=… msg=audit(…`, but not inside a syslog message.
fn is_audit(text: &[u8]) -> bool {
    (text.starts_with(b"type=") || text.starts_with(b"node="))
        && memmem::find(text, b"msg=audit(").is_some()
}

/// `… [07/Mar/2024:12:00:00 +0000] "…` within a line that begins with a host or an address.
fn is_access_log(text: &[u8]) -> bool {
    memmem::find(text, b"] \"").is_some_and(|end| {
        let before = text.get(..end).unwrap_or_default();
        memchr::memrchr(b'[', before)
            .and_then(|start| before.get(start + 1..))
            .is_some_and(is_access_time)
            && !text.starts_with(b"<")
            && behind_time(text).is_none()
    })
}

fn is_access_time(text: &[u8]) -> bool {
    device_time::leading(b"d/MMM/yyyy:HH:mm:ss", text, NEAR).is_some()
}

/// Apache: `[Thu Jun 09 06:07:04.5 2005] [level] …`; nginx: `2024/01/02 03:04:05 [level] …`.
fn is_error_log(text: &[u8]) -> bool {
    const APACHE: &[u8] = b"EEE MMM d HH:mm:ss[.SSS] yyyy";
    const NGINX: &[u8] = b"yyyy/MM/dd HH:mm:ss";
    let apache = text
        .strip_prefix(b"[")
        .and_then(|inside| device_time::leading(APACHE, inside, NEAR))
        .is_some_and(|(rest, _)| rest.starts_with(b"]"));
    let nginx =
        || device_time::leading(NGINX, text, NEAR).is_some_and(|(rest, _)| rest.starts_with(b" ["));
    apache || nginx()
}

/// What a header, or its absence, says: syslog, pairs, or nothing.
fn headed(text: &[u8]) -> Format {
    let (has_priority, behind_priority) = match priority_end(text) {
        Some(end) => (true, text.get(end..).unwrap_or_default()),
        None => (false, text),
    };
    let behind_priority = behind_priority.trim_ascii_start();
    let is_rfc5424 = has_priority && behind_priority.starts_with(b"1 ");
    let timed = behind_time(behind_priority);
    let body = timed.map_or(behind_priority, <[u8]>::trim_ascii_start);
    if is_rfc5424 {
        Format::Syslog
    } else if begins_with_pair(body) && pairs(body) >= 2 {
        Format::KeyValue
    } else if has_priority || timed.is_some_and(|_| is_host_and_tag(body)) || is_cisco(text) {
        Format::Syslog
    } else if pairs(body) >= 3 {
        Format::KeyValue
    } else {
        Format::Raw
    }
}

/// What follows a time of syslog, RFC 3164 or RFC 3339, at the beginning of a text.
fn behind_time(text: &[u8]) -> Option<&[u8]> {
    let iso = iso(text).map(|(rest, _)| rest);
    iso.or_else(|_| bsd(text).map(|(rest, _)| rest))
        .ok()
        .or_else(|| device_time::leading(JOURNAL_FULL, text, NEAR).map(|(rest, _)| rest))
}

fn priority_end(text: &[u8]) -> Option<usize> {
    let end = memchr(b'>', text.get(..5).unwrap_or(text))?;
    let digits = text.get(..end)?.strip_prefix(b"<")?;
    (!digits.is_empty() && digits.iter().all(u8::is_ascii_digit)).then_some(end + 1)
}

/// After a time: a host and something behind it, or a tag at once.
fn is_host_and_tag(body: &[u8]) -> bool {
    let Some(end) = memchr(b' ', body) else {
        return body.ends_with(b":");
    };
    let word = body.get(..end).unwrap_or_default();
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || b"-_.:%[]/()@".contains(b);
    let is_level = matches!(
        word,
        b"INFO" | b"WARN" | b"ERROR" | b"DEBUG" | b"TRACE" | b"FATAL"
    );
    !word.is_empty() && !is_level && word.iter().all(is_name) && !word.starts_with(b"[")
}

/// `%ASA-6-302013:` and its like, wherever it stands near the beginning.
fn is_cisco(text: &[u8]) -> bool {
    let head = text.get(..128).unwrap_or(text);
    memchr(b'%', head)
        .and_then(|at| head.get(at + 1..))
        .is_some_and(|tag| {
            let end = tag
                .iter()
                .position(|b| matches!(b, b':' | b' '))
                .unwrap_or(0);
            let tag = tag.get(..end).unwrap_or_default();
            memchr::memchr_iter(b'-', tag).count() >= 2
                && tag.iter().all(|b| {
                    b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_')
                })
        })
}

fn begins_with_pair(text: &[u8]) -> bool {
    let key = text.iter().take_while(|b| is_key_byte(**b)).count();
    key > 0 && text.get(key) == Some(&b'=')
}

/// How many words of the line are `key=…`.
fn pairs(text: &[u8]) -> usize {
    text.split(|b| matches!(b, b' ' | b'\t' | b','))
        .filter(|word| begins_with_pair(word))
        .count()
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'@')
}
