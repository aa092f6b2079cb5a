//! Asks a parser beforehand whether it will understand a record, where a client can be told.

use yagura_parsers::{
    BlockExtent, EventBatch, Extent, Format, Origin, Projection, ProjectionBuilder, Reason,
    Timestamp,
};

/// A parser that keeps nothing. The same that reads the record later, so that the two never
/// disagree on what is acceptable.
pub(crate) struct Trial {
    batch: EventBatch,
    nothing: Projection,
}

impl Trial {
    pub(crate) fn new() -> Self {
        Self {
            batch: EventBatch::new(),
            nothing: ProjectionBuilder::new(Extent::Projected).build(),
        }
    }

    /// Why the record would stay a raw event; `None` if it is understood.
    pub(crate) fn fault(&mut self, format: Format, record: &[u8]) -> Option<Reason> {
        self.parse(format, record);
        let mut counts = self.batch.unparsed().counts();
        counts.find_map(|(reason, count)| (count > 0).then_some(reason))
    }

    /// How many events a block holds.
    pub(crate) fn count(&mut self, format: Format, block: &[u8]) -> u32 {
        self.parse(format, block);
        u32::try_from(self.batch.len()).unwrap_or(u32::MAX)
    }

    fn parse(&mut self, format: Format, text: &[u8]) {
        self.batch.recycle().extend_from_slice(text);
        let origin = Origin {
            position: 0,
            near: Timestamp::UNKNOWN,
            extent: BlockExtent::Whole,
        };
        self.batch.parse(format, origin, &self.nothing);
    }

    /// The same for one JSON object.
    pub(crate) fn object_fault(&mut self, record: &[u8]) -> Option<Reason> {
        if record.trim_ascii_start().starts_with(b"{") {
            self.fault(Format::JsonLines, record)
        } else {
            self.fault(Format::JsonLines, record)
                .or(Some(Reason::NotAnObject))
        }
    }
}
