//! Numbers in as few bytes as they need (LEB128), and a reader that never trusts its input.

/// 64 bits by seven.
const NUMBER_BYTES_MAX: usize = 10;

/// Appends a number.
pub(crate) fn put(mut value: u64, out: &mut Vec<u8>) {
    if value < 0x80 {
        out.push(value as u8);
        return;
    }
    let mut bytes = [0; NUMBER_BYTES_MAX];
    let mut len = 0;
    for byte in &mut bytes {
        len += 1;
        if value < 0x80 {
            *byte = value as u8;
            break;
        }
        *byte = value as u8 | 0x80;
        value >>= 7;
    }
    out.extend_from_slice(&bytes[..len]);
}

/// Appends what `write` appends, behind its length, without a copy: the length takes as many
/// bytes as the longest.
pub(crate) fn put_nested(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let place = out.len();
    out.extend_from_slice(&[0; NUMBER_BYTES_MAX]);
    let begin = out.len();
    write(out);
    let mut length = (out.len() - begin) as u64;
    for byte in &mut out[place..begin] {
        *byte = length as u8 | 0x80;
        length >>= 7;
    }
    out[begin - 1] &= 0x7f;
}

/// Appends a signed number; those near zero are short.
#[expect(clippy::cast_sign_loss, reason = "the bits are what counts")]
pub(crate) fn put_signed(value: i64, out: &mut Vec<u8>) {
    put((value as u64) << 1 ^ (value >> 63) as u64, out);
}

/// Appends a length and the bytes.
pub(crate) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Bytes that are read from the front.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    #[expect(clippy::cast_possible_wrap, reason = "the bits are what counts")]
    pub(crate) fn signed(&mut self) -> Option<i64> {
        let coded = self.number()?;
        Some((coded >> 1) as i64 ^ -((coded & 1) as i64))
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }

    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// How many things follow; no more than there are bytes left, so that a hostile number
    /// cannot make anybody reserve memory for them.
    pub(crate) fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.rest.len()).then_some(count)
    }
}

#[cfg(test)]
mod tests {
    use super::{Reader, put, put_signed};

    #[test]
    fn reads_what_was_written() {
        let mut out = Vec::new();
        for value in [0, 1, 127, 128, u64::MAX] {
            put(value, &mut out);
        }
        for value in [0, -1, 1, i64::MIN, i64::MAX] {
            put_signed(value, &mut out);
        }
        let mut reader = Reader::new(&out);
        for value in [0, 1, 127, 128, u64::MAX] {
            assert_eq!(reader.number(), Some(value));
        }
        for value in [0, -1, 1, i64::MIN, i64::MAX] {
            assert_eq!(reader.signed(), Some(value));
        }
        assert!(reader.is_empty());
        assert_eq!(reader.number(), None);
    }
}
