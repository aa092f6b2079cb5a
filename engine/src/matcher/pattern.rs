//! Wildcard patterns over whole values, compiled to bytes.

use yagura_rules::pattern::{Case, Pattern, Piece};

use crate::fold::fold;

/// One part of a segment.
#[derive(Clone, Debug)]
enum Part {
    Bytes(Box<[u8]>),
    /// Exactly one character: a UTF-8 sequence, or one byte that is none.
    AnyOne,
}

/// What stands between two `*`.
type Segment = Box<[Part]>;

/// A pattern over folded text (or text as it is, where case counts).
#[derive(Clone, Debug)]
pub(crate) struct WildPattern {
    pub(crate) case: Case,
    segments: Box<[Segment]>,
    open_start: bool,
    open_end: bool,
}

/// A pattern that a literal decides alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Simple {
    /// The whole value.
    Whole,
    /// At the beginning.
    Prefix,
    /// At the end.
    Suffix,
    /// Anywhere.
    Within,
}

/// How a pattern without inner wildcards is anchored, if it is one with a literal.
pub(crate) fn simple(pattern: &Pattern) -> Option<(Simple, &str)> {
    match pattern.pieces.as_slice() {
        [] => Some((Simple::Whole, "")),
        [Piece::Literal(text)] => Some((Simple::Whole, text)),
        [Piece::Literal(text), Piece::AnyRun] => Some((Simple::Prefix, text)),
        [Piece::AnyRun, Piece::Literal(text)] => Some((Simple::Suffix, text)),
        [Piece::AnyRun, Piece::Literal(text), Piece::AnyRun] => Some((Simple::Within, text)),
        _ => None,
    }
}

/// The literals: whatever satisfies the pattern contains each of them.
pub(crate) fn literals(pattern: &Pattern) -> impl Iterator<Item = &str> {
    pattern.pieces.iter().filter_map(|piece| match piece {
        Piece::Literal(text) => Some(text.as_str()),
        Piece::AnyRun | Piece::AnyOne => None,
    })
}

/// The longest literal.
pub(crate) fn longest_literal(pattern: &Pattern) -> Option<&str> {
    literals(pattern).max_by_key(|text| text.len())
}

impl WildPattern {
    pub(crate) fn new(pattern: &Pattern) -> Self {
        let case = pattern.case;
        let part = |piece: &Piece| match piece {
            Piece::Literal(text) if case == Case::Insensitive => Part::Bytes(fold(text).into()),
            Piece::Literal(text) => Part::Bytes(text.as_bytes().into()),
            Piece::AnyRun | Piece::AnyOne => Part::AnyOne,
        };
        let segments = pattern
            .pieces
            .split(|piece| *piece == Piece::AnyRun)
            .map(|segment| segment.iter().map(part).collect::<Segment>());
        Self {
            case,
            open_start: pattern.pieces.first() == Some(&Piece::AnyRun),
            open_end: pattern.pieces.last() == Some(&Piece::AnyRun),
            // An open side leaves an empty segment behind it.
            segments: segments.filter(|segment| !segment.is_empty()).collect(),
        }
    }

    /// Its literals.
    pub(crate) fn literals(&self) -> impl Iterator<Item = &[u8]> {
        let parts = self.segments.iter().flatten();
        parts.filter_map(|part| match part {
            Part::Bytes(bytes) => Some(&**bytes),
            Part::AnyOne => None,
        })
    }

    /// Whether it has no wildcards at its ends.
    pub(crate) fn is_whole(&self) -> bool {
        !self.open_start && !self.open_end
    }

    /// Whether the whole of `text` fits. `text` is folded already where case does not count.
    ///
    /// Each segment is taken as far left as possible, which decides right away whether there is
    /// any way to fit all; only the last is looked for from the end.
    pub(crate) fn matches(&self, text: &[u8]) -> bool {
        let Some((last, before)) = self.segments.split_last() else {
            return self.open_start || text.is_empty();
        };
        let mut at = 0;
        for (i, segment) in before.iter().enumerate() {
            let anchored = i == 0 && !self.open_start;
            match find(segment, text, at, anchored) {
                Some(end) => at = end,
                None => return false,
            }
        }
        let anchored = before.is_empty() && !self.open_start;
        match (self.open_end, anchored) {
            (true, _) => find(last, text, at, anchored).is_some(),
            (false, true) => fits(last, text, at) == Some(text.len()),
            (false, false) => ends_with(last, text, at),
        }
    }
}

/// The end of the leftmost place at or behind `from` where a segment fits.
fn find(segment: &[Part], text: &[u8], from: usize, anchored: bool) -> Option<usize> {
    if anchored {
        return fits(segment, text, from);
    }
    let mut start = from;
    loop {
        if let Some(Part::Bytes(first)) = segment.first() {
            start += memchr::memmem::find(text.get(start..)?, first)?;
        }
        if let Some(end) = fits(segment, text, start) {
            return Some(end);
        }
        start = next_char(text, start)?;
    }
}

/// Whether a segment fits at the end of the text, not before `from`.
fn ends_with(segment: &[Part], text: &[u8], from: usize) -> bool {
    if let [Part::Bytes(bytes)] = segment {
        return text.len() >= from + bytes.len() && text.ends_with(bytes);
    }
    let mut start = from;
    loop {
        if fits(segment, text, start) == Some(text.len()) {
            return true;
        }
        match next_char(text, start) {
            Some(next) => start = next,
            None => return false,
        }
    }
}

/// The end of a segment that fits exactly here.
fn fits(segment: &[Part], text: &[u8], start: usize) -> Option<usize> {
    segment.iter().try_fold(start, |at, part| match part {
        Part::Bytes(bytes) => text.get(at..)?.starts_with(bytes).then(|| at + bytes.len()),
        Part::AnyOne => next_char(text, at),
    })
}

/// Behind the character at `at`; `None` at the end of the text.
fn next_char(text: &[u8], at: usize) -> Option<usize> {
    let first = *text.get(at)?;
    let len = match first {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let whole = text.get(at..at + len);
    let valid = whole.is_some_and(|bytes| std::str::from_utf8(bytes).is_ok());
    Some(if valid { at + len } else { at + 1 })
}
