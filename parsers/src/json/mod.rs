//! JSON: one object a line, concatenated or pretty-printed objects, arrays, and the envelopes
//! of cloud exports. Also bodies of other formats that turn out to be JSON.
//!
//! ```text
//!           strings (where they end)
//!                ▼
//!  bytes ─▶ scan (tokens, skipping) ─▶ walk (keys against the projection) ─▶ EventWriter
//!             ▲                          ▲
//!             boundary (ends of          keys (which key comes next, where it leads)
//!             elements, for framing
//!             and after damage, with
//!             element_start)          decode (escapes: later, by whoever reads the value)
//! ```
//!
//! [`scan`] is the only module that judges bytes between strings; [`strings`] finds the ends of
//! strings, in an index made 64 bytes at a time. [`plain_members`] is a shorter way through an
//! object of the usual shape, which leaves all else to [`walk`].
//!
//! **How far validation goes.** Nothing is half-read: an event whose brackets, commas, colons,
//! literals, numbers or string ends are not those of RFC 8259 is refused as a whole, wherever
//! the fault is and whoever asked for the value: what is skipped is checked as far as what is
//! read. The *content* of strings is taken as it
//! comes, because loggers get it wrong and a person still wants to find it: raw control
//! characters and invalid UTF-8 stay, an unknown escape (`\q`, `\u12`) stays as written, and
//! a lone surrogate becomes U+FFFD. More than [`DEPTH_MAX`] levels are refused.
//!
//! No allocation for an event, apart from growth of the batch's own buffers.

mod boundary;
mod decode;
pub(crate) mod element_start;
mod envelope;
mod keys;
mod plain_members;
mod scan;
mod stream;
mod strings;
mod walk;

pub(crate) use boundary::{Boundary, Edge};
pub(crate) use decode::{decode, decode_pieces};
pub(crate) use envelope::{Opening, opening};
pub(crate) use keys::KeyMemory;
pub(crate) use stream::{cut_stream, first_is_damaged, stream};
pub(crate) use strings::StringIndex;

use crate::event::EventKind;
use crate::format::BlockExtent;
use crate::framing;
use crate::unparsed::Reason;
use crate::writer::EventWriter;

use scan::Scanner;
use strings::{ByLooking, StringEnds};

/// How deep objects and arrays may nest.
pub(crate) const DEPTH_MAX: u32 = 128;

/// The text is not JSON (or nests too deep).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Malformed;

/// Lines: an object is an event; the objects of an array or an envelope are one each.
pub(crate) fn lines(input: &[u8], out: &mut EventWriter<'_>) {
    let mut strings = std::mem::take(&mut out.scratch.strings);
    let mut rest = input;
    while !rest.is_empty() {
        let text = without_bom(rest);
        let text_end = strings.build_line(text);
        let (line, behind) = rest.split_at(rest.len() - text.len() + text_end);
        let line = framing::without_line_end(line);
        line_by(
            line,
            Scanner::with(without_bom(line), strings.of(text)),
            out,
        );
        rest = behind.get(1..).unwrap_or_default();
    }
    out.scratch.strings = strings;
}

/// One line, which is not empty.
fn line_by<E: StringEnds>(line: &[u8], mut scan: Scanner<'_, E>, out: &mut EventWriter<'_>) {
    match scan.peek() {
        Some(b'{') if !envelope::is_envelope(scan.rest()) => {
            out.begin(EventKind::Json, line);
            match walk::object(&mut scan, out) {
                Ok(()) if scan.peek().is_none() => out.finish(),
                _ => out.refuse(Reason::InvalidJson),
            }
        }
        Some(first) => {
            let start = scan.clone();
            let is_valid = scan.skip_value(0).is_ok() && scan.peek().is_none();
            if is_valid && matches!(first, b'{' | b'[') {
                return stream::elements(without_bom(line), start, BlockExtent::Whole, out);
            }
            out.begin(EventKind::Raw, line);
            out.refuse(if is_valid {
                Reason::NotAnObject
            } else {
                Reason::InvalidJson
            });
        }
        None => {}
    }
}

/// Adds the fields of a message body to the event under construction; whether it understood.
/// Bodies are short, and not all that begin like JSON are: no index is made of them.
pub(crate) fn body(text: &[u8], out: &mut EventWriter<'_>) -> bool {
    let mut scan = Scanner::with(text, ByLooking);
    if scan.peek() != Some(b'{') {
        return false;
    }
    let before = out.checkpoint();
    let understood = walk::object(&mut scan, out).is_ok() && scan.peek().is_none();
    if !understood {
        out.roll_back(&before);
    }
    understood
}

fn without_bom(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::batch::{EventBatch, EventStore};
    use crate::fields;
    use crate::projection::{Extent, Projection, ProjectionBuilder, Target};
    use crate::time::Timestamp;

    type Read = (EventKind, Timestamp, Vec<(Vec<u8>, Vec<u8>)>);

    /// The events of a text, each with its names and texts.
    fn read(
        text: &[u8],
        projection: &Projection,
        parse: impl Fn(&mut EventWriter<'_>),
    ) -> Vec<Read> {
        let mut store = EventStore::default();
        parse(&mut EventWriter::new(text, 0, projection, &mut store));
        let batch = EventBatch {
            input: text.to_vec(),
            store,
        };
        let mut events = Vec::new();
        for event in batch.events() {
            let values = event.named_values(projection).map(|(name, value)| {
                let mut text = Vec::new();
                value.append_to(&mut text);
                (name.to_vec(), text)
            });
            events.push((event.kind(), event.time(), values.collect()));
        }
        events
    }

    fn projections() -> [Projection; 2] {
        [Extent::Everything, Extent::Projected].map(|extent| {
            let mut builder = ProjectionBuilder::new(extent);
            for name in ["a", "a.b", "b", "key", "Event.EventData.a"] {
                builder.field(name).unwrap();
            }
            builder.transparent("Event.EventData");
            for (rank, name) in ["time", "b"].into_iter().enumerate() {
                let (field, rank) = (fields::TIME, rank as u8 + 1);
                builder.path(name, Target { field, rank });
            }
            builder.build()
        })
    }

    /// Pieces of JSON, mostly in an order that makes some.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let string = prop_oneof![
            Just(r#""a""#.to_owned()),
            Just(r#""b""#.to_owned()),
            Just(r#""Event""#.to_owned()),
            Just(r#""EventData""#.to_owned()),
            Just("\"#text\"".to_owned()),
            Just(r#""time""#.to_owned()),
            "\"2024-03-07[T ]12:0[01]:[0-9]{2}Z?\"",
            "\"[a-z\\\\:{}, ]{0,80}\"",
            (0..70usize).prop_map(|n| format!("\"{}\"", "\\\\".repeat(n))),
            (0..70usize).prop_map(|n| format!("\"{}\\\"\"", "x".repeat(n))),
        ];
        let scalar = prop_oneof![
            string.clone(),
            Just("12".to_owned()),
            "-?[0-9]{1,20}",
            Just("-1.5e3".to_owned()),
            Just("null".to_owned()),
            Just("true".to_owned()),
        ];
        let value = scalar.prop_recursive(4, 24, 5, move |inner| {
            let member = (string.clone(), inner.clone()).prop_map(|(k, v)| format!("{k}:{v}"));
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(|v| format!("[{}]", v.join(", "))),
                prop::collection::vec(member, 0..5).prop_map(|m| format!("{{{}}}", m.join(","))),
            ]
        });
        prop::collection::vec(value, 1..4).prop_map(|values| {
            let members = values.iter().map(|v| format!("\"key\":{v}"));
            format!("{{{}}}", members.collect::<Vec<_>>().join(",")).into_bytes()
        })
    }

    fn damage() -> impl Strategy<Value = Vec<(prop::sample::Index, u8, bool)>> {
        let special = prop::sample::select(br#""\{}[]:,1 "#.to_vec());
        prop::collection::vec((any::<prop::sample::Index>(), special, any::<bool>()), 0..4)
    }

    fn damage_text(text: &mut Vec<u8>, damage: &[(prop::sample::Index, u8, bool)]) {
        for (at, byte, inserts) in damage {
            let at = at.index(text.len());
            if *inserts {
                text.insert(at, *byte);
            } else {
                text[at] = *byte;
            }
        }
    }

    fn damaged() -> impl Strategy<Value = Vec<u8>> {
        (text(), damage()).prop_map(|(mut text, damage)| {
            damage_text(&mut text, &damage);
            text
        })
    }

    /// Lines that are what was expected behind the first, but for some damage.
    fn lines_of_a_kind() -> impl Strategy<Value = Vec<Vec<u8>>> {
        (text(), prop::collection::vec(damage(), 1..6)).prop_map(|(text, damage)| {
            let lines = damage.iter().map(|damage| {
                let mut line = text.clone();
                damage_text(&mut line, damage);
                line
            });
            [text.clone()].into_iter().chain(lines).collect()
        })
    }

    proptest! {
        #[test]
        fn index_and_bytes_are_read_alike(text in damaged()) {
            for projection in projections() {
                let mut strings = StringIndex::default();
                strings.build(&text);
                let slow = read(&text, &projection, |out| line_by(&text, Scanner::new(&text), out));
                let fast = read(&text, &projection, |out| {
                    line_by(&text, Scanner::with(&text, strings.of(&text)), out);
                });
                prop_assert_eq!(&fast, &slow);
                let slow = read(&text, &projection, |out| stream::elements(&text, Scanner::new(&text), BlockExtent::Whole, out));
                prop_assert_eq!(&read(&text, &projection, |out| stream(&text, out)), &slow);
            }
        }

        /// What was learned from the lines before changes nothing, but for the time of those
        /// that have none.
        #[test]
        fn lines_are_read_alike_in_any_company(
            texts in prop_oneof![prop::collection::vec(damaged(), 1..6), lines_of_a_kind()],
        ) {
            let joined = texts.join(&b'\n');
            for projection in projections() {
                let together = read(&joined, &projection, |out| lines(&joined, out));
                let mut last_time = Timestamp::UNKNOWN;
                let mut apart = Vec::new();
                for text in &texts {
                    let read = read(text, &projection, |out| line_by(text, Scanner::new(text), out));
                    for (kind, time, values) in read {
                        if time != Timestamp::UNKNOWN {
                            last_time = time;
                        }
                        apart.push((kind, last_time, values));
                    }
                }
                prop_assert_eq!(together, apart);
            }
        }
    }
}
