//! The event model: what every format is normalised to.
//!
//! An event is a list of `(FieldId, value)` over bytes that an [`crate::EventBatch`] owns, its
//! time, and its raw text. Nothing here allocates per event.

use crate::time::Timestamp;

/// A field name, as an index into the name table of the [`crate::Projection`] in force.
///
/// Ids below [`crate::fields::CORE_COUNT`] are the same in every projection
/// (see [`crate::fields`]); the others belong to the names that the loaded rules use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(pub u16);

impl FieldId {
    /// A value that no rule asked for, kept because the projection wants everything. Its name
    /// is stored with the value, see [`Event::values`].
    pub const UNLISTED: Self = Self(u16::MAX);

    /// The id as an index into a table.
    #[inline]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The type a value had in its source. Text formats know only [`ValueKind::Text`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueKind {
    /// Text; also the JSON source text of an object that a rule asks for as a whole.
    Text,
    /// A number, kept as the text it was written as.
    Number,
    /// `true` or `false`.
    Bool,
    /// Present without a value: JSON `null`, an empty array.
    Null,
}

/// The family of formats an event came from. With the fields it decides the logsource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// A line that no parser understood; only its raw text is known.
    Raw,
    /// A Windows event from XML or EVTX.
    Windows,
    /// A syslog message (RFC 3164 or RFC 5424), whatever its body.
    Syslog,
    /// Linux audit records joined by their id.
    Auditd,
    /// A line of a web server's access or error log.
    AccessLog,
    /// ArcSight Common Event Format.
    Cef,
    /// IBM Log Event Extended Format.
    Leef,
    /// `key=value` pairs, logfmt.
    KeyValue,
    /// A JSON object of any shape, Windows events in JSON among them.
    Json,
}

impl EventKind {
    /// The name used in output and in the logsource table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Windows => "windows",
            Self::Syslog => "syslog",
            Self::Auditd => "auditd",
            Self::AccessLog => "access_log",
            Self::Cef => "cef",
            Self::Leef => "leef",
            Self::KeyValue => "key_value",
            Self::Json => "json",
        }
    }
}

/// One value of an event, borrowed from its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a> {
    /// The type it had in its source.
    pub kind: ValueKind,
    /// Its text, UTF-8 where the source was; empty for [`ValueKind::Null`].
    pub text: &'a [u8],
}

/// One event of a batch.
#[derive(Clone, Copy)]
pub struct Event<'a> {
    pub(crate) batch: &'a crate::batch::EventBatch,
    pub(crate) head: &'a crate::batch::EventHead,
}

impl<'a> Event<'a> {
    /// The family of formats it came from.
    #[inline]
    pub fn kind(&self) -> EventKind {
        self.head.kind
    }

    /// Its time, or [`Timestamp::UNKNOWN`] where neither it nor an event before it in the
    /// batch has one.
    #[inline]
    pub fn time(&self) -> Timestamp {
        self.head.time
    }

    /// Where it begins in its source: a byte offset (after decompression), or for EVTX the
    /// ordinal number of the record in the file.
    #[inline]
    pub fn position(&self) -> u64 {
        self.head.position
    }

    /// Its bytes as they stood in the source; empty for EVTX, which has no text.
    #[inline]
    pub fn raw(&self) -> &'a [u8] {
        self.batch.bytes(self.head.raw)
    }

    /// All values of projected fields in source order. A multi-valued field occurs repeatedly.
    #[inline]
    pub fn values(&self) -> impl Iterator<Item = (FieldId, Value<'a>)> + use<'a> {
        let batch = self.batch;
        batch
            .stored(self.head)
            .iter()
            .map(move |v| (v.field, batch.value(v)))
    }

    /// All values with their names. Values of fields that no rule asked for are among them
    /// only if the projection wanted everything.
    pub fn named_values(
        &self,
        projection: &'a crate::Projection,
    ) -> impl Iterator<Item = (&'a [u8], Value<'a>)> + use<'a> {
        let batch = self.batch;
        batch
            .stored(self.head)
            .iter()
            .zip(batch.stored_names(self.head))
            .map(move |(v, name)| {
                let name = match v.field {
                    FieldId::UNLISTED => batch.bytes(name),
                    id => projection.name(id).as_bytes(),
                };
                (name, batch.value(v))
            })
    }

    /// The first value of a field.
    #[inline]
    pub fn first(&self, field: FieldId) -> Option<Value<'a>> {
        self.values().find(|(id, _)| *id == field).map(|(_, v)| v)
    }
}
