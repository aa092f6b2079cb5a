//! The outer messages of an export, walked as they stand; records are decoded one at a time.
//!
//! ```text
//!  ExportLogsServiceRequest  1: ResourceLogs*     ResourceLogs  1: Resource  2: ScopeLogs*
//!                                                 ScopeLogs     1: InstrumentationScope  2: LogRecord*
//! ```

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;

use super::record::{Records, Shared};
use super::{NotTaken, RECORD_BYTES_MAX};

pub(super) fn collect(message: &[u8], records: &mut Records) -> Result<(), NotTaken> {
    for resource_logs in Messages::of(message, 2) {
        let (1, resource_logs) = resource_logs? else {
            continue;
        };
        let resource: Resource = first(resource_logs)?;
        for scope_logs in Messages::of(resource_logs, 2) {
            let (2, scope_logs) = scope_logs? else {
                continue;
            };
            let scope: InstrumentationScope = first(scope_logs)?;
            let shared = Shared::new(&resource, &scope);
            for record in Messages::of(scope_logs, 2) {
                let (2, record) = record? else {
                    continue;
                };
                put(record, &shared, records)?;
            }
        }
    }
    Ok(())
}

fn put(record: &[u8], shared: &Shared, records: &mut Records) -> Result<(), NotTaken> {
    if record.len() > RECORD_BYTES_MAX {
        records.reject(&format!("a record is larger than {RECORD_BYTES_MAX} bytes"));
        return Ok(());
    }
    match LogRecord::decode(record) {
        Ok(record) => return records.put(&record, shared),
        Err(error) => records.reject(&format!("a record cannot be decoded: {error}")),
    }
    Ok(())
}

/// What the records of a message share; it is its field 1.
fn first<M: Message + Default>(message: &[u8]) -> Result<M, NotTaken> {
    for field in Messages::of(message, 2) {
        if let (1, shared) = field? {
            if shared.len() > RECORD_BYTES_MAX {
                let text = format!("a resource or scope is larger than {RECORD_BYTES_MAX} bytes");
                return Err(NotTaken::NoExport(text.into()));
            }
            return M::decode(shared).map_err(|error| NotTaken::NoExport(error.to_string().into()));
        }
    }
    Ok(M::default())
}

/// The embedded messages among the fields of one message, up to a number.
struct Messages<'a> {
    rest: &'a [u8],
    number_max: u64,
}

impl<'a> Messages<'a> {
    fn of(message: &'a [u8], number_max: u64) -> Self {
        Self {
            rest: message,
            number_max,
        }
    }

    /// The next field: its number, and its content where that has a length.
    fn field(&mut self) -> Option<(u64, Option<&'a [u8]>)> {
        let key = self.varint()?;
        let content = match key & 7 {
            0 => {
                self.varint()?;
                None
            }
            1 => {
                self.bytes(8)?;
                None
            }
            2 => {
                let len = self.varint()?;
                Some(self.bytes(usize::try_from(len).ok()?)?)
            }
            5 => {
                self.bytes(4)?;
                None
            }
            // Groups are of another age, and the rest is nothing.
            _ => return None,
        };
        Some((key >> 3, content))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            value |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(bytes)
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<(u64, &'a [u8]), NotTaken>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            match self.field() {
                Some((number, Some(content))) if number <= self.number_max => {
                    return Some(Ok((number, content)));
                }
                Some(_) => {}
                None => {
                    self.rest = &[];
                    return Some(Err(NotTaken::NoExport("it is no protobuf, or torn".into())));
                }
            }
        }
        None
    }
}

/// A `google.rpc.Status` with nothing but a text (field 2).
pub(super) fn status(text: &str) -> Vec<u8> {
    #[derive(prost::Message)]
    struct Status {
        #[prost(string, tag = "2")]
        message: String,
    }
    let message = text.to_owned();
    Status { message }.encode_to_vec()
}
