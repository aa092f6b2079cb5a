//! One value of a detection item while modifiers are applied to it.
//!
//! A value may come to stand for several (`windash`, `base64offset`, `expand`): its
//! alternatives, any of which suffices.

use crate::diagnostic::Span;
use crate::encoding::{self, ByteOrder};
use crate::pattern::{Piece, parse_pieces};
use crate::placeholder::Placeholders;

/// How many alternatives a single value may come to stand for.
pub(crate) const ALTERNATIVES_MAX: usize = 4096;

/// The characters that introduce an option of a Windows command line, or are taken as such.
const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

/// One form of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Form {
    Text(Vec<Piece>),
    /// Encoded text that is no text itself: only Base64 can make one of it again.
    Bytes(Vec<u8>),
}

/// A value that modifiers are applied to.
#[derive(Clone, Debug)]
pub(crate) struct Operand {
    pub(crate) span: Span,
    pub(crate) alternatives: Vec<Form>,
}

/// Which side of the text is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Open {
    Both,
    /// `startswith`
    End,
    /// `endswith`
    Start,
}

impl Operand {
    pub(crate) fn parse(text: &str, span: Span) -> Self {
        Self {
            span,
            alternatives: vec![Form::Text(parse_pieces(text))],
        }
    }

    /// Replaces every alternative by what `change` makes of it.
    fn each(
        &mut self,
        mut change: impl FnMut(Form) -> Result<Vec<Form>, String>,
    ) -> Result<(), String> {
        let mut changed = Vec::with_capacity(self.alternatives.len());
        for form in std::mem::take(&mut self.alternatives) {
            changed.extend(change(form)?);
            if changed.len() > ALTERNATIVES_MAX {
                return Err(too_many());
            }
        }
        self.alternatives = changed;
        Ok(())
    }

    pub(crate) fn open(&mut self, sides: Open) -> Result<(), String> {
        self.each(|form| {
            let mut pieces = form.into_text()?;
            if sides != Open::End {
                pieces.insert(0, Piece::AnyRun);
            }
            if sides != Open::Start {
                pieces.push(Piece::AnyRun);
            }
            Ok(vec![Form::Text(pieces)])
        })
    }

    /// Each dash-like character that introduces an option stands for all of them.
    pub(crate) fn windash(&mut self) -> Result<(), String> {
        self.each(|form| {
            let pieces = form.into_text()?;
            let mut texts = vec![Vec::with_capacity(pieces.len())];
            for piece in pieces {
                let Piece::Literal(text) = piece else {
                    continue_each(&mut texts, &piece);
                    continue;
                };
                let variants = dash_variants(&text)?;
                texts = combine(&texts, &variants, |so_far, variant| {
                    so_far.push(Piece::Literal(variant.clone()));
                })?;
            }
            Ok(texts.into_iter().map(Form::Text).collect())
        })
    }

    /// What comes out is compared like any text: case does not count unless `cased` says so.
    /// This is what pySigma does; it finds too much rather than too little.
    pub(crate) fn base64(&mut self) -> Result<(), String> {
        self.each(|form| Ok(vec![Form::literal(encoding::base64(&form.into_bytes()?))]))
    }

    pub(crate) fn base64_offset(&mut self) -> Result<(), String> {
        self.each(|form| {
            let bytes = form.into_bytes()?;
            let parts = encoding::base64_offsets(&bytes);
            if parts.iter().any(String::is_empty) {
                return Err("the value is too short: nothing of its Base64 is independent of what surrounds it".to_owned());
            }
            Ok(parts.into_iter().map(Form::literal).collect())
        })
    }

    /// Wildcards stay; text that is not ASCII can only be compared after Base64.
    pub(crate) fn utf16(&mut self, order: ByteOrder) -> Result<(), String> {
        self.each(|form| {
            let pieces = form.into_text()?;
            let encoded: Option<Vec<Piece>> = pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Literal(text) => String::from_utf8(encoding::utf16(text, order))
                        .ok()
                        .map(Piece::Literal),
                    wildcard => Some(wildcard.clone()),
                })
                .collect();
            match encoded {
                Some(pieces) => Ok(vec![Form::Text(pieces)]),
                None => Ok(vec![Form::Bytes(encoding::utf16(
                    &plain_text(&pieces)?,
                    order,
                ))]),
            }
        })
    }

    /// Replaces `%name%` by the values of the placeholder, which may hold wildcards. Names
    /// without values are pushed to `missing` and stay as they are.
    /// Returns whether there was any placeholder.
    pub(crate) fn expand(
        &mut self,
        placeholders: &Placeholders,
        missing: &mut Vec<String>,
    ) -> Result<bool, String> {
        let mut any = false;
        self.each(|form| {
            let mut texts = vec![Vec::new()];
            for piece in form.into_text()? {
                let Piece::Literal(text) = piece else {
                    continue_each(&mut texts, &piece);
                    continue;
                };
                for part in placeholder_parts(&text) {
                    let name = match part {
                        Part::Text(text) => {
                            continue_each(&mut texts, &Piece::Literal(text.to_owned()));
                            continue;
                        }
                        Part::Placeholder(name) => name,
                    };
                    any = true;
                    let Some(values) = placeholders.get(name) else {
                        missing.push(name.to_owned());
                        continue_each(&mut texts, &Piece::Literal(format!("%{name}%")));
                        continue;
                    };
                    texts = combine(&texts, values, |so_far, value| {
                        so_far.extend(parse_pieces(value));
                    })?;
                }
            }
            Ok(texts.into_iter().map(Form::Text).collect())
        })?;
        Ok(any)
    }
}

impl Form {
    fn literal(text: String) -> Self {
        Self::Text(vec![Piece::Literal(text)])
    }

    pub(crate) fn into_text(self) -> Result<Vec<Piece>, String> {
        match self {
            Self::Text(pieces) => Ok(pieces),
            Self::Bytes(_) => Err(
                "text outside of ASCII is no text any more once encoded as UTF-16: add `base64` or `base64offset`"
                    .to_owned(),
            ),
        }
    }

    fn into_bytes(self) -> Result<Vec<u8>, String> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::Text(pieces) => plain_text(&pieces).map(String::into_bytes),
        }
    }
}

fn plain_text(pieces: &[Piece]) -> Result<String, String> {
    let mut all = String::new();
    for piece in pieces {
        match piece {
            Piece::Literal(text) => all.push_str(text),
            Piece::AnyRun | Piece::AnyOne => {
                return Err("a value with wildcards cannot be encoded: put `contains`, `startswith` or `endswith` after the encoding, or escape the wildcard by a backslash".to_owned());
            }
        }
    }
    Ok(all)
}

fn continue_each(texts: &mut [Vec<Piece>], piece: &Piece) {
    for text in texts {
        text.push(piece.clone());
    }
}

/// Every item of `so_far` continued by every one of `choices`.
fn combine<T: Clone, C>(
    so_far: &[T],
    choices: &[C],
    append: impl Fn(&mut T, &C),
) -> Result<Vec<T>, String> {
    if so_far.len().saturating_mul(choices.len()) > ALTERNATIVES_MAX {
        return Err(too_many());
    }
    let mut all = Vec::with_capacity(so_far.len() * choices.len());
    for begun in so_far {
        for choice in choices {
            let mut next = begun.clone();
            append(&mut next, choice);
            all.push(next);
        }
    }
    Ok(all)
}

fn too_many() -> String {
    format!("the value stands for more than {ALTERNATIVES_MAX} values")
}

fn dash_variants(text: &str) -> Result<Vec<String>, String> {
    let mut variants = vec![String::with_capacity(text.len() + 4)];
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if DASHES.contains(&c) && introduces_option(before, rest.peek().copied()) {
            variants = combine(&variants, &DASHES, |so_far, dash| so_far.push(*dash))?;
        } else {
            for variant in &mut variants {
                variant.push(c);
            }
        }
        before = Some(c);
    }
    Ok(variants)
}

/// Whether a dash between two characters is one of an option: at the start, after a blank, or
/// between a character that is none of a word and one that is. The last is what pySigma asks
/// for; values such as `' -'` have only the first. The slashes and dashes within a path, a URL or
/// a name stay as they are: they introduce nothing, and each would multiply the forms by five.
fn introduces_option(before: Option<char>, after: Option<char>) -> bool {
    let of_word = |c: char| c.is_alphanumeric() || c == '_';
    match before {
        None => true,
        Some(c) if c.is_whitespace() => true,
        Some(c) => !of_word(c) && after.is_some_and(of_word),
    }
}

/// What a text with placeholders stands for.
pub(crate) enum Expanded {
    Texts(Vec<String>),
    /// The names of placeholders without values.
    Lacks(Vec<String>),
}

/// Replaces the placeholders of a text whose notation is its own: wildcards mean nothing here.
pub(crate) fn expand_text(text: &str, placeholders: &Placeholders) -> Result<Expanded, String> {
    let mut texts = vec![String::new()];
    let mut lacks = Vec::new();
    for part in placeholder_parts(text) {
        match part {
            Part::Text(text) => {
                for so_far in &mut texts {
                    so_far.push_str(text);
                }
            }
            Part::Placeholder(name) => match placeholders.get(name) {
                Some(values) => texts = combine(&texts, values, |so_far, v| so_far.push_str(v))?,
                None => lacks.push(name.to_owned()),
            },
        }
    }
    Ok(if lacks.is_empty() {
        Expanded::Texts(texts)
    } else {
        Expanded::Lacks(lacks)
    })
}

/// Whether a text holds a placeholder.
pub(crate) fn has_placeholder(text: &str) -> bool {
    placeholder_parts(text)
        .iter()
        .any(|part| matches!(part, Part::Placeholder(_)))
}

enum Part<'t> {
    Text(&'t str),
    Placeholder(&'t str),
}

/// Divides at placeholders: a name of letters, digits, `_`, `-` and `.` between percent signs.
fn placeholder_parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut begin, mut from) = (0, 0);
    while let Some(open) = text[from..].find('%').map(|at| from + at) {
        let Some(close) = text[open + 1..].find('%').map(|at| open + 1 + at) else {
            break;
        };
        let name = &text[open + 1..close];
        if !crate::placeholder::is_name(name) {
            from = close;
            continue;
        }
        parts.push(Part::Text(&text[begin..open]));
        parts.push(Part::Placeholder(name));
        (begin, from) = (close + 1, close + 1);
    }
    parts.push(Part::Text(&text[begin..]));
    parts
}

#[cfg(test)]
mod tests {
    use super::{Form, Operand, Part, placeholder_parts};
    use crate::diagnostic::Span;
    use crate::pattern::Piece;

    fn operand(text: &str) -> Operand {
        Operand::parse(
            text,
            Span {
                start: 0,
                len: 0,
                line: 1,
                column: 1,
            },
        )
    }

    #[test]
    fn each_dash_stands_for_five() {
        let mut one = operand("*-a*");
        one.windash().unwrap();
        assert_eq!(one.alternatives.len(), 5);
        let mut two = operand("-a /b");
        two.windash().unwrap();
        assert_eq!(two.alternatives.len(), 25);
        assert!(
            two.alternatives
                .contains(&Form::Text(vec![Piece::Literal("/a \u{2014}b".to_owned())]))
        );
        assert!(operand("-a -b -c -d -e -f").windash().is_err());
    }

    #[test]
    fn dashes_within_words_and_paths_stay() {
        let forms = |text: &str| {
            let mut operand = operand(text);
            operand.windash().unwrap();
            operand.alternatives.len()
        };
        assert_eq!(forms("-a-b/c-d"), 5);
        assert_eq!(forms(r"C:\a-b\c/d"), 1);
        assert_eq!(forms(" -"), 5);
        assert_eq!(forms("\"-a\""), 5);
        assert_eq!(forms("--long"), 25);
        // The second slash of a URL stands before a word.
        assert_eq!(forms("-u https://a-b.example/c-d/e-f?g=h-i/"), 25);
    }

    #[test]
    fn percent_signs_that_are_no_placeholder() {
        let shown: Vec<String> = placeholder_parts("100% of %a b% %user.name% 5%")
            .iter()
            .map(|part| match part {
                Part::Text(text) => format!("[{text}]"),
                Part::Placeholder(name) => format!("<{name}>"),
            })
            .collect();
        assert_eq!(shown.concat(), "[100% of %a b% ]<user.name>[ 5%]");
    }
}
