//! Text patterns: what a Sigma string value means.

use std::fmt;

/// One part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Piece {
    /// These characters. Never empty; two literals never follow each other.
    Literal(String),
    /// `*`: any run of characters, also none.
    AnyRun,
    /// `?`: exactly one character.
    AnyOne,
}

/// Whether case counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Case {
    /// Compared by Unicode simple case folding.
    Insensitive,
    /// Compared as written.
    Sensitive,
}

/// A pattern over a whole value. `contains`, `startswith` and `endswith` are an
/// [`Piece::AnyRun`] on the open sides; no pieces at all match the empty value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// The parts in order; two [`Piece::AnyRun`] never follow each other.
    pub pieces: Vec<Piece>,
    /// Whether case counts.
    pub case: Case,
}

impl Pattern {
    /// Reads the notation of Sigma: `*` and `?` are wildcards, a backslash takes the meaning from
    /// them and from itself, and is an ordinary character before anything else.
    pub fn parse(text: &str, case: Case) -> Self {
        Self::from_pieces(parse_pieces(text), case)
    }

    /// Joins neighbouring literals and neighbouring [`Piece::AnyRun`]s, and drops empty literals.
    pub fn from_pieces(pieces: impl IntoIterator<Item = Piece>, case: Case) -> Self {
        let mut joined: Vec<Piece> = Vec::new();
        for piece in pieces {
            match (joined.last_mut(), piece) {
                (_, Piece::Literal(text)) if text.is_empty() => {}
                (Some(Piece::Literal(before)), Piece::Literal(text)) => before.push_str(&text),
                (Some(Piece::AnyRun), Piece::AnyRun) => {}
                (_, piece) => joined.push(piece),
            }
        }
        Self {
            pieces: joined,
            case,
        }
    }

    /// Whether every value fits.
    pub fn fits_everything(&self) -> bool {
        self.pieces == [Piece::AnyRun]
    }
}

/// The pieces of a text in the notation of Sigma, not joined.
pub(crate) fn parse_pieces(text: &str) -> Vec<Piece> {
    // Most values have no wildcard and no escape.
    if !text.contains(['*', '?', '\\']) {
        return vec![Piece::Literal(text.to_owned())];
    }
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let wildcard = match c {
            '*' => Piece::AnyRun,
            '?' => Piece::AnyOne,
            '\\' => {
                literal.push(
                    rest.next_if(|next| matches!(next, '*' | '?' | '\\'))
                        .unwrap_or('\\'),
                );
                continue;
            }
            _ => {
                literal.push(c);
                continue;
            }
        };
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        pieces.push(wildcard);
    }
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    pieces
}

/// In the notation of Sigma: what [`Pattern::parse`] reads back as the same pieces.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        for (index, piece) in self.pieces.iter().enumerate() {
            match piece {
                Piece::AnyRun => f.write_char('*')?,
                Piece::AnyOne => f.write_char('?')?,
                Piece::Literal(text) => {
                    let ends = index + 1 == self.pieces.len();
                    write_literal(f, text, ends)?;
                }
            }
        }
        Ok(())
    }
}

/// Escapes what would be read as a wildcard. A backslash needs it only where the next character
/// would make an escape of it.
fn write_literal(f: &mut fmt::Formatter<'_>, text: &str, ends: bool) -> fmt::Result {
    use fmt::Write as _;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let escaped = match c {
            '*' | '?' => true,
            '\\' => match rest.peek() {
                Some(next) => matches!(next, '*' | '?' | '\\'),
                None => !ends,
            },
            _ => false,
        };
        if escaped {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Case, Pattern, Piece, parse_pieces};
    use proptest::prelude::*;

    fn literal(text: &str) -> Piece {
        Piece::Literal(text.to_owned())
    }

    #[test]
    fn escapes() {
        assert_eq!(parse_pieces(r"C:\\Windows"), [literal(r"C:\Windows")]);
        assert_eq!(parse_pieces(r"C:\Windows"), [literal(r"C:\Windows")]);
        assert_eq!(parse_pieces(r"a\*b"), [literal("a*b")]);
        assert_eq!(
            parse_pieces(r"a\\*b"),
            [literal(r"a\"), Piece::AnyRun, literal("b")]
        );
        assert_eq!(parse_pieces(r"a\\\*b"), [literal(r"a\*b")]);
        assert_eq!(parse_pieces(r"a\?b?"), [literal("a?b"), Piece::AnyOne]);
        assert_eq!(parse_pieces(r"end\"), [literal(r"end\")]);
    }

    #[test]
    fn runs_are_joined() {
        let pattern = Pattern::parse("**a**", Case::Insensitive);
        assert_eq!(pattern.pieces, [Piece::AnyRun, literal("a"), Piece::AnyRun]);
        assert!(Pattern::parse("", Case::Insensitive).pieces.is_empty());
    }

    proptest! {
        #[test]
        fn display_reads_back(text in r"[a*?\\]{0,12}") {
            let pattern = Pattern::parse(&text, Case::Insensitive);
            let shown = pattern.to_string();
            prop_assert_eq!(Pattern::parse(&shown, Case::Insensitive), pattern);
        }
    }
}
