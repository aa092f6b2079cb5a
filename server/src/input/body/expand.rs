//! Decompression that does not grow beyond what it is allowed to.

use std::io::Read;

use axum::http::HeaderValue;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::Unreadable;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Gzip,
    Deflate,
    Zstd,
}

/// Why decompression ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    TooLarge,
    Damaged(Box<str>),
}

/// RFC 9659 asks senders to need no more memory than that.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;
const CHUNK_BYTES: usize = 32 << 10;

impl Encoding {
    /// By the header; `None` where there is nothing to undo.
    pub(super) fn of(header: Option<&HeaderValue>) -> Result<Option<Self>, Unreadable> {
        let Some(header) = header else {
            return Ok(None);
        };
        Self::named(header.as_bytes())
    }

    /// By its name.
    pub(crate) fn named(name: &[u8]) -> Result<Option<Self>, Unreadable> {
        let name = name.trim_ascii().to_ascii_lowercase();
        match &*name {
            b"" | b"identity" => Ok(None),
            b"gzip" | b"x-gzip" => Ok(Some(Self::Gzip)),
            b"deflate" => Ok(Some(Self::Deflate)),
            b"zstd" => Ok(Some(Self::Zstd)),
            other => {
                let name: String = String::from_utf8_lossy(other).chars().take(40).collect();
                Err(Unreadable::UnknownEncoding(name.into()))
            }
        }
    }
}

/// Decompresses to `most` bytes at most.
pub(crate) fn expand(encoding: Encoding, packed: &[u8], most: usize) -> Result<Vec<u8>, Failure> {
    match encoding {
        Encoding::Gzip => drain(MultiGzDecoder::new(packed), most),
        // Half of the world sends the bare stream, against RFC 9110.
        Encoding::Deflate if is_zlib(packed) => drain(ZlibDecoder::new(packed), most),
        Encoding::Deflate => drain(DeflateDecoder::new(packed), most),
        Encoding::Zstd => {
            let damaged = |error: std::io::Error| Failure::Damaged(error.to_string().into());
            let mut decoder = zstd::stream::read::Decoder::with_buffer(packed).map_err(damaged)?;
            decoder
                .window_log_max(ZSTD_WINDOW_LOG_MAX)
                .map_err(damaged)?;
            drain(decoder, most)
        }
    }
}

/// RFC 1950: method 8 and a check over both bytes.
fn is_zlib(packed: &[u8]) -> bool {
    matches!(packed, [method, flags, ..]
        if method & 0x0F == 8 && (u16::from(*method) << 8 | u16::from(*flags)).is_multiple_of(31))
}

fn drain(mut from: impl Read, most: usize) -> Result<Vec<u8>, Failure> {
    let mut expanded = Vec::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = match from.read(&mut chunk) {
            Ok(0) => return Ok(expanded),
            Ok(read) => read,
            Err(error) => return Err(Failure::Damaged(error.to_string().into())),
        };
        if expanded.len() + read > most {
            return Err(Failure::TooLarge);
        }
        expanded.extend_from_slice(chunk.get(..read).unwrap_or_default());
    }
}
