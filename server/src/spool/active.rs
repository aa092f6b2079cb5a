use std::io;
use std::path::{Path, PathBuf};

use super::record::{self, framed_bytes};
use super::segment::{self, HEADER_BYTES, Header};
use super::{Position, Record};
use crate::storage::{Failure, File, Storage};

/// A buffer that one large record made is given back after it.
const PENDING_BYTES_KEPT: usize = 2 << 20;

/// The segment that records are appended to. Offsets: `durable ≤ written ≤ written + pending`.
pub(super) struct Active {
    path: PathBuf,
    file: Box<dyn File>,
    base: Position,
    durable: u64,
    written: u64,
    pending: Vec<u8>,
    /// What the catalog knows of it.
    counted: u64,
}

impl Active {
    /// Makes the file. Whatever has its name was left by an attempt that failed: no record ever
    /// got a position in it.
    pub(super) fn create(
        storage: &dyn Storage,
        folder: &Path,
        header: Header,
    ) -> Result<Self, Failure> {
        let path = segment::path(folder, header.base);
        let created = match storage.create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                storage.remove(&path).and_then(|()| storage.create(&path))
            }
            other => other,
        };
        let file = created.map_err(|error| Failure::new("create", &path, error))?;
        let made = file
            .write_at(0, &header.encode())
            .map_err(|error| Failure::new("write to", &path, error))
            .and_then(|()| {
                file.sync()
                    .map_err(|error| Failure::new("sync", &path, error))
            })
            .and_then(|()| {
                storage
                    .sync_folder(folder)
                    .map_err(|error| Failure::new("sync", folder, error))
            });
        if let Err(failure) = made {
            // If it cannot be removed either, the next attempt does.
            let _ = storage.remove(&path);
            return Err(failure);
        }
        let bytes = HEADER_BYTES;
        let pending = Vec::new();
        let base = header.base;
        Ok(Self {
            path,
            file,
            base,
            durable: bytes,
            written: bytes,
            pending,
            counted: bytes,
        })
    }

    pub(super) fn base(&self) -> Position {
        self.base
    }

    /// End of what is durable.
    pub(super) fn end(&self) -> Position {
        self.base.plus(self.durable)
    }

    pub(super) fn is_durable(&self) -> bool {
        self.pending.is_empty() && self.written == self.durable
    }

    pub(super) fn has_records(&self) -> bool {
        self.written + self.pending.len() as u64 > HEADER_BYTES
    }

    pub(super) fn written_bytes(&self) -> u64 {
        self.written
    }

    /// What it takes, or is about to, beyond what the catalog knows.
    pub(super) fn uncounted_bytes(&self) -> u64 {
        self.written + self.pending.len() as u64 - self.counted
    }

    /// Whether so many bytes more are no reason to begin the next. A single record may be larger
    /// than a segment should be.
    pub(super) fn takes(&self, bytes: u64, segment_bytes: u64) -> bool {
        !self.has_records() || self.written + self.pending.len() as u64 + bytes <= segment_bytes
    }

    pub(super) fn append(&mut self, record: &Record<'_>, salt: u64) -> Position {
        let position = self.base.plus(self.written + self.pending.len() as u64);
        self.pending
            .reserve(framed_bytes(record.payload.len()) as usize);
        record::encode(record, salt, position, &mut self.pending);
        position
    }

    /// Writes without waiting for the end of the batch, so that memory stays bounded.
    pub(super) fn write_if_much(&mut self, much: usize) -> Result<(), Failure> {
        if self.pending.len() < much {
            Ok(())
        } else {
            self.write()
        }
    }

    fn write(&mut self) -> Result<(), Failure> {
        self.file
            .write_at(self.written, &self.pending)
            .map_err(|error| Failure::new("write to", &self.path, error))?;
        self.written += self.pending.len() as u64;
        self.pending.clear();
        self.pending.shrink_to(PENDING_BYTES_KEPT);
        Ok(())
    }

    pub(super) fn sync(&mut self) -> Result<(), Failure> {
        if !self.pending.is_empty() {
            self.write()?;
        }
        self.file
            .sync()
            .map_err(|error| Failure::new("sync", &self.path, error))?;
        self.durable = self.written;
        self.counted = self.written;
        Ok(())
    }

    /// Gives back what a failed batch takes on disk; what the file takes after that, at most.
    pub(super) fn cut_off_undurable(&self) -> u64 {
        match self.file.truncate(self.durable) {
            Ok(()) => self.durable,
            Err(_) => self.written + self.pending.len() as u64,
        }
    }
}
