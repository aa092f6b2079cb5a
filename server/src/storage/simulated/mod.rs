//! A file system in memory that takes every liberty a real one has.
//!
//! After the method of Pillai and others, "All File Systems Are Not Created Equal" (OSDI 2014):
//! what is not synced may be lost, torn or survive, page by page and name by name, in any order.
//! A history can be cut at any operation ([`Simulated::crash_at`]), by a kill, after which the
//! operating system still has everything, or by loss of power ([`Simulated::restart`]). Errors
//! are drawn from the same seed ([`Faults`]).
//!
//! For tests only; it indexes and asserts freely.

mod content;
mod names;
mod random;

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use content::Content;
use names::{Change, Names};
pub use random::Random;

use super::{File, Listed, Lock, Storage};

/// How often operations fail, in a thousand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// Writes that end after some of their bytes.
    pub write: u64,
    /// Syncs of files that fail and lose what they should have written.
    pub sync: u64,
    /// Creations, renames, removals and syncs of folders that fail.
    pub names: u64,
}

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Killed: what was written is still there.
    Kill,
    /// Power lost: only what was synced is sure to be there.
    PowerLoss,
}

type Inode = u64;

/// The file system; clones share it.
#[derive(Debug, Clone)]
pub struct Simulated(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    random: Random,
    names: Names,
    inodes: BTreeMap<Inode, Content>,
    operations: u64,
    crash_at: Option<u64>,
    crashed: bool,
    /// Counts processes: handles of a dead one do nothing any more.
    process: u64,
    faults: Faults,
    read_only: bool,
    unreadable: Option<(Inode, Range<u64>)>,
    capacity: usize,
}

/// Whether an operation is carried out.
enum Fate {
    Done,
    Fails(io::Error),
    /// The process ends within it: it has had its effect, or not.
    Crashes(io::Error),
}

impl Simulated {
    /// An empty one. The seed decides everything that is left to chance.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            random: Random::new(seed),
            names: Names::default(),
            inodes: BTreeMap::new(),
            operations: 0,
            crash_at: None,
            crashed: false,
            process: 0,
            faults: Faults::default(),
            read_only: false,
            unreadable: None,
            capacity: usize::MAX,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many operations that change something there were.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// The process ends within this operation, counted from the beginning of all.
    pub fn crash_at(&self, operation: u64) {
        self.state().crash_at = Some(operation);
    }

    /// Whether the process has ended.
    pub fn crashed(&self) -> bool {
        self.state().crashed
    }

    /// Ends the process, if it has not ended, and lets a new one begin.
    pub fn restart(&self, end: End) {
        let mut guard = self.state();
        let state = &mut *guard;
        state.process += 1;
        state.crashed = false;
        state.crash_at = None;
        if end == End::PowerLoss {
            state.names.lose_power(&mut state.random);
            // What other files had at the same place is the most misleading rest there is.
            let rest = state
                .inodes
                .values()
                .next()
                .map(|first| first.durable.clone());
            for content in state.inodes.values_mut() {
                content.lose_power(&mut state.random, rest.as_deref().unwrap_or_default());
            }
        }
    }

    /// From now on operations fail that often.
    pub fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// From now on nothing can be changed, or can again.
    pub fn set_read_only(&self, read_only: bool) {
        self.state().read_only = read_only;
    }

    /// From now on there is room for so many bytes in all.
    pub fn set_capacity(&self, bytes: usize) {
        self.state().capacity = bytes;
    }

    /// From now on these bytes of a file cannot be read; false if there is no such file.
    pub fn set_unreadable(&self, path: &Path, bytes: Range<u64>) -> bool {
        let mut state = self.state();
        let inode = state.names.visible().get(path).copied();
        state.unreadable = inode.map(|inode| (inode, bytes));
        inode.is_some()
    }

    /// All names there are.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.state().names.visible().keys().cloned().collect()
    }

    /// Changes the bytes of a file on the disk itself; false if there is no such file.
    pub fn damage(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> bool {
        let mut state = self.state();
        let Some(inode) = state.names.visible().get(path).copied() else {
            return false;
        };
        let Some(content) = state.inodes.get_mut(&inode) else {
            return false;
        };
        content.sync();
        change(&mut content.durable);
        content.cache.clone_from(&content.durable);
        true
    }
}

impl State {
    /// Counts an operation and says what becomes of it.
    fn fate(&mut self, per_mille: u64) -> io::Result<Fate> {
        if self.crashed {
            return Err(io::Error::other("the process has ended"));
        }
        self.operations += 1;
        if self.crash_at.is_some_and(|at| self.operations >= at) {
            self.crashed = true;
            return Ok(Fate::Crashes(io::Error::other("the process ends here")));
        }
        if self.read_only {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        if self.random.per_mille(per_mille) {
            return Ok(Fate::Fails(io::Error::other("input/output error")));
        }
        Ok(Fate::Done)
    }

    fn change_names(&mut self, change: Change) -> io::Result<()> {
        match self.fate(self.faults.names)? {
            Fate::Done => {
                self.names.apply(change);
                Ok(())
            }
            Fate::Fails(error) => Err(error),
            Fate::Crashes(error) => {
                if self.random.per_mille(500) {
                    self.names.apply(change);
                }
                Err(error)
            }
        }
    }

    fn used(&self) -> usize {
        let named = self
            .names
            .visible()
            .values()
            .filter_map(|inode| self.inodes.get(inode));
        named.map(|content| content.cache.len()).sum()
    }

    fn inode(&self, path: &Path) -> io::Result<Inode> {
        self.names
            .visible()
            .get(path)
            .copied()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn content(&mut self, inode: Inode, process: u64) -> io::Result<&mut Content> {
        if self.process != process {
            return Err(io::Error::other("opened by a process that has ended"));
        }
        self.inodes
            .get_mut(&inode)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Storage for Simulated {
    fn create_folder(&self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        let state = self.state();
        let inside = state
            .names
            .visible()
            .iter()
            .filter(|(path, _)| path.parent() == Some(folder));
        Ok(inside
            .map(|(path, inode)| Listed {
                name: path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned(),
                bytes: state.inodes[inode].cache.len() as u64,
            })
            .collect())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn File>> {
        let mut state = self.state();
        if state.names.visible().contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = state.inodes.keys().next_back().map_or(0, |last| last + 1);
        state.inodes.insert(inode, Content::default());
        state.change_names(Change::Link(path.to_path_buf(), inode))?;
        Ok(Box::new(Handle {
            system: self.clone(),
            inode,
            process: state.process,
        }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn File>> {
        let state = self.state();
        let inode = state.inode(path)?;
        Ok(Box::new(Handle {
            system: self.clone(),
            inode,
            process: state.process,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        let inode = state.inode(from)?;
        state.change_names(Change::Rename(from.to_path_buf(), to.to_path_buf(), inode))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.inode(path)?;
        state.change_names(Change::Unlink(path.to_path_buf()))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut guard = self.state();
        let state = &mut *guard;
        match state.fate(state.faults.names)? {
            Fate::Done => {
                state.names.sync(folder);
                Ok(())
            }
            Fate::Fails(error) => {
                state.names.fail_sync(folder, &mut state.random);
                Err(error)
            }
            Fate::Crashes(error) => {
                if state.random.per_mille(500) {
                    state.names.sync(folder);
                }
                Err(error)
            }
        }
    }

    fn space_left(&self, _folder: &Path) -> io::Result<u64> {
        let state = self.state();
        Ok(state.capacity.saturating_sub(state.used()) as u64)
    }

    fn lock(&self, _path: &Path) -> io::Result<Lock> {
        let state = self.state();
        if state.read_only {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        Ok(Box::new(()))
    }
}

struct Handle {
    system: Simulated,
    inode: Inode,
    process: u64,
}

impl File for Handle {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.system.state();
        let left = state.capacity.saturating_sub(state.used());
        let per_mille = state.faults.write;
        let fate = state.fate(per_mille)?;
        let some = state.random.below(bytes.len() as u64 + 1) as usize;
        let content = state.content(self.inode, self.process)?;
        let grows = (offset as usize + bytes.len()).saturating_sub(content.cache.len());
        match fate {
            Fate::Done if grows > left => {
                content.write(offset as usize, &bytes[..bytes.len() - (grows - left)]);
                Err(io::ErrorKind::StorageFull.into())
            }
            Fate::Done => {
                content.write(offset as usize, bytes);
                Ok(())
            }
            Fate::Fails(error) | Fate::Crashes(error) => {
                content.write(offset as usize, &bytes[..some]);
                Err(error)
            }
        }
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.system.state();
        if let Some((inode, bad)) = &state.unreadable
            && *inode == self.inode
            && offset < bad.end
            && bad.start < offset + buffer.len() as u64
        {
            return Err(io::Error::other("input/output error"));
        }
        let content = state.content(self.inode, self.process)?;
        let rest = content.cache.get(offset as usize..).unwrap_or_default();
        let bytes = rest.len().min(buffer.len());
        buffer[..bytes].copy_from_slice(&rest[..bytes]);
        Ok(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        let mut guard = self.system.state();
        let state = &mut *guard;
        let fate = state.fate(state.faults.sync)?;
        let half = state.random.per_mille(500);
        let mut random = Random::new(state.random.number());
        let content = state.content(self.inode, self.process)?;
        match fate {
            Fate::Done => content.sync(),
            Fate::Fails(error) => {
                content.fail_sync(&mut random);
                return Err(error);
            }
            Fate::Crashes(error) => {
                if half {
                    content.sync();
                }
                return Err(error);
            }
        }
        Ok(())
    }

    fn truncate(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.system.state();
        let per_mille = state.faults.write;
        match state.fate(per_mille)? {
            Fate::Done => state
                .content(self.inode, self.process)?
                .truncate(bytes as usize),
            Fate::Fails(error) | Fate::Crashes(error) => return Err(error),
        }
        Ok(())
    }

    fn bytes(&self) -> io::Result<u64> {
        Ok(self
            .system
            .state()
            .content(self.inode, self.process)?
            .cache
            .len() as u64)
    }
}
