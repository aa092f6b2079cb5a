//! Standard output with a header that waits for the first result.

use crate::failure::Failure;
use crate::standard_output::StandardOutput;

/// Where results go.
pub struct Output {
    out: StandardOutput,
    /// What stands above the first result, until it is written.
    header: Vec<u8>,
    unflushed: bool,
}

impl Output {
    /// Writes `header` when the first result comes.
    pub fn new(out: StandardOutput, header: Vec<u8>) -> Self {
        Self {
            out,
            header,
            unflushed: false,
        }
    }

    /// Writes results, sooner or later.
    pub fn write(&mut self, text: &[u8]) -> Result<(), Failure> {
        if text.is_empty() {
            return Ok(());
        }
        self.unflushed = true;
        if !self.header.is_empty() {
            self.out.write(&std::mem::take(&mut self.header))?;
        }
        self.out.write(text)
    }

    /// Writes what is still in the buffer.
    pub fn flush(&mut self) -> Result<(), Failure> {
        if std::mem::take(&mut self.unflushed) {
            self.out.flush()?;
        }
        Ok(())
    }
}
