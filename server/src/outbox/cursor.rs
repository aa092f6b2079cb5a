use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::spool::Position;

/// How far an output is: in memory for all to see, and in a file that is replaced as a whole.
#[derive(Debug)]
pub struct Cursor {
    path: PathBuf,
    at: AtomicU64,
    saved: AtomicU64,
}

/// A cursor cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CursorError {
    /// The file system says no.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// The content is no position.
    #[error("{} is no cursor; if it was edited, remove it: the output then starts with what the outbox still holds", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
    },
}

impl Cursor {
    /// The cursor in a file; `None` if there is no such file.
    pub(super) fn load(path: &Path) -> Result<Option<Self>, CursorError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(failed("read", path, source)),
        };
        let position = text.trim_end().parse().map_err(|_| CursorError::Invalid {
            path: path.to_path_buf(),
        })?;
        Ok(Some(Self {
            path: path.to_path_buf(),
            at: AtomicU64::new(position),
            saved: AtomicU64::new(position),
        }))
    }

    /// A new one, written at once: from now on its output misses nothing.
    pub(super) fn create(path: &Path, at: Position) -> Result<Self, CursorError> {
        let cursor = Self {
            path: path.to_path_buf(),
            at: AtomicU64::new(at.get()),
            saved: AtomicU64::new(0),
        };
        cursor.write(at)?;
        Ok(cursor)
    }

    /// Everything before is behind this output.
    pub fn position(&self) -> Position {
        Position::new(self.at.load(Ordering::Acquire))
    }

    /// Everything before is behind this output, also after a crash.
    pub(super) fn durable(&self) -> Position {
        Position::new(self.saved.load(Ordering::Acquire))
    }

    /// Goes on; never back.
    pub fn advance(&self, to: Position) {
        self.at.fetch_max(to.get(), Ordering::AcqRel);
    }

    /// Makes the position durable.
    pub fn save(&self) -> Result<(), CursorError> {
        let at = self.position();
        if at == self.durable() {
            return Ok(());
        }
        self.write(at)
    }

    fn write(&self, at: Position) -> Result<(), CursorError> {
        let temporary = self.path.with_extension("cursor.tmp");
        let written = (|| {
            let mut file = File::create(&temporary)?;
            writeln!(file, "{at}")?;
            file.sync_all()
        })();
        written.map_err(|error| failed("write", &temporary, error))?;
        fs::rename(&temporary, &self.path).map_err(|error| failed("replace", &self.path, error))?;
        if let Some(folder) = self.path.parent() {
            let synced = File::open(folder).and_then(|folder| folder.sync_all());
            synced.map_err(|error| failed("sync", folder, error))?;
        }
        self.saved.store(at.get(), Ordering::Release);
        Ok(())
    }
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> CursorError {
    let path = path.to_path_buf();
    CursorError::Io {
        action,
        path,
        source,
    }
}
