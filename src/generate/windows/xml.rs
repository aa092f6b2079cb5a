//! The shape of Windows itself: an `Event` element, here on one line.

use super::super::fleet::Host;
use super::super::moment::Moment;
use super::super::text::{decimal, xml};
use super::event::WindowsEvent;

/// Appends one element.
pub fn write(out: &mut Vec<u8>, event: &WindowsEvent, host: &Host, moment: &Moment) {
    let of = &event.of;
    let put = Vec::extend_from_slice;
    put(out, b"<Event xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\"><System><Provider Name=\"");
    put(out, of.provider.as_bytes());
    put(out, b"\" Guid=\"");
    put(out, of.provider_guid.as_bytes());
    put(out, b"\"/><EventID>");
    decimal(out, of.id.into());
    put(out, b"</EventID><Version>5</Version><Level>4</Level><Task>");
    decimal(out, of.id.into());
    put(out, b"</Task><Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime=\"");
    put(out, moment.iso());
    put(out, b"0000Z\"/><EventRecordID>");
    decimal(out, event.record_id);
    put(
        out,
        b"</EventRecordID><Correlation/><Execution ProcessID=\"",
    );
    decimal(out, event.process_id);
    put(out, b"\" ThreadID=\"");
    decimal(out, event.thread_id);
    put(out, b"\"/><Channel>");
    put(out, of.channel.name());
    put(out, b"</Channel><Computer>");
    put(out, &host.full_name);
    put(
        out,
        b"</Computer><Security UserID=\"S-1-5-18\"/></System><EventData>",
    );
    for (name, value) in event.values() {
        put(out, b"<Data Name=\"");
        put(out, name.as_bytes());
        put(out, b"\">");
        xml(out, value);
        put(out, b"</Data>");
    }
    put(out, b"</EventData></Event>");
}
