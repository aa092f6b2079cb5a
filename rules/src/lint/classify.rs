//! Gives the diagnostics of loading their codes, by the words of their messages.
//!
//! Readers say what is wrong where they find it, without a register of everything that can be.
//! A test keeps the two together: no case of `tests/cases/diagnostics` is left without a code.

use super::catalogue::{Code, checks};

/// The code of a message.
pub(super) fn code(message: &str) -> Code {
    let plain = without_names(message);
    checks()
        .iter()
        .find(|check| {
            check
                .says
                .iter()
                .any(|phrase| plain.contains(phrase.as_str()))
        })
        .map_or(Code::OTHER, |check| check.code)
}

/// The message with what stands in backticks replaced by `_`, so that no name in a rule can
/// look like a phrase.
fn without_names(message: &str) -> String {
    let mut plain = String::with_capacity(message.len());
    for (at, part) in message.split('`').enumerate() {
        plain.push_str(if at % 2 == 0 { part } else { "_" });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::without_names;

    #[test]
    fn names_are_no_phrases() {
        assert_eq!(
            without_names("the key `a b` occurs twice"),
            "the key _ occurs twice"
        );
    }
}
