//! The encodings of values: Base64 and UTF-16.

/// Byte orders of UTF-16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    /// `wide`, `utf16le`
    Little,
    /// `utf16be`
    Big,
    /// `utf16`: a byte order mark, then little endian.
    Marked,
}

pub(crate) fn utf16(text: &str, order: ByteOrder) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(2 * text.len() + 2);
    if order == ByteOrder::Marked {
        bytes.extend(0xFEFF_u16.to_le_bytes());
    }
    for unit in text.encode_utf16() {
        bytes.extend(match order {
            ByteOrder::Little | ByteOrder::Marked => unit.to_le_bytes(),
            ByteOrder::Big => unit.to_be_bytes(),
        });
    }
    bytes
}

/// Standard Base64 with padding (RFC 4648, section 4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, i| {
            bits << 8 | u32::from(group.get(i).copied().unwrap_or(0))
        });
        for digit in 0..4 {
            if digit > group.len() {
                text.push('=');
            } else {
                let value = (bits >> (18 - 6 * digit)) & 63;
                text.push(
                    ALPHABET
                        .get(value as usize)
                        .copied()
                        .map_or('=', char::from),
                );
            }
        }
    }
    text
}

/// What Base64 of a longer text contains when these bytes lie in it at an offset of 0, 1 or 2
/// from a group of three, cut to the digits that do not depend on what surrounds them.
pub(crate) fn base64_offsets(bytes: &[u8]) -> [String; 3] {
    [0, 1, 2].map(|offset| {
        let mut padded = vec![b' '; offset];
        padded.extend_from_slice(bytes);
        let text = base64(&padded);
        // The digits that hold bits of the padding, and at the end those that hold bits of
        // whatever follows.
        let first = [0, 2, 3].get(offset).copied().unwrap_or(0);
        let cut = [0, 3, 2].get(padded.len() % 3).copied().unwrap_or(0);
        let last = text.len().saturating_sub(cut);
        text.get(first..last.max(first))
            .unwrap_or_default()
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::{ByteOrder, base64, base64_offsets, utf16};

    #[test]
    fn base64_of_rfc_4648() {
        let cases = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (text, encoded) in cases {
            assert_eq!(base64(text.as_bytes()), encoded);
        }
    }

    #[test]
    fn offsets_are_found_in_any_surrounding() {
        for length in 3..20 {
            let needle: Vec<u8> = (0..length).map(|i| b'a' + i).collect();
            let parts = base64_offsets(&needle);
            for before in 0..9 {
                for after in 0..5 {
                    let mut text = vec![0xF3; before];
                    text.extend(&needle);
                    text.extend(vec![0xA7; after]);
                    assert!(base64(&text).contains(&parts[before % 3]));
                }
            }
        }
    }

    #[test]
    fn byte_orders() {
        assert_eq!(utf16("a", ByteOrder::Little), [b'a', 0]);
        assert_eq!(utf16("a", ByteOrder::Big), [0, b'a']);
        assert_eq!(utf16("a", ByteOrder::Marked), [0xFF, 0xFE, b'a', 0]);
    }
}
