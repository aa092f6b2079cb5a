//! What the spool and the checkpoints ask of a file system, and no more.
//!
//! Three things are told apart, because a crash does: bytes that were *written* (in memory of the
//! operating system), bytes that are *durable* (after [`File::sync`]), and *names* that are
//! durable (after [`Storage::sync_folder`]). [`Disk`] is the real thing; [`simulated`] keeps the
//! three apart on purpose and loses whatever it is allowed to lose.
//!
//! A failed `sync` means that the bytes since the last good one may be gone, even if the next
//! `sync` of the same file succeeds: the operating system may have thrown them away as clean.
//! Callers must go on in a new file.

mod disk;
mod failure;
#[doc(hidden)]
pub mod simulated;

use std::io;
use std::path::Path;

pub use disk::Disk;
pub use failure::Failure;

/// A name in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The name, without its folder. Names that are no UTF-8 are not listed: none is ours.
    pub name: String,
    /// Length of the file in bytes.
    pub bytes: u64,
}

/// Held as long as this process owns a folder; dropping it gives the folder back.
pub type Lock = Box<dyn Send>;

/// A file system.
pub trait Storage: Send + Sync {
    /// Makes a folder and its parents; fine if it is there already.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;

    /// The files of a folder, in no order.
    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>>;

    /// Makes a file for reading and writing; an error if the name is taken.
    fn create(&self, path: &Path) -> io::Result<Box<dyn File>>;

    /// Opens a file for reading; `sync` works too, `write_at` and `truncate` need not.
    fn open(&self, path: &Path) -> io::Result<Box<dyn File>>;

    /// Gives a file another name in the same folder, replacing what has that name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a name. Whoever has the file open can go on reading it.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names of a folder durable: new, renamed and removed ones.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// Bytes that can still be written in this folder.
    fn space_left(&self, folder: &Path) -> io::Result<u64>;

    /// Takes a lock file for this process; [`io::ErrorKind::WouldBlock`] if another has it.
    fn lock(&self, path: &Path) -> io::Result<Lock>;
}

/// An open file. All offsets are from its beginning.
pub trait File: Send + Sync {
    /// Writes all the bytes; after an error any part of them may have been written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Fills as much of the buffer as the file has from there; 0 at its end.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Makes the content and the length durable.
    fn sync(&self) -> io::Result<()>;

    /// Cuts the file to this length.
    fn truncate(&self, bytes: u64) -> io::Result<()>;

    /// Length in bytes.
    fn bytes(&self) -> io::Result<u64>;
}

/// Reads from `offset` until the buffer is full or the file ends.
pub(crate) fn read_fully(file: &dyn File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..)
        && !rest.is_empty()
    {
        match file.read_at(offset.saturating_add(filled as u64), rest) {
            Ok(0) => break,
            Ok(bytes) => filled += bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
