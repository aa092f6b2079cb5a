//! Bodies whose records are no lines, cut where a [`Framer`] may be.

use memchr::{memchr_iter, memmem};
use yagura_parsers::{Format, Framer, Input, Timestamp};

use crate::parcel::PARCEL_BYTES_MAX;

/// Up to so many bytes without an end the framer is asked at each place; then more and more
/// rarely, since it may look at all of them each time.
const EXACT_BYTES: usize = 64 << 10;

/// Calls `take` with blocks of whole records, and how many each holds.
pub(in crate::input) fn each(format: Format, text: &[u8], mut take: impl FnMut(&[u8], u32)) {
    let mut block = Block::default();
    let mut framer = Framer::new(format, Timestamp::UNKNOWN);
    // Where the framer's buffer begins: behind the last record.
    let mut start = 0;
    let mut patience = 0;
    for end in possible_ends(format, text) {
        let buffer = text.get(start..end).unwrap_or_default();
        if buffer.len() < patience {
            continue;
        }
        let cut = framer.cut(buffer, Input::Open);
        if cut.len == 0 {
            patience = if buffer.len() > EXACT_BYTES {
                buffer.len() + buffer.len() / 8
            } else {
                0
            };
            continue;
        }
        patience = 0;
        let piece = buffer.get(..cut.len).unwrap_or_default();
        if block.bytes(start) + piece.len() > PARCEL_BYTES_MAX {
            block.flush(text, start, &mut take);
        }
        start += cut.len;
        block.records += records_of(format, piece);
    }
    let rest = text.get(start..).unwrap_or_default();
    if !is_closing(format, rest) {
        block.records += records_of(format, rest);
    }
    block.flush(text, text.len(), &mut take);
}

/// The records since the last block.
#[derive(Default)]
struct Block {
    start: usize,
    records: u32,
}

impl Block {
    fn bytes(&self, end: usize) -> usize {
        end - self.start
    }

    fn flush(&mut self, text: &[u8], end: usize, take: &mut impl FnMut(&[u8], u32)) {
        if self.records > 0 {
            take(text.get(self.start..end).unwrap_or_default(), self.records);
        }
        *self = Self {
            start: end,
            records: 0,
        };
    }
}

/// Where the framer is asked.
fn possible_ends(format: Format, text: &[u8]) -> Box<dyn Iterator<Item = usize> + '_> {
    const EVENT_END: &[u8] = b"Event>";
    match format {
        Format::Json => Box::new(braces(text)),
        Format::WindowsXml => {
            Box::new(memmem::find_iter(text, EVENT_END).map(|at| at + EVENT_END.len()))
        }
        _ => {
            let step = PARCEL_BYTES_MAX / 2;
            Box::new((1..=text.len() / step).map(move |at| at * step))
        }
    }
}

/// Behind the braces that close something: those in strings do not.
fn braces(text: &[u8]) -> impl Iterator<Item = usize> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let closes = move |byte: u8| {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b'}' => return !is_quoted,
            _ => {}
        }
        false
    };
    let ends = text.iter().enumerate();
    ends.scan(closes, |closes, (at, byte)| {
        Some(closes(*byte).then_some(at + 1))
    })
    .flatten()
}

fn records_of(format: Format, piece: &[u8]) -> u32 {
    if format != Format::Auditd {
        return 1;
    }
    let ends = memchr_iter(b'\n', piece).count();
    let last = usize::from(!piece.is_empty() && !piece.ends_with(b"\n"));
    u32::try_from(ends + last).unwrap_or(u32::MAX)
}

/// Whether a rest only closes what the records stood in.
fn is_closing(format: Format, rest: &[u8]) -> bool {
    let rest = rest.trim_ascii();
    match format {
        Format::Json => rest.iter().all(|byte| b"[]{}, \t\r\n".contains(byte)),
        Format::WindowsXml => rest.is_empty() || rest == b"</Events>",
        _ => rest.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(format: Format, text: &str) -> Vec<(String, u32)> {
        let mut blocks = Vec::new();
        each(format, text.as_bytes(), |block, records| {
            blocks.push((String::from_utf8_lossy(block).into_owned(), records));
        });
        blocks
    }

    #[test]
    fn records_are_counted() {
        for (format, text, records) in [
            (Format::Json, "[{\"a\":{\"b\":1}},\n {\"c\":\"}\"}]\n", 2),
            (Format::Json, "{\n\"a\":1\n}\n{\"b\":2}", 2),
            (
                Format::Json,
                "{\"Records\":[{\"a\":1},{\"a\":2},{}],\"x\":1}",
                4,
            ),
            (Format::Json, "[{\"a\":1},{\"b\":", 2),
            (
                Format::WindowsXml,
                "<Events><Event>1</Event><Event>2</Event></Events>",
                2,
            ),
            (Format::WindowsXml, "<Event>1</Event>\n<Event>torn", 2),
            (Format::Auditd, "a\nb\nc", 3),
        ] {
            assert_eq!(blocks(format, text), [(text.to_owned(), records)], "{text}");
        }
        assert_eq!(blocks(Format::Json, "[]"), []);
        assert_eq!(blocks(Format::Json, ""), []);
    }

    /// What a framer looks at again and again must not take for ever.
    #[test]
    fn garbage_is_one_block() {
        for piece in [
            "}",
            "{",
            "{\"@odata.a\":\"}",
            "{\"@odata.a\":1}",
            "[",
            "\"}",
        ] {
            let text = piece.repeat((2 << 20) / piece.len());
            let joined: usize = blocks(Format::Json, &text)
                .iter()
                .map(|(b, _)| b.len())
                .sum();
            assert!(joined <= text.len());
        }
    }

    #[test]
    fn large_bodies_are_cut_between_records() {
        let record = format!("{{\"a\":\"{}\"}}", "x".repeat(100_000));
        let text = format!("[{}]", vec![record; 7].join(","));
        let blocks = blocks(Format::Json, &text);
        assert!(
            blocks
                .iter()
                .all(|(block, _)| block.len() <= PARCEL_BYTES_MAX)
        );
        assert_eq!(blocks.iter().map(|(_, records)| records).sum::<u32>(), 7);
        let joined: String = blocks.iter().map(|(block, _)| &**block).collect();
        assert_eq!(joined, text);
    }
}
