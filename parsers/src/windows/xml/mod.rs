//! Windows events as XML, the way the Event Viewer, `wevtutil` and forwarders write them.
//!
//! ```text
//!  <Event>
//!    <System>         fixed names: Provider_Name, EventID, Channel, Computer …
//!    <EventData>      <Data Name="x"> is x, <Data> without a name is Data
//!    <UserData>       every element without elements in it, by its own name
//!    <RenderingInfo>  Message; Level, Task … as RenderingInfo.Level …
//! ```
//!
//! Prefixes are ignored: an element is what its local name says. An event that is not
//! well-formed is refused as a whole and reading goes on at the next.

mod entity;
mod event;
mod tags;
mod token;

pub(crate) use tags::{EventTag, TagKind, last_event_end, next_event_tag};

use crate::event::EventKind;
use crate::unparsed::Reason;
use crate::writer::EventWriter;

use token::{Token, Tokens};

/// Each `Event` element of a block is an event. A block may hold parts of what is around them.
pub(crate) fn stream(input: &[u8], out: &mut EventWriter<'_>) {
    let text = input.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(input);
    let mut tokens = Tokens::new(text);
    loop {
        let start = tokens.position();
        match tokens.next() {
            Ok(None) => return,
            Ok(Some(Token::Open(open))) if open.local_name() == b"Event" => {
                out.begin(EventKind::Windows, text.get(start..).unwrap_or_default());
                if event::read(open, &mut tokens, out).is_ok() {
                    out.set_text(text.get(start..tokens.position()).unwrap_or_default());
                    out.finish();
                } else {
                    let end = end_of_damaged(text, start);
                    out.set_text(text.get(start..end).unwrap_or_default());
                    out.refuse(Reason::InvalidXml);
                    tokens.seek(end);
                }
            }
            Ok(Some(Token::Open(open))) if open.local_name() == b"Events" => {}
            Ok(Some(Token::Close(_))) => {}
            Ok(Some(Token::Text(between))) if is_blank(between) => {}
            _ => {
                // `start` is no opening tag of an event: the end is behind it.
                let end = next_event_tag(text, start).map_or(text.len(), |tag| tag.start);
                let end = end.max(tokens.position()).max(start + 1);
                out.begin(EventKind::Raw, text.get(start..end).unwrap_or_default());
                out.refuse(Reason::InvalidXml);
                tokens.seek(end);
            }
        }
    }
}

/// Adds the fields of one `Event` element to the event under construction; whether it understood.
pub(crate) fn body(text: &[u8], out: &mut EventWriter<'_>) -> bool {
    let before = out.checkpoint();
    let mut tokens = Tokens::new(text);
    loop {
        match tokens.next() {
            Ok(Some(Token::Text(space))) if is_blank(space) => {}
            Ok(Some(Token::Open(open))) if open.local_name() == b"Event" => {
                let understood = event::read(open, &mut tokens, out).is_ok();
                if !understood {
                    out.roll_back(&before);
                }
                return understood;
            }
            _ => return false,
        }
    }
}

/// Where the damaged event that begins at `start` ends: behind its closing tag, or before the
/// next event begins.
fn end_of_damaged(text: &[u8], start: usize) -> usize {
    match next_event_tag(text, start + 1) {
        Some(EventTag {
            kind: TagKind::Close,
            end,
            ..
        }) => end,
        Some(EventTag { start, .. }) => start,
        None => text.len(),
    }
}

fn is_blank(text: &[u8]) -> bool {
    text.iter().all(|b| b.is_ascii_whitespace() || *b == 0)
}
