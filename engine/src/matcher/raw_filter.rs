//! Tells from the text of an event, as it stands, that no keyword can be in it: then nothing has
//! to be looked for, and a structured event need not be read a second time (see
//! [`super::texts`]).
//!
//! Looks for a part of each keyword. In a line that is any part in ASCII; in a structured event
//! one that every encoding leaves as it is, and the escapes that could hide one: JSON's `\u00..`,
//! XML's `&#..;`. In both the two characters beyond ASCII that fold to an ASCII letter may hide
//! one too.

use yagura_rules::predicate::Test;

use crate::fold::fold;
use crate::matcher::check::regex_hir;
use crate::matcher::pattern::literals;
use crate::matcher::required::required_literals;
use crate::needles::Needles;

/// Shorter parts are found nearly everywhere.
const PART_BYTES_MIN: usize = 3;

/// The same for lines, where nothing has to be left out of a part.
const LINE_PART_BYTES_MIN: usize = 2;

/// What may stand for letters of a keyword: U+212A folds to `k`, U+017F to `s`.
const DISGUISES: [&[u8]; 2] = ["\u{212a}".as_bytes(), "\u{17f}".as_bytes()];

/// How structured events may write them, or other letters.
const ENCODED_DISGUISES: [&[u8]; 6] = [
    HEX_ESCAPE, b"\\u212a", b"\\u017f", b"&#",
    // CDATA, comments and instructions may stand in the middle of a text.
    b"<!", b"<?",
];

/// How JSON escapes a character that needs no escape; two hexadecimal digits follow.
const HEX_ESCAPE: &[u8] = b"\\u00";

/// The parts of a plan's keywords; `None` where a keyword may be found without a part that could
/// be looked for.
#[derive(Debug)]
pub(crate) struct KeywordParts {
    encoded: Option<Vec<Vec<u8>>>,
    line: Option<Vec<Vec<u8>>>,
}

impl KeywordParts {
    pub(crate) fn of<'t>(keywords: impl Iterator<Item = &'t Test> + Clone) -> Self {
        Self {
            encoded: parts(keywords.clone(), encoded_part),
            line: parts(keywords, line_part),
        }
    }
}

/// Looks for all parts of the keywords of a class at once.
#[derive(Debug)]
pub(crate) struct RawFilter {
    encoded: Option<Needles>,
    line: Option<Needles>,
}

impl RawFilter {
    /// `plans`: the parts of each plan of the class that has keywords.
    pub(crate) fn new(plans: &[&KeywordParts]) -> Self {
        let encoded: Option<Vec<_>> = plans.iter().map(|plan| plan.encoded.as_ref()).collect();
        let line: Option<Vec<_>> = plans.iter().map(|plan| plan.line.as_ref()).collect();
        let with = |plans: Vec<&Vec<Vec<u8>>>, disguises: &[&[u8]]| {
            let disguises = disguises.iter().map(|disguise| disguise.to_vec());
            Needles::new(plans.into_iter().flatten().cloned().chain(disguises))
        };
        let all = [DISGUISES.as_slice(), &ENCODED_DISGUISES].concat();
        Self {
            encoded: encoded.map(|parts| with(parts, &all)),
            line: line.map(|parts| with(parts, &DISGUISES)),
        }
    }

    /// Whether a keyword may be in the structured event of this text.
    pub(crate) fn may_hold(&self, raw: &[u8]) -> bool {
        let counts = |from: &[u8]| !is_escape_of_no_letter(from);
        (self.encoded.as_ref()).is_none_or(|needles| needles.occurs(raw, counts))
    }

    /// Whether a keyword may be in this line.
    pub(crate) fn may_hold_in_line(&self, line: &[u8]) -> bool {
        (self.line.as_ref()).is_none_or(|needles| needles.occurs(line, |_| true))
    }
}

/// A part of each keyword, as `part` takes it from a folded literal.
fn parts<'t>(
    keywords: impl Iterator<Item = &'t Test>,
    part: fn(&[u8]) -> Option<Vec<u8>>,
) -> Option<Vec<Vec<u8>>> {
    let mut parts = Vec::new();
    for test in keywords {
        match test {
            Test::Text(pattern) => {
                let of_literals = literals(pattern).map(|literal| part(&fold(literal)));
                parts.push(of_literals.flatten().max_by_key(Vec::len)?);
            }
            Test::Regex(regex) => {
                for literal in required_literals(&regex_hir(regex)?)? {
                    parts.push(part(&literal)?);
                }
            }
            _ => return None,
        }
    }
    Some(parts)
}

/// Whether the text begins with an escape that hides no part of a keyword: writers that escape
/// more than they have to, do it to quotes and brackets.
fn is_escape_of_no_letter(text: &[u8]) -> bool {
    let Some(digits) = text.strip_prefix(HEX_ESCAPE).and_then(|rest| rest.get(..2)) else {
        return false;
    };
    let digits = std::str::from_utf8(digits).ok();
    let code = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
    code.is_some_and(|code| !is_plain(code))
}

/// Whether JSON and XML write a byte as it is.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !br#""'\/<>&"#.contains(&byte)
}

/// The longest part of a folded literal that JSON and XML write as it is.
fn encoded_part(literal: &[u8]) -> Option<Vec<u8>> {
    longest(literal, is_plain, PART_BYTES_MIN)
}

/// The longest part of a folded literal in ASCII.
fn line_part(literal: &[u8]) -> Option<Vec<u8>> {
    longest(literal, |byte| byte.is_ascii(), LINE_PART_BYTES_MIN)
}

fn longest(literal: &[u8], belongs: fn(u8) -> bool, bytes_min: usize) -> Option<Vec<u8>> {
    let parts = literal.split(|byte| !belongs(*byte));
    let longest = parts.max_by_key(|part| part.len())?;
    (longest.len() >= bytes_min).then(|| longest.to_vec())
}
