//! Lines: ended by LF, CR LF or the end of the source; trailing CR and NUL do not belong to them.

use memchr::{memchr, memrchr};

/// The non-empty lines of a block, without their ends.
pub(crate) fn lines(input: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = input;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let line = if let Some(end) = memchr(b'\n', rest) {
            let (line, after) = rest.split_at(end);
            rest = &after[1..];
            line
        } else {
            std::mem::take(&mut rest)
        };
        Some(without_line_end(line))
    })
    .filter(|line| !line.is_empty())
}

/// A line without the carriage returns and zeros at its end.
pub(crate) fn without_line_end(mut line: &[u8]) -> &[u8] {
    while let [head @ .., b'\r' | 0] = line {
        line = head;
    }
    line
}

/// Up to and with the last line end.
pub(super) fn cut(buffer: &[u8]) -> usize {
    memrchr(b'\n', buffer).map_or(0, |end| end + 1)
}

/// Behind the next line end.
pub(super) fn skip(buffer: &[u8]) -> Option<usize> {
    memchr(b'\n', buffer).map(|end| end + 1)
}
