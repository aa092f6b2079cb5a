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

    /// Each dash-like character stands for all of them.
    pub(crate) fn windash(&mut self) -> Result<(), String> {
        self.each(|form| {
            let pieces = form.into_text()?;
            let mut texts = vec![Vec::with_capacity(pieces.len())];
            for piece in pieces {
                let Piece::Literal(text) = piece else {
                    texts.iter_mut().for_each(|t| t.push(piece.clone()));
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
                    texts.iter_mut().for_each(|t| t.push(piece.clone()));
                    continue;
                };
                for part in placeholder_parts(&text) {
                    let name = match part {
                        Part::Text(text) => {
                            texts
                                .iter_mut()
                                .for_each(|t| t.push(Piece::Literal(text.to_owned())));
                            continue;
                        }
                        Part::Placeholder(name) => name,
                    };
                    any = true;
                    let Some(values) = placeholders.get(name) else {
                        missing.push(name.to_owned());
                        texts
                            .iter_mut()
                            .for_each(|t| t.push(Piece::Literal(format!("%{name}%"))));
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
    let mut rest = text;
    while let Some(at) = rest.find(DASHES) {
        let (before, from_dash) = rest.split_at(at);
        variants.iter_mut().for_each(|v| v.push_str(before));
        variants = combine(&variants, &DASHES, |so_far, dash| so_far.push(*dash))?;
        let mut after = from_dash.chars();
        after.next();
        rest = after.as_str();
    }
    variants.iter_mut().for_each(|v| v.push_str(rest));
    Ok(variants)
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
        let is_name = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
        if !is_name {
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
        assert!(operand("-a-b-c-d-e-f").windash().is_err());
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
