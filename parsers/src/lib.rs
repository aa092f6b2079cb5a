//! Turns the bytes of log formats into normalised events.
//!
//! ```text
//!  block of bytes ─▶ framing (whole records) ─▶ grammar of the format ─▶ EventWriter ─▶ EventBatch
//!                                                        ▲
//!                                       Projection: which fields, under which names
//! ```
//!
//! Parsers know the field ids they were asked for, and neither rules nor I/O. Input is hostile:
//! nothing here panics on it, and what is not understood stays as a raw event, counted.

mod access_log;
mod auditd;
mod backslash;
mod batch;
mod body;
mod cef;
mod device_time;
mod event;
pub mod fields;
mod format;
mod framing;
mod json;
mod key_value;
mod leef;
mod line_header;
mod marked;
mod projection;
mod raw;
mod recognise;
mod snare;
mod syslog;
pub mod time;
mod unparsed;
mod windows;
mod writer;

pub use batch::{BLOCK_BYTES_MAX, EventBatch};
pub use event::{Encoding, Event, EventKind, FieldId, Value, ValueKind};
pub use format::{BlockExtent, Format, Origin};
pub use framing::{Cut, Framer, Input, Skip};
pub use projection::{
    Extent, NodeId, PairKeys, Projection, ProjectionBuilder, Target, TooManyFields,
};
pub use recognise::recognise;
pub use time::Timestamp;
pub use unparsed::{EXAMPLES_MAX, Example, Reason, Unparsed};
pub use writer::EventWriter;
