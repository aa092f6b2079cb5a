//! Writing into one growing buffer: numbers, hexadecimal digits, and the escapes of JSON and XML.

use super::random::Random;

const LOWER: &[u8; 16] = b"0123456789abcdef";
const UPPER: &[u8; 16] = b"0123456789ABCDEF";

/// Letters of hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// `a` to `f`.
    Lower,
    /// `A` to `F`.
    Upper,
}

/// Appends a number.
pub fn decimal(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0u8; 20];
    let (mut rest, mut start) = (number, digits.len());
    loop {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// Appends so many random decimal digits, the first no zero.
pub fn digits(out: &mut Vec<u8>, count: u8, random: &mut Random) {
    let mut bits = random.next();
    for place in 0..count {
        let least = u64::from(place == 0 && count > 1);
        out.push(b'0' + (least + (bits & 0xFFF) * (10 - least) / 4096) as u8);
        bits = bits >> 12 | random.next() << 52;
    }
}

/// Appends so many random hexadecimal digits.
pub fn hexadecimal(out: &mut Vec<u8>, count: u8, case: Case, random: &mut Random) {
    let table = match case {
        Case::Lower => LOWER,
        Case::Upper => UPPER,
    };
    let mut bits = 0;
    for place in 0..count {
        if place % 16 == 0 {
            bits = random.next();
        }
        out.push(table[(bits & 15) as usize]);
        bits >>= 4;
    }
}

/// Appends the lowest digits of a number, hexadecimal.
pub fn hexadecimal_of(out: &mut Vec<u8>, number: u64, count: u8, case: Case) {
    let table = match case {
        Case::Lower => LOWER,
        Case::Upper => UPPER,
    };
    for place in (0..u32::from(count)).rev() {
        out.push(table[(number >> (place * 4) & 15) as usize]);
    }
}

/// Appends a GUID in braces.
pub fn guid(out: &mut Vec<u8>, [high, low]: [u64; 2], case: Case) {
    out.push(b'{');
    hexadecimal_of(out, high >> 32, 8, case);
    for part in [high >> 16, high, low >> 48] {
        out.push(b'-');
        hexadecimal_of(out, part, 4, case);
    }
    out.push(b'-');
    hexadecimal_of(out, low, 12, case);
    out.push(b'}');
}

/// Appends text as the inside of a JSON string.
pub fn json(out: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text;
    while let Some(at) = rest
        .iter()
        .position(|b| matches!(b, b'"' | b'\\' | 0..=0x1F))
    {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        match special[0] {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            byte @ (b'"' | b'\\') => out.extend_from_slice(&[b'\\', byte]),
            byte => {
                out.extend_from_slice(b"\\u00");
                hexadecimal_of(out, u64::from(byte), 2, Case::Lower);
            }
        }
        rest = &special[1..];
    }
    out.extend_from_slice(rest);
}

/// Appends text as the inside of an XML element. Line breaks become references, since events in
/// XML are framed line by line where they come by syslog.
pub fn xml(out: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text;
    while let Some(at) = rest
        .iter()
        .position(|b| matches!(b, b'<' | b'>' | b'&' | b'\n' | b'\r'))
    {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        out.extend_from_slice(match special[0] {
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            b'&' => b"&amp;",
            b'\n' => b"&#10;",
            _ => b"&#13;",
        });
        rest = &special[1..];
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn numbers() {
        for number in [0, 9, 10, 12_345, u64::MAX] {
            assert_eq!(written(|out| decimal(out, number)), number.to_string());
        }
        let guid_text = written(|out| guid(out, [0x0011_2233_4455_6677, 0x8899], Case::Upper));
        assert_eq!(guid_text, "{00112233-4455-6677-0000-000000008899}");
        let mut random = Random::new(3);
        assert_eq!(written(|out| digits(out, 7, &mut random)).len(), 7);
    }

    #[test]
    fn escapes() {
        let text = b"a\"b\\c\n\x01<&>";
        assert_eq!(written(|out| json(out, text)), r#"a\"b\\c\n\u0001<&>"#);
        assert_eq!(written(|out| xml(out, b"a<b>&\n")), "a&lt;b&gt;&amp;&#10;");
    }
}
