//! Recognition of a format by content.
//!
//! ```text
//!  head ─▶ magic, byte order mark ─▶ XML, JSON ─▶ vote of the first lines ─▶ Format
//! ```
//!
//! A vote, so that one odd line (a comment, a rotated file's torn first line) does not decide.
//! Each line votes for the most special format whose marks it bears; the marks are cheap tests
//! and not the grammars themselves, which stay free to refuse a line later.

mod line;

use crate::format::Format;
use crate::framing::lines;
use crate::json::{Opening, opening};

/// How much of a source is looked at.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// How many lines vote.
const LINES_MAX: usize = 32;

const EVTX_MAGIC: &[u8] = b"ElfFile\0";

/// The format of a source by its first bytes (decompressed; up to 64 KiB are enough).
///
/// Text has to be UTF-8 or its like. UTF-16, which `PowerShell` writes when redirected, looks
/// binary and so is [`Format::Raw`]: whoever reads the source transcodes it before asking here.
pub fn recognise(head: &[u8]) -> Format {
    if head.starts_with(EVTX_MAGIC) {
        return Format::Evtx;
    }
    let head = head.get(..HEAD_BYTES_MAX).unwrap_or(head);
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    if is_binary(head) {
        return Format::Raw;
    }
    let text = head.trim_ascii_start();
    if is_w3c(text) {
        return Format::Raw;
    }
    if is_windows_xml(text) {
        return Format::WindowsXml;
    }
    match text.first() {
        Some(b'[') if starts_json_array(text) => Format::Json,
        Some(b'{') => json_layout(text),
        _ => vote(head),
    }
}

/// Whether control bytes that no text has are more than a sprinkle.
fn is_binary(head: &[u8]) -> bool {
    let is_odd = |b: &&u8| matches!(**b, 0..=8 | 0x0E..=0x1A | 0x1C..=0x1F | 0x7F) && **b != 0x1D;
    head.iter().filter(is_odd).count() > head.len() / 20
}

/// The extended log format of the W3C (IIS), whose fields a line alone does not tell: its lines
/// begin like those of syslog, and the word behind the time is no host.
fn is_w3c(text: &[u8]) -> bool {
    text.starts_with(b"#")
        && lines(text)
            .take_while(|line| line.starts_with(b"#"))
            .any(|line| line.starts_with(b"#Fields:"))
}

fn is_windows_xml(text: &[u8]) -> bool {
    [&b"<?xml"[..], b"<Event>", b"<Event ", b"<Events", b"<!--"]
        .into_iter()
        .any(|start| text.starts_with(start))
}

/// `[` followed by an object or by nothing: no `[Thu Jun 09 …]` of an error log.
fn starts_json_array(text: &[u8]) -> bool {
    let inside = text.get(1..).unwrap_or_default().trim_ascii_start();
    matches!(inside.first(), Some(b'{' | b']' | b'[') | None)
}

/// One object a line, or objects that span lines: decided by the first lines that begin with a
/// brace and are whole.
fn json_layout(text: &[u8]) -> Format {
    // An export in one envelope is read event by event, not as one huge line.
    if matches!(opening(text), Opening::Envelope(_)) {
        return Format::Json;
    }
    let Some(end) = memchr::memchr(b'\n', text) else {
        return if objects_on(text) > 1 {
            Format::Json
        } else {
            Format::JsonLines
        };
    };
    let first = text.get(..end).unwrap_or(text).trim_ascii_end();
    if first.ends_with(b"}") && objects_on(first) == 1 {
        return Format::JsonLines;
    }
    // The first line may be torn or damaged; then the others decide.
    let whole = lines(text)
        .skip(1)
        .take(LINES_MAX)
        .filter(|line| line.starts_with(b"{") && line.trim_ascii_end().ends_with(b"}"))
        .count();
    if whole > 0 && objects_on(first) <= 1 && !first.eq(b"{") {
        Format::JsonLines
    } else {
        Format::Json
    }
}

/// How many top-level objects end on this text.
fn objects_on(text: &[u8]) -> usize {
    let (mut depth, mut ended) = (0usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' if !quoted => depth += 1,
            b'}' if !quoted => {
                depth = depth.saturating_sub(1);
                ended += usize::from(depth == 0);
            }
            _ => {}
        }
    }
    ended
}

/// The format with the most votes; among equals the one that [`Format::ALL`] lists first.
fn vote(head: &[u8]) -> Format {
    let mut votes = [0usize; Format::ALL.len()];
    for line in lines(whole_lines(head))
        .filter(|line| !is_comment(line))
        .take(LINES_MAX)
    {
        let format = line::format_of(line);
        if let Some(index) = Format::ALL.iter().position(|f| *f == format) {
            votes[index] += 1;
        }
    }
    // Lines of no format do not outvote those of one: multi-line messages are common.
    let known = Format::ALL
        .iter()
        .zip(votes)
        .filter(|(f, _)| **f != Format::Raw);
    let all: usize = votes.iter().sum();
    known
        .rev()
        .max_by_key(|(_, votes)| *votes)
        .filter(|(_, votes)| *votes > 0 && *votes * 4 >= all)
        .map_or(Format::Raw, |(format, _)| *format)
}

fn is_comment(line: &[u8]) -> bool {
    matches!(line, [b'#', ..]) || line.trim_ascii().is_empty()
}

/// Without the last line if the head breaks off in it and there are others.
fn whole_lines(head: &[u8]) -> &[u8] {
    match memchr::memrchr(b'\n', head) {
        Some(end) if head.len() == HEAD_BYTES_MAX => head.get(..=end).unwrap_or(head),
        _ => head,
    }
}
