//! How a parser fills a batch.
//!
//! A parser reads the block and pushes values; what lies in the block is borrowed, anything
//! else (a decoded escape, say) is copied into the batch's arena. Values of fields that nobody
//! asked for cost one look-up and are gone.

use crate::batch::{EventHead, EventStore, Span, StoredValue};
use crate::event::{EventKind, FieldId, ValueKind};
use crate::projection::{Extent, Projection, Target};
use crate::time::{self, Timestamp};
use crate::unparsed::Reason;

/// Receives the events of one block.
pub struct EventWriter<'a> {
    input: &'a [u8],
    base: u64,
    projection: &'a Projection,
    store: &'a mut EventStore,
    open: Open,
}

/// The event under construction.
struct Open {
    kind: EventKind,
    raw: Span,
    position: u64,
    values_start: usize,
    time: Timestamp,
    time_rank: u8,
    has_ranks: bool,
}

impl<'a> EventWriter<'a> {
    pub(crate) fn new(
        input: &'a [u8],
        base: u64,
        projection: &'a Projection,
        store: &'a mut EventStore,
    ) -> Self {
        let open = Open {
            kind: EventKind::Raw,
            raw: Span::EMPTY,
            position: 0,
            values_start: 0,
            time: Timestamp::UNKNOWN,
            time_rank: u8::MAX,
            has_ranks: false,
        };
        Self {
            input,
            base,
            projection,
            store,
            open,
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

    /// Begins an event that has no text of its own, at an explicit position.
    pub fn begin_without_text(&mut self, kind: EventKind, position: u64) {
        self.begin_at(kind, Span::EMPTY, position);
    }

    fn begin_at(&mut self, kind: EventKind, raw: Span, position: u64) {
        self.open = Open {
            kind,
            raw,
            position,
            values_start: self.store.values.len(),
            time: Timestamp::UNKNOWN,
            time_rank: u8::MAX,
            has_ranks: false,
        };
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
        if time != Timestamp::UNKNOWN {
            self.open.time = time;
            self.open.time_rank = 0;
        }
    }

    fn time_ranked(&mut self, time: Timestamp, rank: u8) {
        if rank < self.open.time_rank && time != Timestamp::UNKNOWN {
            self.open.time = time;
            self.open.time_rank = rank;
        }
    }

    /// Adds a text value of a core field. An empty text is a value too.
    #[inline]
    pub fn text(&mut self, field: FieldId, value: &[u8]) {
        self.push(field, ValueKind::Text, value);
    }

    /// Adds a value of a core field, with its kind.
    #[inline]
    pub fn push(&mut self, field: FieldId, kind: ValueKind, value: &[u8]) {
        if self.wants(field) {
            let span = self.place(value);
            self.store_value(Target { field, rank: 0 }, kind, span, b"");
        }
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
        if targets.is_empty() && !self.keeps_everything() {
            return;
        }
        let span = self.place(value);
        self.store_targets(targets, name, kind, span);
    }

    /// Adds a text value of a core field that `decode` writes straight into the batch's arena.
    /// Not called where nobody asked for the field.
    #[inline]
    pub fn text_decoded(&mut self, field: FieldId, decode: impl FnOnce(&mut Vec<u8>)) {
        if self.wants(field) {
            let span = self.decode(decode);
            self.store_value(Target { field, rank: 0 }, ValueKind::Text, span, b"");
        }
    }

    /// [`EventWriter::text_decoded`] under a name known only at run time, at top level.
    #[inline]
    pub fn named_decoded(&mut self, name: &[u8], decode: impl FnOnce(&mut Vec<u8>)) {
        let targets = self.projection.named(name);
        if !targets.is_empty() || self.keeps_everything() {
            let span = self.decode(decode);
            self.store_targets(targets, name, ValueKind::Text, span);
        }
    }

    fn decode(&mut self, decode: impl FnOnce(&mut Vec<u8>)) -> Span {
        let start = self.store.arena.len();
        decode(&mut self.store.arena);
        // A decoder only appends; one that did not would leave an empty value.
        Span::of_arena(start, self.store.arena.len().saturating_sub(start))
    }

    fn store_targets(&mut self, targets: &[Target], name: &[u8], kind: ValueKind, span: Span) {
        let mut listed = false;
        for target in targets {
            if target.field == crate::fields::TIME {
                if self.open.time_rank > target.rank
                    && let Some(t) = time::parse_any(span.bytes(self.input, &self.store.arena))
                {
                    self.time_ranked(t, target.rank);
                }
            } else {
                listed = true;
                self.store_value(*target, kind, span, name);
            }
        }
        if !listed && self.keeps_everything() {
            self.store_value(
                Target {
                    field: FieldId::UNLISTED,
                    rank: 0,
                },
                kind,
                span,
                name,
            );
        }
    }

    fn store_value(&mut self, target: Target, kind: ValueKind, span: Span, name: &[u8]) {
        self.open.has_ranks |= target.rank > 0;
        self.store.values.push(StoredValue {
            field: target.field,
            kind,
            rank: target.rank,
            span,
        });
        if self.keeps_everything() {
            let name = if target.field == FieldId::UNLISTED {
                self.place(name)
            } else {
                Span::EMPTY
            };
            self.store.names.push(name);
        }
    }

    /// The span of `bytes`: borrowed where they lie in the block, else copied into the arena.
    #[inline]
    fn place(&mut self, bytes: &[u8]) -> Span {
        let start = (bytes.as_ptr() as usize).wrapping_sub(self.input.as_ptr() as usize);
        if start <= self.input.len() && bytes.len() <= self.input.len() - start {
            return Span::of_input(start, bytes.len());
        }
        let start = self.store.arena.len();
        self.store.arena.extend_from_slice(bytes);
        Span::of_arena(start, bytes.len())
    }

    /// Ends the event. Without a time of its own it takes that of the event before.
    #[inline]
    pub fn finish(&mut self) {
        if self.open.has_ranks {
            self.drop_outranked();
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

    fn drop_outranked(&mut self) {
        let values = &mut self.store.values;
        let start = self.open.values_start;
        let mut kept = start;
        for i in start..values.len() {
            let value = values[i];
            let outranked = value.field != FieldId::UNLISTED
                && value.rank > 0
                && (values[start..kept].iter().chain(&values[i + 1..]))
                    .any(|other| other.field == value.field && other.rank < value.rank);
            if !outranked {
                values[kept] = value;
                if let Some(name) = self.store.names.get(i).copied() {
                    self.store.names[kept] = name;
                }
                kept += 1;
            }
        }
        values.truncate(kept);
        if self.keeps_everything() {
            self.store.names.truncate(kept);
        }
    }
}
