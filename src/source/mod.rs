//! From paths to blocks of whole records, as [`yagura_engine::pipeline::run`] takes them.
//!
//! ```text
//!  paths ─▶ walk ─▶ open ─▶ unpack (gzip, zstd, UTF-16) ─▶ blocks: recognise, cut ─▶ EventBatch
//!                     └─▶ stream: own thread for what may pause (standard input, pipes)
//! ```
//!
//! One input after the other, in the order of the paths, so that results do not depend on
//! timing. What cannot be read is noted in [`Sources::errors`], and the next input follows.

mod blocks;
mod open;
mod ordinal;
mod stream;
mod unpack;
mod utf16;
mod walk;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use yagura_engine::pipeline::Block;
use yagura_parsers::{EventBatch, Format};

use blocks::{Blocks, Limits};

/// An input that could not be read, or not to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceError {
    /// Its path.
    pub path: PathBuf,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl SourceError {
    fn new(path: &Path, error: &io::Error) -> Self {
        let (message, help) = match error.kind() {
            io::ErrorKind::NotFound => (
                "there is no such file or folder".to_owned(),
                Some("check the spelling of the path"),
            ),
            io::ErrorKind::PermissionDenied => (
                "no permission to read it".to_owned(),
                Some("run as a user who may read it, or change its permissions"),
            ),
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => (
                error.to_string(),
                Some("what could be read up to there was; fetch or create the file anew"),
            ),
            io::ErrorKind::Unsupported => (
                error.to_string(),
                Some("give its path explicitly to read it as a stream"),
            ),
            _ => (error.to_string(), None),
        };
        Self {
            path: path.to_owned(),
            message,
            help: help.map(str::to_owned),
        }
    }
}

/// How far reading is.
#[derive(Debug, Default)]
#[expect(clippy::struct_field_names, reason = "the unit")]
pub struct Counters {
    /// Bytes read from files and streams, compressed where they are.
    pub read_bytes: AtomicU64,
    /// Bytes after decompression.
    pub unpacked_bytes: AtomicU64,
    /// The sum of the sizes of all files when they were found. Streams have none.
    pub total_bytes: AtomicU64,
}

/// The errors of all inputs, shared since the source runs on a thread of its own.
pub type SourceErrors = Arc<Mutex<Vec<SourceError>>>;

/// All inputs, one after the other.
#[derive(Debug)]
pub struct Sources {
    inputs: Vec<PathBuf>,
    format: Option<Format>,
    limits: Limits,
    next_input: usize,
    open: Option<Blocks>,
    errors: SourceErrors,
    counters: Arc<Counters>,
}

impl Sources {
    /// Finds all files below `paths`; `-` is standard input. Without `format` that of each
    /// input is recognised by its content.
    pub fn new(paths: &[PathBuf], format: Option<Format>) -> Self {
        let errors = SourceErrors::default();
        let counters = Arc::<Counters>::default();
        let inputs = walk::inputs(paths, &counters, &mut |error| note(&errors, error));
        Self {
            inputs,
            format,
            limits: Limits::default(),
            next_input: 0,
            open: None,
            errors,
            counters,
        }
    }

    /// The paths, by [`Block::input`].
    pub fn inputs(&self) -> &[PathBuf] {
        &self.inputs
    }

    /// What could not be read so far.
    pub fn errors(&self) -> SourceErrors {
        Arc::clone(&self.errors)
    }

    /// How far reading is.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Fills the batch with the next block; `None` at the end of the last input.
    pub fn next(&mut self, batch: &mut EventBatch) -> Option<Block> {
        loop {
            if let Some(open) = &mut self.open {
                let block = open.next(batch);
                if let Some(error) = open.take_error()
                    && let Some(path) = self.inputs.get(open.input() as usize)
                {
                    note(&self.errors, SourceError::new(path, &error));
                }
                if block.is_some() {
                    return block;
                }
            }
            self.open = None;
            let input = self.next_input;
            let path = self.inputs.get(input)?;
            self.next_input += 1;
            match open::open(path, &self.counters) {
                Ok(opened) => {
                    let counters = Arc::clone(&self.counters);
                    let blocks = Blocks::new(input as u32, opened, self.format, self.limits);
                    self.open = Some(blocks.counting(counters));
                }
                Err(error) => note(&self.errors, SourceError::new(path, &error)),
            }
        }
    }
}

fn note(errors: &SourceErrors, error: SourceError) {
    errors
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(error);
}

#[cfg(test)]
mod tests;
