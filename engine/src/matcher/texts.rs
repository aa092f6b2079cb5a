//! The texts of an event that keywords are looked for in.

use yagura_parsers::{
    BlockExtent, Event, EventBatch, EventKind, Format, Origin, Projection, Timestamp, Value,
    ValueKind,
};

use crate::matcher::raw_filter::RawFilter;

/// Where the texts of the event at hand are.
#[derive(Debug, Default)]
enum Place {
    /// No keyword can be in it.
    #[default]
    Nowhere,
    /// Its line as it stands.
    Line,
    /// Its line, and the values of `again`: some may be written with escapes in the line.
    LineAndAgain,
    /// Its own values: it has no text, so the parser kept them all.
    Own,
    /// The values of `again`.
    Again,
}

/// Room for reading an event once more, all of its values this time: the projection dropped
/// those that no rule names.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    again: EventBatch,
    place: Place,
}

impl Texts {
    /// Prepares the texts of an event. `filter`: that of its class.
    pub(crate) fn load(
        &mut self,
        event: Event<'_>,
        format: Format,
        whole: &Projection,
        filter: &RawFilter,
    ) {
        let raw = event.raw();
        self.place = if matches!(event.kind(), EventKind::Json | EventKind::Windows) {
            if raw.is_empty() {
                let mut values = event.values().map(|(_, value)| value.plain());
                if values.any(|text| text.is_none_or(|text| filter.may_hold(text))) {
                    Place::Own
                } else {
                    Place::Nowhere
                }
            } else if filter.may_hold(raw) {
                Place::Again
            } else {
                Place::Nowhere
            }
        } else if may_hold_escapes(event) {
            Place::LineAndAgain
        } else if filter.may_hold_in_line(raw) {
            Place::Line
        } else {
            Place::Nowhere
        };
        if let Place::Again | Place::LineAndAgain = self.place {
            self.again.recycle().extend_from_slice(event.raw());
            let origin = Origin {
                position: 0,
                near: Timestamp::UNKNOWN,
                extent: BlockExtent::Whole,
            };
            self.again.parse(format, origin, whole);
        }
    }

    /// Whether no keyword can be in the event that was loaded last.
    pub(crate) fn are_nowhere(&self) -> bool {
        matches!(self.place, Place::Nowhere)
    }

    /// The texts of the event that was loaded last, which has to be `event`.
    pub(crate) fn of<'a>(&'a self, event: Event<'a>) -> impl Iterator<Item = Value<'a>> {
        let line = matches!(self.place, Place::Line | Place::LineAndAgain)
            .then(|| Value::new(ValueKind::Text, event.raw()));
        let own = matches!(self.place, Place::Own).then(|| event.values());
        let again =
            matches!(self.place, Place::Again | Place::LineAndAgain).then(|| self.again.events());
        let again = again.into_iter().flatten().flat_map(|event| event.values());
        let values = own.into_iter().flatten().chain(again);
        line.into_iter().chain(values.map(|(_, value)| value))
    }
}

/// Whether values of a line may differ from what is written there: by backslashes, entities, or
/// the hexadecimal texts of audit records.
fn may_hold_escapes(event: Event<'_>) -> bool {
    event.kind() == EventKind::Auditd || memchr::memchr2(b'\\', b'&', event.raw()).is_some()
}
