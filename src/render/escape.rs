//! Text of strangers on a terminal.
//!
//! Logs and rules are written by others. A terminal obeys the control characters in them: it
//! moves the cursor, changes its title, shows text backwards. None of them gets there: each is
//! replaced by a visible escape (`\n`, `\u{1b}`). A backslash of the text itself stays as it is,
//! since Windows paths are full of them; what must be read back by a program is JSON.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a character may not be shown as it is: C0, DEL, C1, line and paragraph separators,
/// marks, embeddings, overrides and isolates of bidirectional text, the byte order mark.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}'
            | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}')
}

/// Text that a terminal can show.
pub fn visible(text: &str) -> Cow<'_, str> {
    // Printable ASCII is the rule; one pass over bytes decides.
    if text.bytes().all(|b| (b' '..=b'~').contains(&b)) || !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if is_unsafe(c) => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// The same for bytes; what is not UTF-8 becomes U+FFFD.
pub fn visible_bytes(bytes: &[u8]) -> Cow<'_, str> {
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(text) => visible(text),
        Cow::Owned(text) => Cow::Owned(visible(&text).into_owned()),
    }
}

/// The same for text of several lines: line ends stay.
pub fn visible_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(visible).collect();
    lines.join("\n")
}

/// Replaces each unsafe character but line ends and tabs by a harmless one that takes as many
/// bytes, so that places in the text stay true.
pub fn same_length(text: &str) -> Cow<'_, str> {
    let is_kept = |c: char| matches!(c, '\n' | '\t') || !is_unsafe(c);
    if text.chars().all(is_kept) {
        return Cow::Borrowed(text);
    }
    let replace = |c: char| match c.len_utf8() {
        _ if is_kept(c) => c,
        1 if c == '\r' => ' ',
        1 => '?',
        2 => '\u{b7}',
        _ => '\u{fffd}',
    };
    Cow::Owned(text.chars().map(replace).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{is_unsafe, same_length, visible, visible_bytes, visible_lines};

    #[test]
    fn shows_what_a_terminal_would_obey() {
        for (text, shown) in [
            ("C:\\Windows\\notepad.exe", "C:\\Windows\\notepad.exe"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{9b}2J\u{7f}\0", "\\u{9b}2J\\u{7f}\\u{0}"),
            ("gpj\u{202e}exe", "gpj\\u{202e}exe"),
            ("櫓 ü", "櫓 ü"),
        ] {
            assert_eq!(visible(text), shown);
        }
        assert_eq!(visible_bytes(b"a\xff\x1b"), "a\u{fffd}\\u{1b}");
        assert_eq!(visible_lines("a\u{1b}\nb"), "a\\u{1b}\nb");
    }

    #[test]
    fn replaces_without_moving_anything() {
        assert_eq!(
            same_length("a: \u{1b}b\r\n\tc\u{85}\u{202e}d"),
            "a: ?b \n\tc\u{b7}\u{fffd}d"
        );
    }

    proptest! {
        #[test]
        fn nothing_unsafe_is_left(bytes in prop::collection::vec(any::<u8>(), 0..200), text in ".*") {
            prop_assert!(!visible_bytes(&bytes).chars().any(is_unsafe));
            prop_assert!(!visible(&text).chars().any(is_unsafe));
            let replaced = same_length(&text);
            prop_assert_eq!(replaced.len(), text.len());
            prop_assert!(!replaced.chars().any(|c| is_unsafe(c) && !matches!(c, '\n' | '\t')));
        }
    }
}
