//! The parts of a detection, and the choice of its rendering.

use yagura_parsers::{Timestamp, ValueKind};
use yagura_rules::{Level, Meta};

use super::{OutputFormat, csv, json_text, jsonl, table};
use crate::detection::{DetectionId, FieldList, FieldValue, IdBuilder};
use crate::scan::TimeSlot;
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
    /// All fields of the event as [`DetectionRenderer::event`] renders them, where asked for.
    pub event: Option<&'a [u8]>,
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
            id: IdBuilder::of_rule(meta.id.as_deref(), &meta.title),
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

    /// Where a rendered detection shows its time.
    pub fn time_slot(self) -> TimeSlot {
        match self {
            Self::Table(_) => table::TIME_SLOT,
            Self::Jsonl => jsonl::TIME_SLOT,
            Self::Csv(_) => csv::TIME_SLOT,
        }
    }

    /// Renders the fields of an event, once for all detections in it.
    pub fn event(self, out: &mut Vec<u8>, event: &FieldList) {
        match self {
            Self::Table(layout) => table::event(out, event, layout),
            Self::Jsonl => json_text::fields(out, event),
            Self::Csv(_) => csv::fields_cell(out, event),
        }
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
pub(super) fn shown_value(value: FieldValue<'_>) -> &[u8] {
    match value.kind {
        ValueKind::Null => b"null",
        _ => value.text,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use yagura_parsers::{Timestamp, Value, ValueKind};
    use yagura_rules::{Level, Meta, SourceFile, Span};

    use super::{DetectionRenderer, DetectionView};
    use crate::detection::{Duplicates, FieldList, ListLimits};
    use crate::render::OutputFormat;
    use crate::render::counts::{self, Counted, RuleCount};
    use crate::terminal::{Colour, Destination, Stream};

    fn meta(title: &str, level: Level) -> Meta {
        Meta {
            id: Some("5b9f6c55-1f0e-4d0c-8a44-6d1b7a1b2c20".to_owned()),
            name: None,
            title: title.to_owned(),
            status: None,
            description: None,
            author: None,
            date: None,
            modified: None,
            level,
            tags: vec!["attack.t1059".to_owned(), "attack.execution".to_owned()],
            references: Vec::new(),
            false_positives: Vec::new(),
            fields: Vec::new(),
            file: Arc::new(SourceFile {
                path: PathBuf::from("a.yml"),
                text: String::new(),
            }),
            span: Span {
                start: 0,
                len: 0,
                line: 1,
                column: 1,
            },
        }
    }

    fn fields(pairs: &[(&str, ValueKind, &str)]) -> FieldList {
        let mut list = FieldList::new(Duplicates::Drop, ListLimits::NONE);
        for (name, kind, text) in pairs {
            let (kind, text) = (*kind, text.as_bytes());
            list.push(name.as_bytes(), Value::new(kind, text));
        }
        list
    }

    fn rendered(format: OutputFormat, width: usize, colour: Colour) -> String {
        let stream = Stream {
            destination: Destination::Pipe,
            colour,
            width,
        };
        let renderer = DetectionRenderer::new(format, true, stream);
        let mut out = renderer.header();
        let matched = fields(&[
            ("Image", ValueKind::Text, r"C:\Windows\System32\cmd.exe"),
            ("EventID", ValueKind::Number, "4688"),
            ("keywords", ValueKind::Text, "=evil \u{1b}[2J, \"quoted\""),
            ("User", ValueKind::Text, "alice"),
            ("User", ValueKind::Text, "bob"),
        ]);
        let event = fields(&[("a", ValueKind::Null, ""), ("b", ValueKind::Bool, "true")]);
        let mut event_text = Vec::new();
        renderer.event(&mut event_text, &event);
        let cases = [
            (
                "Hostile\u{202e} title, with comma",
                Level::Critical,
                1_704_164_645_123_000_000,
                "ws01",
            ),
            (
                "=Formula",
                Level::Informational,
                Timestamp::UNKNOWN.0,
                "a-very-long-host.example.org",
            ),
        ];
        for (position, (title, level, time, host)) in (0..).zip(cases) {
            let card = renderer.rule_card(&meta(title, level));
            let view = DetectionView {
                id: card.id.part(b"logs/a.jsonl").finish(position),
                time: Timestamp(time),
                rule: &card,
                host: (position == 0).then_some(host.as_bytes()),
                path: "logs/a.jsonl",
                position,
                matched: &matched,
                event: (position == 1).then_some(&event_text),
            };
            renderer.detection(&mut out, &view);
        }
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn json_lines() {
        let text = rendered(OutputFormat::Jsonl, 200, Colour::Off);
        for line in text.lines() {
            serde_json::from_str::<serde_json::Value>(line).expect("JSON");
        }
        insta::assert_snapshot!(text);
    }

    #[test]
    fn csv() {
        insta::assert_snapshot!(rendered(OutputFormat::Csv, 200, Colour::Off));
    }

    #[test]
    fn table_on_a_pipe() {
        insta::assert_snapshot!(rendered(OutputFormat::Table, 200, Colour::Off));
    }

    #[test]
    fn table_on_a_narrow_terminal_with_colours() {
        let text = rendered(OutputFormat::Table, 80, Colour::On);
        insta::assert_snapshot!(text.replace('\u{1b}', "ESC"));
    }

    #[test]
    fn time_stands_where_the_slot_says() {
        let stream = Stream {
            destination: Destination::Pipe,
            colour: Colour::Off,
            width: 200,
        };
        let (unknown, known) = (Timestamp::UNKNOWN, Timestamp(1_704_164_645_123_000_000));
        for format in [OutputFormat::Table, OutputFormat::Jsonl, OutputFormat::Csv] {
            let renderer = DetectionRenderer::new(format, false, stream);
            let (card, matched) = (renderer.rule_card(&meta("x", Level::Low)), fields(&[]));
            let at = |time| {
                let mut out = Vec::new();
                let view = DetectionView {
                    id: card.id.finish(0),
                    time,
                    rule: &card,
                    host: None,
                    path: "a",
                    position: 0,
                    matched: &matched,
                    event: None,
                };
                renderer.detection(&mut out, &view);
                String::from_utf8(out).expect("UTF-8")
            };
            let slot = renderer.time_slot();
            let text = |time| {
                let mut out = Vec::new();
                (slot.write)(&mut out, time);
                String::from_utf8(out).expect("UTF-8")
            };
            let mut patched = at(unknown);
            let end = slot.offset + text(unknown).len();
            patched.replace_range(slot.offset..end, &text(known));
            assert_eq!(patched, at(known), "{format:?}");
        }
    }

    #[test]
    fn counts_in_order() {
        let (a, b, c) = (
            meta("b, twice", Level::Low),
            meta("a twice", Level::High),
            meta("often", Level::Medium),
        );
        let counts = || {
            let count = |of, meta, count| RuleCount { of, meta, count };
            let of = |meta, n| count(Counted::Detections, meta, n);
            let alerts = count(Counted::Alerts, &a, 3);
            vec![of(&a, 2), of(&b, 2), alerts, of(&c, 1_000)]
        };
        let stream = Stream {
            destination: Destination::Pipe,
            colour: Colour::Off,
            width: 200,
        };
        let all = [OutputFormat::Table, OutputFormat::Jsonl, OutputFormat::Csv];
        let text = all
            .map(|format| counts::render(format, stream, 1, counts()))
            .concat();
        insta::assert_snapshot!(String::from_utf8_lossy(&text));
    }
}
