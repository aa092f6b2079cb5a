//! Lumberjack 2, the protocol of Beats (and 1, of the forwarder before them).
//!
//! ```text
//!  client  2W count   2J sequence length JSON …   or   2C length zlib(2J … 2J …)
//!  server  2A sequence: all up to there are durable; 2A 0: still at it
//! ```
//!
//! A window is acknowledged parcel by parcel. If one was not stored the connection is closed, and
//! the client sends again what was not acknowledged.

mod frame;

use std::time::Duration;

use bytes::{Buf, BufMut, BytesMut};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, split};
use tokio::time::timeout;
use yagura_parsers::Format;

use self::frame::{Frame, Frames, Refusal};
use super::Context;
use super::inflow::{Arrival, Inflow};
use super::ledger::{self, Dues, Ended, Ledger};
use super::listener::{Listener, Peer};
use super::packer::Packer;
use super::room::{Held, Room};
use crate::limits::Limits;
use crate::source::{DropReason, Source};

/// What only this input needs: nothing so far.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct LumberjackSettings {}

/// Clients give up after 30 s or more without a sign of life.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Serves clients until the input has to stop and everything they sent is acknowledged.
pub async fn run(listener: Listener, settings: LumberjackSettings) {
    let LumberjackSettings {} = settings;
    listener.run(serve).await;
}

async fn serve(peer: Peer) {
    let Peer {
        stream,
        source,
        context,
        room,
        ..
    } = peer;
    let (ledger, dues) = Ledger::new(context.clone());
    let (reading, writing) = split(stream);
    let session = Session {
        inflow: Inflow::new(reading, room.clone()),
        room,
        window: Window {
            packer: Packer::new(source.clone(), Format::JsonLines, context.limits.line_bytes),
            left: 0,
            due: None,
        },
        ledger,
        source,
    };
    ledger::both(session.run(&context), acknowledge(dues, writing)).await;
}

/// Up to which event of a window, in which version of the protocol.
#[derive(Clone, Copy)]
struct Acknowledgement {
    version: u8,
    sequence: u32,
}

async fn acknowledge(mut dues: Dues<Acknowledgement>, mut writing: impl AsyncWrite + Unpin) {
    while let Some(mut due) = dues.recv().await {
        let Acknowledgement { version, sequence } = due.answer;
        let outcome = loop {
            match timeout(KEEP_ALIVE, due.settled()).await {
                Ok(outcome) => break outcome,
                Err(_) if write(&mut writing, version, 0).await.is_err() => return,
                Err(_) => {}
            }
        };
        if outcome.is_err() || write(&mut writing, version, sequence).await.is_err() {
            break;
        }
    }
    let _ = writing.shutdown().await;
}

async fn write(
    writing: &mut (impl AsyncWrite + Unpin),
    version: u8,
    sequence: u32,
) -> std::io::Result<()> {
    let mut frame = [version, b'A', 0, 0, 0, 0];
    (&mut frame[2..]).put_u32(sequence);
    writing.write_all(&frame).await
}

struct Session<R> {
    inflow: Inflow<R>,
    room: Room,
    window: Window,
    ledger: Ledger<Acknowledgement>,
    source: Source,
}

/// The events of a window that were not handed over yet.
struct Window {
    packer: Packer,
    /// Events that the client announced and has not sent.
    left: u32,
    due: Option<Acknowledgement>,
}

impl<R: AsyncRead + Unpin> Session<R> {
    async fn run(mut self, context: &Context) {
        loop {
            let arrival = self.inflow.more(context, &self.source).await;
            let mut bytes = std::mem::take(&mut self.inflow.bytes);
            let outcome = self.frames(&mut bytes, context).await;
            self.inflow.bytes = bytes;
            if outcome.is_err() || self.flush().await.is_err() || arrival != Arrival::Bytes {
                return;
            }
        }
    }

    async fn frames(&mut self, bytes: &mut BytesMut, context: &Context) -> Result<(), Ended> {
        let mut frames = Frames::of(bytes, &context.limits);
        while let Some(frame) = frames.next() {
            match frame {
                Ok(Frame::Compressed(packed)) => {
                    let mut held = Held::default();
                    let most = context.limits.expanded(packed.len());
                    if !self.room.resize(&mut held, most).await {
                        self.source.dropped(DropReason::NoRoom, 1);
                        return Err(Ended);
                    }
                    let unpacked = frame::unpack(packed, &context.limits);
                    let unpacked = self.accepted(unpacked).await?;
                    // Mostly it is far less than it might have been.
                    self.room.resize(&mut held, unpacked.len()).await;
                    self.nested(&unpacked, &context.limits).await?;
                }
                frame => {
                    let frame = self.accepted(frame).await?;
                    self.event(&frame).await?;
                }
            }
        }
        let taken = frames.taken();
        bytes.advance(taken);
        Ok(())
    }

    /// What was compressed holds whole frames, and none that are compressed again.
    async fn nested(&mut self, bytes: &[u8], limits: &Limits) -> Result<(), Ended> {
        let mut frames = Frames::of(bytes, limits);
        while let Some(frame) = frames.next() {
            let frame = match frame {
                Ok(Frame::Compressed(_)) => Err(Refusal::Malformed),
                frame => frame,
            };
            let frame = self.accepted(frame).await?;
            self.event(&frame).await?;
        }
        let torn = frames.taken() < bytes.len();
        let whole = if torn {
            Err(Refusal::Malformed)
        } else {
            Ok(())
        };
        self.accepted(whole).await
    }

    /// Counts what is refused, after handing over what came before it: the protocol has no word
    /// for an error but to close.
    async fn accepted<T>(&mut self, outcome: Result<T, Refusal>) -> Result<T, Ended> {
        match outcome {
            Ok(accepted) => Ok(accepted),
            Err(refusal) => {
                self.source.dropped(
                    match refusal {
                        Refusal::Malformed => DropReason::Malformed,
                        Refusal::TooLarge => DropReason::TooLarge,
                    },
                    1,
                );
                self.flush().await?;
                Err(Ended)
            }
        }
    }

    async fn event(&mut self, frame: &Frame<'_>) -> Result<(), Ended> {
        let (version, sequence) = match *frame {
            Frame::Window { count } => {
                self.flush().await?;
                self.window.left = count;
                return Ok(());
            }
            Frame::Json {
                version,
                sequence,
                text,
            } => {
                self.window.packer.json(|out| frame::write_json(text, out));
                (version, sequence)
            }
            Frame::Pairs {
                version,
                sequence,
                pairs,
            } => {
                self.window
                    .packer
                    .json(|out| frame::write_pairs(pairs, out));
                (version, sequence)
            }
            Frame::Compressed(_) => return Ok(()),
        };
        self.window.due = Some(Acknowledgement { version, sequence });
        self.window.left = self.window.left.saturating_sub(1);
        if self.window.left == 0 || self.window.packer.is_full() {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Ended> {
        match self.window.due.take() {
            Some(due) => self.ledger.owe(self.window.packer.take(), due).await,
            None => Ok(()),
        }
    }
}
