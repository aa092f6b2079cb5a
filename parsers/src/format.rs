//! The formats, and the way from a block to events.

use crate::batch::EventBatch;
use crate::cef::CEF;
use crate::event::EventKind;
use crate::leef::LEEF;
use crate::projection::Projection;
use crate::snare::SNARE;
use crate::time::Timestamp;
use crate::unparsed::Reason;
use crate::writer::EventWriter;
use crate::{access_log, auditd, framing, json, key_value, raw, syslog, windows};

/// A format of log files and streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// One JSON object a line.
    JsonLines,
    /// JSON values that span lines, one after the other, or the elements of one array.
    Json,
    /// Windows events as XML `Event` elements.
    WindowsXml,
    /// Windows event log file, in chunks of 64 KiB.
    Evtx,
    /// Syslog, RFC 3164 or RFC 5424, decided line by line; bodies of any known kind.
    Syslog,
    /// `audit.log` of the Linux audit daemon.
    Auditd,
    /// Access and error logs of Apache and nginx.
    AccessLog,
    /// ArcSight CEF, with or without a syslog header.
    Cef,
    /// IBM LEEF 1 and 2, with or without a syslog header.
    Leef,
    /// `key=value` pairs, logfmt.
    KeyValue,
    /// Windows events as tab-separated Snare lines, with or without a syslog header.
    Snare,
    /// Lines of no known format: each a raw event.
    Raw,
}

impl Format {
    /// All formats, in the order in which help texts list them.
    pub const ALL: [Self; 12] = [
        Self::JsonLines,
        Self::Json,
        Self::WindowsXml,
        Self::Evtx,
        Self::Syslog,
        Self::Auditd,
        Self::AccessLog,
        Self::Cef,
        Self::Leef,
        Self::KeyValue,
        Self::Snare,
        Self::Raw,
    ];

    /// The format of a [name](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The name by which users choose it.
    pub fn name(self) -> &'static str {
        match self {
            Self::JsonLines => "jsonl",
            Self::Json => "json",
            Self::WindowsXml => "xml",
            Self::Evtx => "evtx",
            Self::Syslog => "syslog",
            Self::Auditd => "auditd",
            Self::AccessLog => "access-log",
            Self::Cef => "cef",
            Self::Leef => "leef",
            Self::KeyValue => "key-value",
            Self::Snare => "snare",
            Self::Raw => "raw",
        }
    }
}

/// Where a block comes from, as far as its parser needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// Position of the block's first byte in its source (for EVTX: ordinal of its first record).
    pub position: u64,
    /// A time near that of the block's first event: of the event before it, of the file's last
    /// change, or now. Decides the year where a format leaves it out.
    pub near: Timestamp,
    /// Whether the block is the beginning of one event that is longer than the limit.
    pub extent: BlockExtent,
}

impl Origin {
    /// What to take for [`Origin::near`] at the beginning of a source that was written up to
    /// `end`: of a file the time of its last change, of a stream now.
    ///
    /// Its events lie before that, up to a year. So the year is looked for around a time half a
    /// year earlier, with two weeks left for clocks that are ahead.
    #[must_use]
    pub fn near_of_source_until(end: Timestamp) -> Timestamp {
        const HALF_YEAR_DAYS: i64 = 182;
        const AHEAD_DAYS: i64 = 14;
        if end == Timestamp::UNKNOWN {
            return end;
        }
        end.plus_seconds((AHEAD_DAYS - HALF_YEAR_DAYS) * 86_400)
    }
}

/// Whether a block holds whole records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockExtent {
    /// Only whole records.
    Whole,
    /// The first bytes of one record that is longer than the limit.
    CutRecord,
}

/// What a line format keeps from line to line.
#[derive(Debug)]
pub(crate) struct LineContext {
    /// Time of the line before, see [`Origin::near`].
    pub(crate) near: Timestamp,
    /// The minute of the line before, as syslog writes it.
    pub(crate) minute: syslog::LastMinute,
}

/// Reads one line into an event.
type LineParser = fn(&[u8], &mut LineContext, &mut EventWriter<'_>);

impl EventBatch {
    /// Parses the block that was put into the buffer of [`EventBatch::recycle`].
    ///
    /// Never fails: what is not understood becomes a raw event and is counted in
    /// [`EventBatch::unparsed`].
    pub fn parse(&mut self, format: Format, origin: Origin, projection: &Projection) {
        let Self { input, store } = self;
        let mut out = EventWriter::new(input, origin.position, projection, store);
        if origin.extent == BlockExtent::CutRecord {
            if format == Format::Json {
                return json::cut_stream(input, &mut out);
            }
            out.begin(EventKind::Raw, input);
            out.refuse(Reason::TooLong);
            return;
        }
        let mut context = LineContext {
            near: origin.near,
            minute: syslog::LastMinute::default(),
        };
        let parse_line: LineParser = match format {
            Format::JsonLines => return json::lines(input, &mut out),
            Format::Json => return json::stream(input, &mut out),
            Format::WindowsXml => return windows::xml::stream(input, &mut out),
            Format::Evtx => return windows::evtx::chunk(input, origin.position, &mut out),
            Format::Auditd => return auditd::block(input, &mut out),
            Format::Syslog => syslog::line,
            Format::AccessLog => access_log::line,
            Format::Cef => |line, context, out| CEF.line(line, context, out),
            Format::Leef => |line, context, out| LEEF.line(line, context, out),
            Format::KeyValue => key_value::line,
            Format::Snare => |line, context, out| SNARE.line(line, context, out),
            Format::Raw => raw::line,
        };
        for line in framing::lines(input) {
            parse_line(line, &mut context, &mut out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;
    use crate::syslog;
    use crate::time::{Timestamp, parse_any};

    /// A file changed at `end` holds what was before, up to a year.
    #[test]
    fn a_source_holds_the_year_before_its_end() {
        for (end, line, expected) in [
            (
                "2026-11-25T08:00:00Z",
                "Mar  7 12:00:00 h a: b",
                "2026-03-07T12:00:00Z",
            ),
            (
                "2026-11-25T08:00:00Z",
                "Nov 26 12:00:00 h a: b",
                "2026-11-26T12:00:00Z",
            ),
            (
                "2026-11-25T08:00:00Z",
                "Dec 20 12:00:00 h a: b",
                "2025-12-20T12:00:00Z",
            ),
            (
                "2026-01-02T08:00:00Z",
                "Dec 31 12:00:00 h a: b",
                "2025-12-31T12:00:00Z",
            ),
        ] {
            let near = Origin::near_of_source_until(parse_any(end.as_bytes()).unwrap());
            let header = syslog::header(line.as_bytes(), near).unwrap();
            assert_eq!(header.time.to_string(), expected, "{line} until {end}");
        }
        let unknown = Origin::near_of_source_until(Timestamp::UNKNOWN);
        assert_eq!(unknown, Timestamp::UNKNOWN);
    }
}
