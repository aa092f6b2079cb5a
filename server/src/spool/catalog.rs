use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Position;
use super::segment::HEADER_BYTES;

/// A segment as readers need to know it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment {
    pub(crate) base: Position,
    /// End of its last committed record.
    pub(crate) end: Position,
    /// What it takes on disk, at least.
    pub(crate) bytes: u64,
    /// Positions before it that should be there and are not.
    pub(crate) missing: Option<(Position, Position)>,
}

impl Segment {
    pub(crate) fn has_records(&self) -> bool {
        self.end > self.base.plus(HEADER_BYTES)
    }
}

/// The segments there are, shared by the one that appends and all that read.
#[derive(Debug)]
pub(crate) struct Catalog {
    inner: Mutex<Inner>,
    grown: Condvar,
    pub(crate) salt: u64,
}

#[derive(Debug, Default)]
struct Inner {
    segments: VecDeque<Segment>,
    /// Of all segments together; asked for each record.
    bytes: u64,
    /// End of the last record that was released.
    released: Position,
    closed: bool,
}

/// Where reading goes on from a position.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    Segment {
        base: Position,
        end: Position,
    },
    /// Nothing is committed beyond.
    End,
    Released {
        to: Position,
    },
    Missing {
        from: Position,
        to: Position,
    },
}

impl Catalog {
    pub(crate) fn new(segments: VecDeque<Segment>, salt: u64) -> Self {
        let inner = Inner {
            bytes: segments.iter().map(|segment| segment.bytes).sum(),
            segments,
            ..Inner::default()
        };
        Self {
            inner: Mutex::new(inner),
            grown: Condvar::new(),
            salt,
        }
    }

    /// No code panics while it holds the lock, so a poisoned one is as good as any.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn locate(&self, at: Position) -> Place {
        let inner = self.inner();
        if at < inner.released {
            return Place::Released { to: inner.released };
        }
        let Some(segment) = inner.segments.iter().find(|segment| segment.end > at) else {
            return Place::End;
        };
        match segment.missing {
            Some((from, to)) if at < to => Place::Missing {
                from: from.max(at),
                to,
            },
            _ => Place::Segment {
                base: segment.base,
                end: segment.end,
            },
        }
    }

    /// Waits until something is committed beyond `at`, the spool is closed, or the time is over.
    pub(crate) fn wait_beyond(&self, at: Position, limit: Duration) {
        let waiting = |inner: &mut Inner| {
            !inner.closed && inner.segments.back().is_none_or(|last| last.end <= at)
        };
        let _ = self
            .grown
            .wait_timeout_while(self.inner(), limit, waiting)
            .unwrap_or_else(PoisonError::into_inner);
    }

    pub(crate) fn push(&self, segment: Segment) {
        let mut inner = self.inner();
        inner.bytes += segment.bytes;
        inner.segments.push_back(segment);
    }

    /// More of the last segment is committed, or it takes more or less of the disk.
    pub(crate) fn set_last(&self, end: Position, bytes: u64) {
        let mut inner = self.inner();
        if let Some(last) = inner.segments.back_mut() {
            last.end = end;
            let before = std::mem::replace(&mut last.bytes, bytes);
            inner.bytes = inner.bytes.saturating_sub(before) + bytes;
        }
        drop(inner);
        self.grown.notify_all();
    }

    /// The oldest segment, if it is not the last and all of it is before `up_to`.
    pub(crate) fn releasable(&self, up_to: Position) -> Option<Segment> {
        let inner = self.inner();
        let is_last = inner.segments.len() <= 1;
        inner
            .segments
            .front()
            .copied()
            .filter(|first| !is_last && first.end <= up_to)
    }

    pub(crate) fn pop_released(&self) {
        let mut inner = self.inner();
        let Some(segment) = inner.segments.pop_front() else {
            return;
        };
        inner.bytes = inner.bytes.saturating_sub(segment.bytes);
        if segment.has_records() {
            inner.released = inner.released.max(segment.end);
        }
    }

    /// Segments that hold nothing, but for the last.
    pub(crate) fn empty_ones(&self) -> Vec<Segment> {
        let inner = self.inner();
        let but_last = inner.segments.len().saturating_sub(1);
        let empty = |segment: &&Segment| !segment.has_records() && segment.missing.is_none();
        inner
            .segments
            .iter()
            .take(but_last)
            .filter(empty)
            .copied()
            .collect()
    }

    pub(crate) fn forget(&self, base: Position) {
        let mut inner = self.inner();
        inner.segments.retain(|segment| segment.base != base);
        inner.bytes = inner.segments.iter().map(|segment| segment.bytes).sum();
    }

    pub(crate) fn last_with_records(&self) -> Option<Segment> {
        self.inner()
            .segments
            .iter()
            .rev()
            .find(|segment| segment.has_records())
            .copied()
    }

    /// How many segments there are, and what they take on disk.
    pub(crate) fn totals(&self) -> (usize, u64) {
        let inner = self.inner();
        (inner.segments.len(), inner.bytes)
    }

    pub(crate) fn close(&self) {
        self.inner().closed = true;
        self.grown.notify_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.inner().closed
    }
}
