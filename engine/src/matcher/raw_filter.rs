//! Tells from the text of a structured event, as it stands, that no keyword can be in it: then
//! it need not be read a second time (see [`super::texts`]).
//!
//! Looks for a part of each keyword that every encoding leaves as it is, and for the escapes
//! that could hide one: JSON's `\u00..`, XML's `&#..;`, and the two characters beyond ASCII that
//! fold to an ASCII letter.

use yagura_rules::predicate::Test;

use crate::fold::fold;
use crate::matcher::check::regex_hir;
use crate::matcher::pattern::literals;
use crate::matcher::required::required_literals;
use crate::needles::Needles;

/// Shorter parts are found nearly everywhere.
const PART_BYTES_MIN: usize = 3;

/// What else may stand for letters of a keyword. U+212A folds to `k`, U+017F to `s`.
const DISGUISES: [&[u8]; 8] = [
    HEX_ESCAPE,
    b"\\u212a",
    b"\\u017f",
    b"&#",
    // CDATA, comments and instructions may stand in the middle of a text.
    b"<!",
    b"<?",
    "\u{212a}".as_bytes(),
    "\u{17f}".as_bytes(),
];

/// How JSON escapes a character that needs no escape; two hexadecimal digits follow.
const HEX_ESCAPE: &[u8] = b"\\u00";

/// The parts.
#[derive(Debug)]
pub(crate) struct RawFilter(Needles);

impl RawFilter {
    /// `None` if one of the tests may hold without a part that could be looked for.
    pub(crate) fn new<'t>(tests: impl Iterator<Item = &'t Test>) -> Option<Self> {
        let mut parts: Vec<Vec<u8>> = DISGUISES.map(<[u8]>::to_vec).into();
        for test in tests {
            match test {
                Test::Text(pattern) => {
                    let plain = literals(pattern).map(|literal| plain_part(&fold(literal)));
                    parts.push(plain.flatten().max_by_key(Vec::len)?);
                }
                Test::Regex(regex) => {
                    for literal in required_literals(&regex_hir(regex)?)? {
                        parts.push(plain_part(&literal)?);
                    }
                }
                _ => return None,
            }
        }
        Some(Self(Needles::new(parts)))
    }

    /// Whether a keyword may be in the event of this text.
    pub(crate) fn may_hold(&self, raw: &[u8]) -> bool {
        self.0.occurs(raw, |from| !is_escape_of_no_letter(from))
    }
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
fn plain_part(literal: &[u8]) -> Option<Vec<u8>> {
    let parts = literal.split(|b| !is_plain(*b));
    let longest = parts.max_by_key(|part| part.len())?;
    (longest.len() >= PART_BYTES_MIN).then(|| longest.to_vec())
}
