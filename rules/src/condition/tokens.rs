//! Divides a condition into tokens that know their places.

use crate::diagnostic::Span;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, a pattern, a number or a word of the grammar.
    Word,
    Open,
    Close,
    /// Begins an aggregation of the old notation.
    Pipe,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    pub(super) text: &'t str,
    /// Byte offset in the condition.
    pub(super) at: usize,
    pub(super) span: Span,
}

impl Token<'_> {
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }
}

/// The tokens of a condition that stands at `scalar` in `file`, up to the first character that
/// belongs to none; behind a pipe, all characters may occur.
pub(super) fn tokenize<'t>(
    text: &'t str,
    scalar: Span,
    file: &str,
) -> (Vec<Token<'t>>, Option<(char, Span)>) {
    let mut tokens = Vec::new();
    let mut finder = PlaceFinder {
        file,
        scalar,
        from: 0,
    };
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        let kind = match c {
            c if c.is_whitespace() => continue,
            '(' => Kind::Open,
            ')' => Kind::Close,
            '|' => Kind::Pipe,
            c if is_word(c) => {
                while rest.next_if(|(_, c)| is_word(*c)).is_some() {}
                Kind::Word
            }
            c => {
                let span = finder.place(&text[at..at + c.len_utf8()]);
                return (tokens, Some((c, span)));
            }
        };
        let end = rest.peek().map_or(text.len(), |(at, _)| *at);
        let token = &text[at..end];
        tokens.push(Token {
            kind,
            text: token,
            at,
            span: finder.place(token),
        });
        // What an aggregation may look like is its own business.
        if kind == Kind::Pipe {
            break;
        }
    }
    (tokens, None)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '*')
}

/// Finds tokens in the text of the file one after the other. This works for all styles of
/// scalars, since no token holds white space and they come in the same order.
struct PlaceFinder<'f> {
    file: &'f str,
    scalar: Span,
    /// Bytes of the scalar up to the end of the last token found.
    from: usize,
}

impl PlaceFinder<'_> {
    fn place(&mut self, token: &str) -> Span {
        let begin = self.scalar.start + self.from;
        let end = self.scalar.start + self.scalar.len;
        let found = self.file.get(begin..end).and_then(|raw| raw.find(token));
        let Some(at) = found else {
            return self.scalar;
        };
        let skip = self.from + at;
        self.from = skip + token.len();
        self.scalar.part(self.file, skip, token.len())
    }
}
