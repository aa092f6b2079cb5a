//! Standard output: locked once, buffered, aware of readers that leave early.

use std::io::{self, BufWriter, StdoutLock, Write};

use crate::failure::Failure;

const BUFFER_BYTES: usize = 64 << 10;

/// Where results go.
pub struct StandardOutput {
    writer: BufWriter<StdoutLock<'static>>,
}

impl StandardOutput {
    /// Locks standard output for as long as the value lives.
    pub fn lock() -> Self {
        Self {
            writer: BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock()),
        }
    }

    /// Writes, sooner or later.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.writer.write_all(bytes).map_err(Failure::from_output)
    }

    /// Writes what is still in the buffer.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.writer.flush().map_err(Failure::from_output)
    }
}

/// Writes text to standard output at once.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = StandardOutput::lock();
    out.write(text.as_bytes())?;
    out.flush()
}

/// Writes text to standard error. That nobody can read it any more is no reason to stop.
pub fn print_error(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
