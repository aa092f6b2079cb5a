//! What a log record becomes.
//!
//! | body | becomes |
//! |---|---|
//! | a text that says itself what it is, or of a known program | see [`crate::input::http::Envelope`] |
//! | a JSON object as text | a JSON line: its members, then attributes |
//! | the map of the `windowseventlog` receiver | a JSON line with that map as `body` |
//! | a map of the `journald` receiver | its message as syslog of its program |
//! | any other map | a JSON line: its members, then attributes |
//! | anything else | a JSON line: `body`, attributes |
//!
//! Attributes of the record, of its resource, and the scope stand flat under their own names,
//! as parsers know those of the semantic conventions (`host.name`, `process.pid`); the nearest
//! wins.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::BytesMut;
use hashbrown::HashSet;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use serde::Deserialize;
use serde::de::IgnoredAny;
use yagura_parsers::{Format, Timestamp};

use super::{NotTaken, value};
use crate::input::http::{Batch, Envelope, JsonLine, Text, json_value};

/// How many records were not taken, and why the first of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) rejected: u64,
    pub(super) why: String,
}

/// The records of one message, on their way into a batch.
pub(super) struct Records<'b> {
    batch: &'b mut Batch,
    bytes_max: usize,
    pub(super) tally: Tally,
}

impl<'b> Records<'b> {
    pub(super) fn new(batch: &'b mut Batch, bytes_max: usize) -> Self {
        Self {
            batch,
            bytes_max,
            tally: Tally::default(),
        }
    }

    pub(super) fn put(&mut self, record: &LogRecord, shared: &Shared) -> Result<(), NotTaken> {
        shared.put(record, self.batch);
        if self.batch.bytes() > self.bytes_max {
            return Err(NotTaken::Grows);
        }
        Ok(())
    }

    pub(super) fn reject(&mut self, why: &str) {
        if self.tally.rejected == 0 {
            why.clone_into(&mut self.tally.why);
        }
        self.tally.rejected += 1;
    }
}

/// What records have in common.
pub(super) struct Shared<'a> {
    resource: &'a [KeyValue],
    scope: &'a InstrumentationScope,
    bytes: usize,
}

/// Attributes that name a program, as receivers of syslog and of the journal call it.
const PROGRAMS: [&str; 5] = [
    "SYSLOG_IDENTIFIER",
    "syslog.appname",
    "appname",
    "app_name",
    "program",
];
const PIDS: [&str; 5] = ["SYSLOG_PID", "_PID", "proc_id", "process.pid", "pid"];
const HOSTS: [&str; 4] = ["host.name", "hostname", "_HOSTNAME", "host.hostname"];

/// Keys by which a body of the `windowseventlog` receiver is told; its paths are in the taxonomy.
const WINDOWS: [&str; 3] = ["channel", "event_id", "provider"];

/// About what keys and times of a record take.
const FRAME_BYTES: usize = 256;

impl<'a> Shared<'a> {
    pub(super) fn new(resource: &'a Resource, scope: &'a InstrumentationScope) -> Self {
        Self {
            resource: &resource.attributes,
            scope,
            bytes: resource.encoded_len() + scope.encoded_len(),
        }
    }

    /// Puts a record into the batch.
    fn put(&self, record: &LogRecord, batch: &mut Batch) {
        if let Body::Members(members) = Body::of(record) {
            let envelope = self.envelope(record, members);
            let journal = members.iter().find(|pair| pair.key == "MESSAGE");
            let message = journal.and_then(|pair| value::text(pair.value.as_ref()));
            if let (Some(message), Some(_)) = (message, envelope.program)
                && envelope.put(message, batch) == Text::Taken
            {
                return;
            }
            return self.write(record, Body::Members(members), batch);
        }
        let Some(text) = value::text(record.body.as_ref()) else {
            return self.write(record, Body::Value, batch);
        };
        let body = match self.envelope(record, &[]).put(text, batch) {
            Text::Taken => return,
            Text::Object => match serde_json::from_str(text) {
                Ok(Keys(keys)) => Body::Object(text, keys.into_keys().collect()),
                Err(_) => Body::Value,
            },
            Text::Plain => Body::Value,
        };
        self.write(record, body, batch);
    }

    fn envelope<'r>(&'r self, record: &'r LogRecord, members: &'r [KeyValue]) -> Envelope<'r> {
        let find = |names: &[&str]| {
            let all = members
                .iter()
                .chain(&record.attributes)
                .chain(self.resource);
            let mut named = all.filter(|pair| names.contains(&&*pair.key));
            named.find_map(|pair| value::text(pair.value.as_ref()))
        };
        Envelope {
            time: time_of(record),
            host: find(&HOSTS),
            program: find(&PROGRAMS),
            pid: find(&PIDS),
            severity: Some(syslog_severity(record.severity_number)),
        }
    }

    fn write(&self, record: &LogRecord, body: Body, batch: &mut Batch) {
        let bytes = record.encoded_len() + self.bytes + FRAME_BYTES;
        batch.write(Format::JsonLines, bytes, |out| {
            self.write_line(record, body, out);
        });
    }

    fn write_line<'r>(&'r self, record: &'r LogRecord, body: Body<'r>, out: &mut BytesMut) {
        let mut line = FlatLine {
            line: JsonLine::begin(out),
            known: HashSet::new(),
        };
        match body {
            Body::Members(pairs) => line.add(pairs),
            Body::Object(text, keys) => {
                line.line.members_of(text);
                line.known.extend(keys);
            }
            Body::Value if record.body.is_some() => {
                line.member("body", |out| value::write(out, record.body.as_ref()));
            }
            Body::Value => {}
        }
        line.add(&record.attributes);
        line.add(self.resource);
        line.add_frame(record, self.scope);
        line.line.end();
    }
}

/// A line to which each name is added once.
struct FlatLine<'o, 'r> {
    line: JsonLine<'o>,
    known: HashSet<Cow<'r, str>>,
}

impl<'r> FlatLine<'_, 'r> {
    fn member(&mut self, key: &'r str, write: impl FnOnce(&mut BytesMut)) {
        if self.known.insert(Cow::Borrowed(key)) {
            self.line.member(key, write);
        }
    }

    fn text(&mut self, key: &'r str, text: &str) {
        if !text.is_empty() {
            self.member(key, |out| json_value(out, text));
        }
    }

    fn add(&mut self, pairs: &'r [KeyValue]) {
        for pair in pairs {
            self.member(&pair.key, |out| value::write(out, pair.value.as_ref()));
        }
    }

    /// What the protocol itself knows, by the names of its JSON form.
    fn add_frame(&mut self, record: &LogRecord, scope: &InstrumentationScope) {
        for (key, nanos) in [
            ("timeUnixNano", record.time_unix_nano),
            ("observedTimeUnixNano", record.observed_time_unix_nano),
        ] {
            if nanos > 0 {
                self.member(key, |out| json_value(out, &nanos.to_string()));
            }
        }
        self.text("severity", &record.severity_text);
        if record.severity_number > 0 {
            let number = record.severity_number;
            self.member("severityNumber", |out| json_value(out, &number));
        }
        self.text("event.name", &record.event_name);
        self.text("traceId", &hex(&record.trace_id));
        self.text("spanId", &hex(&record.span_id));
        self.text("otel.scope.name", &scope.name);
        self.text("otel.scope.version", &scope.version);
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The names of an object.
#[derive(Deserialize)]
#[expect(
    clippy::zero_sized_map_values,
    reason = "what is an object is read as a map"
)]
struct Keys<'r>(#[serde(borrow)] BTreeMap<Cow<'r, str>, IgnoredAny>);

/// How a body is written.
enum Body<'r> {
    /// As `body`.
    Value,
    /// Its members each.
    Members(&'r [KeyValue]),
    /// The same, of JSON text with these names.
    Object(&'r str, Vec<Cow<'r, str>>),
}

impl<'r> Body<'r> {
    fn of(record: &'r LogRecord) -> Self {
        let value = record.body.as_ref().and_then(|body| body.value.as_ref());
        let Some(Value::KvlistValue(list)) = value else {
            return Self::Value;
        };
        let has = |name: &&str| list.values.iter().any(|pair| pair.key == *name);
        if WINDOWS.iter().all(has) {
            Self::Value
        } else {
            Self::Members(&list.values)
        }
    }
}

fn time_of(record: &LogRecord) -> Option<Timestamp> {
    let nanos = match record.time_unix_nano {
        0 => record.observed_time_unix_nano,
        nanos => nanos,
    };
    (nanos > 0).then(|| Timestamp(i64::try_from(nanos).unwrap_or(i64::MAX)))
}

/// Four numbers each for trace, debug, information, warning, error and fatal; 0 if not known.
fn syslog_severity(number: i32) -> u8 {
    match number {
        1..=8 => 7,
        13..=16 => 4,
        17..=20 => 3,
        21..=24 => 2,
        _ => 6,
    }
}
