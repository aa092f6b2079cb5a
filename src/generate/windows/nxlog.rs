//! The shape of NXLog's `im_msvistalog` with `to_json`: one flat object.

use super::super::fleet::Host;
use super::super::moment::Moment;
use super::super::text::{decimal, json};
use super::event::WindowsEvent;

/// Appends one object.
pub fn write(out: &mut Vec<u8>, event: &WindowsEvent, host: &Host, moment: &Moment) {
    let of = &event.of;
    let put = Vec::extend_from_slice;
    put(out, b"{\"EventTime\":\"");
    moment.spaced(out);
    put(out, b"\",\"@timestamp\":\"");
    put(out, moment.iso());
    put(out, b"Z\",\"Hostname\":\"");
    put(out, &host.full_name);
    put(out, b"\",\"Keywords\":-9223372036854775808,\"SeverityValue\":2,\"Severity\":\"INFO\",\"EventID\":");
    decimal(out, of.id.into());
    put(out, b",\"SourceName\":\"");
    put(out, of.provider.as_bytes());
    put(out, b"\",\"ProviderGuid\":\"");
    put(out, of.provider_guid.as_bytes());
    put(
        out,
        b"\",\"Version\":5,\"OpcodeValue\":0,\"Opcode\":\"Info\",\"RecordNumber\":",
    );
    decimal(out, event.record_id);
    put(out, b",\"ExecutionProcessID\":");
    decimal(out, event.process_id);
    put(out, b",\"ExecutionThreadID\":");
    decimal(out, event.thread_id);
    put(out, b",\"Channel\":\"");
    put(out, of.channel.name());
    put(out, b"\",\"Category\":\"");
    put(out, of.task.as_bytes());
    put(out, b"\",\"Domain\":\"NT AUTHORITY\",\"AccountName\":\"SYSTEM\",\"UserID\":\"S-1-5-18\",\"AccountType\":\"User\",\"Message\":\"");
    put(out, of.title.as_bytes());
    for (name, value) in event.values() {
        put(out, b"\\r\\n");
        put(out, name.as_bytes());
        put(out, b": ");
        json(out, value);
    }
    out.push(b'"');
    for (name, value) in event.values() {
        put(out, b",\"");
        put(out, name.as_bytes());
        put(out, b"\":\"");
        json(out, value);
        out.push(b'"');
    }
    put(out, b",\"EventReceivedTime\":\"");
    moment.spaced(out);
    put(
        out,
        b"\",\"SourceModuleName\":\"eventlog\",\"SourceModuleType\":\"im_msvistalog\"}",
    );
}
