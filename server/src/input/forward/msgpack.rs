//! `MessagePack` as far as Forward needs it: read in place, nothing is built, and nothing of a
//! length that a client merely claims.

use crate::limits::Limits;

/// What a value begins with; what is behind its length or in it follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Head<'a> {
    Nil,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(&'a [u8]),
    Binary(&'a [u8]),
    Extension(i8, &'a [u8]),
    /// So many values follow.
    Array(u32),
    /// So many pairs of values follow.
    Map(u32),
}

/// Why there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// More bytes are needed.
    Incomplete,
    /// No bytes will help.
    Malformed,
    /// A text or binary is longer than a batch may be.
    TooLarge,
}

/// Reads values one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    bytes_max: usize,
}

impl<'a> Cursor<'a> {
    /// At the beginning of bytes that are there in whole.
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            bytes_max: usize::MAX,
        }
    }

    /// What was not read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest().is_empty()
    }

    /// The next head. At an error it stays where it is.
    pub(super) fn head(&mut self) -> Result<Head<'a>, Stop> {
        let start = self.at;
        let head = self.read();
        if head.is_err() {
            self.at = start;
        }
        head
    }

    /// Goes over a whole value.
    pub(super) fn skip(&mut self) -> Result<(), Stop> {
        let mut values = 1_u64;
        while values > 0 {
            values -= 1;
            values += match self.head()? {
                Head::Array(count) => count.into(),
                Head::Map(count) => 2 * u64::from(count),
                _ => 0,
            };
        }
        Ok(())
    }

    fn read(&mut self) -> Result<Head<'a>, Stop> {
        let [marker] = self.array()?;
        Ok(match marker {
            0x00..=0x7f => Head::Unsigned(marker.into()),
            0x80..=0x8f => Head::Map((marker & 0x0f).into()),
            0x90..=0x9f => Head::Array((marker & 0x0f).into()),
            0xa0..=0xbf => Head::Text(self.take((marker & 0x1f).into())?),
            0xc0 => Head::Nil,
            0xc1 => return Err(Stop::Malformed),
            0xc2 | 0xc3 => Head::Bool(marker == 0xc3),
            0xc4..=0xc6 => Head::Binary(self.sized(marker - 0xc4)?),
            0xc7..=0xc9 => {
                let length = self.length(marker - 0xc7)?;
                self.extension(length)?
            }
            0xca => Head::Float(f32::from_be_bytes(self.array()?).into()),
            0xcb => Head::Float(f64::from_be_bytes(self.array()?)),
            0xcc => Head::Unsigned(u8::from_be_bytes(self.array()?).into()),
            0xcd => Head::Unsigned(u16::from_be_bytes(self.array()?).into()),
            0xce => Head::Unsigned(u32::from_be_bytes(self.array()?).into()),
            0xcf => Head::Unsigned(u64::from_be_bytes(self.array()?)),
            0xd0 => Head::Signed(i8::from_be_bytes(self.array()?).into()),
            0xd1 => Head::Signed(i16::from_be_bytes(self.array()?).into()),
            0xd2 => Head::Signed(i32::from_be_bytes(self.array()?).into()),
            0xd3 => Head::Signed(i64::from_be_bytes(self.array()?)),
            0xd4..=0xd8 => self.extension(1 << (marker - 0xd4))?,
            0xd9..=0xdb => Head::Text(self.sized(marker - 0xd9)?),
            0xdc => Head::Array(self.length(1)?),
            0xdd => Head::Array(self.length(2)?),
            0xde => Head::Map(self.length(1)?),
            0xdf => Head::Map(self.length(2)?),
            0xe0..=0xff => Head::Signed(i8::from_be_bytes([marker]).into()),
        })
    }

    fn extension(&mut self, length: u32) -> Result<Head<'a>, Stop> {
        let kind = i8::from_be_bytes(self.array()?);
        Ok(Head::Extension(kind, self.take(length)?))
    }

    fn sized(&mut self, width: u8) -> Result<&'a [u8], Stop> {
        let length = self.length(width)?;
        self.take(length)
    }

    /// A length of 1, 2 or 4 bytes.
    fn length(&mut self, width: u8) -> Result<u32, Stop> {
        Ok(match width {
            0 => u8::from_be_bytes(self.array()?).into(),
            1 => u16::from_be_bytes(self.array()?).into(),
            _ => u32::from_be_bytes(self.array()?),
        })
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let bytes = self.rest().first_chunk().ok_or(Stop::Incomplete)?;
        self.at += N;
        Ok(*bytes)
    }

    /// The limit is asked before the bytes are waited for.
    fn take(&mut self, length: u32) -> Result<&'a [u8], Stop> {
        let end = self.at.saturating_add(length as usize);
        if end > self.bytes_max {
            return Err(Stop::TooLarge);
        }
        let bytes = self.bytes.get(self.at..end).ok_or(Stop::Incomplete)?;
        self.at = end;
        Ok(bytes)
    }
}

/// Finds where a value ends that arrives piece by piece; what was looked at is not looked at
/// again.
#[derive(Debug, Default)]
pub(super) struct Extent {
    at: usize,
    /// By level: how many values are missing.
    open: Vec<u64>,
}

/// No log is nested as deeply.
const DEPTH_MAX: usize = 32;

impl Extent {
    /// How long the value is that `bytes` begin with, once all of it is there.
    pub(super) fn find(&mut self, bytes: &[u8], limits: &Limits) -> Result<usize, Stop> {
        loop {
            let mut cursor = Cursor {
                bytes,
                at: self.at,
                bytes_max: limits.batch_bytes,
            };
            let inside = match cursor.head()? {
                Head::Array(count) => count.into(),
                Head::Map(count) => 2 * u64::from(count),
                _ => 0,
            };
            self.at = cursor.at;
            if self.at > limits.batch_bytes {
                return Err(Stop::TooLarge);
            }
            if inside > 0 {
                if self.open.len() == DEPTH_MAX {
                    return Err(Stop::Malformed);
                }
                self.open.push(inside);
                continue;
            }
            while let Some(missing) = self.open.last_mut() {
                *missing -= 1;
                if *missing > 0 {
                    break;
                }
                self.open.pop();
            }
            if self.open.is_empty() {
                return Ok(std::mem::take(&mut self.at));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Cursor, Extent, Head, Stop};
    use crate::limits::Limits;

    fn find(bytes: &[u8]) -> Result<usize, Stop> {
        Extent::default().find(bytes, &Limits::default())
    }

    #[test]
    fn reads_each_kind() {
        for (bytes, head) in [
            (&b"\xc0"[..], Head::Nil),
            (b"\xc3", Head::Bool(true)),
            (b"\x07", Head::Unsigned(7)),
            (b"\xff", Head::Signed(-1)),
            (b"\xcd\x01\x00", Head::Unsigned(256)),
            (b"\xd1\xff\x00", Head::Signed(-256)),
            (b"\xcb\x3f\xf8\0\0\0\0\0\0", Head::Float(1.5)),
            (b"\xa2ab", Head::Text(b"ab")),
            (b"\xd9\x02ab", Head::Text(b"ab")),
            (b"\xc5\x00\x02ab", Head::Binary(b"ab")),
            (b"\xd7\x00abcdefgh", Head::Extension(0, b"abcdefgh")),
            (b"\xc7\x01\x05x", Head::Extension(5, b"x")),
            (b"\xdc\x00\x00", Head::Array(0)),
            (b"\xdf\x00\x00\x00\x00", Head::Map(0)),
        ] {
            assert_eq!(Cursor::of(bytes).head(), Ok(head));
            assert_eq!(find(bytes), Ok(bytes.len()));
            for end in 0..bytes.len() {
                assert_eq!(Cursor::of(&bytes[..end]).head(), Err(Stop::Incomplete));
            }
        }
        assert_eq!(Cursor::of(b"\xc1").head(), Err(Stop::Malformed));
    }

    #[test]
    fn claims_are_not_believed() {
        assert_eq!(find(b"\xdd\xff\xff\xff\xff"), Err(Stop::Incomplete));
        assert_eq!(find(b"\xdb\xff\xff\xff\xff"), Err(Stop::TooLarge));
        assert_eq!(find(&[0x91; 40]), Err(Stop::Malformed));
    }

    proptest! {
        #[test]
        fn pieces_are_like_the_whole(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let whole = find(&bytes);
            let mut extent = Extent::default();
            let mut pieces = Err(Stop::Incomplete);
            for end in 0..=bytes.len() {
                pieces = extent.find(&bytes[..end], &Limits::default());
                if pieces != Err(Stop::Incomplete) {
                    break;
                }
            }
            prop_assert_eq!(pieces, whole);
        }
    }
}
