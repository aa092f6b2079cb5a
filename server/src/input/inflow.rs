//! What a client has sent and nobody has understood yet.

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::Context;
use super::room::{Held, Room};
use crate::source::{DropReason, Source};

/// How much is read at once, if the system has it.
pub(super) const READ_BYTES: usize = 64 << 10;

/// What a client may have here without asking for room.
const OWN_BYTES: usize = 4 * READ_BYTES;

/// The receiving side of a connection with its buffer. The buffer grows only by what arrives; the
/// protocol keeps it small by refusing what is too large before waiting for it.
#[derive(Debug)]
pub(super) struct Inflow<R> {
    stream: R,
    room: Room,
    held: Held,
    /// From its beginning on, the bytes that wait.
    pub(super) bytes: BytesMut,
}

/// What came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// More bytes.
    Bytes,
    /// Nothing will come any more: the client closed, was silent for too long, or was cut off.
    End,
    /// The input has to stop.
    Stop,
}

impl<R: AsyncRead + Unpin> Inflow<R> {
    pub(super) fn new(stream: R, room: Room) -> Self {
        Self {
            stream,
            room,
            held: Held::default(),
            bytes: BytesMut::new(),
        }
    }

    /// Waits for more. Silence within a message is counted as too slow; silence between
    /// messages is nobody's fault.
    pub(super) async fn more(&mut self, context: &Context, source: &Source) -> Arrival {
        // A little is each client's own.
        let shared = self.bytes.len().saturating_sub(OWN_BYTES);
        if !self.room.resize(&mut self.held, shared).await {
            source.dropped(DropReason::NoRoom, 1);
            return Arrival::End;
        }
        self.bytes.reserve(READ_BYTES);
        let read = tokio::select! {
            biased;
            () = context.stop.cancelled() => return Arrival::Stop,
            read = self.stream.read_buf(&mut self.bytes) => read,
        };
        match read {
            Ok(0) => Arrival::End,
            Ok(_) => Arrival::Bytes,
            Err(error) => {
                if error.kind() == std::io::ErrorKind::TimedOut && !self.bytes.is_empty() {
                    source.dropped(DropReason::TimedOut, 1);
                }
                tracing::debug!(source = source.name(), %error, "connection ended");
                Arrival::End
            }
        }
    }
}
