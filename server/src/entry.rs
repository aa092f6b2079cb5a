//! What the spool holds of a parcel.
//!
//! ```text
//!  0  u16  length of the source's name     2  the name     then the records of the parcel
//! ```
//!
//! The name stands in each entry, so that whoever reads from any place on knows whose it is.

use yagura_parsers::{Format, Timestamp};

use crate::spool::Record;

/// Events of one source, as read back.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The source's name.
    pub source: &'a str,
    /// How to parse it.
    pub format: Format,
    /// When it was received.
    pub received: Timestamp,
    /// The records.
    pub records: &'a [u8],
    /// How many bytes of the payload stand in front of them.
    pub offset: u64,
}

/// [`Record::kind`] of events.
const EVENTS: u8 = 1;

/// Names are cut to so many bytes.
const NAME_BYTES_MAX: usize = 1 << 10;

/// Begins a payload; the records follow.
pub fn begin(payload: &mut Vec<u8>, source: &str) {
    let name = source.as_bytes();
    let name = name.get(..NAME_BYTES_MAX).unwrap_or(name);
    payload.extend_from_slice(&(name.len() as u16).to_le_bytes());
    payload.extend_from_slice(name);
}

/// The record of a payload.
pub fn record(payload: &[u8], format: Format, received: Timestamp) -> Record<'_> {
    Record {
        received_ns: received.0,
        source: 0,
        kind: EVENTS,
        format: number(format),
        payload,
    }
}

/// Reads a record back; `None` if it is of another kind, or of a later version's making.
pub fn read<'a>(record: &Record<'a>) -> Option<Entry<'a>> {
    let (length, rest) = record.payload.split_first_chunk()?;
    let (name, records) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
    let format = FORMATS.get(usize::from(record.format))?;
    (record.kind == EVENTS).then_some(Entry {
        source: std::str::from_utf8(name).unwrap_or("?"),
        format: *format,
        received: Timestamp(record.received_ns),
        records,
        offset: 2 + name.len() as u64,
    })
}

/// By number. Numbers are on disk: further formats go to the end.
const FORMATS: [Format; 12] = [
    Format::Raw,
    Format::JsonLines,
    Format::Json,
    Format::WindowsXml,
    Format::Evtx,
    Format::Syslog,
    Format::Auditd,
    Format::AccessLog,
    Format::Cef,
    Format::Leef,
    Format::KeyValue,
    Format::Snare,
];

fn number(format: Format) -> u8 {
    FORMATS.iter().position(|of| *of == format).unwrap_or(0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back() {
        for format in Format::ALL {
            let mut payload = Vec::new();
            begin(&mut payload, "syslog-tcp/10.0.0.5");
            payload.extend_from_slice(b"one\ntwo\n");
            let record = record(&payload, format, Timestamp(7));
            let entry = read(&record).expect("an entry");
            assert_eq!(entry.source, "syslog-tcp/10.0.0.5");
            assert_eq!(entry.format, format);
            assert_eq!(entry.received, Timestamp(7));
            assert_eq!(entry.records, b"one\ntwo\n");
            assert_eq!(&payload[entry.offset as usize..], entry.records);
        }
    }

    #[test]
    fn others_are_none() {
        let mut other = record(b"\x05\x00abc", Format::Raw, Timestamp(0));
        assert!(read(&other).is_none());
        other.payload = b"";
        assert!(read(&other).is_none());
    }
}
