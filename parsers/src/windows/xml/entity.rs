//! Entities and character references in XML text.

use memchr::memchr;

/// The longest reference that is looked for: `&#x10FFFF;` with some leading zeros.
const REFERENCE_BYTES_MAX: usize = 16;

/// Appends the text that `text` stands for. What is no reference stays as written; a number that
/// is no character becomes U+FFFD.
pub(super) fn decode(text: &[u8], into: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = memchr(b'&', rest) {
        let (plain, reference) = rest.split_at(at);
        into.extend_from_slice(plain);
        let head = reference.get(..REFERENCE_BYTES_MAX).unwrap_or(reference);
        let (c, len) = memchr(b';', head)
            .and_then(|end| Some((character(head.get(1..end)?)?, end + 1)))
            .unwrap_or(('&', 1));
        into.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        rest = reference.get(len..).unwrap_or_default();
    }
    into.extend_from_slice(rest);
}

/// The character of the reference `name`.
fn character(name: &[u8]) -> Option<char> {
    let number = match name {
        b"lt" => return Some('<'),
        b"gt" => return Some('>'),
        b"amp" => return Some('&'),
        b"quot" => return Some('"'),
        b"apos" => return Some('\''),
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        _ => return None,
    };
    Some(char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER))
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u32, |number, digit| {
        let digit = char::from(*digit).to_digit(radix)?;
        Some(number.saturating_mul(radix).saturating_add(digit))
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn references_are_decoded_and_others_stay() {
        let mut into = Vec::new();
        let text =
            "a &lt;&gt;&amp;&quot;&apos; &#65;&#x42;&#X20ac; &#xD800;&#0; & &; &nbsp; &#; &amp";
        super::decode(text.as_bytes(), &mut into);
        let expected = "a <>&\"' AB€ \u{fffd}\0 & &; &nbsp; &#; &amp";
        assert_eq!(String::from_utf8(into).unwrap(), expected);
    }
}
