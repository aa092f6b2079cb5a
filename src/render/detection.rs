//! The parts of a detection, and the choice of its rendering.

use yagura_parsers::{Timestamp, Value, ValueKind};
use yagura_rules::{Level, Meta};

use super::{OutputFormat, csv, jsonl, table};
use crate::detection::{DetectionId, FieldList, IdBuilder};
use crate::terminal::Stream;

/// What one rule contributes to each of its detections.
#[derive(Debug)]
pub struct RuleCard {
    /// How grave its detections are.
    pub level: Level,
    /// The beginning of their identities.
    pub id: IdBuilder,
    /// Its part of the output, in the format of the output.
    pub text: Vec<u8>,
}

/// Everything known of a detection.
#[derive(Clone, Copy, Debug)]
pub struct DetectionView<'a> {
    /// Its identity.
    pub id: DetectionId,
    /// The event's time.
    pub time: Timestamp,
    /// The rule.
    pub rule: &'a RuleCard,
    /// The host that the event happened on.
    pub host: Option<&'a [u8]>,
    /// The source's path.
    pub path: &'a str,
    /// The event's position in the source.
    pub position: u64,
    /// The fields and values that satisfied the rule.
    pub matched: &'a FieldList,
    /// All fields of the event, where asked for.
    pub event: Option<&'a FieldList>,
}

/// One way to show detections.
#[derive(Clone, Copy, Debug)]
pub enum DetectionRenderer {
    /// Columns for people.
    Table(table::Layout),
    /// JSON objects.
    Jsonl,
    /// Comma-separated values.
    Csv(csv::Columns),
}

impl DetectionRenderer {
    /// The renderer for an output stream.
    pub fn new(format: OutputFormat, full_event: bool, stream: Stream) -> Self {
        match format {
            OutputFormat::Table => Self::Table(table::Layout::of(stream)),
            OutputFormat::Jsonl => Self::Jsonl,
            OutputFormat::Csv if full_event => Self::Csv(csv::Columns::WithEvent),
            OutputFormat::Csv => Self::Csv(csv::Columns::Usual),
        }
    }

    /// Renders what a rule contributes.
    pub fn rule_card(self, meta: &Meta) -> RuleCard {
        let mut text = Vec::new();
        match self {
            Self::Table(layout) => table::rule(&mut text, layout, meta),
            Self::Jsonl => jsonl::rule(&mut text, meta),
            Self::Csv(_) => csv::rule(&mut text, meta),
        }
        RuleCard {
            level: meta.level,
            id: IdBuilder::new().part(meta.id.as_ref().unwrap_or(&meta.title).as_bytes()),
            text,
        }
    }

    /// What stands above the first detection.
    pub fn header(self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Table(layout) => table::header(&mut out, layout),
            Self::Jsonl => {}
            Self::Csv(columns) => csv::header(&mut out, columns),
        }
        out
    }

    /// Renders one detection, its line end included.
    pub fn detection(self, out: &mut Vec<u8>, view: &DetectionView<'_>) {
        match self {
            Self::Table(layout) => table::detection(out, layout, view),
            Self::Jsonl => jsonl::detection(out, view),
            Self::Csv(columns) => csv::detection(out, columns, view),
        }
    }
}

/// The text of a value as people read it.
pub(super) fn shown_value(value: Value<'_>) -> &[u8] {
    match value.kind {
        ValueKind::Null => b"null",
        _ => value.text,
    }
}
