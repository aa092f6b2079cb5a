//! Frames of Lumberjack: a version, a letter, and what the letter says, numbers big-endian.

use std::io::Read;

use bytes::{BufMut, BytesMut};
use flate2::read::ZlibDecoder;

use crate::limits::Limits;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    Window {
        count: u32,
    },
    Json {
        version: u8,
        sequence: u32,
        text: &'a [u8],
    },
    /// Keys and values in turn, each behind its length.
    Pairs {
        version: u8,
        sequence: u32,
        pairs: &'a [u8],
    },
    Compressed(&'a [u8]),
}

/// Why there is no next frame, ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Malformed,
    TooLarge,
}

/// The whole frames that bytes begin with.
pub(super) struct Frames<'a> {
    bytes: &'a [u8],
    at: usize,
    bytes_max: usize,
}

/// Why a frame cannot be read.
enum Stop {
    Incomplete,
    Refused(Refusal),
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    bytes_max: usize,
}

impl<'a> Frames<'a> {
    pub(super) fn of(bytes: &'a [u8], limits: &Limits) -> Self {
        Self {
            bytes,
            at: 0,
            bytes_max: limits.batch_bytes,
        }
    }

    /// How many bytes the frames so far take.
    pub(super) fn taken(&self) -> usize {
        self.at
    }

    pub(super) fn next(&mut self) -> Option<Result<Frame<'a>, Refusal>> {
        let mut cursor = Cursor {
            bytes: self.bytes.get(self.at..)?,
            at: 0,
            bytes_max: self.bytes_max,
        };
        match cursor.frame() {
            Ok(frame) => {
                self.at += cursor.at;
                Some(Ok(frame))
            }
            Err(Stop::Incomplete) => None,
            Err(Stop::Refused(refusal)) => Some(Err(refusal)),
        }
    }
}

impl<'a> Cursor<'a> {
    fn frame(&mut self) -> Result<Frame<'a>, Stop> {
        let version = self.byte()?;
        if !matches!(version, b'1' | b'2') {
            return Err(Stop::Refused(Refusal::Malformed));
        }
        match self.byte()? {
            b'W' => Ok(Frame::Window {
                count: self.number()?,
            }),
            b'J' => {
                let (sequence, length) = (self.number()?, self.number()?);
                let text = self.text(length)?;
                Ok(Frame::Json {
                    version,
                    sequence,
                    text,
                })
            }
            b'D' => {
                let (sequence, count) = (self.number()?, self.number()?);
                let pairs = self.pairs(count)?;
                Ok(Frame::Pairs {
                    version,
                    sequence,
                    pairs,
                })
            }
            b'C' => {
                let length = self.number()?;
                Ok(Frame::Compressed(self.text(length)?))
            }
            _ => Err(Stop::Refused(Refusal::Malformed)),
        }
    }

    fn byte(&mut self) -> Result<u8, Stop> {
        let byte = self.bytes.get(self.at).ok_or(Stop::Incomplete)?;
        self.at += 1;
        Ok(*byte)
    }

    fn number(&mut self) -> Result<u32, Stop> {
        let bytes = self.bytes.get(self.at..).unwrap_or_default();
        let number = bytes.first_chunk().ok_or(Stop::Incomplete)?;
        self.at += 4;
        Ok(u32::from_be_bytes(*number))
    }

    /// The limit is asked before the bytes are waited for.
    fn text(&mut self, length: u32) -> Result<&'a [u8], Stop> {
        let end = self.at.saturating_add(length as usize);
        if end > self.bytes_max {
            return Err(Stop::Refused(Refusal::TooLarge));
        }
        let text = self.bytes.get(self.at..end).ok_or(Stop::Incomplete)?;
        self.at = end;
        Ok(text)
    }

    fn pairs(&mut self, count: u32) -> Result<&'a [u8], Stop> {
        let start = self.at;
        for _ in 0..u64::from(count) * 2 {
            let length = self.number()?;
            self.text(length)?;
        }
        Ok(self.bytes.get(start..self.at).unwrap_or_default())
    }
}

/// Decompresses, within the limits.
pub(super) fn unpack(packed: &[u8], limits: &Limits) -> Result<Vec<u8>, Refusal> {
    let most = limits.expanded(packed.len());
    let mut unpacked = Vec::new();
    ZlibDecoder::new(packed)
        .take(most as u64 + 1)
        .read_to_end(&mut unpacked)
        .map_err(|_| Refusal::Malformed)?;
    if unpacked.len() > most {
        return Err(Refusal::TooLarge);
    }
    Ok(unpacked)
}

/// Line ends in JSON stand between its tokens only.
pub(super) fn write_json(text: &[u8], out: &mut BytesMut) {
    let text = text.trim_ascii();
    let start = out.len();
    out.put_slice(text);
    for byte in out.iter_mut().skip(start) {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
}

/// Keys and values as a JSON object.
pub(super) fn write_pairs(pairs: &[u8], out: &mut BytesMut) {
    let mut cursor = Cursor {
        bytes: pairs,
        at: 0,
        bytes_max: usize::MAX,
    };
    let mut delimiter = b'{';
    while let Ok(length) = cursor.number() {
        let Ok(text) = cursor.text(length) else {
            break;
        };
        out.put_u8(delimiter);
        let text = String::from_utf8_lossy(text);
        out.put_slice(serde_json::Value::from(text).to_string().as_bytes());
        delimiter = if delimiter == b':' { b',' } else { b':' };
    }
    if delimiter == b'{' {
        out.put_u8(b'{');
    }
    out.put_u8(b'}');
}
