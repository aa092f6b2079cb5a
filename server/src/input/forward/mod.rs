//! Forward, the protocol of Fluentd and Fluent Bit.
//!
//! ```text
//!  client  a message (see `message.rs`), with option "chunk" where it wants to be told
//!  server  {"ack": chunk} once all of it is durable
//! ```
//!
//! With a shared key a handshake comes first. What cannot be understood ends the connection,
//! since the protocol has no word for an error; a client sends again what was not acknowledged.

mod handshake;
mod json;
mod message;
mod msgpack;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::time::timeout;
use yagura_parsers::Format;

use self::handshake::Challenge;
use self::message::{Entries, Events, Message};
use self::msgpack::{Extent, Stop};
use super::Context;
use super::body::{Failure, expand};
use super::inflow::{Arrival, Inflow};
use super::ledger::{self, Dues, Ended, Ledger};
use super::listener::{Listener, Peer};
use super::packer::Packer;
use super::room::{Held, Room};
use crate::config::Secret;
use crate::limits::Limits;
use crate::source::{DropReason, Source};

/// What only this input needs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ForwardSettings {
    /// What clients have to know; without one everybody may send.
    pub shared_key: Option<Secret>,
    /// Users and their passwords; without any the key is enough.
    pub users: BTreeMap<String, Secret>,
    /// What the server calls itself.
    pub hostname: Option<String>,
}

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Malformed,
    TooLarge,
}

/// Serves clients until the input has to stop and everything they sent is acknowledged.
pub async fn run(listener: Listener, settings: ForwardSettings) {
    let settings = Arc::new(settings);
    let serve = move |peer| serve(peer, Arc::clone(&settings));
    listener.run(serve).await;
}

async fn serve(peer: Peer, settings: Arc<ForwardSettings>) {
    let Peer {
        mut stream,
        source,
        context,
        room,
        ..
    } = peer;
    let mut bytes = BytesMut::new();
    if let Some(key) = &settings.shared_key {
        let limit = context.limits.handshake;
        let known = shake_hands(&mut stream, key, &settings, &mut bytes, &context.limits);
        match timeout(limit, known).await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => return source.dropped(DropReason::Unauthorised, 1),
            Ok(Err(_)) => return source.dropped(DropReason::Malformed, 1),
            Err(_) => return source.dropped(DropReason::TimedOut, 1),
        }
    }
    let (ledger, dues) = Ledger::new(context.clone());
    let (reading, writing) = split(stream);
    let mut inflow = Inflow::new(reading, room.clone());
    inflow.bytes = bytes;
    let session = Session {
        inflow,
        extent: Extent::default(),
        room,
        packer: Packer::new(source.clone(), Format::JsonLines, context.limits.line_bytes),
        ledger,
        source,
    };
    ledger::both(session.run(&context), acknowledge(dues, writing)).await;
}

/// Whether the client is known; what it sent behind its answer stays in `bytes`.
async fn shake_hands(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    key: &Secret,
    settings: &ForwardSettings,
    bytes: &mut BytesMut,
    limits: &Limits,
) -> std::io::Result<bool> {
    const PING_BYTES_MAX: usize = 4 << 10;
    let limits = Limits {
        batch_bytes: PING_BYTES_MAX,
        ..*limits
    };
    let host = settings.hostname.as_deref().unwrap_or("yagura");
    let challenge = Challenge::new(key.reveal(), &settings.users, host)
        .map_err(|_| std::io::Error::other("no random bytes"))?;
    stream.write_all(&challenge.helo()).await?;
    let mut extent = Extent::default();
    let length = loop {
        match extent.find(bytes, &limits) {
            Ok(length) => break length,
            Err(Stop::Incomplete) if stream.read_buf(bytes).await? > 0 => {}
            Err(_) => return Err(std::io::ErrorKind::InvalidData.into()),
        }
    };
    let (pong, is_known) = challenge.pong(&bytes.split_to(length));
    stream.write_all(&pong).await?;
    Ok(is_known)
}

/// The chunk that is acknowledged, if its client asked for that.
type Chunk = Option<Bytes>;

async fn acknowledge(mut dues: Dues<Chunk>, mut writing: impl AsyncWrite + Unpin) {
    while let Some(mut due) = dues.recv().await {
        if due.settled().await.is_err() {
            break;
        }
        let Some(chunk) = due.answer else { continue };
        let mut answer = BytesMut::from(&b"\x81"[..]);
        handshake::bytes_as_text(&mut answer, b"ack");
        handshake::bytes_as_text(&mut answer, &chunk);
        if writing.write_all(&answer).await.is_err() {
            break;
        }
    }
    let _ = writing.shutdown().await;
}

struct Session<R> {
    inflow: Inflow<R>,
    room: Room,
    /// Of the message at the beginning of the bytes.
    extent: Extent,
    packer: Packer,
    ledger: Ledger<Chunk>,
    source: Source,
}

impl<R: AsyncRead + Unpin> Session<R> {
    async fn run(mut self, context: &Context) {
        loop {
            let mut bytes = std::mem::take(&mut self.inflow.bytes);
            let outcome = self.messages(&mut bytes, &context.limits).await;
            self.inflow.bytes = bytes;
            if outcome.is_err() || self.flush(None).await.is_err() {
                return;
            }
            if self.inflow.more(context, &self.source).await != Arrival::Bytes {
                // What is torn is sent again by whoever wants it acknowledged.
                return;
            }
        }
    }

    async fn messages(&mut self, bytes: &mut BytesMut, limits: &Limits) -> Result<(), Ended> {
        loop {
            let length = match self.extent.find(bytes, limits) {
                Ok(length) => length,
                Err(Stop::Incomplete) => return Ok(()),
                Err(stop) => return self.refuse(stop.into()).await,
            };
            let outcome = self.message(bytes.get(..length).unwrap_or_default(), limits);
            if let Err(refusal) = outcome.await? {
                return self.refuse(refusal).await;
            }
            bytes.advance(length);
        }
    }

    /// The outer error: the connection is over; the inner: the message is wrong.
    async fn message(
        &mut self,
        bytes: &[u8],
        limits: &Limits,
    ) -> Result<Result<(), Refusal>, Ended> {
        let message = match Message::read(bytes) {
            Ok(Some(message)) => message,
            Ok(None) => return Ok(Ok(())),
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut held = Held::default();
        if let Events::Packed(packed, Some(_)) = message.events
            && !self
                .room
                .resize(&mut held, limits.expanded(packed.len()))
                .await
        {
            self.source.dropped(DropReason::NoRoom, 1);
            return Err(Ended);
        }
        let unpacked = match unpack(&message.events, limits) {
            Ok(unpacked) => unpacked,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Cow::Owned(unpacked) = &unpacked {
            // Mostly it is far less than it might have been, and storing it may take a while.
            self.room.resize(&mut held, unpacked.len()).await;
        }
        let mut entries = Entries::of(&message.events, &unpacked);
        while let Some(entry) = entries.next(limits) {
            match entry {
                Ok(entry) => {
                    let mut written = Ok(());
                    self.packer.json(|out| {
                        written = json::write(message.tag, &entry, out);
                    });
                    debug_assert!(written.is_ok(), "it was looked at before");
                }
                Err(refusal) => return Ok(Err(refusal)),
            }
            if self.packer.is_full() {
                self.flush(None).await?;
            }
        }
        if let Some(chunk) = message.chunk {
            self.flush(Some(Bytes::copy_from_slice(chunk))).await?;
        }
        Ok(Ok(()))
    }

    /// Counts what is refused, after handing over what came before it.
    async fn refuse(&mut self, refusal: Refusal) -> Result<(), Ended> {
        let why = match refusal {
            Refusal::Malformed => DropReason::Malformed,
            Refusal::TooLarge => DropReason::TooLarge,
        };
        self.source.dropped(why, 1);
        self.flush(None).await?;
        Err(Ended)
    }

    /// Hands over what was collected; a chunk is acknowledged behind all that was before it.
    async fn flush(&mut self, chunk: Chunk) -> Result<(), Ended> {
        match (self.packer.take(), chunk) {
            (None, None) => Ok(()),
            (parcel, chunk) => self.ledger.owe(parcel, chunk).await,
        }
    }
}

/// What was packed, decompressed where it is compressed.
fn unpack<'a>(events: &Events<'a>, limits: &Limits) -> Result<Cow<'a, [u8]>, Refusal> {
    match *events {
        Events::One(_) | Events::Entries(..) => Ok(Cow::Borrowed(b"")),
        Events::Packed(packed, None) => Ok(Cow::Borrowed(packed)),
        Events::Packed(packed, Some(encoding)) => {
            let unpacked = expand(encoding, packed, limits.expanded(packed.len()));
            unpacked.map(Cow::Owned).map_err(|failure| match failure {
                Failure::TooLarge => Refusal::TooLarge,
                Failure::Damaged(_) => Refusal::Malformed,
            })
        }
    }
}
