//! Followed files: what is appended to them, across rotation by renaming and by truncation.
//!
//! ```text
//!  round: expand paths ─▶ a few parcels of each file ─▶ all durable? ─▶ positions move on
//! ```
//!
//! A file is its device, inode and first bytes, not its name: a renamed file is read to its end
//! and not read again under the new name. Reading always begins at the position that is durable,
//! so whatever was refused is simply read again.

mod pattern;
mod position;
mod tail;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use yagura_parsers::Format;

pub use self::position::{Identity, Position, Positions};
use self::tail::Tail;
use super::{Context, ledger, syslog_format};

/// What only this input needs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct FileSettings {
    /// Files; `*` and `?` stand for any text and any character within a name.
    pub paths: Vec<String>,
    /// Names that are not read, as patterns.
    pub exclude: Vec<String>,
    /// The format of all files. Without it, each one's content decides.
    #[serde(deserialize_with = "syslog_format::named")]
    pub format: Option<Format>,
}

/// How often files are looked at.
const POLL: Duration = Duration::from_millis(250);
/// Files that are open at a time; more wait until others are gone.
const FILES_MAX: usize = 1024;

/// Follows until the input has to stop. Positions move only behind what is durable; the caller
/// persists them.
pub async fn run(context: Context, settings: FileSettings, positions: Positions) {
    let mut tails: Vec<Tail> = Vec::new();
    while !context.stop.is_cancelled() {
        let (of_round, kept) = (context.clone(), positions.clone());
        let wanted = settings.clone();
        let looked = spawn_blocking(move || look(tails, &of_round, &wanted, &kept)).await;
        let Ok((round, more)) = looked else {
            tracing::error!(input = &*context.name, "following files ended unexpectedly");
            return;
        };
        tails = round;
        store(&mut tails, &context, &positions).await;
        if !more {
            tokio::select! {
                () = sleep(POLL) => {}
                () = context.stop.cancelled() => {}
            }
        }
    }
}

/// Finds new files, forgets those that are gone, and reads a little of each; whether there is
/// more to read at once.
fn look(
    mut tails: Vec<Tail>,
    context: &Context,
    settings: &FileSettings,
    positions: &Positions,
) -> (Vec<Tail>, bool) {
    let mut found: Vec<PathBuf> = settings
        .paths
        .iter()
        .flat_map(|p| pattern::expand(p))
        .collect();
    found.retain(|path| !pattern::is_excluded(path, &settings.exclude));
    for tail in &mut tails {
        tail.named = false;
    }
    for path in found {
        let Ok(meta) = fs::metadata(&path) else {
            continue;
        };
        if let Some(tail) = tails.iter_mut().find(|tail| tail.is(&meta)) {
            tail.named = true;
            tail.path.clone_from(&path);
        } else if tails.len() < FILES_MAX {
            match Tail::open(&path, context, settings.format, positions) {
                Ok(tail) => tails.push(tail),
                Err(error) => tracing::debug!(path = %path.display(), %error, "cannot open"),
            }
        }
    }
    let mut more = false;
    for tail in &mut tails {
        match tail.read(context) {
            Ok(read) => more |= read,
            Err(error) => tracing::warn!(path = %tail.path.display(), %error, "cannot read"),
        }
    }
    tails.retain(|tail| tail.named || !tail.is_done());
    (tails, more)
}

/// Hands over what was read, and moves the positions of what is durable. Of a file whose parcel
/// was refused the position stays, and it is read again from there.
async fn store(tails: &mut [Tail], context: &Context, positions: &Positions) {
    let mut receipts = Vec::new();
    for (index, tail) in tails.iter_mut().enumerate() {
        if let Some(parcel) = tail.parcel.take() {
            receipts.push((index, ledger::submit(context, parcel).await));
        } else {
            tail.accept(positions);
        }
    }
    for (index, receipt) in receipts {
        let durable = match receipt {
            Ok(receipt) => receipt.durable().await,
            Err(refused) => Err(refused),
        };
        let Some(tail) = tails.get_mut(index) else {
            continue;
        };
        match durable {
            Ok(()) => tail.accept(positions),
            Err(_) => tail.rewind(),
        }
    }
}
