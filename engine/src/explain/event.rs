//! An event with all its values, by name.

use std::borrow::Cow;

use yagura_parsers::{
    BlockExtent, Event, EventBatch, EventKind, Extent, Format, Origin, Projection,
    ProjectionBuilder, Timestamp,
};
use yagura_rules::predicate::Subject;
use yagura_rules::taxonomy::Rename;

use super::value::SeenValue;

/// An event taken apart: every value by name, and the texts in which keywords are looked for.
#[derive(Clone, Debug)]
pub struct SeenEvent {
    pub(super) kind: EventKind,
    fields: Vec<(String, SeenValue)>,
    texts: Vec<SeenValue>,
}

/// A value and the name that the event has it under.
pub(super) type Named<'e> = (&'e str, Cow<'e, SeenValue>);

impl SeenEvent {
    /// `event` was parsed from `format` with a projection of everything ([`Extent::Everything`]).
    pub fn new(event: Event<'_>, projection: &Projection, format: Format) -> Self {
        let fields = event
            .named_values(projection)
            .map(|(name, v)| {
                (
                    String::from_utf8_lossy(name).into_owned(),
                    SeenValue::new(v),
                )
            })
            .collect();
        Self {
            kind: event.kind(),
            fields,
            texts: texts(event, format),
        }
    }

    /// The values under a name of the event's own.
    pub(super) fn values<'e>(&'e self, name: &str) -> impl Iterator<Item = Named<'e>> {
        let mine = self.fields.iter().filter(move |(n, _)| n == name);
        mine.map(|(n, v)| (n.as_str(), Cow::Borrowed(v)))
    }

    /// The first value under a name that is not empty.
    pub(super) fn first(&self, name: &str) -> Option<&SeenValue> {
        let mut mine = self.fields.iter().filter(|(n, _)| n == name);
        mine.find(|(_, v)| !v.is_empty()).map(|(_, v)| v)
    }

    /// Where keywords are looked for.
    pub(super) fn texts(&self) -> &[SeenValue] {
        &self.texts
    }

    /// The values of a rule's field, whose names in events are given by `renames`.
    pub(super) fn field<'e>(&'e self, name: &str, renames: &[Rename]) -> Vec<Named<'e>> {
        let Some(rename) = renames.iter().find(|r| r.field == name) else {
            return self.values(name).collect();
        };
        let values = rename.sources.iter().flat_map(|source| self.values(source));
        values
            .map(|(name, value)| {
                if rename.hexadecimal {
                    (name, Cow::Owned(value.decimal()))
                } else {
                    (name, value)
                }
            })
            .collect()
    }

    /// The values of a subject, by the field that events have them in.
    pub(super) fn by_source(&self, subject: &Subject, renames: &[Rename]) -> Vec<Vec<Named<'_>>> {
        let Subject::Field(name) = subject else {
            let texts = self.texts.iter().map(|v| ("", Cow::Borrowed(v)));
            return vec![texts.collect()];
        };
        match renames.iter().find(|r| r.field == *name) {
            None => vec![self.values(name).collect()],
            Some(rename) => {
                let sources = rename.sources.iter();
                sources.map(|s| self.values(s).collect()).collect()
            }
        }
    }
}

/// Where keywords are looked for: every value of structured events, else the line, and the values
/// as well where they may be written with escapes.
fn texts(event: Event<'_>, format: Format) -> Vec<SeenValue> {
    let structured = matches!(event.kind(), EventKind::Json | EventKind::Windows);
    if !structured {
        let escapes = event.raw().iter().any(|b| matches!(b, b'\\' | b'&'));
        let mut texts = vec![SeenValue::text(event.raw())];
        if escapes || event.kind() == EventKind::Auditd {
            texts.extend(all_values(event, format));
        }
        return texts;
    }
    if event.raw().is_empty() {
        return event.values().map(|(_, v)| SeenValue::new(v)).collect();
    }
    all_values(event, format)
}

/// Every value, whatever its name.
fn all_values(event: Event<'_>, format: Format) -> Vec<SeenValue> {
    let all = ProjectionBuilder::new(Extent::Everything).build();
    let mut batch = EventBatch::new();
    batch.recycle().extend_from_slice(event.raw());
    let origin = Origin {
        position: 0,
        near: Timestamp::UNKNOWN,
        extent: BlockExtent::Whole,
    };
    batch.parse(format, origin, &all);
    let values = batch.events().flat_map(|e| {
        e.values()
            .map(|(_, v)| SeenValue::new(v))
            .collect::<Vec<_>>()
    });
    values.collect()
}
