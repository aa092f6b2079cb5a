//! Syslog over TCP and TLS (RFC 6587, RFC 5425).
//!
//! The protocol has no acknowledgement. What it has is TCP: nothing more is read while the parcels
//! of a connection wait for the disk, so the client's own queue takes over.

use bytes::Buf;
use serde::Deserialize;
use tokio::io::AsyncRead;
use yagura_parsers::Format;

use super::inflow::{Arrival, Inflow};
use super::ledger::{self, Dues, Ended, Ledger};
use super::listener::{Listener, Peer};
use super::octets::Framing;
use super::packer::Packer;
use super::{Context, syslog_format};
use crate::source::{DropReason, Source};

/// What only this input needs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SyslogTcpSettings {
    /// The format of all clients. Without it, each one's first message decides.
    #[serde(deserialize_with = "syslog_format::named")]
    pub format: Option<Format>,
}

/// Serves clients until the input has to stop and everything they sent is stored.
pub async fn run(listener: Listener, settings: SyslogTcpSettings) {
    listener.run(move |peer| serve(peer, settings.format)).await;
}

async fn serve(peer: Peer, format: Option<Format>) {
    let Peer {
        stream,
        source,
        context,
        room,
        ..
    } = peer;
    let (ledger, dues) = Ledger::new(context.clone());
    let receiving = Receiving {
        inflow: Inflow::new(stream, room),
        framing: Framing::syslog(&context.limits),
        ledger,
    };
    ledger::both(receiving.run(&context, &source, format), settle(dues)).await;
}

/// A refused parcel is counted where it was refused; the connection ends, so that the client
/// notices.
async fn settle(mut dues: Dues<()>) {
    while let Some(mut due) = dues.recv().await {
        if due.settled().await.is_err() {
            return;
        }
    }
}

struct Receiving<R> {
    inflow: Inflow<R>,
    framing: Framing,
    ledger: Ledger<()>,
}

impl<R: AsyncRead + Unpin> Receiving<R> {
    async fn run(mut self, context: &Context, source: &Source, format: Option<Format>) {
        let mut packer = None;
        loop {
            let arrival = self.inflow.more(context, source).await;
            if packer.is_none() {
                packer = self.packer(arrival, format, context, source);
            }
            let Some(packer) = packer.as_mut() else {
                // Line ends alone, or the beginning of the first message.
                if arrival == Arrival::Bytes {
                    continue;
                }
                return;
            };
            if self.take(packer, source).await.is_err() || arrival != Arrival::Bytes {
                return self.finish(packer).await;
            }
        }
    }

    /// Made when the first message is there: its content decides on the format.
    fn packer(
        &mut self,
        arrival: Arrival,
        format: Option<Format>,
        context: &Context,
        source: &Source,
    ) -> Option<Packer> {
        let bytes = &mut self.inflow.bytes;
        let is_end = |byte: &&u8| matches!(byte, b'\n' | b'\r' | 0);
        bytes.advance(bytes.iter().take_while(is_end).count());
        let first = match arrival {
            Arrival::Bytes => self.framing.peek(bytes)?,
            Arrival::End | Arrival::Stop => bytes,
        };
        Some(Packer::new(
            source.clone(),
            format.unwrap_or_else(|| syslog_format::of_message(first)),
            context.limits.line_bytes,
        ))
    }

    /// Hands over all that is complete.
    async fn take(&mut self, packer: &mut Packer, source: &Source) -> Result<(), Ended> {
        loop {
            let taken = self.framing.take(&self.inflow.bytes, packer);
            if let Ok(taken) = taken {
                self.inflow.bytes.advance(taken);
            }
            let was_full = packer.is_full();
            if let Some(parcel) = packer.take() {
                self.ledger.owe(Some(parcel), ()).await?;
            }
            match taken {
                Err(_) => {
                    source.dropped(DropReason::TooLarge, 1);
                    self.inflow.bytes.clear();
                    return Err(Ended);
                }
                Ok(_) if was_full => {}
                Ok(_) => return Ok(()),
            }
        }
    }

    async fn finish(mut self, packer: &mut Packer) {
        self.framing.finish(&self.inflow.bytes, packer);
        if let Some(parcel) = packer.take() {
            // Nothing is left to do for a client that is gone.
            let _ = self.ledger.owe(Some(parcel), ()).await;
        }
    }
}
