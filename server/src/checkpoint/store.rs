use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use super::file::{self, HEADER_BYTES, Header};
use crate::spool::Position;
use crate::storage::{Failure, Lock, Storage};

const SUFFIX: &str = ".checkpoint";
const SUFFIX_UNFINISHED: &str = ".tmp";
const SUFFIX_DAMAGED: &str = ".damaged";
const GENERATIONS_KEPT: usize = 2;
/// Damaged ones are set aside for a person to look at; older ones make room.
const DAMAGED_KEPT: usize = 2;
/// A write of the whole state at once would need as much dirty memory of the system.
const WRITE_BYTES: usize = 4 << 20;

/// Limits of a store.
#[derive(Debug, Clone)]
pub struct Options {
    /// Larger states are neither written nor read.
    pub state_bytes_max: u64,
}

impl Default for Options {
    /// 4 GiB.
    fn default() -> Self {
        Self {
            state_bytes_max: 4 << 30,
        }
    }
}

/// What was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Everything before is in the state; reading goes on from here.
    pub position: Position,
    /// Version of the state's format, as it was given to [`Store::save`].
    pub format: u32,
    /// The state.
    pub state: Vec<u8>,
}

/// What a store found.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The newest good one; none in a new store, or if none is good ([`Loaded::rejected`] tells).
    pub newest: Option<Checkpoint>,
    /// Those that cannot be used, and why.
    pub rejected: Vec<Rejected>,
}

/// A checkpoint that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Where it is now: set aside, if that was possible.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: RejectedReason,
}

/// What is wrong with a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectedReason {
    /// The header does not check.
    Header,
    /// The state is cut short or does not check.
    State,
    /// The disk does not give it.
    Unreadable(io::ErrorKind),
    /// The state has so many bytes, more than [`Options::state_bytes_max`].
    TooLarge(u64),
    /// Written by another version of this program.
    Version(u32),
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match self.reason {
            RejectedReason::Header => write!(f, "{path}: the header is damaged"),
            RejectedReason::State => write!(f, "{path}: the state is damaged or cut short"),
            RejectedReason::Unreadable(kind) => write!(f, "{path}: cannot be read: {kind}"),
            RejectedReason::TooLarge(bytes) => {
                write!(
                    f,
                    "{path}: its state of {bytes} bytes is larger than allowed"
                )
            }
            RejectedReason::Version(version) => write!(f, "{path}: format version {version}"),
        }
    }
}

/// Why a store cannot be opened. Damaged checkpoints are no reason.
#[derive(Debug, Clone, Error)]
pub enum OpenError {
    /// The folder can be neither read nor made.
    #[error("cannot open the checkpoints: {0}")]
    Storage(Failure),
    /// Another process keeps its checkpoints there.
    #[error("the checkpoints in {} are used by another process; stop it, or give this one a folder of its own", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// Going on without that state would lose what it knows.
    #[error("{} has format version {found}, this program knows {}; run the version that wrote it, or move the file away to begin without its state", path.display(), file::VERSION)]
    Version {
        /// The checkpoint.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
}

#[derive(Debug, Clone, Copy)]
struct Kept {
    generation: u64,
    position: Position,
    /// Saved by this process, so its name is known to be durable. Of one that was found it is
    /// not: the process that saved it may have been killed before it synced the folder, or gone
    /// on after a sync that failed.
    is_own: bool,
}

/// The checkpoints in a folder.
pub struct Store {
    storage: Arc<dyn Storage>,
    folder: PathBuf,
    options: Options,
    /// Good ones, oldest first.
    kept: Vec<Kept>,
    next_generation: u64,
    lock: Option<Lock>,
}

impl Store {
    /// Opens the store in a folder, or makes one there, and reads the newest good checkpoint.
    ///
    /// A folder that can only be read is opened too; [`Store::save`] then says what is wrong.
    pub fn open(
        storage: Arc<dyn Storage>,
        folder: &Path,
        options: Options,
    ) -> Result<(Self, Loaded), OpenError> {
        let made = storage.create_folder(folder);
        let failed = |error| OpenError::Storage(Failure::new("read", folder, error));
        let folder = folder.to_path_buf();
        let mut store = Self {
            storage,
            folder: folder.clone(),
            options,
            kept: Vec::new(),
            next_generation: 1,
            lock: None,
        };
        match store.take_lock() {
            Err(failure) if failure.kind() == io::ErrorKind::WouldBlock => {
                return Err(OpenError::InUse { folder });
            }
            // Anything else comes up again with the first save.
            _ => {}
        }
        let generations = match (store.generations(), made) {
            (Ok(generations), _) => generations,
            (Err(_), Err(error)) | (Err(error), Ok(())) => return Err(failed(error)),
        };
        store.next_generation = store.highest().map_err(failed)?.saturating_add(1);
        let mut loaded = Loaded::default();
        for generation in generations.into_iter().rev() {
            if store.kept.len() < GENERATIONS_KEPT {
                store.look_at(generation, &mut loaded)?;
            }
        }
        Ok((store, loaded))
    }

    /// Up to where the spool may be released: what is before, no kept checkpoint needs.
    ///
    /// Nothing until this process has saved twice: only then is it sure that two are durable.
    pub fn releasable(&self) -> Position {
        let own = self.kept.iter().filter(|kept| kept.is_own);
        if own.count() < GENERATIONS_KEPT {
            return Position::START;
        }
        let positions = self.kept.iter().map(|kept| kept.position);
        positions.min().unwrap_or_default()
    }

    /// Position of the newest kept checkpoint.
    pub fn newest(&self) -> Position {
        self.kept
            .last()
            .map_or(Position::START, |kept| kept.position)
    }

    /// Makes a state durable. On an error all is as before: the kept ones are still there.
    pub fn save(&mut self, position: Position, format: u32, state: &[u8]) -> Result<(), Failure> {
        let generation = self.next_generation;
        let unfinished = self
            .folder
            .join(format!("{generation:020}{SUFFIX_UNFINISHED}"));
        if state.len() as u64 > self.options.state_bytes_max {
            let message = format!("the state has {} bytes, more than allowed", state.len());
            return Err(Failure::new("save", &unfinished, io::Error::other(message)));
        }
        self.take_lock()?;
        // A name is not used again after a failure: what became of it is not known.
        self.next_generation = generation.saturating_add(1);
        let header = Header {
            generation,
            position,
            state_bytes: state.len() as u64,
            format,
            state_checksum: crc32fast::hash(state),
        };
        if let Err(failure) = self.write(&unfinished, &header, state) {
            let _ = self.storage.remove(&unfinished);
            return Err(failure);
        }
        self.kept.push(Kept {
            generation,
            position,
            is_own: true,
        });
        if self.kept.len() > GENERATIONS_KEPT {
            self.kept.remove(0);
        }
        self.remove_others();
        Ok(())
    }

    /// Gives up the newest kept checkpoint, because its state makes no sense to the caller, and
    /// reads the one before.
    pub fn fall_back(&mut self) -> Result<Loaded, OpenError> {
        let mut loaded = Loaded::default();
        self.kept.pop();
        if let Some(older) = self.kept.pop() {
            self.look_at(older.generation, &mut loaded)?;
        }
        Ok(loaded)
    }

    fn write(&self, unfinished: &Path, header: &Header, state: &[u8]) -> Result<(), Failure> {
        let failed = |action, path: &Path| {
            let path = path.to_path_buf();
            move |error| Failure::new(action, &path, error)
        };
        let file = self
            .storage
            .create(unfinished)
            .map_err(failed("create", unfinished))?;
        file.write_at(0, &header.encode())
            .map_err(failed("write to", unfinished))?;
        let mut offset = HEADER_BYTES as u64;
        for part in state.chunks(WRITE_BYTES) {
            file.write_at(offset, part)
                .map_err(failed("write to", unfinished))?;
            offset += part.len() as u64;
        }
        file.sync().map_err(failed("sync", unfinished))?;
        let path = self.path(header.generation);
        self.storage
            .rename(unfinished, &path)
            .map_err(failed("rename", unfinished))?;
        self.storage
            .sync_folder(&self.folder)
            .map_err(failed("sync", &self.folder))
    }

    fn path(&self, generation: u64) -> PathBuf {
        self.folder.join(format!("{generation:020}{SUFFIX}"))
    }

    fn take_lock(&mut self) -> Result<(), Failure> {
        if self.lock.is_none() {
            let path = self.folder.join("lock");
            let taken = self.storage.lock(&path);
            self.lock = Some(taken.map_err(|error| Failure::new("lock", &path, error))?);
        }
        Ok(())
    }

    /// All there are, oldest first.
    fn generations(&self) -> io::Result<Vec<u64>> {
        let listed = self.storage.list(&self.folder)?;
        let generations = listed
            .iter()
            .filter_map(|listed| generation_of(&listed.name, SUFFIX));
        let mut generations: Vec<_> = generations.collect();
        generations.sort_unstable();
        Ok(generations)
    }

    /// The highest generation that any name has, be it unfinished or damaged.
    fn highest(&self) -> io::Result<u64> {
        let listed = self.storage.list(&self.folder)?;
        let generation = |name: &str| {
            let suffixes = [SUFFIX, SUFFIX_UNFINISHED, SUFFIX_DAMAGED];
            suffixes
                .into_iter()
                .find_map(|suffix| generation_of(name, suffix))
        };
        Ok(listed
            .iter()
            .filter_map(|listed| generation(&listed.name))
            .max()
            .unwrap_or(0))
    }

    /// Reads one older than those kept so far.
    fn look_at(&mut self, generation: u64, loaded: &mut Loaded) -> Result<(), OpenError> {
        let path = self.path(generation);
        let is_wanted = loaded.newest.is_none();
        let mut state = Vec::new();
        let read = self
            .storage
            .open(&path)
            .map_err(|error| RejectedReason::Unreadable(error.kind()))
            .and_then(|opened| {
                file::read(&*opened, generation, self.options.state_bytes_max, |part| {
                    if is_wanted {
                        state.extend_from_slice(part);
                    }
                })
            });
        match read {
            Ok(header) => {
                let position = header.position;
                self.kept.insert(
                    0,
                    Kept {
                        generation,
                        position,
                        is_own: false,
                    },
                );
                if is_wanted {
                    let Header {
                        position, format, ..
                    } = header;
                    loaded.newest = Some(Checkpoint {
                        position,
                        format,
                        state,
                    });
                }
            }
            Err(RejectedReason::Version(found)) => return Err(OpenError::Version { path, found }),
            Err(reason) => {
                // One that the disk does not give may be readable another time.
                let is_damaged = matches!(reason, RejectedReason::Header | RejectedReason::State);
                let aside = if is_damaged {
                    self.set_aside(generation)
                } else {
                    None
                };
                let path = aside.unwrap_or(path);
                loaded.rejected.push(Rejected { path, reason });
            }
        }
        Ok(())
    }

    fn set_aside(&self, generation: u64) -> Option<PathBuf> {
        let path = self
            .folder
            .join(format!("{generation:020}{SUFFIX_DAMAGED}"));
        self.storage
            .rename(&self.path(generation), &path)
            .is_ok()
            .then_some(path)
    }

    /// Removes what is neither kept nor worth a look. What cannot be removed now is the next time.
    fn remove_others(&self) {
        let Ok(listed) = self.storage.list(&self.folder) else {
            return;
        };
        let mut damaged = Vec::new();
        for name in listed.into_iter().map(|listed| listed.name) {
            let is_kept = |generation| self.kept.iter().any(|kept| kept.generation == generation);
            let is_over =
                generation_of(&name, SUFFIX).is_some_and(|generation| !is_kept(generation));
            if is_over || name.ends_with(SUFFIX_UNFINISHED) {
                let _ = self.storage.remove(&self.folder.join(name));
            } else if name.ends_with(SUFFIX_DAMAGED) {
                damaged.push(name);
            }
        }
        damaged.sort_unstable();
        let too_many = damaged.len().saturating_sub(DAMAGED_KEPT);
        for name in damaged.into_iter().take(too_many) {
            let _ = self.storage.remove(&self.folder.join(name));
        }
    }
}

fn generation_of(name: &str, suffix: &str) -> Option<u64> {
    let digits = name.strip_suffix(suffix)?;
    let is_ours = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_ours)
}
