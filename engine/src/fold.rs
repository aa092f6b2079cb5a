//! Unicode simple case folding: one character becomes one character, so `?` in a pattern stays
//! one character and the number of characters never changes (their bytes may: `K` KELVIN SIGN
//! becomes `k`).

/// Appends the folded form of `text` to `out`. Bytes that are not UTF-8 are kept as they are.
pub(crate) fn fold_into(text: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let ascii = text
        .iter()
        .position(|b| !b.is_ascii())
        .unwrap_or(text.len());
    out.extend_from_slice(&text[..ascii]);
    out[start..].make_ascii_lowercase();
    for chunk in text[ascii..].utf8_chunks() {
        for c in chunk.valid().chars() {
            out.extend_from_slice(folded(c).encode_utf8(&mut [0; 4]).as_bytes());
        }
        out.extend_from_slice(chunk.invalid());
    }
}

/// The folded form of a rule's text.
pub(crate) fn fold(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    fold_into(text.as_bytes(), &mut out);
    out
}

/// The folded form of one character.
pub(crate) fn folded(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    unicode_case_mapping::case_folded(c)
        .and_then(|folded| char::from_u32(folded.get()))
        .unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn folds_one_character_to_one_character() {
        let cases = [
            ("PowerShell.EXE", "powershell.exe"),
            ("Straße", "straße"),
            ("ẞ", "ß"),
            ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
            ("İ", "İ"),
            ("\u{212a}elvin", "kelvin"),
            ("ſ", "s"),
        ];
        for (text, expected) in cases {
            assert_eq!(String::from_utf8_lossy(&fold(text)), expected);
        }
    }

    #[test]
    fn keeps_bytes_that_are_not_text() {
        let mut out = Vec::new();
        super::fold_into(b"A\xffB\xc3\x84\xc3", &mut out);
        assert_eq!(out, b"a\xffb\xc3\xa4\xc3");
    }
}
