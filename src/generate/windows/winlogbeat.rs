//! The shape of Winlogbeat 8: a tree, with the event's own values below `winlog.event_data`.

use super::super::fleet::Host;
use super::super::moment::Moment;
use super::super::text::{decimal, json};
use super::event::{Channel, WindowsEvent};

/// Appends one object.
pub fn write(out: &mut Vec<u8>, event: &WindowsEvent, host: &Host, moment: &Moment) {
    let of = &event.of;
    let put = Vec::extend_from_slice;
    put(out, b"{\"@timestamp\":\"");
    put(out, moment.iso());
    put(out, b"Z\",\"event\":{\"code\":\"");
    decimal(out, of.id.into());
    put(out, b"\",\"kind\":\"event\",\"provider\":\"");
    put(out, of.provider.as_bytes());
    put(out, b"\",\"action\":\"");
    put(out, of.task.as_bytes());
    put(out, b"\",\"created\":\"");
    put(out, moment.iso());
    put(out, b"Z\"},\"host\":{\"name\":\"");
    put(out, &host.full_name);
    put(
        out,
        b"\"},\"log\":{\"level\":\"information\"},\"winlog\":{\"channel\":\"",
    );
    put(out, of.channel.name());
    put(out, b"\",\"computer_name\":\"");
    put(out, &host.full_name);
    put(out, b"\",\"event_id\":\"");
    decimal(out, of.id.into());
    put(out, b"\",\"provider_name\":\"");
    put(out, of.provider.as_bytes());
    put(out, b"\",\"provider_guid\":\"");
    put(out, of.provider_guid.as_bytes());
    put(out, b"\",\"record_id\":");
    decimal(out, event.record_id);
    put(out, b",\"task\":\"");
    put(out, of.task.as_bytes());
    put(
        out,
        b"\",\"opcode\":\"Info\",\"api\":\"wineventlog\",\"process\":{\"pid\":",
    );
    decimal(out, event.process_id);
    put(out, b",\"thread\":{\"id\":");
    decimal(out, event.thread_id);
    put(out, b"}},");
    put(out, keywords(of.channel));
    put(out, b"\"event_data\":{");
    let data = out.len();
    for (name, value) in event.values() {
        out.push(b'"');
        put(out, name.as_bytes());
        put(out, b"\":\"");
        json(out, value);
        put(out, b"\",");
    }
    if out.len() > data {
        out.pop();
    }
    put(out, b"}},\"message\":\"");
    put(out, of.title.as_bytes());
    // Escaped once above; a second pass over each value would cost as much as all the rest.
    let mut at = data;
    for (name, _) in event.values() {
        put(out, b"\\n");
        put(out, name.as_bytes());
        put(out, b": ");
        let start = at + name.len() + 4;
        let end = start + escaped_len(&out[start..]);
        out.extend_from_within(start..end);
        at = end + 2;
    }
    put(out, b"\",\"agent\":{\"name\":\"");
    put(out, &host.name);
    put(
        out,
        b"\",\"type\":\"winlogbeat\",\"version\":\"8.17.0\"},\"ecs\":{\"version\":\"8.0.0\"}}",
    );
}

/// How long an escaped text is, up to its quote.
fn escaped_len(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = text[at..].iter().position(|b| matches!(b, b'"' | b'\\')) {
        at += found;
        if text[at] == b'"' {
            return at;
        }
        at = (at + 2).min(text.len());
    }
    text.len()
}

fn keywords(channel: Channel) -> &'static [u8] {
    match channel {
        Channel::Security => b"\"keywords\":[\"Audit Success\"],",
        _ => b"",
    }
}
