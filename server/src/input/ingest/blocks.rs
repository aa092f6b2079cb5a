//! Bodies whose records are no lines, cut where a [`Framer`] may be.

use yagura_parsers::{Format, Framer, Input, Timestamp};

use crate::input::http::Trial;
use crate::parcel::PARCEL_BYTES_MAX;

/// Calls `take` with blocks of whole records, and how many each holds.
pub(in crate::input) fn each(format: Format, text: &[u8], mut take: impl FnMut(&[u8], u32)) {
    let mut framer = Framer::new(format, Timestamp::UNKNOWN);
    let mut trial = Trial::new();
    let (mut rest, mut reach) = (text, PARCEL_BYTES_MAX);
    while !rest.is_empty() {
        let (buffer, input) = match rest.get(..reach) {
            Some(buffer) => (buffer, Input::Open),
            None => (rest, Input::Ended),
        };
        let cut = framer.cut(buffer, input).len;
        if cut == 0 {
            // A record that is longer than a parcel is one of its own.
            reach *= 2;
            continue;
        }
        let (block, behind) = rest.split_at(cut.min(rest.len()));
        let records = trial.count(format, block);
        if records > 0 {
            take(block, records);
        }
        (rest, reach) = (behind, PARCEL_BYTES_MAX);
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
                "{\"Records\":[{\"a\":1},{\"a\":2}],\"x\":1}",
                2,
            ),
            (Format::Json, "[{\"a\":1},{\"b\":", 2),
            (
                Format::WindowsXml,
                "<Events><Event>1</Event><Event>2</Event></Events>",
                2,
            ),
            (Format::WindowsXml, "<Event>1</Event>\n<Event>torn", 2),
        ] {
            assert_eq!(blocks(format, text), [(text.to_owned(), records)], "{text}");
        }
        assert_eq!(blocks(Format::Json, "[]"), []);
        assert_eq!(blocks(Format::Json, ""), []);
    }

    #[test]
    fn garbage_is_no_endless_work() {
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
    }
}
