//! Events with their metadata, and the records that they become.
//!
//! An event that is an object becomes a JSON line of its own members with the metadata behind
//! them; one that is a text becomes a record of whatever format the text is of, or else a JSON
//! line whose `message` it is.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use yagura_parsers::{Format, Timestamp};

use super::Outcome;
use super::reply::Code;
use crate::input::http::{Batch, Envelope, JsonLine, Text, unix_seconds};

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default, rename = "event")]
    what: Option<&'a RawValue>,
    #[serde(borrow, default)]
    time: Option<&'a RawValue>,
    #[serde(borrow, default)]
    host: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    source: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    sourcetype: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    index: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    fields: Option<&'a RawValue>,
}

/// Which names of the metadata an event uses itself; its own values are better.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Own {
    hostname: Option<IgnoredAny>,
    #[serde(rename = "_time")]
    time: Option<IgnoredAny>,
    source: Option<IgnoredAny>,
    sourcetype: Option<IgnoredAny>,
    index: Option<IgnoredAny>,
}

/// Reads concatenated objects, or an array of them.
pub(super) fn collect(body: &str, batch: &mut Batch) -> Outcome {
    let text = body.trim();
    if text.is_empty() {
        return Outcome::fault(Code::NoData, None, 0);
    }
    if let Some(inside) = text.strip_prefix('[') {
        return array(inside, batch);
    }
    let mut number = 0;
    let mut events = serde_json::Deserializer::from_str(text).into_iter::<Event>();
    while let Some(event) = events.next() {
        let fault = match event {
            Ok(event) => put(&event, batch).err(),
            Err(_) => Some(Code::InvalidFormat),
        };
        if let Some(code) = fault {
            let others = events.filter_map(Result::ok).count() as u64;
            return Outcome::fault(code, Some(number), 1 + others);
        }
        number += 1;
    }
    Outcome::default()
}

/// The elements of an array are read one by one, too: a tree of all would be many times larger.
fn array(inside: &str, batch: &mut Batch) -> Outcome {
    let mut rest = inside.trim_start();
    let mut number = 0;
    while !rest.starts_with(']') {
        let mut events = serde_json::Deserializer::from_str(rest).into_iter::<Event>();
        let code = match events.next() {
            Some(Ok(event)) => put(&event, batch).err(),
            _ => Some(Code::InvalidFormat),
        };
        let read = events.byte_offset();
        rest = rest.get(read..).unwrap_or_default().trim_start();
        let next = rest.strip_prefix(',').map(str::trim_start);
        let is_torn = next.is_none() && !rest.starts_with(']');
        if let Some(code) = code.or(is_torn.then_some(Code::InvalidFormat)) {
            return Outcome::fault(code, Some(number), 1);
        }
        rest = next.unwrap_or(rest);
        number += 1;
    }
    if number == 0 {
        return Outcome::fault(Code::NoData, None, 0);
    }
    Outcome::default()
}

fn put(event: &Event, batch: &mut Batch) -> Result<(), Code> {
    let what = event.what.ok_or(Code::EventRequired)?.get();
    let time = event.time.map(time_of).transpose()?.flatten();
    let fields = event.fields.map_or("{}", RawValue::get);
    if !fields.starts_with('{') {
        return Err(Code::InvalidFields);
    }
    let record = Record {
        event,
        time,
        fields,
    };
    match what.as_bytes().first() {
        Some(b'{') => record.put_object(what, batch),
        Some(b'"') => {
            let text: Cow<str> = serde_json::from_str::<Unquoted>(what)
                .map_err(|_| Code::InvalidFormat)?
                .0;
            if text.trim().is_empty() {
                return Err(Code::EventBlank);
            }
            record.put_text(&text, batch);
        }
        // A number, a list: a text as good as any.
        _ => record.put_message(what, batch),
    }
    Ok(())
}

/// A string, borrowed where it holds no escapes.
#[derive(Deserialize)]
struct Unquoted<'a>(#[serde(borrow)] Cow<'a, str>);

/// Seconds since 1970, as a number or in quotes.
fn time_of(time: &RawValue) -> Result<Option<Timestamp>, Code> {
    let text = time.get().trim_matches('"').trim();
    if text.is_empty() {
        return Ok(None);
    }
    unix_seconds(text).map(Some).ok_or(Code::InvalidFormat)
}

/// An event that is in order.
struct Record<'e, 'a> {
    event: &'e Event<'a>,
    time: Option<Timestamp>,
    fields: &'e str,
}

impl Record<'_, '_> {
    fn put_text(&self, text: &str, batch: &mut Batch) {
        let envelope = Envelope {
            time: self.time,
            host: self.event.host.as_deref(),
            ..Envelope::default()
        };
        match envelope.put(text, batch) {
            Text::Taken => {}
            Text::Object if serde_json::from_str::<&RawValue>(text).is_ok() => {
                self.put_object(text, batch);
            }
            Text::Object | Text::Plain => {
                batch.write(Format::JsonLines, self.size(text), |out| {
                    let mut line = JsonLine::begin(out);
                    line.value("message", text);
                    self.add_metadata(&mut line, &Own::default());
                    line.end();
                });
            }
        }
    }

    fn put_message(&self, json: &str, batch: &mut Batch) {
        batch.write(Format::JsonLines, self.size(json), |out| {
            let mut line = JsonLine::begin(out);
            line.json("message", json);
            self.add_metadata(&mut line, &Own::default());
            line.end();
        });
    }

    fn put_object(&self, object: &str, batch: &mut Batch) {
        let own: Own = serde_json::from_str(object).unwrap_or_default();
        batch.write(Format::JsonLines, self.size(object), |out| {
            let mut line = JsonLine::begin(out);
            line.members_of(object);
            self.add_metadata(&mut line, &own);
            line.end();
        });
    }

    fn size(&self, what: &str) -> usize {
        const METADATA_BYTES: usize = 256;
        what.len() + self.fields.len() + METADATA_BYTES
    }

    /// The host goes by the name that parsers know; `_time` is the name that Splunk gives it, and
    /// comes after whatever an event says of its own time.
    fn add_metadata(&self, line: &mut JsonLine, own: &Own) {
        line.members_of(self.fields);
        let event = self.event;
        for (key, value, own) in [
            ("hostname", &event.host, &own.hostname),
            ("source", &event.source, &own.source),
            ("sourcetype", &event.sourcetype, &own.sourcetype),
            ("index", &event.index, &own.index),
        ] {
            if let (Some(value), None) = (value, own) {
                line.value(key, value);
            }
        }
        if let (Some(time), None) = (self.time, &own.time) {
            line.value("_time", &time.to_string());
        }
    }
}
