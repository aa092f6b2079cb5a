use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::catalog::{Catalog, Place};
use super::cursor::{Cursor, Step};
use super::{Position, Record, segment};
use crate::storage::{Failure, Storage};

/// Makes readers of a spool that another thread owns.
#[derive(Clone)]
pub struct Readers {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) folder: PathBuf,
    pub(super) catalog: Arc<Catalog>,
}

impl Readers {
    /// Reads what is committed, from this position on.
    pub fn reader(&self, from: Position) -> Reader {
        Reader {
            source: self.clone(),
            at: from,
            cursor: None,
        }
    }
}

/// Reads what is committed, in order, from any thread.
pub struct Reader {
    source: Readers,
    at: Position,
    cursor: Option<Cursor>,
}

/// What comes next in a spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<'a> {
    /// A record, whole and as it was appended.
    Record {
        /// Where it begins.
        position: Position,
        /// Where the one after it begins: what a checkpoint that includes this record stores.
        next: Position,
        /// The record.
        record: Record<'a>,
    },
    /// Records may have been here and cannot be read any more.
    Lost(Lost),
}

/// Positions that cannot be read any more. How many records they held is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    /// First of them.
    pub from: Position,
    /// Where reading goes on.
    pub to: Position,
    /// Why.
    pub reason: LostReason,
}

/// Why positions cannot be read any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LostReason {
    /// The bytes there do not check.
    Damaged,
    /// The disk does not give them ([`Reader::skip_unreadable`]).
    Unreadable,
    /// The segment is gone or shorter than it was.
    Missing,
    /// They were released before this reader came to them.
    Released,
}

impl Reader {
    /// Where the next record will be looked for.
    pub fn position(&self) -> Position {
        self.at
    }

    /// The next record; none if nothing more is committed yet.
    ///
    /// An error leaves the reader where it is: the same call may succeed later. A part of the
    /// disk that stays unreadable is passed by [`Reader::skip_unreadable`].
    // The name says what it does; an iterator could not lend the reader's buffer.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Item<'_>>, Failure> {
        loop {
            let (base, end) = match self.source.catalog.locate(self.at) {
                Place::Segment { base, end } => (base, end),
                Place::End => return Ok(None),
                Place::Released { to } => return Ok(Some(self.lose(to, LostReason::Released))),
                Place::Missing { from, to } => {
                    self.at = from;
                    return Ok(Some(self.lose(to, LostReason::Missing)));
                }
            };
            match self.enter(base, end)? {
                Entered::Yes => {}
                Entered::Released => continue,
                Entered::Gone => return Ok(Some(self.lose(end, LostReason::Missing))),
            }
            let Some(cursor) = &mut self.cursor else {
                continue;
            };
            let step = cursor.step().map_err(|error| {
                Failure::new("read", &segment::path(&self.source.folder, base), error)
            })?;
            match step {
                Step::Record {
                    position,
                    next,
                    header,
                    payload,
                } => {
                    self.at = next;
                    let payload = self
                        .cursor
                        .as_ref()
                        .map_or(&[][..], |at| at.payload(&payload));
                    return Ok(Some(Item::Record {
                        position,
                        next,
                        record: header.with(payload),
                    }));
                }
                Step::Damaged { from, to } => {
                    self.at = to;
                    let reason = LostReason::Damaged;
                    return Ok(Some(Item::Lost(Lost { from, to, reason })));
                }
                // What `locate` gave ends beyond `at`, so this was only the segment's header.
                Step::End => self.at = end,
            }
        }
    }

    /// Waits until there may be more to read; false once the spool is closed, when all there is
    /// can still be read.
    pub fn wait(&self, limit: Duration) -> bool {
        self.source.catalog.wait_beyond(self.at, limit);
        !self.source.catalog.is_closed()
    }

    /// Gives up a block of the disk after [`Reader::next`] failed again and again. Only for a
    /// device that reads elsewhere: of one that is gone, this would give up everything.
    pub fn skip_unreadable(&mut self) -> Option<Lost> {
        let (from, to) = self.cursor.as_mut()?.skip_block();
        self.at = to;
        (from < to).then_some(Lost {
            from,
            to,
            reason: LostReason::Unreadable,
        })
    }

    fn lose(&mut self, to: Position, reason: LostReason) -> Item<'_> {
        let from = std::mem::replace(&mut self.at, to);
        Item::Lost(Lost { from, to, reason })
    }

    /// Has the cursor stand at `at` in this segment.
    fn enter(&mut self, base: Position, end: Position) -> Result<Entered, Failure> {
        if self.cursor.as_ref().is_none_or(|at| at.base() != base) {
            self.cursor = None;
            let path = segment::path(&self.source.folder, base);
            let file = match self.source.storage.open(&path) {
                Ok(file) => file,
                Err(error) => return self.cannot_open(&path, error),
            };
            let mut cursor = Cursor::new(file, base, self.source.catalog.salt);
            cursor.seek(self.at);
            self.cursor = Some(cursor);
        }
        if let Some(cursor) = &mut self.cursor {
            cursor.set_limit(end);
        }
        Ok(Entered::Yes)
    }

    fn cannot_open(&self, path: &Path, error: io::Error) -> Result<Entered, Failure> {
        let place = self.source.catalog.locate(self.at);
        if matches!(place, Place::Released { .. }) {
            return Ok(Entered::Released);
        }
        if error.kind() == io::ErrorKind::NotFound {
            return Ok(Entered::Gone);
        }
        Err(Failure::new("open", path, error))
    }
}

enum Entered {
    Yes,
    /// The segment was released since it was found in the catalog.
    Released,
    /// Somebody removed the file.
    Gone,
}
