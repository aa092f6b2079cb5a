//! One `Event` element.

use memchr::memchr;

use super::entity;
use super::token::{Malformed, OpenTag, Token, Tokens};
use crate::event::{FieldId, ValueKind};
use crate::fields;
use crate::time;
use crate::writer::EventWriter;

/// How deep elements may nest.
const DEPTH_MAX: u32 = 64;

/// Reads the element whose tag was `open`, up to and with its closing tag.
pub(super) fn read<'a>(
    open: OpenTag<'a>,
    tokens: &mut Tokens<'a>,
    out: &mut EventWriter<'_>,
) -> Result<(), Malformed> {
    let mut reader = Reader {
        text: std::mem::take(&mut out.scratch.text),
        name: std::mem::take(&mut out.scratch.path),
        tokens,
        out,
    };
    let result = reader.sections(open);
    let Reader { text, name, .. } = reader;
    out.scratch.text = text;
    out.scratch.path = name;
    result
}

struct Reader<'t, 'a, 'w, 'b> {
    tokens: &'t mut Tokens<'a>,
    out: &'w mut EventWriter<'b>,
    /// Text that could not be borrowed.
    text: Vec<u8>,
    /// A name that is made up of two.
    name: Vec<u8>,
}

/// The name that a value gets.
#[derive(Clone, Copy)]
enum Name<'n> {
    Core(FieldId),
    Own(&'n [u8]),
    /// The two names with a separator in between.
    Joined(&'n [u8], u8, &'n [u8]),
}

/// The text of one element, in pieces.
#[derive(Clone, Copy)]
enum Run<'a> {
    Borrowed(&'a [u8]),
    /// In [`Reader::text`].
    Decoded,
}

impl<'a> Reader<'_, 'a, '_, '_> {
    fn sections(&mut self, event: OpenTag<'a>) -> Result<(), Malformed> {
        self.each_child(event, |reader, section| match section.local_name() {
            b"System" => reader.each_child(section, Self::system_element),
            b"EventData" => reader.event_data(section),
            b"RenderingInfo" => reader.each_child(section, Self::rendering_element),
            // An event within an event is where the first one breaks off. Read on, each of many in
            // a row would be gone through down to the deepest that is allowed.
            b"Event" => Err(Malformed),
            // `UserData`, and what else may stand there.
            _ => reader.each_child(section, |reader, element| reader.leaves(element, 2)),
        })
    }

    /// Calls `child` with each element in `parent`; it has to read all of it.
    fn each_child(
        &mut self,
        parent: OpenTag<'a>,
        mut child: impl FnMut(&mut Self, OpenTag<'a>) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        if parent.is_empty {
            return Ok(());
        }
        loop {
            match self.tokens.next()?.ok_or(Malformed)? {
                Token::Open(open) => child(self, open)?,
                Token::Close(name) if name == parent.name => return Ok(()),
                Token::Close(_) => return Err(Malformed),
                Token::Text(_) | Token::CData(_) => {}
            }
        }
    }

    fn system_element(&mut self, element: OpenTag<'a>) -> Result<(), Malformed> {
        let element_name = element.local_name();
        let mut provider_is_named = false;
        for (attribute, value) in element.attributes() {
            match (element_name, attribute) {
                (b"TimeCreated", b"SystemTime") => {
                    if let Some(time) = time::parse_any(value) {
                        self.out.time(time);
                    }
                    continue;
                }
                (b"Provider", b"Name") => provider_is_named = true,
                _ => {}
            }
            self.attribute(system_attribute(element_name, attribute), value);
        }
        if element_name == b"Provider" && !provider_is_named {
            let source = element
                .attributes()
                .find(|(name, _)| *name == b"EventSourceName");
            if let Some((_, value)) = source {
                self.attribute(Name::Core(fields::PROVIDER_NAME), value);
            }
        }
        match system_text(element_name) {
            // These carry attributes only.
            None => self.each_child(element, |reader, element| reader.leaves(element, 3)),
            Some(name) => self.leaf(element, name, 2),
        }
    }

    fn rendering_element(&mut self, element: OpenTag<'a>) -> Result<(), Malformed> {
        match element.local_name() {
            b"Message" => self.leaf(element, Name::Core(fields::MESSAGE_RENDERED), 2),
            // A list of `Keyword` elements.
            b"Keywords" => self.each_child(element, |reader, keyword| {
                reader.leaf(
                    keyword,
                    Name::Joined(b"RenderingInfo", b'.', b"Keywords"),
                    3,
                )
            }),
            name => self.leaf(element, Name::Joined(b"RenderingInfo", b'.', name), 2),
        }
    }

    fn event_data(&mut self, section: OpenTag<'a>) -> Result<(), Malformed> {
        for (name, value) in section.attributes() {
            self.attribute(Name::Joined(b"EventData", b'.', name), value);
        }
        self.each_child(section, |reader, element| {
            if element.local_name() != b"Data" {
                return reader.leaves(element, 2);
            }
            let name = element.attributes().find(|(name, _)| *name == b"Name");
            match name {
                None | Some((_, b"")) => reader.leaf(element, Name::Core(fields::DATA), 2),
                Some((_, name)) => reader.leaf(element, Name::Own(name), 2),
            }
        })
    }

    /// An element of any shape: its attributes, and its text or the elements in it, each under
    /// its own local name.
    fn leaves(&mut self, element: OpenTag<'a>, depth: u32) -> Result<(), Malformed> {
        for (name, value) in element.attributes() {
            self.attribute(Name::Own(name), value);
        }
        let name = match element.local_name() {
            b"Data" => Name::Core(fields::DATA),
            b"Binary" => Name::Core(fields::BINARY),
            name => Name::Own(name),
        };
        self.leaf(element, name, depth)
    }

    /// The text of an element as a value; if elements are in it, those instead.
    fn leaf(&mut self, element: OpenTag<'a>, name: Name<'_>, depth: u32) -> Result<(), Malformed> {
        if depth > DEPTH_MAX {
            return Err(Malformed);
        }
        if element.is_empty {
            self.emit(name, Run::Borrowed(b""));
            return Ok(());
        }
        let mut run = Run::Borrowed(b"");
        let mut has_elements = false;
        loop {
            match self.tokens.next()?.ok_or(Malformed)? {
                Token::Text(text) => run = self.extend(run, text, memchr(b'&', text).is_some()),
                Token::CData(text) => run = self.extend(run, text, false),
                Token::Open(child) => {
                    has_elements = true;
                    self.leaves(child, depth + 1)?;
                }
                Token::Close(closed) if closed == element.name => break,
                Token::Close(_) => return Err(Malformed),
            }
        }
        if !has_elements {
            self.emit(name, run);
        }
        Ok(())
    }

    fn attribute(&mut self, name: Name<'_>, value: &'a [u8]) {
        let run = self.extend(Run::Borrowed(b""), value, memchr(b'&', value).is_some());
        self.emit(name, run);
    }

    fn extend(&mut self, run: Run<'a>, piece: &'a [u8], has_references: bool) -> Run<'a> {
        match run {
            Run::Borrowed(b"") if !has_references => return Run::Borrowed(piece),
            Run::Borrowed(before) => {
                self.text.clear();
                self.text.extend_from_slice(before);
            }
            Run::Decoded => {}
        }
        if has_references {
            entity::decode(piece, &mut self.text);
        } else {
            self.text.extend_from_slice(piece);
        }
        Run::Decoded
    }

    fn emit(&mut self, name: Name<'_>, run: Run<'a>) {
        let value = match run {
            Run::Borrowed(text) => text,
            Run::Decoded => &self.text,
        };
        let name = match name {
            Name::Core(field) => return self.out.text(field, value),
            Name::Own(name) if memchr(b'&', name).is_none() => name,
            Name::Own(name) => {
                self.name.clear();
                entity::decode(name, &mut self.name);
                &self.name
            }
            Name::Joined(first, separator, second) => {
                self.name.clear();
                self.name.extend_from_slice(first);
                self.name.push(separator);
                self.name.extend_from_slice(second);
                &self.name
            }
        };
        self.out.named(name, ValueKind::Text, value);
    }
}

fn system_attribute<'n>(element: &'n [u8], attribute: &'n [u8]) -> Name<'n> {
    let field = match (element, attribute) {
        (b"Provider", b"Name") => fields::PROVIDER_NAME,
        (b"Provider", b"Guid") => fields::PROVIDER_GUID,
        (b"Correlation", b"ActivityID") => fields::CORRELATION_ACTIVITY_ID,
        (b"Execution", b"ProcessID") => fields::EXECUTION_PROCESS_ID,
        (b"Execution", b"ThreadID") => fields::EXECUTION_THREAD_ID,
        (b"Security", b"UserID") => fields::SECURITY_USER_ID,
        _ => return Name::Joined(element, b'_', attribute),
    };
    Name::Core(field)
}

/// The name of the text of an element in `System`; `None` for those that have none.
fn system_text(element: &[u8]) -> Option<Name<'_>> {
    let field = match element {
        b"EventID" => fields::EVENT_ID,
        b"Version" => fields::VERSION,
        b"Level" => fields::LEVEL,
        b"Task" => fields::TASK,
        b"Opcode" => fields::OPCODE,
        b"Keywords" => fields::KEYWORDS,
        b"EventRecordID" => fields::EVENT_RECORD_ID,
        b"Channel" => fields::CHANNEL,
        b"Computer" => fields::COMPUTER,
        b"Provider" | b"TimeCreated" | b"Correlation" | b"Execution" | b"Security" => return None,
        name => return Some(Name::Own(name)),
    };
    Some(Name::Core(field))
}
