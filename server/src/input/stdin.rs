//! Lines from standard input, or from any reader, until it ends.

use std::io::{ErrorKind, Read};
use std::thread;

use serde::Deserialize;
use tokio::sync::mpsc;
use yagura_parsers::Format;

use super::inflow::READ_BYTES;
use super::octets::Framing;
use super::packer::Packer;
use super::{Context, ledger, syslog_format};
use crate::intake::Refused;

/// What only this input needs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct StdinSettings {
    /// The format. Without it, the content decides.
    #[serde(deserialize_with = "syslog_format::named")]
    pub format: Option<Format>,
}

/// Takes lines until the reader ends or the input has to stop; returns when they are durable.
///
/// # Errors
/// The first refusal: whoever writes to a pipe cannot be asked to write again.
pub async fn run(
    reader: impl Read + Send + 'static,
    context: Context,
    settings: StdinSettings,
) -> Result<(), Refused> {
    let mut chunks = chunks_of(reader);
    let source = context.sources.of_input(&context.name);
    let mut framing = Framing::lines(&context.limits);
    let mut packer = None;
    let mut waiting = Vec::new();
    loop {
        let chunk = tokio::select! {
            chunk = chunks.recv() => chunk,
            () = context.stop.cancelled() => None,
        };
        let is_end = chunk.is_none();
        waiting.extend(chunk.unwrap_or_default());
        let packer = packer.get_or_insert_with(|| {
            let format = settings.format;
            let format = format.unwrap_or_else(|| syslog_format::of_message(&waiting));
            Packer::new(source.clone(), format, context.limits.line_bytes)
        });
        loop {
            // Lines have no counts, so none is absurd.
            let taken = framing.take(&waiting, packer).unwrap_or(0);
            waiting.drain(..taken);
            let was_full = packer.is_full();
            if is_end && !was_full {
                framing.finish(&waiting, packer);
            }
            if let Some(parcel) = packer.take() {
                let receipt = ledger::submit(&context, parcel).await?;
                receipt.durable().await?;
            }
            if !was_full {
                break;
            }
        }
        if is_end {
            return Ok(());
        }
    }
}

/// A thread of its own that may stay behind: a read from a terminal cannot be called off, and
/// would hold up the end of the runtime.
fn chunks_of(mut reader: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(2);
    thread::spawn(move || {
        let mut chunk = vec![0; READ_BYTES];
        loop {
            match reader.read(&mut chunk) {
                Ok(0) => return,
                Ok(read) => {
                    let read = chunk.get(..read).unwrap_or_default().to_vec();
                    if sender.blocking_send(read).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return tracing::warn!(%error, "cannot read standard input"),
            }
        }
    });
    receiver
}
