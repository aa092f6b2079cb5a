//! Opening a spool: which segments there are, where their records end, what is missing.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use super::append::take_lock;
use super::catalog::{Catalog, Segment};
use super::cursor::{Cursor, Step};
use super::options::SPAN_BYTES_MIN;
use super::record::ALIGNMENT;
use super::segment::{self, HEADER_BYTES, Header, HeaderError};
use super::{Options, Position, Spool, aside};
use crate::storage::{Failure, File, Storage, read_fully};

/// Damages listed one by one; more are counted.
const DAMAGES_LISTED_MAX: usize = 100;

/// What was found when a spool was opened.
#[derive(Debug, Clone, Default)]
pub struct Recovery {
    /// Segments there are.
    pub segments: usize,
    /// Bytes in them.
    pub bytes: u64,
    /// Whole records in the segments that had to be read: only those whose end no later segment
    /// tells, which is the last one after a crash.
    pub records_read: u64,
    /// What does not check or is missing, in the order of positions.
    pub damaged: Vec<Damage>,
    /// How many more there were than are listed.
    pub damaged_unlisted: u64,
    /// What could not be done, but is no obstacle: setting damaged bytes aside, for example.
    pub notes: Vec<Failure>,
}

/// Bytes of a spool that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// First position concerned.
    pub from: Position,
    /// First position that is not.
    pub to: Position,
    /// What is wrong.
    pub kind: DamageKind,
    /// Where a copy of (the beginning of) the bytes is kept.
    pub kept: Option<PathBuf>,
}

/// What is wrong with a part of a spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DamageKind {
    /// The end of the last segment: what was being written when the process ended. Holds nothing
    /// acknowledged, unless the disk lost what it had confirmed.
    TornTail,
    /// Between whole records.
    Middle,
    /// The header of a segment. If no other segment is whole either, its records cannot be told
    /// from chance; else they are read all the same.
    Header,
    /// A segment was being made when the process ended, or was emptied since.
    Unfinished,
    /// A segment that should be there is not.
    Missing,
    /// The disk did not give the bytes.
    Unreadable,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            DamageKind::TornTail => "was being written when the process ended; not acknowledged",
            DamageKind::Middle => "does not check; the events in it are lost",
            DamageKind::Header => "has a damaged segment header",
            DamageKind::Unfinished => "belongs to a segment that was never finished",
            DamageKind::Missing => "is missing; the events in it are lost",
            DamageKind::Unreadable => "cannot be read from the disk",
        };
        write!(
            f,
            "{} bytes from position {}: {what}",
            self.to.bytes_since(self.from),
            self.from
        )?;
        match &self.kept {
            Some(path) => write!(f, " (kept in {})", path.display()),
            None => Ok(()),
        }
    }
}

/// Why a spool cannot be opened. A folder that can only be read is no reason: such a spool is
/// opened, can be read, and refuses records ([`Spool::failure`]).
#[derive(Debug, Clone, Error)]
pub enum OpenError {
    /// The folder can be neither read nor made.
    #[error("cannot open the spool: {0}")]
    Storage(Failure),
    /// Another process appends to it.
    #[error("the spool in {} is used by another process; stop it, or give this one a folder of its own", folder.display())]
    InUse {
        /// The spool's folder.
        folder: PathBuf,
    },
    /// Written by another version of this program.
    #[error("{} has format version {found}, this program knows {}; run the version that wrote it until its events are processed", path.display(), segment::VERSION)]
    Version {
        /// The segment.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
}

impl Spool {
    /// Opens the spool in a folder, or makes one there.
    pub fn open(
        storage: Arc<dyn Storage>,
        folder: &Path,
        options: Options,
    ) -> Result<(Self, Recovery), OpenError> {
        let made = storage.create_folder(folder);
        let lock = match take_lock(&*storage, folder) {
            Ok(lock) => Some(lock),
            Err(failure) if failure.kind() == io::ErrorKind::WouldBlock => {
                return Err(OpenError::InUse {
                    folder: folder.to_path_buf(),
                });
            }
            // Tried again before anything is written.
            Err(_) => None,
        };
        let found = find(&*storage, folder).map_err(|error| match (error, made) {
            (OpenError::Storage(_), Err(error)) => {
                OpenError::Storage(Failure::new("make", folder, error))
            }
            (error, _) => error,
        })?;
        let salt = found
            .iter()
            .find_map(|found| found.header)
            .map_or(options.salt, |at| at.salt);
        let survey = Survey::of(&*storage, folder, &found, salt, options.read_from);
        let Survey {
            segments,
            mut recovery,
            next_base,
            before,
            ..
        } = survey;

        recovery.segments = segments.len();
        recovery.bytes = segments.iter().map(|segment| segment.bytes).sum();
        let catalog = Arc::new(Catalog::new(segments, salt));
        let last = catalog.last_with_records();
        let before = last.map(|last| (last.base, last.end)).or(before);
        let mut spool = Self {
            next_base: aligned(next_base.max(options.begin_after)),
            durable: before.map_or(Position::START, |(_, end)| end),
            storage,
            folder: folder.to_path_buf(),
            catalog,
            lock,
            active: None,
            before,
            broken: None,
            failure: None,
            space_left: u64::MAX,
            was_full: false,
            options,
        };
        // If this fails, the spool says so and tries again: what it holds can be read meanwhile.
        let _ = spool.begin_segment();
        Ok((spool, recovery))
    }
}

fn aligned(position: Position) -> Position {
    // Beyond the largest, so that nothing can be appended, rather than at it again and again.
    let highest = Position::MAX.plus(ALIGNMENT);
    Position::new(position.min(highest).get().next_multiple_of(ALIGNMENT))
}

/// A file that is named like a segment.
struct Found {
    base: Position,
    bytes: u64,
    header: Option<Header>,
}

fn find(storage: &dyn Storage, folder: &Path) -> Result<Vec<Found>, OpenError> {
    let failed = |action, path: &Path| {
        let path = path.to_path_buf();
        move |error| OpenError::Storage(Failure::new(action, &path, error))
    };
    let listed = storage.list(folder).map_err(failed("list", folder))?;
    let mut found = Vec::new();
    for file in listed {
        let Some(base) = segment::base_of(&file.name) else {
            continue;
        };
        let path = segment::path(folder, base);
        let mut bytes = [0; HEADER_BYTES as usize];
        // A header that the disk does not give is as good as a damaged one; a file that may not
        // be opened is a mistake that a person must see.
        let opened = storage.open(&path).map_err(failed("open", &path))?;
        let read = read_fully(&*opened, 0, &mut bytes).unwrap_or(0);
        let header = match Header::decode(&bytes, base) {
            _ if read < bytes.len() => None,
            Ok(header) => Some(header),
            Err(HeaderError::Damaged) => None,
            Err(HeaderError::Version(found)) => return Err(OpenError::Version { path, found }),
        };
        found.push(Found {
            base,
            bytes: file.bytes,
            header,
        });
    }
    found.sort_unstable_by_key(|found| found.base);
    Ok(found)
}

/// Goes through the segments from the oldest to the newest.
struct Survey<'a> {
    storage: &'a dyn Storage,
    folder: &'a Path,
    salt: u64,
    read_from: Position,
    segments: VecDeque<Segment>,
    recovery: Recovery,
    next_base: Position,
    /// The last segment with records that any header names.
    before: Option<(Position, Position)>,
}

impl<'a> Survey<'a> {
    fn of(
        storage: &'a dyn Storage,
        folder: &'a Path,
        found: &[Found],
        salt: u64,
        read_from: Position,
    ) -> Self {
        let mut survey = Self {
            storage,
            folder,
            salt,
            read_from,
            segments: VecDeque::new(),
            recovery: Recovery::default(),
            next_base: Position::START,
            before: None,
        };
        let any_header = found.iter().any(|found| found.header.is_some());
        for (index, this) in found.iter().enumerate() {
            let later = found.get(index + 1..).unwrap_or_default();
            survey.take(this, later, any_header);
        }
        survey
    }

    fn take(&mut self, this: &Found, later: &[Found], any_header: bool) {
        let span = this.header.map_or(0, |header| header.span);
        let used = span
            .max(SPAN_BYTES_MIN)
            .max(this.bytes.next_multiple_of(ALIGNMENT));
        self.next_base = self.next_base.max(this.base.plus(used));
        if this.header.is_none() && this.bytes <= HEADER_BYTES {
            self.discard(this);
            return;
        }
        let missing = match this.header {
            Some(header) => self.missing_before(&header),
            // Nobody knows whether there was anything between.
            None => self.missing_between(this.base),
        };
        let told = later.iter().find_map(|next| {
            let header = next.header.filter(|header| header.before == this.base)?;
            let end = header.before_end;
            (end > this.base && end.bytes_since(this.base) <= used).then_some(end)
        });
        let whole = this.base.plus(this.bytes);
        if this.header.is_none() {
            // Without any header the salt is not known: readers will find that nothing checks.
            let known = if any_header {
                this.base.plus(HEADER_BYTES)
            } else {
                whole
            };
            self.say(this.base, known, DamageKind::Header, None);
        }
        let end = match told {
            Some(end) => end,
            None if any_header => self.scan(this),
            None => whole,
        };
        self.segments.push_back(Segment {
            base: this.base,
            end,
            bytes: this.bytes,
            missing,
        });
    }

    /// Positions that the segment before this one should have and that are not there.
    fn missing_before(&mut self, header: &Header) -> Option<(Position, Position)> {
        if header.before == header.base {
            return None;
        }
        self.before = Some((header.before, header.before_end));
        let is_there = self
            .segments
            .iter()
            .any(|segment| segment.base == header.before);
        if is_there {
            return None;
        }
        self.missing_between(header.before_end.min(header.base))
    }

    fn missing_between(&mut self, to: Position) -> Option<(Position, Position)> {
        let last = self.segments.back();
        let read_until = last.map_or(Position::START, |last| last.end);
        let from = self.read_from.max(read_until);
        if from >= to {
            return None;
        }
        self.say(from, to, DamageKind::Missing, None);
        Some((from, to))
    }

    /// A file that is too short for a header holds no record.
    fn discard(&mut self, found: &Found) {
        let to = found.base.plus(HEADER_BYTES);
        self.say(found.base, to, DamageKind::Unfinished, None);
        let path = segment::path(self.folder, found.base);
        if let Err(error) = self.storage.remove(&path) {
            self.recovery
                .notes
                .push(Failure::new("remove", &path, error));
        }
    }

    /// Finds the end of the records by reading them.
    fn scan(&mut self, found: &Found) -> Position {
        let path = segment::path(self.folder, found.base);
        let limit = found.base.plus(found.bytes);
        let file = match self.storage.open(&path) {
            Ok(file) => file,
            Err(error) => {
                self.recovery.notes.push(Failure::new("open", &path, error));
                return limit;
            }
        };
        // What is read from memory now must not vanish after it was processed.
        if let Err(error) = file.sync() {
            self.recovery.notes.push(Failure::new("sync", &path, error));
        }
        let mut cursor = Cursor::new(file, found.base, self.salt);
        cursor.set_limit(limit);
        let mut end = cursor.position();
        let mut damaged = None;
        loop {
            match cursor.step() {
                Ok(Step::Record { next, .. }) => {
                    self.recovery.records_read += 1;
                    if let Some((from, to)) = damaged.take() {
                        self.say(from, to, DamageKind::Middle, None);
                    }
                    end = next;
                }
                Ok(Step::Damaged { from, to }) => damaged = Some((from, to)),
                Ok(Step::End) => break,
                Err(_) => {
                    // The reader meets it again, and can pass over it.
                    self.say(cursor.position(), limit, DamageKind::Unreadable, None);
                    return limit;
                }
            }
        }
        if let Some(range) = damaged {
            self.cut(&path, found.base, range);
        }
        end
    }

    /// The rest of a segment does not check: it ends before, and the rest is set aside.
    fn cut(&mut self, path: &Path, base: Position, range: (Position, Position)) {
        let kept = self
            .storage
            .open(path)
            .and_then(|file: Box<dyn File>| {
                aside::keep(self.storage, self.folder, &*file, base, range)
            })
            .unwrap_or_else(|error| {
                self.recovery
                    .notes
                    .push(Failure::new("set aside the end of", path, error));
                None
            });
        self.say(range.0, range.1, DamageKind::TornTail, kept);
    }

    fn say(&mut self, from: Position, to: Position, kind: DamageKind, kept: Option<PathBuf>) {
        if self.recovery.damaged.len() < DAMAGES_LISTED_MAX {
            self.recovery.damaged.push(Damage {
                from,
                to,
                kind,
                kept,
            });
        } else {
            self.recovery.damaged_unlisted += 1;
        }
    }
}
