use std::io::Write;

use serde::Deserialize;

use super::{Format, Output, Queued, Undelivered};

/// Standard output in the configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct StdoutSettings {
    /// How records are written.
    pub format: Format,
}

/// JSON lines into something that cannot be asked what arrived, such as a pipe.
#[derive(Debug)]
pub struct LineOutput<W> {
    to: W,
    format: Format,
}

impl<W: Write + Send> LineOutput<W> {
    /// Writes there.
    pub fn new(to: W, format: Format) -> Self {
        Self { to, format }
    }
}

impl<W: Write + Send> Output for LineOutput<W> {
    fn deliver(&mut self, batch: &[Queued]) -> Result<(), Undelivered> {
        for (at, queued) in batch.iter().enumerate() {
            let mut line = self.format.write(&queued.finding, at)?.into_owned();
            line.push(b'\n');
            let written = self.to.write_all(&line).and_then(|()| self.to.flush());
            written.map_err(|error| Undelivered::later(at, format!("cannot write: {error}")))?;
        }
        Ok(())
    }
}
