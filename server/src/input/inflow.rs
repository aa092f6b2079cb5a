//! What a client has sent and nobody has understood yet.

use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::{Instant, timeout};

use super::Context;
use super::room::{Held, Room};
use crate::limits::Limits;
use crate::source::{DropReason, Source};

/// How much is read at once, if the system has it.
pub(super) const READ_BYTES: usize = 64 << 10;

/// What a client may have here without asking for room.
const OWN_BYTES: usize = 4 * READ_BYTES;

/// What a client has to send on average while it holds room.
const PROGRESS_BYTES_PER_SECOND: u128 = 1024;

/// The receiving side of a connection with its buffer. The buffer grows only by what arrives; the
/// protocol keeps it small by refusing what is too large before waiting for it.
#[derive(Debug)]
pub(super) struct Inflow<R> {
    stream: R,
    room: Room,
    held: Held,
    pace: Pace,
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
            pace: Pace::default(),
            bytes: BytesMut::new(),
        }
    }

    /// Waits for more. Silence within a message is counted as too slow; silence between
    /// messages is nobody's fault.
    pub(super) async fn more(&mut self, context: &Context, source: &Source) -> Arrival {
        // A little is each client's own.
        let shared = self.bytes.len().saturating_sub(OWN_BYTES);
        let held = self.held.units();
        if !self.room.resize(&mut self.held, shared).await {
            source.dropped(DropReason::NoRoom, 1);
            return Arrival::End;
        }
        if 2 * self.held.units() < held {
            // A buffer never shrinks: what was given back has to go with it.
            self.bytes = BytesMut::from(&self.bytes[..]);
        }
        self.bytes.reserve(READ_BYTES);
        let read = self.stream.read_buf(&mut self.bytes);
        let read = async {
            if shared == 0 {
                self.pace = Pace::default();
                return read.await;
            }
            self.pace.keep(&context.limits, read).await
        };
        let read = tokio::select! {
            biased;
            () = context.stop.cancelled() => return Arrival::Stop,
            read = read => read,
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

/// How fast a client goes on that holds room. The time that the server itself takes is not its
/// fault and does not count.
#[derive(Debug, Default)]
struct Pace {
    bytes: usize,
    waited: Duration,
}

impl Pace {
    /// Reads, unless that takes too long: within the time of a handshake there has to come what
    /// is the least for that time.
    async fn keep(
        &mut self,
        limits: &Limits,
        read: impl Future<Output = std::io::Result<usize>>,
    ) -> std::io::Result<usize> {
        let begun = Instant::now();
        let left = limits.handshake.saturating_sub(self.waited);
        let Ok(read) = timeout(left, read).await else {
            return Err(std::io::ErrorKind::TimedOut.into());
        };
        let read = read?;
        self.bytes = self.bytes.saturating_add(read);
        self.waited += begun.elapsed();
        let least = limits.handshake.as_millis() * PROGRESS_BYTES_PER_SECOND / 1000;
        if self.bytes as u128 >= least {
            *self = Self::default();
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Buf;
    use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::timeout;
    use tokio_util::sync::CancellationToken;

    use super::{Arrival, Inflow, OWN_BYTES};
    use crate::input::Context;
    use crate::input::room::Room;
    use crate::source::DropReason;
    use crate::{Intake, Limits, Source, Sources};

    const LARGE: usize = 4 << 20;

    fn parts(limits: Limits) -> (Context, Source, DuplexStream, Inflow<DuplexStream>) {
        let context = Context {
            name: "test".into(),
            intake: Intake::new(1 << 20).0,
            sources: Sources::new(10),
            limits,
            stop: CancellationToken::new(),
        };
        let peer = std::net::Ipv4Addr::LOCALHOST.into();
        let source = context.sources.of_peer(&context.name, peer);
        let (client, stream) = duplex(LARGE);
        let inflow = Inflow::new(stream, Room::new(&limits));
        (context, source, client, inflow)
    }

    /// Room that is given back without its memory would be given to the next client as well.
    #[tokio::test]
    async fn memory_of_a_large_message_does_not_outlive_it() {
        let (context, source, mut client, mut inflow) = parts(Limits::default());
        client.write_all(&vec![b'x'; LARGE]).await.unwrap();
        while inflow.bytes.len() < LARGE {
            assert_eq!(inflow.more(&context, &source).await, Arrival::Bytes);
        }
        inflow.bytes.advance(LARGE);
        client.write_all(b"y").await.unwrap();
        assert_eq!(inflow.more(&context, &source).await, Arrival::Bytes);
        assert_eq!(&inflow.bytes[..], b"y");
        let kept = inflow.bytes.capacity();
        assert!(kept <= 2 * OWN_BYTES, "{kept} bytes");
    }

    /// Room is everybody's, so nobody keeps it by sending a byte now and then.
    #[tokio::test]
    async fn room_is_not_held_by_who_does_not_go_on() {
        let limits = Limits {
            handshake: Duration::from_millis(50),
            ..Limits::default()
        };
        let (context, source, mut client, mut inflow) = parts(limits);
        client.write_all(&vec![b'x'; 2 * OWN_BYTES]).await.unwrap();
        let drip = async {
            while client.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let reading = async { while inflow.more(&context, &source).await == Arrival::Bytes {} };
        let reading = timeout(Duration::from_secs(5), reading);
        tokio::select! {
            ended = reading => assert!(ended.is_ok(), "it still reads"),
            () = drip => unreachable!("the stream is open"),
        }
        assert_eq!(source.counters().dropped(DropReason::TimedOut), 1);
    }
}
