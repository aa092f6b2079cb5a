//! Numbers as logs and rules write them.

/// A number, exact where it is whole.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Numeric {
    /// A whole number.
    Whole(i128),
    /// Any other.
    Real(f64),
}

impl Numeric {
    /// Reads a number in decimal notation: sign, digits, fraction, exponent; nothing around it.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        // Almost all values are no numbers; the first byte tells.
        let begins_like_one = matches!(text.first()?, b'0'..=b'9' | b'-' | b'+' | b'.');
        if !begins_like_one || text.len() > 64 {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?;
        if let Ok(whole) = text.parse::<i128>() {
            return Some(Self::Whole(whole));
        }
        let real = text.parse::<f64>().ok()?;
        let digits = text.bytes().any(|b| b.is_ascii_digit());
        (digits && real.is_finite()).then_some(Self::Real(real))
    }

    /// Its value, rounded to double precision.
    pub(crate) fn value(self) -> f64 {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "rounding is what is asked for")]
            Self::Whole(whole) => whole as f64,
            Self::Real(real) => real,
        }
    }

    /// A key that equal numbers share (unequal ones may, beyond 2^53).
    pub(crate) fn key(self) -> u64 {
        // -0.0 equals 0.0.
        (self.value() + 0.0).to_bits()
    }
}

/// Whole numbers compare exactly, all others as doubles.
impl PartialEq for Numeric {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => a == b,
            (a, b) => a.value() == b.value(),
        }
    }
}

impl PartialOrd for Numeric {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => Some(a.cmp(b)),
            (a, b) => a.value().partial_cmp(&b.value()),
        }
    }
}

/// The whole number that `0x1a4` stands for.
pub(crate) fn parse_hexadecimal(text: &[u8]) -> Option<u64> {
    let digits = text
        .strip_prefix(b"0x")
        .or_else(|| text.strip_prefix(b"0X"))?;
    let digits = std::str::from_utf8(digits).ok()?;
    let plain = digits.bytes().all(|b| b.is_ascii_hexdigit());
    plain
        .then(|| u64::from_str_radix(digits, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::{Numeric, parse_hexadecimal};

    #[test]
    fn whole_numbers_compare_exactly() {
        let a = Numeric::parse(b"9007199254740993");
        let b = Numeric::parse(b"9007199254740992");
        assert_ne!(a, b);
        assert!(a > b);
        assert_eq!(Numeric::parse(b"4688"), Numeric::parse(b"4688.0"));
        assert_eq!(Numeric::parse(b"+5"), Numeric::parse(b"5"));
    }

    #[test]
    fn text_is_no_number() {
        for text in [
            "", "-", ".", "inf", "nan", "0x17", " 5", "5 ", "1_000", "5a",
        ] {
            assert!(Numeric::parse(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn hexadecimal_needs_its_prefix() {
        assert_eq!(parse_hexadecimal(b"0x1A4"), Some(420));
        assert_eq!(parse_hexadecimal(b"1A4"), None);
        assert_eq!(parse_hexadecimal(b"0x+1"), None);
        assert_eq!(parse_hexadecimal(b"0x"), None);
    }
}
