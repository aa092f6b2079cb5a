//! A batch of events over one block of input.
//!
//! ```text
//!  input   the block as read           ◀── spans of raw text and of most values
//!  arena   what is not in the block    ◀── spans of the few other values
//!  values  (field, kind, span) …       flat, all events of the batch
//!  heads   one per event: time, raw span, range of its values
//! ```
//!
//! A batch is recycled: after the first few blocks nothing here allocates.

use crate::event::{Encoding, Event, EventKind, FieldId, Value, ValueKind};
use crate::time::Timestamp;
use crate::unparsed::Unparsed;
use crate::writer::Scratch;

/// The largest block that a batch takes. Offsets are 31 bits wide, the top bit tells the arena.
pub const BLOCK_BYTES_MAX: usize = 1 << 30;

const IN_ARENA: u32 = 1 << 31;

/// A stretch of the input or of the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    len: u32,
}

impl Span {
    pub(crate) const EMPTY: Self = Self { start: 0, len: 0 };

    pub(crate) fn of_input(start: usize, len: usize) -> Self {
        debug_assert!(start + len <= BLOCK_BYTES_MAX);
        Self {
            start: start as u32,
            len: len as u32,
        }
    }

    pub(crate) fn of_arena(start: usize, len: usize) -> Self {
        debug_assert!(start + len <= BLOCK_BYTES_MAX);
        Self {
            start: start as u32 | IN_ARENA,
            len: len as u32,
        }
    }
}

impl Span {
    /// Offset in the input; 0 for what lies in the arena.
    pub(crate) fn start_in_input(self) -> u32 {
        if self.start & IN_ARENA == 0 {
            self.start
        } else {
            0
        }
    }

    /// The bytes, if they lie in the input.
    pub(crate) fn in_input(self, input: &[u8]) -> &[u8] {
        let start = self.start_in_input() as usize;
        input
            .get(start..start + self.len as usize)
            .unwrap_or_default()
    }

    /// The bytes, wherever they lie.
    #[inline]
    pub(crate) fn of<'a>(self, input: &'a [u8], arena: &'a [u8]) -> &'a [u8] {
        let start = (self.start & !IN_ARENA) as usize;
        let source = if self.start & IN_ARENA == 0 {
            input
        } else {
            arena
        };
        &source[start..start + self.len as usize]
    }
}

/// One value as stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoredValue {
    pub(crate) field: FieldId,
    pub(crate) kind: ValueKind,
    pub(crate) encoding: Encoding,
    /// Of several names for one field the lowest rank that occurs in an event wins.
    pub(crate) rank: u8,
    pub(crate) span: Span,
}

/// What is known of one event besides its values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventHead {
    pub(crate) kind: EventKind,
    pub(crate) time: Timestamp,
    pub(crate) position: u64,
    pub(crate) raw: Span,
    pub(crate) values_start: u32,
    pub(crate) values_end: u32,
}

/// Everything of a batch but the input, so that a parser can read the one and fill the other.
#[derive(Debug, Default)]
pub(crate) struct EventStore {
    pub(crate) arena: Vec<u8>,
    pub(crate) values: Vec<StoredValue>,
    /// Parallel to `values` when the projection wants everything, else empty.
    pub(crate) names: Vec<Span>,
    pub(crate) heads: Vec<EventHead>,
    pub(crate) unparsed: Unparsed,
    pub(crate) last_time: Timestamp,
    pub(crate) scratch: Scratch,
}

/// A block of input and the events found in it.
#[derive(Debug, Default)]
pub struct EventBatch {
    pub(crate) input: Vec<u8>,
    pub(crate) store: EventStore,
}

/// What an extraordinary block made of one of a batch's buffers grow beyond this is given back.
const KEPT_BYTES: usize = 4 << 20;

fn forget<T>(buffer: &mut Vec<T>, kept: usize) {
    buffer.clear();
    buffer.shrink_to(kept);
}

impl EventBatch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets events and input, keeps the memory as far as ordinary blocks need it, and hands
    /// out the input buffer to fill.
    pub fn recycle(&mut self) -> &mut Vec<u8> {
        let store = &mut self.store;
        forget(&mut store.arena, KEPT_BYTES);
        forget(&mut store.values, KEPT_BYTES / size_of::<StoredValue>());
        forget(&mut store.names, KEPT_BYTES / size_of::<Span>());
        forget(&mut store.heads, KEPT_BYTES / size_of::<EventHead>());
        store.unparsed.clear();
        store.last_time = Timestamp::UNKNOWN;
        self.input.clear();
        &mut self.input
    }

    /// The number of events.
    pub fn len(&self) -> usize {
        self.store.heads.len()
    }

    /// Whether there is no event.
    pub fn is_empty(&self) -> bool {
        self.store.heads.is_empty()
    }

    /// One event, by its index in source order.
    pub fn event(&self, index: usize) -> Option<Event<'_>> {
        let head = self.store.heads.get(index)?;
        Some(Event { batch: self, head })
    }

    /// The events in source order.
    pub fn events(&self) -> impl ExactSizeIterator<Item = Event<'_>> {
        self.store
            .heads
            .iter()
            .map(|head| Event { batch: self, head })
    }

    /// What could not be parsed, by reason.
    pub fn unparsed(&self) -> &Unparsed {
        &self.store.unparsed
    }

    /// The time of the last event that had one, else [`Timestamp::UNKNOWN`].
    pub fn last_time(&self) -> Timestamp {
        self.store.last_time
    }

    /// The bytes of the block.
    pub fn input(&self) -> &[u8] {
        &self.input
    }

    #[inline]
    pub(crate) fn bytes(&self, span: Span) -> &[u8] {
        span.of(&self.input, &self.store.arena)
    }

    #[inline]
    pub(crate) fn stored(&self, head: &EventHead) -> &[StoredValue] {
        &self.store.values[head.values_start as usize..head.values_end as usize]
    }

    pub(crate) fn stored_names(&self, head: &EventHead) -> impl Iterator<Item = Span> + use<'_> {
        let (start, end) = (head.values_start as usize, head.values_end as usize);
        (start..end).map(|i| self.store.names.get(i).copied().unwrap_or(Span::EMPTY))
    }

    #[inline]
    pub(crate) fn value(&self, stored: &StoredValue) -> Value<'_> {
        Value::stored(stored.kind, stored.encoding, self.bytes(stored.span))
    }
}
