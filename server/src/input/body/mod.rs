//! Bodies of requests: as large as allowed, as slow as allowed, decompressed.
//!
//! Bodies of all requests of an input share one room, so that many clients with a large body each
//! do not add up to more memory than there is.

mod expand;

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

pub(crate) use self::expand::{Encoding, Failure, expand};
use crate::limits::Limits;
use crate::source::DropReason;

/// The room is for so many bodies of the largest size at a time.
const LARGEST_BODIES: usize = 16;
/// Room is counted in units, since a semaphore counts in 32 bits.
const UNIT: usize = 1024;
/// Room is asked for in steps, so that many small frames do not ask each.
const STEP_UNITS: u32 = 64;
/// What a client has to send on average, once the time for a handshake is over.
const PROGRESS_BYTES_PER_SECOND: usize = 1024;
/// Smaller bodies are decompressed at once; for larger ones another thread is worth it.
const SMALL_BYTES: usize = 32 << 10;

/// Room for the bodies of an input; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct BodyRoom {
    semaphore: Arc<Semaphore>,
    limits: Limits,
}

/// A body as its client meant it.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) bytes: Bytes,
    room: Option<OwnedSemaphorePermit>,
}

/// The room of a body that is read, until its records are stored: they take as much again.
#[derive(Debug)]
#[must_use]
pub(crate) struct HeldRoom {
    _room: Option<OwnedSemaphorePermit>,
}

impl Contents {
    /// Drops the bytes, and keeps their room.
    pub(crate) fn into_room(self) -> HeldRoom {
        HeldRoom { _room: self.room }
    }
}

/// Why a body cannot be had.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("the body is larger than {0} bytes after decompression; send smaller batches")]
    TooLarge(usize),
    #[error(
        "the body grows more than {0}-fold by decompression; send it less compressed or in smaller batches"
    )]
    Expands(usize),
    #[error("the body came too slowly (less than 1 KiB/s); send smaller batches")]
    TooSlow,
    #[error("the body ended too early; send it again")]
    Broken,
    #[error("the content encoding `{0}` is not known; use gzip, deflate, zstd or none")]
    UnknownEncoding(Box<str>),
    #[error("the body is not what its content encoding says: {0}")]
    Damaged(Box<str>),
    #[error("too much is under way; send it again later")]
    NoRoom,
}

impl Unreadable {
    /// How HTTP says it.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge(_) | Self::Expands(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::UnknownEncoding(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Broken | Self::Damaged(_) => StatusCode::BAD_REQUEST,
            Self::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// How it is counted.
    pub(crate) fn drop_reason(&self) -> DropReason {
        match self {
            Self::TooLarge(_) | Self::Expands(_) => DropReason::TooLarge,
            Self::TooSlow => DropReason::TimedOut,
            Self::UnknownEncoding(_) | Self::Broken | Self::Damaged(_) => DropReason::Malformed,
            Self::NoRoom => DropReason::NoRoom,
        }
    }
}

impl BodyRoom {
    pub(crate) fn new(limits: &Limits) -> Self {
        let units = limits.batch_bytes.div_ceil(UNIT) + STEP_UNITS as usize;
        let units = units.saturating_mul(LARGEST_BODIES).min(u32::MAX as usize);
        Self {
            semaphore: Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS))),
            limits: *limits,
        }
    }

    /// Reads a body and decompresses it by its `Content-Encoding`.
    pub(crate) async fn read(
        &self,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Contents, Unreadable> {
        let encoding = Encoding::of(headers.get(header::CONTENT_ENCODING))?;
        let contents = self.read_plain(body).await?;
        match encoding {
            Some(encoding) => self.expand(contents, encoding).await,
            None => Ok(contents),
        }
    }

    /// Reads a body as it comes.
    pub(crate) async fn read_plain(&self, mut body: Body) -> Result<Contents, Unreadable> {
        let largest = self.limits.batch_bytes;
        if body.size_hint().lower() > largest as u64 {
            return Err(Unreadable::TooLarge(largest));
        }
        let begun = Instant::now();
        let mut bytes = BytesMut::new();
        let mut room = None;
        loop {
            let earned = (bytes.len() / PROGRESS_BYTES_PER_SECOND) as u64;
            let due = begun + self.limits.handshake + Duration::from_secs(earned);
            let frame = timeout_at(due, body.frame()).await;
            let Some(frame) = frame.map_err(|_| Unreadable::TooSlow)? else {
                break;
            };
            let frame = frame.map_err(|_| Unreadable::Broken)?;
            let Some(data) = frame.data_ref() else {
                continue;
            };
            let len = bytes.len() + data.len();
            if len > largest {
                return Err(Unreadable::TooLarge(largest));
            }
            self.grow(&mut room, len).await?;
            bytes.extend_from_slice(data);
        }
        Ok(Contents {
            bytes: bytes.freeze(),
            room,
        })
    }

    /// Decompresses a body.
    pub(crate) async fn expand(
        &self,
        contents: Contents,
        encoding: Encoding,
    ) -> Result<Contents, Unreadable> {
        let Contents {
            bytes: packed,
            mut room,
        } = contents;
        let most = self.limits.expanded(packed.len());
        self.grow(&mut room, packed.len().saturating_add(most))
            .await?;
        let expanded = if packed.len() <= SMALL_BYTES {
            expand(encoding, &packed, most)
        } else {
            let work = tokio::task::spawn_blocking(move || expand(encoding, &packed, most));
            let lost = |_| Err(Failure::Damaged("it could not be decompressed".into()));
            work.await.unwrap_or_else(lost)
        };
        let bytes: Bytes = expanded
            .map_err(|failure| self.refusal(failure, most))?
            .into();
        give_back(&mut room, bytes.len());
        Ok(Contents { bytes, room })
    }

    fn refusal(&self, failure: Failure, most: usize) -> Unreadable {
        match failure {
            Failure::TooLarge if most < self.limits.batch_bytes => {
                Unreadable::Expands(self.limits.expansion)
            }
            Failure::TooLarge => Unreadable::TooLarge(most),
            Failure::Damaged(why) => Unreadable::Damaged(why),
        }
    }

    /// Takes room until it is enough for `len` bytes.
    async fn grow(
        &self,
        room: &mut Option<OwnedSemaphorePermit>,
        len: usize,
    ) -> Result<(), Unreadable> {
        let have = room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = len.div_ceil(UNIT).saturating_sub(have);
        if missing == 0 {
            return Ok(());
        }
        let units = u32::try_from(missing).unwrap_or(u32::MAX).max(STEP_UNITS);
        let more = Arc::clone(&self.semaphore).acquire_many_owned(units);
        let Ok(Ok(more)) = timeout(self.limits.room, more).await else {
            return Err(Unreadable::NoRoom);
        };
        match room {
            Some(room) => room.merge(more),
            None => *room = Some(more),
        }
        Ok(())
    }
}

fn give_back(room: &mut Option<OwnedSemaphorePermit>, len: usize) {
    if let Some(room) = room {
        drop(room.split(room.num_permits().saturating_sub(len.div_ceil(UNIT))));
    }
}

#[cfg(test)]
mod tests;
