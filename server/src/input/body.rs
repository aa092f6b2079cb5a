//! Bodies of requests: bounded, decompressed, and not waited for for ever.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use serde_json::json;
use tokio::time::timeout;

use crate::limits::Limits;
use crate::source::DropReason;

/// Why a body was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyError {
    /// What the client is told.
    pub status: StatusCode,
    /// What it is counted as.
    pub reason: DropReason,
    /// What is wrong and what to do.
    pub message: String,
}

impl IntoResponse for BodyError {
    fn into_response(self) -> Response {
        (self.status, Json(json!({"error": self.message}))).into_response()
    }
}

/// Who sends slower than this is cut off after the time of a handshake.
const SLOWEST_BYTES_A_SECOND: u64 = 1024;
/// Less is decompressed at once; more in a thread that may take its time.
const AT_ONCE_BYTES: usize = 32 << 10;

/// Reads a body whole, as it was before the client compressed it.
///
/// # Errors
/// [`BodyError`]: 408 too slow, 413 too large, 415 an unknown encoding, 400 broken.
pub async fn read(request: Request, limits: &Limits) -> Result<Bytes, BodyError> {
    let encoding = encoding(&request)?;
    let body = collect(request, limits).await?;
    let Some(encoding) = encoding else {
        return Ok(body);
    };
    let most = body.len().saturating_mul(limits.expansion);
    let most = most.max(limits.line_bytes).min(limits.batch_bytes);
    if body.len() < AT_ONCE_BYTES {
        return decompress(encoding, &body, most);
    }
    let decompressed = tokio::task::spawn_blocking(move || decompress(encoding, &body, most)).await;
    decompressed.unwrap_or_else(|error| Err(malformed(&error.to_string())))
}

#[derive(Clone, Copy, Debug)]
enum Encoding {
    Gzip,
    Zlib,
    Zstd,
}

fn encoding(request: &Request) -> Result<Option<Encoding>, BodyError> {
    let Some(value) = request.headers().get(header::CONTENT_ENCODING) else {
        return Ok(None);
    };
    match value
        .as_bytes()
        .trim_ascii()
        .to_ascii_lowercase()
        .as_slice()
    {
        b"" | b"identity" => Ok(None),
        b"gzip" | b"x-gzip" => Ok(Some(Encoding::Gzip)),
        b"deflate" => Ok(Some(Encoding::Zlib)),
        b"zstd" => Ok(Some(Encoding::Zstd)),
        other => Err(BodyError {
            status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
            reason: DropReason::Malformed,
            message: format!(
                "the body's encoding `{}` is unknown; send it as gzip, deflate, zstd or as it is",
                String::from_utf8_lossy(other)
            ),
        }),
    }
}

async fn collect(request: Request, limits: &Limits) -> Result<Bytes, BodyError> {
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > limits.batch_bytes as u64) {
        return Err(too_large(limits.batch_bytes));
    }
    let (began, mut body, mut collected) = (Instant::now(), request.into_body(), BytesMut::new());
    loop {
        let earned = collected.len() as u64 / SLOWEST_BYTES_A_SECOND;
        let deadline = limits.handshake + Duration::from_secs(earned);
        let left = deadline.saturating_sub(began.elapsed());
        let frame = match timeout(left, body.frame()).await {
            Err(_) => return Err(too_slow()),
            Ok(None) => return Ok(collected.freeze()),
            Ok(Some(Err(error))) => return Err(malformed(&error.to_string())),
            Ok(Some(Ok(frame))) => frame,
        };
        if let Ok(data) = frame.into_data() {
            if collected.len() + data.len() > limits.batch_bytes {
                return Err(too_large(limits.batch_bytes));
            }
            collected.extend_from_slice(&data);
        }
    }
}

fn decompress(encoding: Encoding, body: &[u8], most: usize) -> Result<Bytes, BodyError> {
    let opened: io::Result<Box<dyn Read + '_>> = match encoding {
        Encoding::Gzip => Ok(Box::new(flate2::read::MultiGzDecoder::new(body))),
        Encoding::Zlib => Ok(Box::new(flate2::read::ZlibDecoder::new(body))),
        Encoding::Zstd => zstd::stream::read::Decoder::with_buffer(body).and_then(|mut decoder| {
            // A frame may ask for a window of gigabytes otherwise.
            decoder.window_log_max(WINDOW_LOG_MAX)?;
            Ok(Box::new(decoder) as Box<dyn Read>)
        }),
    };
    let mut out = Vec::new();
    let read = opened.and_then(|decoder| decoder.take(most as u64 + 1).read_to_end(&mut out));
    match read {
        Err(error) => Err(malformed(&format!("it cannot be decompressed: {error}"))),
        Ok(_) if out.len() > most => Err(too_large(most)),
        Ok(_) => Ok(out.into()),
    }
}

/// 8 MiB: what RFC 8878 asks decoders to support.
const WINDOW_LOG_MAX: u32 = 23;

fn too_large(most: usize) -> BodyError {
    BodyError {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        reason: DropReason::TooLarge,
        message: format!("the body is larger than the {most} bytes that are taken; send less"),
    }
}

fn too_slow() -> BodyError {
    BodyError {
        status: StatusCode::REQUEST_TIMEOUT,
        reason: DropReason::TimedOut,
        message: "the body came too slowly".to_owned(),
    }
}

fn malformed(what: &str) -> BodyError {
    BodyError {
        status: StatusCode::BAD_REQUEST,
        reason: DropReason::Malformed,
        message: format!("the body cannot be read: {what}"),
    }
}
