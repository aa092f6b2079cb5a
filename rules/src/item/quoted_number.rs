//! Numbers in text: `EventID: '4688'`, which is to match the number 4688 as well.

use super::{Expansion, Item};
use crate::document::number;
use crate::pattern::{Case, Piece};
use crate::predicate::{Subject, Test};

/// The largest whole number up to which every one has a value of its own.
pub(super) const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

impl Item<'_> {
    /// The test that text which reads like a number stands for. The same test also matches the
    /// text itself, so that one suffices.
    pub(super) fn number_in_text(&self, text: &str) -> Option<Test> {
        let is_field = self.subject != Subject::Anything;
        if !(is_field && self.case == Case::Insensitive && is_number(text)) {
            return None;
        }
        let value = number(text).filter(|value| value.abs() <= EXACT_MAX)?;
        Some(Test::Number {
            value,
            text: text.to_owned(),
        })
    }

    /// The same for the value of a placeholder that nothing else has changed.
    pub(super) fn expanded_number(&self, pieces: &[Piece]) -> Option<Test> {
        if self.comparison != super::Comparison::Expanded {
            return None;
        }
        debug_assert_eq!(self.expansion, Expansion::Placeholders);
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::AnyRun | Piece::AnyOne => return None,
            }
        }
        self.number_in_text(&text)
    }
}

/// Whether a text is spelt as a number is: digits, perhaps a minus sign and a fraction, and no
/// zeros without need. Who quotes `007` or `1.10` means a code or a version, not 7 or 1.1.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let all_digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    all_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(|fraction| all_digits(fraction) && !fraction.ends_with('0'))
}

#[cfg(test)]
mod tests {
    use super::is_number;

    #[test]
    fn spellings_of_numbers() {
        for text in ["0", "4688", "-1", "0.5", "-10.25"] {
            assert!(is_number(text), "{text}");
        }
        for text in [
            "", "-", "007", "00", "1.10", "4688.0", "+5", "1e5", ".5", "5.", "0x17", "1.2.3",
            "\u{664}",
        ] {
            assert!(!is_number(text), "{text}");
        }
    }
}
