//! Tokens of JSON, and skipping values that nobody asked for.
//!
//! Skipping checks the same grammar as reading (see [`crate::json`]), keeps its brackets in one
//! 128-bit word and copies nothing.

use super::strings::{ByLooking, Indexed, StringEnds};
use super::{DEPTH_MAX, Malformed};

/// A string between its quotes, as written.
#[derive(Clone, Copy, Debug)]
pub(super) struct JsonString<'a> {
    pub(super) text: &'a [u8],
    /// Whether a backslash occurs, so that it has to be decoded.
    pub(super) escaped: bool,
}

/// Reads tokens from left to right. It begins outside of strings.
#[derive(Clone, Debug)]
pub(super) struct Scanner<'a, E = ByLooking> {
    input: &'a [u8],
    pos: usize,
    ends: E,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        Self::with(input, ByLooking)
    }
}

impl<'a, E: StringEnds> Scanner<'a, E> {
    /// `ends` knows the strings of this very input.
    pub(super) fn with(input: &'a [u8], ends: E) -> Self {
        Self {
            input,
            pos: 0,
            ends,
        }
    }

    pub(super) fn position(&self) -> usize {
        self.pos
    }

    /// Goes to a position that [`Scanner::position`] gave.
    pub(super) fn seek(&mut self, position: usize) {
        self.pos = position;
        self.ends.seek(position);
    }

    /// The text from a position up to here.
    pub(super) fn since(&self, start: usize) -> &'a [u8] {
        self.input.get(start..self.pos).unwrap_or_default()
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.input.get(self.pos..).unwrap_or_default()
    }

    /// The next byte that is not white space, without taking it.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.input.get(self.pos) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.pos += 1,
                other => return other.copied(),
            }
        }
    }

    /// Takes the byte that [`Scanner::peek`] gave.
    #[inline]
    pub(super) fn bump(&mut self) {
        self.pos += 1;
    }

    /// Takes so many bytes, from what [`Scanner::rest`] gave.
    pub(super) fn advance(&mut self, len: usize) {
        self.seek(self.pos + len);
    }

    /// Takes so many bytes, which are a key with its quotes.
    #[inline]
    pub(super) fn advance_key(&mut self, len: usize) {
        self.pos += len;
        self.ends.pass();
    }

    /// The index of its strings, where there is one.
    #[inline]
    pub(super) fn indexed(&self) -> Option<Indexed<'_>> {
        self.ends.indexed()
    }

    /// Goes to a position and the quote of the index that is at or behind it.
    #[inline]
    pub(super) fn go_to(&mut self, position: usize, next: usize) {
        self.pos = position;
        self.ends.go_to(next);
    }

    /// Takes one punctuation byte, with the white space before it.
    #[inline]
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.peek() == Some(byte) {
            self.bump();
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    /// A string; the next byte is its quote, or the text is malformed.
    #[inline]
    pub(super) fn string(&mut self) -> Result<JsonString<'a>, Malformed> {
        self.expect(b'"')?;
        let start = self.pos;
        let (end, escaped) = self.ends.end_of(self.input, start).ok_or(Malformed)?;
        // An index ends with its block of 64 bytes, which may lie behind the text.
        let text = self.input.get(start..end).ok_or(Malformed)?;
        self.pos = end + 1;
        Ok(JsonString { text, escaped })
    }

    /// A number, as written.
    pub(super) fn number(&mut self) -> Result<&'a [u8], Malformed> {
        let start = self.pos;
        if self.at(b'-') {
            self.bump();
        }
        if self.at(b'0') {
            self.bump();
        } else {
            self.digits()?;
        }
        if self.at(b'.') {
            self.bump();
            self.digits()?;
        }
        if self.at(b'e') || self.at(b'E') {
            self.bump();
            if self.at(b'+') || self.at(b'-') {
                self.bump();
            }
            self.digits()?;
        }
        Ok(self.since(start))
    }

    fn at(&self, byte: u8) -> bool {
        self.input.get(self.pos) == Some(&byte)
    }

    fn digits(&mut self) -> Result<(), Malformed> {
        let start = self.pos;
        while self.input.get(self.pos).is_some_and(u8::is_ascii_digit) {
            self.pos += 1;
        }
        if self.pos == start {
            Err(Malformed)
        } else {
            Ok(())
        }
    }

    /// `true`, `false` or `null`.
    pub(super) fn literal(&mut self, word: &'static [u8]) -> Result<&'a [u8], Malformed> {
        let start = self.pos;
        if self.rest().starts_with(word) {
            self.pos += word.len();
            Ok(self.since(start))
        } else {
            Err(Malformed)
        }
    }

    fn skip_scalar(&mut self) -> Result<(), Malformed> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b't') => self.literal(b"true").map(drop),
            Some(b'f') => self.literal(b"false").map(drop),
            Some(b'n') => self.literal(b"null").map(drop),
            _ => self.number().map(drop),
        }
    }

    /// A key with its colon.
    #[inline]
    pub(super) fn key(&mut self) -> Result<JsonString<'a>, Malformed> {
        let key = self.string()?;
        self.expect(b':')?;
        Ok(key)
    }

    /// Skips one value that lies `depth` levels deep.
    #[inline]
    pub(super) fn skip_value(&mut self, depth: u32) -> Result<(), Malformed> {
        match self.peek() {
            Some(b'{' | b'[') => self.skip_container(depth),
            _ => self.skip_scalar(),
        }
    }

    fn skip_container(&mut self, depth: u32) -> Result<(), Malformed> {
        let mut open = OpenBrackets::below(depth);
        loop {
            match self.peek() {
                Some(b'{') => {
                    self.bump();
                    open.push(Bracket::Object)?;
                    if self.peek() != Some(b'}') {
                        self.key()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.bump();
                    open.push(Bracket::Array)?;
                    if self.peek() != Some(b']') {
                        continue;
                    }
                }
                _ => self.skip_scalar()?,
            }
            if self.close_brackets(&mut open)? {
                return Ok(());
            }
        }
    }

    /// Behind a value: closes what ends here; whether that was everything.
    fn close_brackets(&mut self, open: &mut OpenBrackets) -> Result<bool, Malformed> {
        while let Some(bracket) = open.top() {
            let next = self.peek();
            self.bump();
            match (next, bracket) {
                (Some(b','), Bracket::Object) => {
                    self.key()?;
                    return Ok(false);
                }
                (Some(b','), Bracket::Array) => return Ok(false),
                (Some(b'}'), Bracket::Object) | (Some(b']'), Bracket::Array) => open.pop(),
                _ => return Err(Malformed),
            }
        }
        Ok(true)
    }
}

#[derive(Clone, Copy)]
enum Bracket {
    Array,
    Object,
}

/// The open brackets of a value that is skipped, innermost in the lowest bit.
struct OpenBrackets {
    objects: u128,
    count: u32,
    room: u32,
}

impl OpenBrackets {
    fn below(depth: u32) -> Self {
        Self {
            objects: 0,
            count: 0,
            room: DEPTH_MAX.saturating_sub(depth),
        }
    }

    fn push(&mut self, bracket: Bracket) -> Result<(), Malformed> {
        if self.count >= self.room {
            return Err(Malformed);
        }
        self.objects = self.objects << 1 | u128::from(matches!(bracket, Bracket::Object));
        self.count += 1;
        Ok(())
    }

    fn pop(&mut self) {
        self.objects >>= 1;
        self.count -= 1;
    }

    fn top(&self) -> Option<Bracket> {
        match (self.count, self.objects & 1) {
            (0, _) => None,
            (_, 0) => Some(Bracket::Array),
            _ => Some(Bracket::Object),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skips(text: &str) -> bool {
        let mut scan = Scanner::new(text.as_bytes());
        scan.skip_value(0).is_ok() && scan.peek().is_none()
    }

    #[test]
    fn valid_values_are_skipped_whole() {
        for text in [
            "{}",
            "[]",
            r#""a\"b""#,
            "-0.5e+3",
            "0",
            " [1, {\"a\": [true, null]}, \"]\"] ",
            r#"{"a":{},"b":[[],[{}]]}"#,
            r#""a string of more than thirty-two bytes \\""#,
        ] {
            assert!(skips(text), "{text}");
        }
    }

    #[test]
    fn malformed_values_are_not() {
        for text in [
            "",
            "{",
            "}",
            "[1,]",
            "{,}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            "[1 2]",
            "[}",
            "{]",
            "01",
            "1.",
            ".5",
            "+1",
            "1e",
            "-",
            "tru",
            "nul",
            r#""a"#,
            r#""a\""#,
            "NaN",
            r"{'a':1}",
            "{1:2}",
            "1 2",
        ] {
            assert!(!skips(text), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(skips(&nested(DEPTH_MAX as usize)));
        assert!(!skips(&nested(DEPTH_MAX as usize + 1)));
    }
}
