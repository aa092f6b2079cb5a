//! From the places of the YAML parser (characters, within a chunk) to spans of the file (bytes).

use saphyr_parser::Marker;

use crate::diagnostic::Span;

/// How many characters lie between two remembered offsets.
const STRIDE: usize = 128;

/// Where a chunk stands in its file, and where its characters are.
pub(super) struct Places<'a> {
    chunk: &'a str,
    /// Byte offset of the chunk in the file.
    start: usize,
    /// Lines of the file before the chunk.
    lines_before: usize,
    /// Byte offsets of every [`STRIDE`]th character; empty for ASCII, where both are the same.
    offsets: Vec<usize>,
}

impl<'a> Places<'a> {
    pub(super) fn new(chunk: &'a str, start: usize, lines_before: usize) -> Self {
        let offsets = if chunk.is_ascii() {
            Vec::new()
        } else {
            chunk
                .char_indices()
                .step_by(STRIDE)
                .map(|(at, _)| at)
                .collect()
        };
        Self {
            chunk,
            start,
            lines_before,
            offsets,
        }
    }

    /// Byte offset in the chunk of a character.
    fn byte(&self, index: usize) -> usize {
        if self.offsets.is_empty() {
            return index.min(self.chunk.len());
        }
        let Some(&known) = self.offsets.get(index / STRIDE) else {
            return self.chunk.len();
        };
        self.chunk[known..]
            .char_indices()
            .nth(index % STRIDE)
            .map_or(self.chunk.len(), |(at, _)| known + at)
    }

    pub(super) fn span(&self, start: &Marker, end: &Marker) -> Span {
        let first = self.byte(start.index());
        let mut last = self.byte(end.index()).max(first);
        // Ends of block scalars lie at the beginning of what follows.
        if let Some(inside) = self.chunk.get(first..last) {
            last = first + inside.trim_end().len();
        }
        Span {
            start: self.start + first,
            len: last - first,
            line: self.lines_before + start.line().max(1),
            column: start.col() + 1,
        }
    }

    /// The place of a byte of the chunk.
    pub(super) fn span_at(&self, at: usize, len: usize) -> Span {
        let before = self.chunk.get(..at).unwrap_or(self.chunk);
        let line_start = before.rfind('\n').map_or(0, |n| n + 1);
        Span {
            start: self.start + before.len(),
            len,
            line: self.lines_before + before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    pub(super) fn chunk(&self) -> &'a str {
        self.chunk
    }

    /// Byte offset in the chunk of a place of the YAML parser.
    pub(super) fn offset(&self, marker: &Marker) -> usize {
        self.byte(marker.index())
    }
}
