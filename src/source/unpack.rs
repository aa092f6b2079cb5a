//! Compression and encoding, recognised by content and undone.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::bufread::GzDecoder;

use super::utf16::{ByteOrder, Utf16Reader};

/// How much is read of a compressed source at once.
const PACKED_BYTES: usize = 128 * 1024;

/// Enough to tell the contents below apart.
const HEAD_BYTES: usize = 4;

/// What a source is made of, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Plain,
    Gzip,
    Zstd,
    Utf16(ByteOrder),
}

impl Content {
    pub(super) fn of(head: &[u8]) -> Self {
        match head {
            [0x1F, 0x8B, ..] => Self::Gzip,
            // A frame, or one to be skipped (RFC 8878, sections 3.1.1 and 3.1.2).
            [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Self::Zstd,
            [0xFF, 0xFE, ..] | [b'<' | b'{' | b'[', 0, _, 0, ..] => {
                Self::Utf16(ByteOrder::LittleEndian)
            }
            [0xFE, 0xFF, ..] | [0, b'<' | b'{' | b'[', 0, ..] => Self::Utf16(ByteOrder::BigEndian),
            _ => Self::Plain,
        }
    }
}

/// The first bytes, as many as are needed; fewer if a line ends in them, since a stream may
/// pause there and none of the contents that are looked for begins so.
pub(super) fn head_of(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    let mut byte = [0];
    while head.len() < HEAD_BYTES && head.last() != Some(&b'\n') {
        match reader.read(&mut byte) {
            Ok(0) => break,
            Ok(_) => head.extend(byte),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(head)
}

/// The plain UTF-8 of whatever `reader` gives.
pub(super) fn unpack(reader: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    let mut reader = BufReader::with_capacity(PACKED_BYTES, reader);
    let head = head_of(&mut reader)?;
    let content = Content::of(&head);
    let whole = Cursor::new(head).chain(reader);
    match content {
        Content::Plain => Ok(Box::new(whole)),
        Content::Utf16(order) => Ok(Box::new(Utf16Reader::new(whole, order))),
        Content::Gzip => text_of(Unpacking {
            decoder: GzipMembers::new(whole),
            name: "gzip",
        }),
        Content::Zstd => text_of(Unpacking {
            decoder: zstd::Decoder::new(whole)?,
            name: "zstd",
        }),
    }
}

/// UTF-16 inside of compression is transcoded too; compression inside of compression is not
/// undone.
fn text_of(mut reader: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    let head = head_of(&mut reader)?;
    let content = Content::of(&head);
    let whole = Cursor::new(head).chain(reader);
    Ok(match content {
        Content::Utf16(order) => Box::new(Utf16Reader::new(whole, order)),
        _ => Box::new(whole),
    })
}

/// Gzip members, one after the other (RFC 1952, section 2.2), as one. Zeros behind a member are
/// no damage: tapes and block devices fill their last record with them.
struct GzipMembers<R> {
    /// The member under way; `None` at the end.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> GzipMembers<R> {
    fn new(reader: R) -> Self {
        Self {
            member: Some(GzDecoder::new(reader)),
        }
    }
}

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while let Some(mut member) = self.member.take() {
            let read = member.read(buffer);
            if !matches!(read, Ok(0)) {
                self.member = Some(member);
                return read;
            }
            let packed = member.get_mut();
            match skip_zeros(packed) {
                Ok(true) => {}
                Ok(false) => self.member = Some(GzDecoder::new(member.into_inner())),
                Err(error) => {
                    self.member = Some(member);
                    return Err(error);
                }
            }
        }
        Ok(0)
    }
}

/// Passes zeros, and says whether the end follows them.
fn skip_zeros(reader: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok(true);
        }
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        let ended = zeros < bytes.len();
        reader.consume(zeros);
        if ended {
            return Ok(false);
        }
    }
}

/// Says in its errors what was being unpacked.
struct Unpacking<D> {
    decoder: D,
    name: &'static str,
}

impl<D: Read> Read for Unpacking<D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(buffer).map_err(|error| {
            let (name, kind) = (self.name, error.kind());
            match kind {
                io::ErrorKind::Interrupted => error,
                io::ErrorKind::UnexpectedEof => {
                    io::Error::new(kind, format!("the {name} data ends too early"))
                }
                _ => {
                    let message = format!("the {name} data is damaged: {error}");
                    io::Error::new(io::ErrorKind::InvalidData, message)
                }
            }
        })
    }
}
