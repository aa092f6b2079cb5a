//! Inputs that may pause: standard input, named pipes, terminals.
//!
//! A thread reads and unpacks, so that a block can be handed on when the writer pauses, instead
//! of waiting until it is full: `tail -f app.log | yagura scan -` shows what it finds at once.
//! When the pipeline is slower than the writer, chunks pile up (bounded) and blocks grow.

use std::io::{self, Read};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::open::{Patience, Stop};

/// What Linux pipes hold.
const CHUNK_BYTES: usize = 64 * 1024;
const CHUNKS_MAX: usize = 16;

/// How long a block waits for more once it has something: unnoticeable for people, and long
/// enough that a busy writer fills blocks.
const LINGER: Duration = Duration::from_millis(20);

/// The reading thread's other end.
pub(super) struct Stream {
    chunks: Receiver<io::Result<Vec<u8>>>,
    empty: Sender<Vec<u8>>,
}

impl Stream {
    /// Starts the thread. It ends with its reader, or when its next chunk finds nobody.
    pub(super) fn spawn(
        open: impl FnOnce() -> io::Result<Box<dyn Read + Send>> + Send + 'static,
    ) -> io::Result<Self> {
        let (chunks_out, chunks) = bounded(CHUNKS_MAX);
        let (empty, empty_in) = bounded(CHUNKS_MAX + 1);
        thread::Builder::new()
            .name("input".to_owned())
            .spawn(move || match open() {
                Ok(mut reader) => read(&mut *reader, &chunks_out, &empty_in),
                Err(error) => drop(chunks_out.send(Err(error))),
            })?;
        Ok(Self { chunks, empty })
    }

    /// Takes what comes within a moment; where that is nothing, as much patience as given.
    pub(super) fn read_to(
        &mut self,
        buffer: &mut Vec<u8>,
        wanted: usize,
        patience: Patience,
    ) -> io::Result<Stop> {
        if patience == Patience::Endless {
            match self.chunks.recv() {
                Ok(chunk) => self.append(buffer, chunk?),
                Err(_) => return Ok(Stop::Ended),
            }
        }
        let deadline = Instant::now() + LINGER;
        while buffer.len() < wanted {
            match self.chunks.recv_deadline(deadline) {
                Ok(chunk) => self.append(buffer, chunk?),
                Err(RecvTimeoutError::Timeout) => return Ok(Stop::Paused),
                Err(RecvTimeoutError::Disconnected) => return Ok(Stop::Ended),
            }
        }
        Ok(Stop::Full)
    }

    fn append(&self, buffer: &mut Vec<u8>, mut chunk: Vec<u8>) {
        buffer.extend_from_slice(&chunk);
        chunk.clear();
        // The thread makes a new one where this one finds no room.
        let _ = self.empty.try_send(chunk);
    }
}

fn read(reader: &mut dyn Read, chunks: &Sender<io::Result<Vec<u8>>>, empty: &Receiver<Vec<u8>>) {
    loop {
        let mut chunk = empty.try_recv().unwrap_or_default();
        chunk.resize(CHUNK_BYTES, 0);
        let result = match reader.read(&mut chunk) {
            Ok(0) => return,
            Ok(read) => {
                chunk.truncate(read);
                Ok(chunk)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let failed = result.is_err();
        if chunks.send(result).is_err() || failed {
            return;
        }
    }
}
