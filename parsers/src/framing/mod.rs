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

/// What is dropped of a record that was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skip {
    /// How many bytes, from the beginning of the buffer.
    pub len: usize,
    /// Whether the record ends there.
    pub ended: bool,
}

/// How much of what was looked at stays while skipping: an end tag, or the beginning of an
/// element, is no longer than this.
const KEPT_BYTES: usize = 128;

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

    /// How much of `buffer` goes when it holds one record that is over the limit and that
    /// [`Framer::cut`] found no end of. What stays is the beginning of what [`Framer::skip`]
    /// gets, since the end may lie across.
    pub fn cut_long(&mut self, buffer: &[u8]) -> usize {
        match self.format {
            Format::Json => self.json.cut_long(buffer),
            Format::WindowsXml => self.xml.cut_long(buffer),
            _ => buffer.len(),
        }
    }

    /// How much of `buffer` belongs to a record that was cut because it is too long, and is to
    /// be dropped. What is not dropped is expected again, with more behind it.
    pub fn skip(&mut self, buffer: &[u8]) -> Skip {
        match self.format {
            Format::Json => self.json.skip(buffer),
            Format::WindowsXml => self.xml.skip(buffer),
            _ => match lines::skip(buffer) {
                Some(len) => Skip { len, ended: true },
                None => Skip {
                    len: buffer.len(),
                    ended: false,
                },
            },
        }
    }
}
