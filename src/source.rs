//! Paths to blocks of whole records. A stand-in with the interface of the real one: plain files
//! and standard input, no compression, no limit for a record.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use yagura_engine::pipeline::Block;
use yagura_parsers::{
    BlockExtent, EventBatch, Format, Framer, Input, Origin, Timestamp, recognise,
};

const READ_BYTES: usize = 1 << 20;

/// An input that could not be read, or not to its end.
#[derive(Clone, Debug)]
pub struct SourceError {
    /// Its path.
    pub path: PathBuf,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// How far reading is.
#[derive(Debug, Default)]
pub struct Counters {
    /// Bytes read from files, compressed where they are.
    pub read_bytes: AtomicU64,
    /// The sum of the sizes of all files; 0 where unknown.
    pub total_bytes: AtomicU64,
}

/// All inputs, one after the other.
#[derive(Debug)]
pub struct Sources {
    inputs: Vec<PathBuf>,
    format: Option<Format>,
    next_input: usize,
    open: Option<Open>,
    errors: Arc<Mutex<Vec<SourceError>>>,
    counters: Arc<Counters>,
}

struct Open {
    index: usize,
    reader: Box<dyn Read + Send>,
    pending: Vec<u8>,
    framer: Option<(Format, Framer)>,
    position: u64,
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

impl Sources {
    /// Finds all files below the paths; `-` is standard input.
    pub fn new(paths: &[PathBuf], format: Option<Format>) -> Self {
        let mut sources = Self {
            inputs: Vec::new(),
            format,
            next_input: 0,
            open: None,
            errors: Arc::default(),
            counters: Arc::default(),
        };
        for path in paths {
            sources.walk(path);
        }
        sources
    }

    /// The paths by [`Block::input`].
    pub fn inputs(&self) -> &[PathBuf] {
        &self.inputs
    }

    /// What could not be read so far.
    pub fn errors(&self) -> Arc<Mutex<Vec<SourceError>>> {
        Arc::clone(&self.errors)
    }

    /// How far reading is.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    fn walk(&mut self, path: &Path) {
        if path == Path::new("-") {
            return self.inputs.push(path.to_owned());
        }
        match std::fs::metadata(path) {
            Ok(data) if data.is_dir() => match std::fs::read_dir(path) {
                Ok(entries) => {
                    let mut below: Vec<_> = entries.flatten().map(|e| e.path()).collect();
                    below.sort();
                    for path in &below {
                        self.walk(path);
                    }
                }
                Err(error) => self.failed(path, &error),
            },
            Ok(data) => {
                self.counters
                    .total_bytes
                    .fetch_add(data.len(), Ordering::Relaxed);
                self.inputs.push(path.to_owned());
            }
            Err(error) => self.failed(path, &error),
        }
    }

    fn failed(&self, path: &Path, error: &io::Error) {
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        errors.push(SourceError {
            path: path.to_owned(),
            message: error.to_string(),
            help: None,
        });
    }

    /// Fills the batch with the next block; `None` at the end of the last input.
    pub fn next(&mut self, batch: &mut EventBatch) -> Option<Block> {
        loop {
            let open = self.open.take();
            let mut open = open.or_else(|| self.open_next())?;
            match self.fill(&mut open, batch) {
                Ok(Some(block)) => {
                    self.open = Some(open);
                    return Some(block);
                }
                Ok(None) => {}
                Err(error) => self.failed(&self.inputs[open.index], &error),
            }
        }
    }

    /// Opens the next input that can be opened.
    fn open_next(&mut self) -> Option<Open> {
        loop {
            let index = self.next_input;
            let path = self.inputs.get(index)?;
            self.next_input += 1;
            let reader: io::Result<Box<dyn Read + Send>> = if path == Path::new("-") {
                Ok(Box::new(io::stdin()))
            } else {
                File::open(path).map(|file| Box::new(file) as _)
            };
            match reader {
                Ok(reader) => {
                    return Some(Open {
                        index,
                        reader,
                        pending: Vec::new(),
                        framer: None,
                        position: 0,
                    });
                }
                Err(error) => self.failed(path, &error),
            }
        }
    }

    fn fill(&self, open: &mut Open, batch: &mut EventBatch) -> io::Result<Option<Block>> {
        let buffer = batch.recycle();
        buffer.append(&mut open.pending);
        loop {
            let start = buffer.len();
            buffer.resize(start + READ_BYTES, 0);
            let got = open.reader.read(&mut buffer[start..])?;
            buffer.truncate(start + got);
            self.counters
                .read_bytes
                .fetch_add(got as u64, Ordering::Relaxed);
            if buffer.is_empty() {
                return Ok(None);
            }
            let (format, framer) = open.framer.get_or_insert_with(|| {
                let format = self.format.unwrap_or_else(|| recognise(buffer));
                (format, Framer::new(format, Timestamp::UNKNOWN))
            });
            let input = if got == 0 { Input::Ended } else { Input::Open };
            let cut = framer.cut(buffer, input);
            if cut.len == 0 {
                continue;
            }
            open.pending = buffer.split_off(cut.len);
            let origin = Origin {
                position: open.position,
                near: cut.near,
                extent: BlockExtent::Whole,
            };
            open.position += cut.len as u64;
            return Ok(Some(Block {
                input: open.index as u32,
                format: *format,
                origin,
            }));
        }
    }
}
