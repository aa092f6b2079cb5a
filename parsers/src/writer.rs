//! How a parser fills a batch.
//!
//! A parser reads the block and pushes values; what lies in the block is borrowed, anything
//! else (a decoded escape, say) is copied into the batch's arena. Values of fields that nobody
//! asked for cost one look-up and are gone.

use crate::batch::{BLOCK_BYTES_MAX, EventHead, EventStore, Span, StoredValue};
use crate::event::{Encoding, EventKind, FieldId, ValueKind};
use crate::json::KeyMemory;
use crate::json::StringIndex;
use crate::projection::{Extent, Projection, Target};
use crate::time::{MinuteMemory, Timestamp};
use crate::unparsed::Reason;

mod ranks;
mod times;

use ranks::RankTable;
use times::{PendingTime, TIMES_PENDING_MAX};

/// Receives the events of one block.
pub struct EventWriter<'a> {
    input: &'a [u8],
    base: u64,
    projection: &'a Projection,
    store: &'a mut EventStore,
    open: Open,
    pub(crate) scratch: Scratch,
}

/// Buffers that are needed for each event, kept from one to the next and from block to block.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// Keys of JSON objects and where they lead.
    pub(crate) keys: KeyMemory,
    /// Where the strings of a JSON text end.
    pub(crate) strings: StringIndex,
    ranks: RankTable,
    minute: MinuteMemory,
    /// Nested names from the outermost to the value at hand.
    pub(crate) path: Vec<u8>,
    /// A name that had to be decoded.
    pub(crate) name: Vec<u8>,
    /// A text that had to be decoded.
    pub(crate) text: Vec<u8>,
}

/// A value that has its place.
#[derive(Clone, Copy)]
struct Stored {
    kind: ValueKind,
    encoding: Encoding,
    span: Span,
}

/// The event under construction.
struct Open {
    kind: EventKind,
    /// Without a text to search, all values are kept, also those that no field rule asks for.
    has_text: bool,
    raw: Span,
    position: u64,
    values_start: usize,
    time: Timestamp,
    time_rank: u8,
    /// The first of these were found since, the oldest first. Events have several times, and
    /// reading one costs as much as a handful of values.
    times: [PendingTime; TIMES_PENDING_MAX],
    times_pending: usize,
    /// How many values came under another name than the field's own.
    ranked: usize,
    /// Whether values were left out.
    overfull: bool,
}

impl Open {
    const NONE: Self = Self {
        kind: EventKind::Raw,
        has_text: true,
        raw: Span::EMPTY,
        position: 0,
        values_start: 0,
        time: Timestamp::UNKNOWN,
        time_rank: u8::MAX,
        times: [PendingTime::NONE; TIMES_PENDING_MAX],
        times_pending: 0,
        ranked: 0,
        overfull: false,
    };
}

/// More values of one event are left out, and the event is counted: a line of the greatest
/// length could hold millions.
const VALUES_PER_EVENT_MAX: usize = 1 << 16;

impl<'a> EventWriter<'a> {
    pub(crate) fn new(
        input: &'a [u8],
        base: u64,
        projection: &'a Projection,
        store: &'a mut EventStore,
    ) -> Self {
        let mut scratch = std::mem::take(&mut store.scratch);
        scratch.keys.begin(projection);
        Self {
            input,
            base,
            projection,
            store,
            open: Open::NONE,
            scratch,
        }
    }

    /// The projection in force.
    #[inline]
    pub fn projection(&self) -> &'a Projection {
        self.projection
    }

    /// Whether the value of a core field will be kept: lets a parser skip work for it.
    #[inline]
    pub fn wants(&self, field: FieldId) -> bool {
        self.projection.wants(field) || self.keeps_everything()
    }

    /// Whether values that no rule asked for are kept as well.
    #[inline]
    pub fn keeps_everything(&self) -> bool {
        self.projection.extent() == Extent::Everything
    }

    /// Begins an event. `raw` is its text, a part of the block; its position follows from it.
    #[inline]
    pub fn begin(&mut self, kind: EventKind, raw: &[u8]) {
        let raw = self.place(raw);
        let position = self.base + u64::from(raw.start_in_input());
        self.begin_at(kind, raw, position);
    }

    /// Begins an event that has no text of its own, at an explicit position. All its values are
    /// kept, so that keywords have something to look at: those that no rule asked for as
    /// [`FieldId::UNLISTED`], with their names only if the projection wants everything.
    pub fn begin_without_text(&mut self, kind: EventKind, position: u64) {
        self.begin_at(kind, Span::EMPTY, position);
        self.open.has_text = false;
    }

    /// Sets the text of the event under construction, where its end was not known when it
    /// began. Its position stays.
    pub fn set_text(&mut self, raw: &[u8]) {
        self.open.raw = self.place(raw);
    }

    fn begin_at(&mut self, kind: EventKind, raw: Span, position: u64) {
        let open = &mut self.open;
        (open.kind, open.raw, open.position) = (kind, raw, position);
        open.values_start = self.store.values.len();
        (open.time, open.time_rank) = (Timestamp::UNKNOWN, u8::MAX);
        open.times_pending = 0;
        (open.has_text, open.ranked, open.overfull) = (true, 0, false);
    }

    /// Changes the kind of the event under construction: a syslog message whose body turns out
    /// to be CEF, for example.
    pub fn set_kind(&mut self, kind: EventKind) {
        self.open.kind = kind;
    }

    /// Sets the event's time.
    #[inline]
    pub fn time(&mut self, time: Timestamp) {
        self.time_ranked(time, 0);
    }

    /// Sets the time that the event itself states, over that of a header which carried it.
    #[inline]
    pub fn own_time(&mut self, time: Timestamp) {
        self.read_times();
        if time != Timestamp::UNKNOWN {
            self.open.time = time;
            self.open.time_rank = 0;
        }
    }

    fn time_ranked(&mut self, time: Timestamp, rank: u8) {
        self.read_times();
        if rank < self.open.time_rank && time != Timestamp::UNKNOWN {
            self.open.time = time;
            self.open.time_rank = rank;
        }
    }

    /// Adds a text value of a core field. An empty text is a value too.
    #[inline]
    pub fn text(&mut self, field: FieldId, value: &[u8]) {
        // Most values of most events are asked for by nobody.
        if !self.open.has_text || self.wants(field) {
            self.push(field, ValueKind::Text, value);
        }
    }

    /// Adds a value of a core field, with its kind.
    #[inline]
    pub fn push(&mut self, field: FieldId, kind: ValueKind, value: &[u8]) {
        let field = if self.wants(field) {
            field
        } else if self.open.has_text {
            return;
        } else {
            FieldId::UNLISTED
        };
        let span = self.place(value);
        let stored = Stored {
            kind,
            encoding: Encoding::Plain,
            span,
        };
        self.store_value(Target { field, rank: 0 }, stored, b"");
    }

    /// Adds a text value under a name known only at run time, at top level.
    #[inline]
    pub fn named(&mut self, name: &[u8], kind: ValueKind, value: &[u8]) {
        let targets = self.projection.named(name);
        self.targeted(targets, name, kind, value);
    }

    /// Adds a value for the targets that a look-up gave; `name` is kept when no target is there
    /// and the projection wants everything.
    #[inline]
    pub fn targeted(&mut self, targets: &[Target], name: &[u8], kind: ValueKind, value: &[u8]) {
        if self.keeps(targets) {
            let stored = Stored {
                kind,
                encoding: Encoding::Plain,
                span: self.place(value),
            };
            self.store_targets(targets, name, stored);
        }
    }

    /// The same for the inside of a JSON string that holds escapes: it is stored as written.
    #[inline]
    pub(crate) fn targeted_escaped(&mut self, targets: &[Target], name: &[u8], written: &[u8]) {
        if self.keeps(targets) {
            let stored = Stored {
                kind: ValueKind::Text,
                encoding: Encoding::JsonEscaped,
                span: self.place(written),
            };
            self.store_targets(targets, name, stored);
        }
    }

    /// The same for a text that has to be decoded first: `decode` appends it to what it is
    /// given, and is not called when nobody wants it.
    #[inline]
    pub fn targeted_decoded(
        &mut self,
        targets: &[Target],
        name: &[u8],
        decode: impl FnOnce(&mut Vec<u8>),
    ) {
        if self.keeps(targets) {
            let start = self.store.arena.len();
            decode(&mut self.store.arena);
            let stored = Stored {
                kind: ValueKind::Text,
                encoding: Encoding::Plain,
                span: Span::of_arena(start, self.store.arena.len() - start),
            };
            self.store_targets(targets, name, stored);
        }
    }

    /// Adds a value, as written in the block, for targets that there are; only where names are not
    /// kept.
    #[inline(never)]
    pub(crate) fn written(
        &mut self,
        targets: &[Target],
        kind: ValueKind,
        encoding: Encoding,
        written: &[u8],
    ) {
        let stored = Stored {
            kind,
            encoding,
            span: self.place(written),
        };
        self.store_each(targets, b"", stored);
    }

    /// Adds a value of one field that is not the time, from a place in the block; only where names
    /// are not kept.
    #[expect(clippy::inline_always, reason = "measured: once a value")]
    #[inline(always)]
    pub(crate) fn plain(
        &mut self,
        target: Target,
        kind: ValueKind,
        encoding: Encoding,
        start: usize,
        len: usize,
    ) {
        let stored = Stored {
            kind,
            encoding,
            span: Span::of_input(start, len),
        };
        if self.store.values.len() - self.open.values_start >= VALUES_PER_EVENT_MAX {
            self.open.overfull = true;
            return;
        }
        self.open.ranked += usize::from(target.rank > 0);
        self.store.values.push(StoredValue {
            field: target.field,
            kind: stored.kind,
            encoding: stored.encoding,
            rank: target.rank,
            span: stored.span,
        });
    }

    /// [`EventWriter::plain`] for the time of the event.
    #[inline]
    pub(crate) fn plain_time(
        &mut self,
        rank: u8,
        kind: ValueKind,
        encoding: Encoding,
        start: usize,
        len: usize,
    ) {
        let span = Span::of_input(start, len);
        let value = Stored {
            kind,
            encoding,
            span,
        };
        self.put_time_by(value, rank);
    }

    /// [`EventWriter::targeted_decoded`] for a core field.
    #[inline]
    pub fn text_decoded(&mut self, field: FieldId, decode: impl FnOnce(&mut Vec<u8>)) {
        if self.wants(field) {
            self.targeted_decoded(&[Target { field, rank: 0 }], b"", decode);
        }
    }

    /// [`EventWriter::targeted_decoded`] under a name known only at run time, at top level.
    #[inline]
    pub fn named_decoded(&mut self, name: &[u8], decode: impl FnOnce(&mut Vec<u8>)) {
        let targets = self.projection.named(name);
        self.targeted_decoded(targets, name, decode);
    }

    #[inline]
    fn keeps(&self, targets: &[Target]) -> bool {
        !targets.is_empty() || self.keeps_everything() || !self.open.has_text
    }

    #[inline]
    fn store_targets(&mut self, targets: &[Target], name: &[u8], stored: Stored) {
        // By far the most common: one field, and nobody asks for the rest.
        if let [target] = targets
            && target.field != crate::fields::TIME
        {
            return self.store_value(*target, stored, name);
        }
        self.store_each(targets, name, stored);
    }

    fn store_each(&mut self, targets: &[Target], name: &[u8], stored: Stored) {
        let mut listed = false;
        for target in targets {
            if target.field == crate::fields::TIME {
                self.put_time_by(stored, target.rank);
            } else {
                listed = true;
                self.store_value(*target, stored, name);
            }
        }
        if !listed && (self.keeps_everything() || !self.open.has_text) {
            let unlisted = Target {
                field: FieldId::UNLISTED,
                rank: 0,
            };
            self.store_value(unlisted, stored, name);
        }
    }

    #[inline]
    fn store_value(&mut self, target: Target, stored: Stored, name: &[u8]) {
        if self.store.values.len() - self.open.values_start >= VALUES_PER_EVENT_MAX {
            self.open.overfull = true;
            return;
        }
        self.open.ranked += usize::from(target.rank > 0);
        self.store.values.push(StoredValue {
            field: target.field,
            kind: stored.kind,
            encoding: stored.encoding,
            rank: target.rank,
            span: stored.span,
        });
        if self.keeps_everything() {
            self.store_name(target.field, name);
        }
    }

    fn store_name(&mut self, field: FieldId, name: &[u8]) {
        let name = if field == FieldId::UNLISTED {
            self.place(name)
        } else {
            Span::EMPTY
        };
        self.store.names.push(name);
    }

    /// The span of `bytes`: borrowed where they lie in the block, else copied into the arena.
    #[inline]
    fn place(&mut self, bytes: &[u8]) -> Span {
        if let Some(start) = self.offset_of(bytes) {
            return Span::of_input(start, bytes.len());
        }
        let start = self.store.arena.len();
        self.store.arena.extend_from_slice(bytes);
        Span::of_arena(start, bytes.len())
    }

    /// Where a text begins in the block, if it lies there.
    #[inline]
    pub(crate) fn offset_of(&self, text: &[u8]) -> Option<usize> {
        let start = (text.as_ptr() as usize).wrapping_sub(self.input.as_ptr() as usize);
        let lies_there = start <= self.input.len() && text.len() <= self.input.len() - start;
        lies_there.then_some(start)
    }

    /// Remembers how far the event under construction is, see [`EventWriter::roll_back`].
    pub(crate) fn checkpoint(&mut self) -> Checkpoint {
        self.read_times();
        Checkpoint {
            values: self.store.values.len(),
            time: self.open.time,
            time_rank: self.open.time_rank,
        }
    }

    /// Takes back what was added to the event under construction since `checkpoint`.
    pub(crate) fn roll_back(&mut self, checkpoint: &Checkpoint) {
        self.store.values.truncate(checkpoint.values);
        self.store.names.truncate(checkpoint.values);
        self.open.time = checkpoint.time;
        self.open.time_rank = checkpoint.time_rank;
        self.open.times_pending = 0;
    }

    /// Whether a field got a value since `checkpoint`.
    pub(crate) fn has_value_since(&self, checkpoint: &Checkpoint, field: FieldId) -> bool {
        let since = self.store.values.get(checkpoint.values..);
        since.unwrap_or_default().iter().any(|v| v.field == field)
    }

    /// Whether long names can be copied. Names of nested values repeat those around them, so
    /// that hostile input could make them many times larger than itself.
    pub(crate) fn has_room_for_names(&self) -> bool {
        let of_input = self.input.len().saturating_mul(4).saturating_add(1 << 16);
        self.store.arena.len() < of_input.min(BLOCK_BYTES_MAX / 4)
    }

    /// Ends the event. Without a time of its own it takes that of the event before.
    #[inline]
    pub fn finish(&mut self) {
        if self.open.ranked > 0 {
            self.drop_outranked();
        }
        if self.open.overfull {
            self.note_unparsed(Reason::TooManyValues);
        }
        self.close();
    }

    /// Gives the event up: its values go, it stays as a raw event, counted by `reason`.
    pub fn refuse(&mut self, reason: Reason) {
        self.store.values.truncate(self.open.values_start);
        self.store.names.truncate(self.open.values_start);
        self.open.kind = EventKind::Raw;
        self.note_unparsed(reason);
        self.close();
    }

    /// Counts the event under construction as not understood by `reason` while keeping what was
    /// understood of it.
    pub fn note_unparsed(&mut self, reason: Reason) {
        let raw = self.open.raw.in_input(self.input);
        self.store.unparsed.record(reason, self.open.position, raw);
    }

    /// Counts a stretch that does not become an event at all (a damaged EVTX chunk).
    pub fn count_unparsed(&mut self, reason: Reason, position: u64, text: &[u8]) {
        self.store.unparsed.record(reason, position, text);
    }

    fn close(&mut self) {
        self.read_times();
        if self.open.time == Timestamp::UNKNOWN {
            self.open.time = self.store.last_time;
        } else {
            self.store.last_time = self.open.time;
        }
        self.store.heads.push(EventHead {
            kind: self.open.kind,
            time: self.open.time,
            position: self.open.position,
            raw: self.open.raw,
            values_start: self.open.values_start as u32,
            values_end: self.store.values.len() as u32,
        });
    }
}

impl Drop for EventWriter<'_> {
    fn drop(&mut self) {
        self.store.scratch = std::mem::take(&mut self.scratch);
    }
}

/// A point in the construction of an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checkpoint {
    values: usize,
    time: Timestamp,
    time_rank: u8,
}
