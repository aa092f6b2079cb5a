//! UTF-16 to UTF-8 while reading: Windows `PowerShell` writes it when its output is redirected.

use std::io::{self, Read};

/// Which byte of a unit comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    LittleEndian,
    BigEndian,
}

const READ_BYTES: usize = 16 * 1024;

/// Reads UTF-16, gives UTF-8. A unit without its partner and a lone last byte become U+FFFD.
pub(super) struct Utf16Reader<R> {
    reader: R,
    order: ByteOrder,
    packed: Box<[u8]>,
    /// A first byte whose second one is still to come.
    half: Option<u8>,
    /// A leading surrogate whose partner is still to come.
    leading: Option<u16>,
    text: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: Read> Utf16Reader<R> {
    pub(super) fn new(reader: R, order: ByteOrder) -> Self {
        Self {
            reader,
            order,
            packed: vec![0; READ_BYTES].into_boxed_slice(),
            half: None,
            leading: None,
            text: Vec::new(),
            given: 0,
            ended: false,
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.text.clear();
        self.given = 0;
        let read = self.reader.read(&mut self.packed)?;
        for index in 0..read {
            let Some(byte) = self.packed.get(index).copied() else {
                break;
            };
            match self.half.take() {
                None => self.half = Some(byte),
                Some(first) => self.unit(match self.order {
                    ByteOrder::LittleEndian => u16::from_le_bytes([first, byte]),
                    ByteOrder::BigEndian => u16::from_be_bytes([first, byte]),
                }),
            }
        }
        if read == 0 {
            self.ended = true;
            let torn = self.half.take().is_some() | self.leading.take().is_some();
            if torn {
                self.push(char::REPLACEMENT_CHARACTER);
            }
        }
        Ok(())
    }

    fn unit(&mut self, unit: u16) {
        let leading = self.leading.take();
        if let Some(leading) = leading {
            let pair = char::decode_utf16([leading, unit]).next();
            if let Some(Ok(c)) = pair {
                return self.push(c);
            }
            self.push(char::REPLACEMENT_CHARACTER);
        }
        if (0xD800..0xDC00).contains(&unit) {
            self.leading = Some(unit);
        } else {
            let c = char::from_u32(u32::from(unit));
            self.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }

    fn push(&mut self, c: char) {
        let mut bytes = [0; 4];
        self.text
            .extend_from_slice(c.encode_utf8(&mut bytes).as_bytes());
    }
}

impl<R: Read> Read for Utf16Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.ended {
            self.refill()?;
        }
        let rest = self.text.get(self.given..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(rest) {
            *to = *from;
        }
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::{ByteOrder, Utf16Reader};
    use std::io::Read;

    fn decoded(bytes: &[u8], order: ByteOrder) -> String {
        let mut text = String::new();
        let mut reader = Utf16Reader::new(bytes, order);
        reader.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn transcodes_both_orders_and_pairs() {
        let text = "a\u{e4}\u{20ac}\u{1f600}\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decoded(&little, ByteOrder::LittleEndian), text);
        assert_eq!(decoded(&big, ByteOrder::BigEndian), text);
    }

    #[test]
    fn replaces_what_has_no_partner() {
        let units = [0xD83D, 0xD83D, 0xDE00, 0xDE00, 0x61, 0xD83D];
        let mut bytes: Vec<u8> = units.into_iter().flat_map(u16::to_le_bytes).collect();
        let expected = "\u{fffd}\u{1f600}\u{fffd}a\u{fffd}";
        assert_eq!(decoded(&bytes, ByteOrder::LittleEndian), expected);
        bytes.truncate(9);
        assert_eq!(
            decoded(&bytes, ByteOrder::LittleEndian),
            "\u{fffd}\u{1f600}\u{fffd}\u{fffd}"
        );
    }
}
