//! RELP, the protocol of librelp (rsyslog's `omrelp`): every message is acknowledged.
//!
//! ```text
//!  client  1 open 85 relp_version=0 …      2 syslog 34 <34>…      3 syslog …     4 close 0
//!  server  1 rsp 92 200 OK …               2 rsp 6 200 OK         3 rsp …        4 rsp 0
//! ```
//!
//! Messages of one read share a parcel, and are acknowledged together when it is durable. If it
//! was not stored the connection is closed without an answer: librelp keeps what was not
//! answered and sends it again, whereas it forgets what was answered with an error.

mod frame;

use std::fmt::Write;

use bytes::Buf;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, split};
use yagura_parsers::Format;

use self::frame::{Command, Deframer, Frame};
use super::inflow::{Arrival, Inflow};
use super::ledger::{self, Dues, Ended, Ledger};
use super::listener::{Listener, Peer};
use super::packer::Packer;
use super::{Context, syslog_format};
use crate::source::{DropReason, Source};

/// What only this input needs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RelpSettings {
    /// The format of all clients. Without it, each one's first message decides.
    #[serde(deserialize_with = "syslog_format::named")]
    pub format: Option<Format>,
}

/// Serves clients until the input has to stop and everything they sent is acknowledged.
pub async fn run(listener: Listener, settings: RelpSettings) {
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
    let (reading, writing) = split(stream);
    let session = Session {
        inflow: Inflow::new(reading, room),
        deframer: Deframer::new(&context.limits),
        ledger,
        source,
        format,
        packer: None,
        phase: Phase::New,
        last: None,
        unanswered: Transactions::default(),
    };
    ledger::both(session.run(&context), acknowledge(dues, writing)).await;
}

/// Consecutive transactions.
#[derive(Clone, Copy, Debug, Default)]
struct Transactions {
    first: u32,
    count: u32,
}

/// What is written when the parcel before it is durable.
enum Answer {
    Taken(Transactions),
    Other(String),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    New,
    Open,
}

/// Transaction numbers begin anew behind this.
const TRANSACTION_MAX: u32 = 999_999_999;
const OFFERS: &str = "relp_version=0\nrelp_software=yagura\ncommands=syslog";

async fn acknowledge(mut dues: Dues<Answer>, mut writing: impl AsyncWrite + Unpin) {
    let mut text = String::new();
    while let Some(mut due) = dues.recv().await {
        if due.settled().await.is_err() {
            break;
        }
        text.clear();
        match due.answer {
            Answer::Other(answer) => text = answer,
            Answer::Taken(Transactions { first, count }) => {
                let mut number = first;
                for _ in 0..count {
                    // Writing to a string cannot fail.
                    let _ = writeln!(text, "{number} rsp 6 200 OK");
                    number = following(number);
                }
            }
        }
        if writing.write_all(text.as_bytes()).await.is_err() {
            break;
        }
    }
    let _ = writing.shutdown().await;
}

fn following(number: u32) -> u32 {
    if number >= TRANSACTION_MAX {
        1
    } else {
        number + 1
    }
}

struct Session<R> {
    inflow: Inflow<R>,
    deframer: Deframer,
    ledger: Ledger<Answer>,
    source: Source,
    format: Option<Format>,
    packer: Option<Packer>,
    phase: Phase,
    last: Option<u32>,
    unanswered: Transactions,
}

impl<R: AsyncRead + Unpin> Session<R> {
    async fn run(mut self, context: &Context) {
        let greeting = tokio::time::sleep(context.limits.handshake);
        tokio::pin!(greeting);
        loop {
            let arrival = tokio::select! {
                biased;
                () = &mut greeting, if self.phase == Phase::New => {
                    return self.source.dropped(DropReason::TimedOut, 1);
                }
                arrival = self.inflow.more(context, &self.source) => arrival,
            };
            if self.frames(context).await.is_err() {
                return;
            }
            match arrival {
                Arrival::Bytes => {}
                Arrival::End => return,
                Arrival::Stop => {
                    let _ = self.answer("0 serverclose 0\n".into()).await;
                    return;
                }
            }
        }
    }

    /// Works off all whole frames.
    async fn frames(&mut self, context: &Context) -> Result<(), Ended> {
        let mut at = 0;
        loop {
            let bytes = self.inflow.bytes.get(at..).unwrap_or_default();
            match self.deframer.next(bytes) {
                Ok(None) => break,
                Ok(Some((frame, taken))) => {
                    // The data stays where it is: the buffer is not touched before the end.
                    let data = at + frame.data.start..at + frame.data.end;
                    at += taken;
                    let frame = Frame { data, ..frame };
                    self.frame(&frame, context).await?;
                }
                Err(refused) => return self.refuse(refused.reason(), refused.text()).await,
            }
        }
        self.inflow.bytes.advance(at);
        self.flush().await
    }

    async fn frame(&mut self, frame: &Frame, context: &Context) -> Result<(), Ended> {
        let expected = self.last.map(following);
        if expected.is_some_and(|expected| expected != frame.transaction) {
            return self
                .refuse(DropReason::Malformed, "transaction number out of order")
                .await;
        }
        self.last = Some(frame.transaction);
        match (self.phase, frame.command) {
            (Phase::Open, Command::Syslog) => {
                self.message(frame, context);
                if self.packer.as_ref().is_some_and(Packer::is_full) {
                    self.flush().await?;
                }
                Ok(())
            }
            (Phase::New, Command::Open) => self.open(frame).await,
            (_, Command::Close) => {
                self.flush().await?;
                let number = frame.transaction;
                self.answer(format!("{number} rsp 0\n0 serverclose 0\n"))
                    .await?;
                Err(Ended)
            }
            (Phase::New, _) => {
                self.refuse(DropReason::Malformed, "the session is not open")
                    .await
            }
            _ => {
                self.source.dropped(DropReason::Malformed, 1);
                self.respond(frame.transaction, "500 command not known")
                    .await
            }
        }
    }

    async fn open(&mut self, frame: &Frame) -> Result<(), Ended> {
        let offers = self
            .inflow
            .bytes
            .get(frame.data.clone())
            .unwrap_or_default();
        let offer = |name: &str| {
            let mut lines = offers.split(|byte| *byte == b'\n');
            lines.find_map(|line| line.trim_ascii().strip_prefix(name.as_bytes()))
        };
        let version = offer("relp_version=").unwrap_or(b"0");
        let has_syslog = offer("commands=").is_some_and(|all| {
            all.split(|byte| *byte == b',')
                .any(|command| command == b"syslog")
        });
        if !matches!(version, b"0" | b"1") {
            return self
                .refuse(DropReason::Malformed, "unsupported relp_version, 0 is")
                .await;
        }
        if !has_syslog {
            return self
                .refuse(DropReason::Malformed, "the command syslog was not offered")
                .await;
        }
        self.phase = Phase::Open;
        self.respond(frame.transaction, &format!("200 OK\n{OFFERS}"))
            .await
    }

    fn message(&mut self, frame: &Frame, context: &Context) {
        let message = self
            .inflow
            .bytes
            .get(frame.data.clone())
            .unwrap_or_default();
        let packer = self.packer.get_or_insert_with(|| {
            let format = self.format;
            let format = format.unwrap_or_else(|| syslog_format::of_message(message.trim_ascii()));
            Packer::new(self.source.clone(), format, context.limits.line_bytes)
        });
        packer.line(message);
        if self.unanswered.count == 0 {
            self.unanswered.first = frame.transaction;
        }
        self.unanswered.count += 1;
    }

    /// Hands over the messages so far.
    async fn flush(&mut self) -> Result<(), Ended> {
        let taken = std::mem::take(&mut self.unanswered);
        if taken.count == 0 {
            return Ok(());
        }
        let parcel = self.packer.as_mut().and_then(Packer::take);
        self.ledger.owe(parcel, Answer::Taken(taken)).await
    }

    async fn answer(&mut self, answer: String) -> Result<(), Ended> {
        self.flush().await?;
        self.ledger.owe(None, Answer::Other(answer)).await
    }

    async fn respond(&mut self, number: u32, text: &str) -> Result<(), Ended> {
        self.answer(format!("{number} rsp {} {text}\n", text.len()))
            .await
    }

    /// Answers and ends the session: there is no way back into step.
    async fn refuse(&mut self, why: DropReason, text: &str) -> Result<(), Ended> {
        self.source.dropped(why, 1);
        let number = self.last.unwrap_or(0);
        self.respond(number, &format!("500 {text}")).await?;
        self.answer("0 serverclose 0\n".into()).await?;
        Err(Ended)
    }
}
