//! JSON text, written straight to bytes.
//!
//! Beyond what RFC 8259 asks for, control characters of every kind (DEL, C1, those of
//! bidirectional text) are written as `\u00XX`: JSON lines are looked at on terminals too.

use std::fmt;
use std::io::Write;

use yagura_parsers::ValueKind;

use super::escape::is_unsafe;
use crate::detection::FieldList;

/// Writes a string. What is not UTF-8 becomes U+FFFD.
pub fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    if bytes.iter().all(|b| is_plain(*b)) {
        out.extend_from_slice(bytes);
    } else {
        for chunk in bytes.utf8_chunks() {
            escaped(out, chunk.valid());
            if !chunk.invalid().is_empty() {
                out.extend_from_slice("\u{fffd}".as_bytes());
            }
        }
    }
    out.push(b'"');
}

fn is_plain(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\'
}

fn escaped(out: &mut Vec<u8>, text: &str) {
    let mut buffer = [0; 4];
    for c in text.chars() {
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            // All of them lie in the basic plane, so that four digits are enough.
            c if is_unsafe(c) => {
                // Writing to a vector cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes()),
        }
    }
}

/// Writes a string, or `null` where there is none.
pub fn string_or_null(out: &mut Vec<u8>, text: Option<&[u8]>) {
    match text {
        Some(text) => string(out, text),
        None => out.extend_from_slice(b"null"),
    }
}

/// Writes `"name":`.
pub fn key(out: &mut Vec<u8>, name: &str) {
    string(out, name.as_bytes());
    out.push(b':');
}

/// Writes a value by its kind. A number or boolean that JSON would not read becomes a string.
pub fn value(out: &mut Vec<u8>, kind: ValueKind, text: &[u8]) {
    match kind {
        ValueKind::Null => out.extend_from_slice(b"null"),
        ValueKind::Number if is_number(text) => out.extend_from_slice(text),
        ValueKind::Bool if matches!(text, b"true" | b"false") => out.extend_from_slice(text),
        _ => string(out, text),
    }
}

/// Writes an object of fields; a field that occurs repeatedly has a list.
pub fn fields(out: &mut Vec<u8>, fields: &FieldList) {
    out.push(b'{');
    for (index, field) in fields.fields().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        string(out, field.name());
        out.push(b':');
        if field.is_single() {
            field.values().for_each(|v| value(out, v.kind, v.text));
        } else {
            out.push(b'[');
            for (index, v) in field.values().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                value(out, v.kind, v.text);
            }
            out.push(b']');
        }
    }
    out.push(b'}');
}

/// Escapes the control characters that another JSON writer left as they are.
pub fn escape_controls(json: &mut String) {
    if json.chars().any(is_unsafe) {
        let mut safe = String::with_capacity(json.len() + 16);
        for c in json.chars() {
            if is_unsafe(c) {
                // Writing to a string cannot fail.
                let _ = fmt::Write::write_fmt(&mut safe, format_args!("\\u{:04x}", u32::from(c)));
            } else {
                safe.push(c);
            }
        }
        *json = safe;
    }
}

/// Whether text is a number by the grammar of RFC 8259, section 6.
fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let mut rest = match (text.first(), digits(text)) {
        (_, 0) => return false,
        (Some(b'0'), _) => &text[1..],
        (_, n) => &text[n..],
    };
    if let Some(fraction) = rest.strip_prefix(b".") {
        let n = digits(fraction);
        if n == 0 {
            return false;
        }
        rest = &fraction[n..];
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = match exponent {
            [b'+' | b'-', unsigned @ ..] => unsigned,
            _ => exponent,
        };
        let n = digits(exponent);
        return n > 0 && n == exponent.len();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use yagura_parsers::{Value, ValueKind};

    use super::{fields, is_number, string, value};
    use crate::detection::{Duplicates, FieldList, ListLimits};

    fn text_of(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn escapes_what_json_or_a_terminal_would_obey() {
        let got = text_of(|out| string(out, "a\"\\\n\u{1b}\u{85}\u{7f}\u{202e}ü櫓".as_bytes()));
        assert_eq!(got, r#""a\"\\\n\u001b\u0085\u007f\u202eü櫓""#);
        assert_eq!(
            text_of(|out| string(out, b"\xc3(\xff")),
            "\"\u{fffd}(\u{fffd}\""
        );
    }

    #[test]
    fn keeps_numbers_that_are_numbers() {
        for good in [
            "0",
            "-0",
            "12",
            "1.5",
            "-1.5e+10",
            "1E400",
            "9007199254740993",
        ] {
            assert!(is_number(good.as_bytes()), "{good}");
        }
        for bad in [
            "", "-", "01", "1.", ".5", "+1", "0x10", "1e", "1e+", "NaN", "1 ", "1-",
        ] {
            assert!(!is_number(bad.as_bytes()), "{bad}");
        }
        let of = |kind, text: &'static [u8]| text_of(|out| value(out, kind, text));
        assert_eq!(of(ValueKind::Number, b"007"), "\"007\"");
        assert_eq!(of(ValueKind::Bool, b"true"), "true");
        assert_eq!(of(ValueKind::Bool, b"TRUE"), "\"TRUE\"");
        assert_eq!(of(ValueKind::Null, b""), "null");
    }

    #[test]
    fn makes_lists_of_repeated_fields() {
        let mut list = FieldList::new(Duplicates::Keep, ListLimits::NONE);
        for (name, v) in [("a", "1"), ("b", "x"), ("a", "2"), ("a", "1")] {
            list.push(name.as_bytes(), Value::new(ValueKind::Text, v.as_bytes()));
        }
        assert_eq!(
            text_of(|out| fields(out, &list)),
            r#"{"a":["1","2","1"],"b":"x"}"#
        );
    }

    proptest! {
        #[test]
        fn reads_back_as_the_same_text(text in any::<String>()) {
            let json = text_of(|out| string(out, text.as_bytes()));
            prop_assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), text);
        }

        #[test]
        fn is_json_whatever_the_bytes(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let json = text_of(|out| string(out, &bytes));
            let back: String = serde_json::from_str(&json).expect("JSON");
            prop_assert_eq!(back, String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn numbers_are_those_of_json(text in "-?[0-9]{0,3}(\\.[0-9]{0,2})?([eE][+-]?[0-9]{0,2})?") {
            let is_json = serde_json::from_str::<serde_json::Number>(&text).is_ok();
            // serde_json has no room for exponents beyond the range of a double.
            prop_assume!(!text.contains(['e', 'E']) || is_json || !is_number(text.as_bytes()));
            prop_assert_eq!(is_number(text.as_bytes()), is_json);
        }
    }
}
