//! Escapes in JSON strings.

use memchr::memchr;

/// Appends the text that a string stands for. Never longer than the string itself. What is no
/// escape of RFC 8259 stays as written; a surrogate without its half becomes U+FFFD.
pub(crate) fn decode(text: &[u8], into: &mut Vec<u8>) {
    into.reserve(text.len());
    decode_pieces(text, |piece| into.extend_from_slice(piece));
}

/// The same, piece by piece.
pub(crate) fn decode_pieces(text: &[u8], mut add: impl FnMut(&[u8])) {
    let mut rest = text;
    while let Some(at) = memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(at);
        if !plain.is_empty() {
            add(plain);
        }
        rest = decode_one(escape, &mut add);
    }
    add(rest);
}

/// Decodes the escape at the beginning of `text`; gives what follows it.
#[inline]
fn decode_one<'a>(text: &'a [u8], add: &mut impl FnMut(&[u8])) -> &'a [u8] {
    let [slash, kind, rest @ ..] = text else {
        add(text);
        return &[];
    };
    let byte = match kind {
        b'"' | b'\\' | b'/' => *kind,
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        b'u' => {
            if let Some((unit, rest)) = code_unit(text) {
                return add_code_point(unit, rest, add);
            }
            add(b"\\u");
            return rest;
        }
        _ => {
            add(&[*slash, *kind]);
            return rest;
        }
    };
    add(&[byte]);
    rest
}

/// `\uXXXX` and what follows.
fn code_unit(text: &[u8]) -> Option<(u32, &[u8])> {
    let rest = text.strip_prefix(b"\\u")?;
    let (digits, rest) = rest.split_at_checked(4)?;
    let unit = digits.iter().try_fold(0, |unit, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(unit << 4 | digit)
    })?;
    Some((unit, rest))
}

fn add_code_point<'a>(unit: u32, rest: &'a [u8], add: &mut impl FnMut(&[u8])) -> &'a [u8] {
    let (code, rest) = match (unit, code_unit(rest)) {
        (0xD800..=0xDBFF, Some((low @ 0xDC00..=0xDFFF, behind))) => {
            (0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00), behind)
        }
        _ => (unit, rest),
    };
    let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    add(c.encode_utf8(&mut [0; 4]).as_bytes());
    rest
}

#[cfg(test)]
mod tests {
    fn decoded(text: &str) -> String {
        let mut into = Vec::new();
        super::decode(text.as_bytes(), &mut into);
        assert!(into.len() <= text.len());
        String::from_utf8(into).unwrap()
    }

    #[test]
    fn escapes_of_the_standard() {
        assert_eq!(
            decoded(r#"C:\\a\/b\"\n\t\r\b\f"#),
            "C:\\a/b\"\n\t\r\u{8}\u{c}"
        );
        assert_eq!(decoded(r"\u0041\u00e9\u20AC\ud83d\ude00"), "Aé€😀");
    }

    #[test]
    fn lone_surrogates_are_replaced() {
        assert_eq!(decoded(r"\ud83dx"), "\u{fffd}x");
        assert_eq!(decoded(r"\ude00\ud83d"), "\u{fffd}\u{fffd}");
        assert_eq!(decoded(r"\ud83d\ud83d\ude00"), "\u{fffd}😀");
        assert_eq!(decoded(r"\ud83d\u0041"), "\u{fffd}A");
    }

    #[test]
    fn what_is_no_escape_stays() {
        assert_eq!(decoded(r"C:\Program\x"), r"C:\Program\x");
        assert_eq!(decoded(r"\u12"), r"\u12");
        assert_eq!(decoded(r"\u12gh\\"), r"\u12gh\");
    }
}
