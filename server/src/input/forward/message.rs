//! What a client sends: one event, many, or many packed.
//!
//! ```text
//!  [tag, time, record, option?]             Message
//!  [tag, [[time, record], …], option?]      Forward
//!  [tag, "time record time record …", option?]   PackedForward; option may say `compressed`
//! ```

use yagura_parsers::Timestamp;

use super::Refusal;
use super::msgpack::{Cursor, Extent, Head, Stop};
use crate::input::body::Encoding;
use crate::limits::Limits;

/// A message whose events are not read yet.
#[derive(Debug, PartialEq)]
pub(super) struct Message<'a> {
    pub(super) tag: &'a [u8],
    pub(super) events: Events<'a>,
    /// What is to be sent back once all is durable.
    pub(super) chunk: Option<&'a [u8]>,
}

/// Where the events are.
#[derive(Debug, PartialEq)]
pub(super) enum Events<'a> {
    /// Time and record.
    One(&'a [u8]),
    /// So many, one after the other, each an array of time and record.
    Entries(u32, &'a [u8]),
    /// The same as bytes, however many there are.
    Packed(&'a [u8], Option<Encoding>),
}

/// An event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entry<'a> {
    /// Unknown if it makes no sense.
    pub(super) time: Timestamp,
    /// A map.
    pub(super) record: &'a [u8],
}

#[derive(Default)]
struct Options<'a> {
    chunk: Option<&'a [u8]>,
    encoding: Option<Encoding>,
}

impl<'a> Message<'a> {
    /// Reads a value that is there in whole; `None`: a sign of life without events.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Option<Self>, Refusal> {
        let mut cursor = Cursor::of(bytes);
        let parts = match cursor.head()? {
            Head::Nil => return Ok(None),
            Head::Array(parts @ 2..=4) => parts,
            _ => return Err(Refusal::Malformed),
        };
        let tag = text(&mut cursor)?;
        let before = cursor;
        let (mut events, behind) = match cursor.head()? {
            Head::Array(count) => {
                let entries = cursor.rest();
                for _ in 0..count {
                    cursor.skip()?;
                }
                (Events::Entries(count, entries), 2)
            }
            Head::Text(packed) | Head::Binary(packed) => (Events::Packed(packed, None), 2),
            _ => {
                cursor = before;
                let one = cursor.rest();
                cursor.skip()?;
                cursor.skip()?;
                (Events::One(one), 3)
            }
        };
        if parts < behind {
            return Err(Refusal::Malformed);
        }
        let options = if parts > behind {
            options(&mut cursor)?
        } else {
            Options::default()
        };
        if let Events::Packed(_, encoding) = &mut events {
            *encoding = options.encoding;
        }
        Ok(Some(Self {
            tag,
            events,
            chunk: options.chunk,
        }))
    }
}

fn text<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], Refusal> {
    match cursor.head()? {
        Head::Text(text) | Head::Binary(text) => Ok(text),
        _ => Err(Refusal::Malformed),
    }
}

fn options<'a>(cursor: &mut Cursor<'a>) -> Result<Options<'a>, Refusal> {
    let mut options = Options::default();
    let count = match cursor.head()? {
        Head::Map(count) => count,
        Head::Nil => 0,
        _ => return Err(Refusal::Malformed),
    };
    for _ in 0..count {
        match cursor.head()? {
            Head::Text(b"chunk") => options.chunk = Some(text(cursor)?),
            Head::Text(b"compressed") => {
                // Fluentd calls what is not compressed so.
                let name = match text(cursor)? {
                    b"text" => b"",
                    name => name,
                };
                options.encoding = Encoding::named(name).map_err(|_| Refusal::Malformed)?;
            }
            Head::Text(_) => cursor.skip()?,
            _ => return Err(Refusal::Malformed),
        }
    }
    Ok(options)
}

/// Reads the events of one or several entries.
pub(super) struct Entries<'a> {
    cursor: Cursor<'a>,
    left: Option<u32>,
    is_bare: bool,
}

impl<'a> Entries<'a> {
    /// `unpacked`: what was in [`Events::Packed`].
    pub(super) fn of(events: &Events<'a>, unpacked: &'a [u8]) -> Self {
        let (bytes, left, is_bare) = match *events {
            Events::One(bytes) => (bytes, Some(1), true),
            Events::Entries(count, bytes) => (bytes, Some(count), false),
            Events::Packed(..) => (unpacked, None, false),
        };
        Self {
            cursor: Cursor::of(bytes),
            left,
            is_bare,
        }
    }

    /// The next one; `None` at the end.
    pub(super) fn next(&mut self, limits: &Limits) -> Option<Result<Entry<'a>, Refusal>> {
        match &mut self.left {
            Some(0) => return None,
            Some(left) => *left -= 1,
            None if self.cursor.is_at_end() => return None,
            None => {
                // Nobody looked at what was packed: how deep it is, whether it is whole.
                if let Err(stop) = Extent::default().find(self.cursor.rest(), limits) {
                    return Some(Err(Refusal::within(stop)));
                }
            }
        }
        Some(self.entry())
    }

    fn entry(&mut self) -> Result<Entry<'a>, Refusal> {
        let cursor = &mut self.cursor;
        if !self.is_bare && cursor.head()? != Head::Array(2) {
            return Err(Refusal::Malformed);
        }
        let time = time(cursor)?;
        let record = cursor.rest();
        let mut inside = *cursor;
        if !matches!(inside.head()?, Head::Map(_)) {
            return Err(Refusal::Malformed);
        }
        cursor.skip()?;
        let length = record.len() - cursor.rest().len();
        let record = record.get(..length).unwrap_or_default();
        Ok(Entry { time, record })
    }
}

/// Seconds, with a fraction or nanoseconds; since version 2.1 Fluent Bit may put it into an array
/// with metadata behind it.
fn time(cursor: &mut Cursor<'_>) -> Result<Timestamp, Refusal> {
    let head = cursor.head()?;
    if let Head::Array(parts @ 1..) = head {
        let time = instant(cursor.head()?);
        for _ in 1..parts {
            cursor.skip()?;
        }
        return Ok(time);
    }
    Ok(instant(head))
}

/// `EventTime` is extension 0: seconds and nanoseconds, 32 bits each.
pub(super) fn instant(head: Head<'_>) -> Timestamp {
    let time = match head {
        Head::Unsigned(seconds) => {
            let seconds = i64::try_from(seconds).ok();
            seconds.and_then(|seconds| Timestamp::from_unix(seconds, 0))
        }
        Head::Signed(seconds) => Timestamp::from_unix(seconds, 0),
        Head::Float(seconds) => {
            let whole = seconds.floor();
            let nanos = ((seconds - whole) * 1e9).clamp(0.0, 999_999_999.0);
            let is_sane = whole.abs() < 1e12;
            #[expect(clippy::cast_sign_loss, reason = "clamped")]
            let nanos = nanos as u32;
            is_sane
                .then(|| Timestamp::from_unix(whole as i64, nanos))
                .flatten()
        }
        Head::Extension(0, time) => {
            let parts = time.split_first_chunk::<4>();
            parts.and_then(|(seconds, nanos)| {
                let seconds = u32::from_be_bytes(*seconds);
                let nanos = u32::from_be_bytes(nanos.try_into().ok()?);
                Timestamp::from_unix(seconds.into(), nanos)
            })
        }
        _ => None,
    };
    time.unwrap_or(Timestamp::UNKNOWN)
}

impl From<Stop> for Refusal {
    fn from(stop: Stop) -> Self {
        Self::within(stop)
    }
}

impl Refusal {
    /// Of a value that has to be whole.
    fn within(stop: Stop) -> Self {
        match stop {
            Stop::Incomplete | Stop::Malformed => Self::Malformed,
            Stop::TooLarge => Self::TooLarge,
        }
    }
}
