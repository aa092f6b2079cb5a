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

/// How the text of a value is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// As it is.
    Plain,
    /// As it stood between the quotes of a JSON string, with at least one backslash in it.
    JsonEscaped,
}

/// One value of an event, borrowed from its batch.
///
/// Its text may be stored as written in the source, escapes and all: most values are never
/// looked at, or are known from an event before. So the text cannot be reached but by saying
/// where it may be decoded to.
///
/// ```
/// use yagura_parsers::{Value, ValueKind};
///
/// let mut room = Vec::new();
/// let value = Value::new(ValueKind::Text, b"cmd.exe");
/// assert_eq!(value.text(&mut room), b"cmd.exe");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Value<'a> {
    /// The type it had in its source.
    pub kind: ValueKind,
    encoding: Encoding,
    written: &'a [u8],
}

impl<'a> Value<'a> {
    /// A value without text.
    pub const NULL: Self = Self::new(ValueKind::Null, b"");

    /// A value whose text is as it is.
    pub const fn new(kind: ValueKind, text: &'a [u8]) -> Self {
        Self::stored(kind, Encoding::Plain, text)
    }

    pub(crate) const fn stored(kind: ValueKind, encoding: Encoding, written: &'a [u8]) -> Self {
        Self {
            kind,
            encoding,
            written,
        }
    }

    /// Its text, UTF-8 where the source was; empty for [`ValueKind::Null`]. Decoded into `room`,
    /// whose old content goes, if it is not stored as it is.
    #[inline]
    pub fn text<'r>(self, room: &'r mut Vec<u8>) -> &'r [u8]
    where
        'a: 'r,
    {
        match self.encoding {
            Encoding::Plain => self.written,
            Encoding::JsonEscaped => {
                room.clear();
                self.append_to(room);
                room
            }
        }
    }

    /// Appends its text.
    #[inline]
    pub fn append_to(self, into: &mut Vec<u8>) {
        match self.encoding {
            Encoding::Plain => into.extend_from_slice(self.written),
            Encoding::JsonEscaped => crate::json::decode(self.written, into),
        }
    }

    /// Its text in a space of fixed size; `None` where that is too small.
    #[inline]
    pub fn copy_to(self, room: &mut [u8]) -> Option<&mut [u8]> {
        let mut len = 0;
        let mut fits = true;
        let mut add = |piece: &[u8]| match room.get_mut(len..len + piece.len()) {
            Some(place) => {
                place.copy_from_slice(piece);
                len += piece.len();
            }
            None => fits = false,
        };
        match self.encoding {
            Encoding::Plain => add(self.written),
            Encoding::JsonEscaped => crate::json::decode_pieces(self.written, add),
        }
        room.get_mut(..len).filter(|_| fits)
    }

    /// Its text, if that is stored as it is.
    #[inline]
    pub fn plain(self) -> Option<&'a [u8]> {
        (self.encoding == Encoding::Plain).then_some(self.written)
    }

    /// What is stored, and how. Two values with the same of both have the same text, so this is
    /// what to remember a value by; it is not the text.
    #[inline]
    pub fn written(self) -> (Encoding, &'a [u8]) {
        (self.encoding, self.written)
    }

    /// Whether there is no text, or an empty one.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.written.is_empty()
    }
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

    /// The fields of [`Event::values`], in the same order.
    #[inline]
    pub fn fields(&self) -> impl ExactSizeIterator<Item = FieldId> + use<'a> {
        self.batch.stored(self.head).iter().map(|v| v.field)
    }

    /// One value, by its place among [`Event::values`]; without text where there is none.
    #[inline]
    pub fn value(&self, at: u32) -> Value<'a> {
        let stored = self.batch.stored(self.head).get(at as usize);
        stored.map_or(Value::NULL, |v| self.batch.value(v))
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
