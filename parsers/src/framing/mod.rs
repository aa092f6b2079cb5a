//! Cutting a stream of bytes into blocks of whole records, without reading it as events yet.
//!
//! A source appends what it read to a buffer and asks its [`Framer`] how many bytes of it form
//! whole records; those become a block, the rest waits for more. That way a worker never needs
//! the block before or after its own.

mod audit;
pub(crate) mod evtx;
mod json;
mod lines;
mod xml;

pub(crate) use lines::{lines, without_line_end};

use crate::format::Format;
use crate::time::Timestamp;

/// Whether more bytes can follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// More may come: an unfinished record at the end waits.
    Open,
    /// The source has ended: what is left is cut as it is.
    Ended,
}

/// A framer's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// How many bytes, from the beginning of the buffer, form whole records. 0: none yet.
    pub len: usize,
    /// A time near that of the first record, for formats that leave out the year.
    pub near: Timestamp,
}

/// Finds the places where one source may be cut. Keeps what it must know from block to block.
#[derive(Debug)]
pub struct Framer {
    format: Format,
    near: Timestamp,
    json: json::JsonFramer,
    xml: xml::XmlFramer,
}

impl Framer {
    /// A framer at the beginning of a source. `near`: the file's last change, or now.
    pub fn new(format: Format, near: Timestamp) -> Self {
        Self {
            format,
            near,
            json: json::JsonFramer::default(),
            xml: xml::XmlFramer::default(),
        }
    }

    /// How much of `buffer` can go to a parser. `buffer` begins where the last cut ended.
    pub fn cut(&mut self, buffer: &[u8], input: Input) -> Cut {
        let near = self.near;
        let len = match (self.format, input) {
            (_, Input::Ended) => buffer.len(),
            (Format::Json, _) => self.json.cut(buffer),
            (Format::WindowsXml, _) => self.xml.cut(buffer),
            (Format::Evtx, _) => evtx::cut(buffer),
            (Format::Auditd, _) => audit::cut(buffer),
            _ => lines::cut(buffer),
        };
        if matches!(
            self.format,
            Format::Syslog | Format::Cef | Format::Leef | Format::KeyValue | Format::Snare
        ) {
            self.near = crate::syslog::near_after(near, &buffer[..len]);
        }
        Cut { len, near }
    }

    /// How much of `buffer` belongs to a record that was cut because it is too long, and is to
    /// be skipped. `None`: all of it, and the record goes on.
    pub fn skip(&mut self, buffer: &[u8]) -> Option<usize> {
        match self.format {
            Format::Json => self.json.skip(buffer),
            Format::WindowsXml => self.xml.skip(buffer),
            _ => lines::skip(buffer),
        }
    }
}
