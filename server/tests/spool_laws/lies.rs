use std::io;
use std::path::Path;
use std::sync::Arc;

use yagura_server::storage::{File, Listed, Lock, Storage};

/// A mistake that the spool could make, made for it by the storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// Files are never synced.
    NoFileSync,
    /// Names are never synced.
    NoFolderSync,
    /// A sync that failed is tried again and believed.
    SyncTriedAgain,
}

/// A storage as the spool would see it if it made the mistake.
pub struct Lying {
    pub beneath: Arc<dyn Storage>,
    pub lie: Lie,
}

struct LyingFile {
    beneath: Box<dyn File>,
    lie: Lie,
}

impl Lying {
    fn wrap(&self, beneath: Box<dyn File>) -> Box<dyn File> {
        Box::new(LyingFile {
            beneath,
            lie: self.lie,
        })
    }
}

impl Storage for Lying {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        self.beneath.create_folder(folder)
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        self.beneath.list(folder)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn File>> {
        Ok(self.wrap(self.beneath.create(path)?))
    }
    fn open(&self, path: &Path) -> io::Result<Box<dyn File>> {
        Ok(self.wrap(self.beneath.open(path)?))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.beneath.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.beneath.remove(path)
    }
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        if self.lie == Lie::NoFolderSync {
            Ok(())
        } else {
            self.beneath.sync_folder(folder)
        }
    }
    fn space_left(&self, folder: &Path) -> io::Result<u64> {
        self.beneath.space_left(folder)
    }
    fn lock(&self, path: &Path) -> io::Result<Lock> {
        self.beneath.lock(path)
    }
}

impl File for LyingFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.beneath.write_at(offset, bytes)
    }
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.beneath.read_at(offset, buffer)
    }
    fn sync(&self) -> io::Result<()> {
        match self.lie {
            Lie::NoFileSync => Ok(()),
            Lie::NoFolderSync => self.beneath.sync(),
            Lie::SyncTriedAgain => self.beneath.sync().or_else(|_| self.beneath.sync()),
        }
    }
    fn truncate(&self, bytes: u64) -> io::Result<()> {
        self.beneath.truncate(bytes)
    }
    fn bytes(&self) -> io::Result<u64> {
        self.beneath.bytes()
    }
}
