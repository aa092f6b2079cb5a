//! Access and error logs of Apache and nginx.
//!
//! ```text
//!  [vhost:port ]client ident user [time] "request" status bytes[ "referer" "agent"[ more]]   access
//!  [Thu Jun 09 06:07:04 2005] [core:error] [pid 1] [client 192.0.2.1:5] text                 error
//!  2024/01/02 03:04:05 [error] 123#0: *1 text, client: 192.0.2.1, server: …                  error
//! ```

mod access;
mod error;
mod request;

use crate::event::EventKind;
use crate::format::LineContext;
use crate::unparsed::Reason;
use crate::writer::EventWriter;

/// Parses one line into one event.
pub(crate) fn line(line: &[u8], _: &mut LineContext, out: &mut EventWriter<'_>) {
    out.begin(EventKind::AccessLog, line);
    if body(line, out) {
        out.finish();
    } else {
        out.refuse(Reason::InvalidAccessLog);
    }
}

/// Adds the fields of a line that came by syslog to the event under construction; whether it
/// understood.
pub(crate) fn body(text: &[u8], out: &mut EventWriter<'_>) -> bool {
    if let Ok((_, access)) = access::entry(text) {
        access.emit(out);
        return true;
    }
    if let Ok((_, error)) = error::entry(text) {
        error.emit(out);
        return true;
    }
    false
}
