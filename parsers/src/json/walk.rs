//! One object, key by key, against the tree of the projection.
//!
//! Beyond plain nesting, with dots between the keys of a path:
//!
//! - An array stands for its elements: each is a value at the array's own path, objects are
//!   entered. An empty array is a null.
//! - `"#text"` is the value of the object that holds it, the way XML is usually turned into
//!   JSON: `{"EventID": {"#text": 1, "#attributes": {…}}}` is an `EventID` of 1.
//! - An array of name and value pairs (see [`Projection::pairs`]) gives each value under its
//!   name. The name is looked up below the array first, then beside it, so that pairs inside of
//!   a transparent object are top-level names.
//! - An object that is itself asked for gives its source text, unless the same field got a value
//!   from inside of it.
//! - Windows event XML in one of the members of [`XML_MEMBERS`] is read as such if the object
//!   itself has no channel or event id.

use super::decode::decode;
use super::keys::Place;
use super::plain_members::Stop;
use super::scan::{JsonString, Scanner};
use super::strings::StringEnds;
use super::{DEPTH_MAX, Malformed};
use crate::event::ValueKind;
use crate::fields;
use crate::projection::{NodeId, PairKeys, Projection, Target};
use crate::windows;
use crate::writer::EventWriter;

/// Last keys of members in which shippers put a whole Windows event as XML. Not any member: a
/// command line that begins with `<Event` must not become an event of its own.
const XML_MEMBERS: [&[u8]; 12] = [
    b"EventXML",
    b"xml",
    b"Xml",
    b"XML",
    b"event.original",
    b"original",
    b"_raw",
    b"raw",
    b"body",
    b"event",
    b"message",
    b"log",
];

/// Adds the fields of the object that comes next to the event under construction.
pub(super) fn object<E: StringEnds>(
    scan: &mut Scanner<'_, E>,
    out: &mut EventWriter<'_>,
) -> Result<(), Malformed> {
    let mut path = std::mem::take(&mut out.scratch.path);
    path.clear();
    out.scratch.keys.begin_event();
    let start = out.checkpoint();
    let mut walker = Walker {
        projection: out.projection(),
        everything: out.keeps_everything(),
        scan,
        out,
        path,
        visible: 0,
        key: b"",
        xml: None,
    };
    let result = walker.members(Some(Projection::ROOT), 1);
    let Walker { path, xml, .. } = walker;
    out.scratch.path = path;
    if let Some(xml) = xml.filter(|_| result.is_ok())
        && !out.has_value_since(&start, fields::CHANNEL)
        && !out.has_value_since(&start, fields::EVENT_ID)
    {
        event_xml(xml, out);
    }
    result
}

/// Reads the XML of a member. What is no event in there stays a text that keywords can find.
fn event_xml(xml: JsonString<'_>, out: &mut EventWriter<'_>) {
    if !xml.escaped {
        windows::xml::body(xml.text, out);
        return;
    }
    let mut decoded = std::mem::take(&mut out.scratch.name);
    decoded.clear();
    decode(xml.text, &mut decoded);
    windows::xml::body(&decoded, out);
    out.scratch.name = decoded;
}

pub(super) struct Walker<'s, 'a, 'w, 'b, E> {
    pub(super) projection: &'b Projection,
    pub(super) everything: bool,
    pub(super) scan: &'s mut Scanner<'a, E>,
    pub(super) out: &'w mut EventWriter<'b>,
    /// Nested names from the outermost to the value at hand.
    path: Vec<u8>,
    /// Where in the path the name as people see it begins: behind transparent objects.
    visible: usize,
    /// The innermost key.
    key: &'a [u8],
    xml: Option<JsonString<'a>>,
}

impl<'a, 'b, E: StringEnds> Walker<'_, 'a, '_, 'b, E> {
    /// The members of an object, with its braces.
    fn members(&mut self, node: Place, depth: u32) -> Result<(), Malformed> {
        if depth > DEPTH_MAX {
            return Err(Malformed);
        }
        self.scan.expect(b'{')?;
        if self.scan.peek() == Some(b'}') {
            self.scan.bump();
            return Ok(());
        }
        loop {
            match self.plain_members(node) {
                Stop::AtKey => self.next_member(node, depth)?,
                Stop::BehindValue => {}
            }
            match self.scan.peek() {
                Some(b',') => {
                    self.scan.bump();
                    self.scan.peek();
                }
                Some(b'}') => {
                    self.scan.bump();
                    return Ok(());
                }
                _ => return Err(Malformed),
            }
        }
    }

    /// The member that comes next. Both ways end in a call of their own: where their results
    /// met, they would be passed through memory.
    #[expect(clippy::inline_always, reason = "measured: once a member")]
    #[inline(always)]
    fn next_member(&mut self, parent: Place, depth: u32) -> Result<(), Malformed> {
        let rest = self.scan.rest();
        let Some(member) = self.out.scratch.keys.expected(parent, rest) else {
            return self.unexpected_member(parent, depth);
        };
        let text = rest.get(1..member.written_len.saturating_sub(2));
        self.scan.advance_key(member.written_len);
        let key = JsonString {
            text: text.unwrap_or_default(),
            escaped: false,
        };
        self.member(parent, key, member.child, depth)
    }

    #[cold]
    #[inline(never)]
    fn unexpected_member(&mut self, parent: Place, depth: u32) -> Result<(), Malformed> {
        let key = self.scan.key()?;
        let child = if key.escaped {
            self.child(parent, key)
        } else {
            let keys = &mut self.out.scratch.keys;
            keys.look_up(parent, key.text, self.projection)
        };
        self.member(parent, key, child, depth)
    }

    #[inline]
    fn member(
        &mut self,
        parent: Place,
        key: JsonString<'a>,
        node: Place,
        depth: u32,
    ) -> Result<(), Malformed> {
        if node.is_none() {
            if key.text == b"#text" && depth > 1 {
                return self.value(parent, parent, depth);
            }
            if !self.everything {
                return self.unwanted(key, depth);
            }
        }
        let outer_key = std::mem::replace(&mut self.key, key.text);
        let (mark, visible) = (self.path.len(), self.visible);
        if self.everything {
            self.enter(node, key);
        }
        let result = self.value(node, parent, depth);
        self.path.truncate(mark);
        self.visible = visible;
        self.key = outer_key;
        result
    }

    #[inline]
    fn child(&mut self, parent: Place, key: JsonString<'_>) -> Place {
        let parent = parent?;
        if !key.escaped {
            return self.projection.child(parent, key.text);
        }
        let name = &mut self.out.scratch.name;
        name.clear();
        decode(key.text, name);
        self.projection.child(parent, name)
    }

    /// A value that nobody asked for; only Windows XML in it would matter.
    #[expect(clippy::inline_always, reason = "measured: once a member")]
    #[inline(always)]
    fn unwanted(&mut self, key: JsonString<'a>, depth: u32) -> Result<(), Malformed> {
        if self.scan.peek() != Some(b'"') {
            return self.scan.skip_value(depth);
        }
        let value = self.scan.string()?;
        self.note_xml(key.text, value);
        Ok(())
    }

    #[expect(clippy::inline_always, reason = "measured: once a member")]
    #[inline(always)]
    fn note_xml(&mut self, key: &[u8], value: JsonString<'a>) {
        if matches!(value.text.first(), Some(b'<' | b'\\'))
            && begins_event(value.text)
            && XML_MEMBERS.contains(&key)
        {
            self.xml = Some(value);
        }
    }

    /// Appends a key to the path, or hides the path in front of a transparent object.
    fn enter(&mut self, node: Place, key: JsonString<'_>) {
        let path = &mut self.path;
        if path.len() > self.visible {
            path.push(b'.');
        }
        if key.escaped {
            decode(key.text, path);
        } else {
            path.extend_from_slice(key.text);
        }
        if node.is_some_and(|node| self.projection.is_transparent(node)) {
            self.visible = path.len();
        }
    }

    /// A value at `node`, which lies in an object at `parent`.
    fn value(&mut self, node: Place, parent: Place, depth: u32) -> Result<(), Malformed> {
        match self.scan.peek() {
            Some(b'"') => {
                let text = self.scan.string()?;
                self.note_xml(self.key, text);
                self.text(node, text);
            }
            Some(b'{') => return self.object(node, parent, depth + 1),
            Some(b'[') => return self.array(node, parent, depth + 1),
            Some(b't') => {
                let text = self.scan.literal(b"true")?;
                self.scalar(node, ValueKind::Bool, text);
            }
            Some(b'f') => {
                let text = self.scan.literal(b"false")?;
                self.scalar(node, ValueKind::Bool, text);
            }
            Some(b'n') => {
                self.scan.literal(b"null")?;
                self.scalar(node, ValueKind::Null, b"");
            }
            _ => {
                let text = self.scan.number()?;
                self.scalar(node, ValueKind::Number, text);
            }
        }
        Ok(())
    }

    fn array(&mut self, node: Place, parent: Place, depth: u32) -> Result<(), Malformed> {
        if depth > DEPTH_MAX {
            return Err(Malformed);
        }
        self.scan.expect(b'[')?;
        if self.scan.peek() == Some(b']') {
            self.scan.bump();
            self.scalar(node, ValueKind::Null, b"");
            return Ok(());
        }
        loop {
            self.value(node, parent, depth)?;
            match self.scan.peek() {
                Some(b',') => self.scan.bump(),
                Some(b']') => {
                    self.scan.bump();
                    return Ok(());
                }
                _ => return Err(Malformed),
            }
        }
    }

    fn object(&mut self, node: Place, parent: Place, depth: u32) -> Result<(), Malformed> {
        let start = self.scan.position();
        let Some(at) = node else {
            return self.members(None, depth);
        };
        for keys in self.projection.pairs(at) {
            if self.pair(keys, at, parent, depth)? {
                return Ok(());
            }
        }
        let targets = self.targets(node);
        if targets.is_empty() {
            return self.members(node, depth);
        }
        let before = self.out.checkpoint();
        self.members(node, depth)?;
        let source = self.scan.since(start);
        for target in targets {
            if target.field != fields::TIME && !self.out.has_value_since(&before, target.field) {
                let one = std::slice::from_ref(target);
                self.out.targeted(one, b"", ValueKind::Text, source);
            }
        }
        Ok(())
    }

    /// Reads the next object as a name and value pair; whether it was one. If not, it is still
    /// to be read.
    fn pair(
        &mut self,
        keys: &PairKeys,
        node: NodeId,
        parent: Place,
        depth: u32,
    ) -> Result<bool, Malformed> {
        let start = self.scan.position();
        let Pair { name, value_at } = Pair::read(self.scan, keys, depth)?;
        let end = self.scan.position();
        let Some(name) = name else {
            self.scan.seek(start);
            return Ok(false);
        };
        self.named_value(name, value_at, node, parent, depth)?;
        if self.projection.is_inner(node) {
            // Somebody asks for the keys of the pair themselves.
            let everything = std::mem::replace(&mut self.everything, false);
            self.scan.seek(start);
            self.members(Some(node), depth)?;
            self.everything = everything;
        }
        self.scan.seek(end);
        Ok(true)
    }

    fn named_value(
        &mut self,
        name: JsonString<'a>,
        value_at: Option<usize>,
        node: NodeId,
        parent: Place,
        depth: u32,
    ) -> Result<(), Malformed> {
        let child = match self.child(Some(node), name) {
            None => self.child(parent, name),
            below => below,
        };
        let outer_key = std::mem::replace(&mut self.key, name.text);
        let (mark, visible) = (self.path.len(), self.visible);
        if self.everything {
            if parent.is_some_and(|parent| self.projection.is_transparent(parent)) {
                self.visible = mark;
            }
            self.enter(child, name);
        }
        if let Some(at) = value_at {
            self.scan.seek(at);
            self.value(child, parent, depth)?;
        } else {
            self.scalar(child, ValueKind::Text, b"");
        }
        self.path.truncate(mark);
        self.visible = visible;
        self.key = outer_key;
        Ok(())
    }

    #[inline]
    fn targets(&self, node: Place) -> &'b [Target] {
        node.map_or(&[], |node| self.projection.targets(node))
    }

    #[inline]
    fn text(&mut self, node: Place, text: JsonString<'_>) {
        if !text.escaped {
            return self.scalar(node, ValueKind::Text, text.text);
        }
        let targets = self.targets(node);
        if targets.is_empty() && !self.everything {
            return;
        }
        let name = visible_name(&self.path, self.visible, self.key, self.out);
        self.out.targeted_escaped(targets, name, text.text);
    }

    #[inline]
    fn scalar(&mut self, node: Place, kind: ValueKind, text: &[u8]) {
        let targets = self.targets(node);
        if targets.is_empty() && !self.everything {
            return;
        }
        let name = visible_name(&self.path, self.visible, self.key, self.out);
        self.out.targeted(targets, name, kind, text);
    }
}

/// The name of the value at hand, where names are kept: the innermost key where that is all of
/// it, since it can be borrowed, and where paths would make the batch grow out of proportion.
#[inline]
fn visible_name<'n>(
    path: &'n [u8],
    visible: usize,
    key: &'n [u8],
    out: &EventWriter<'_>,
) -> &'n [u8] {
    if !out.keeps_everything() {
        return b"";
    }
    let path = path.get(visible..).unwrap_or_default();
    if path == key || !out.has_room_for_names() {
        key
    } else {
        path
    }
}

/// Whether a key, as written, says something about its value wherever it stands.
pub(super) fn is_special(key: &[u8]) -> bool {
    key == b"#text" || XML_MEMBERS.contains(&key)
}

/// Whether a string begins with the tag of a Windows event; some encoders escape its bracket.
fn begins_event(text: &[u8]) -> bool {
    let ([b'<', tag @ ..] | [b'\\', b'u', b'0', b'0', b'3', b'c' | b'C', tag @ ..]) = text else {
        return false;
    };
    tag.strip_prefix(b"Event")
        .and_then(|rest| rest.first())
        .is_some_and(|next| matches!(next, b' ' | b'>' | b'\\'))
}

/// What an object says as a name and value pair.
#[derive(Default)]
struct Pair<'a> {
    name: Option<JsonString<'a>>,
    value_at: Option<usize>,
}

impl<'a> Pair<'a> {
    /// Reads one object, checking all of it. The key of the name may be a path of two steps
    /// (`#attributes.Name`).
    fn read<E: StringEnds>(
        scan: &mut Scanner<'a, E>,
        keys: &PairKeys,
        depth: u32,
    ) -> Result<Self, Malformed> {
        let mut pair = Self::default();
        let outer = keys.name.split_once('.');
        each_member(scan, depth, |scan, key| {
            if *key == *keys.name.as_bytes() {
                pair.name = string_or_skip(scan, depth)?;
            } else if *key == *keys.value.as_bytes() {
                pair.value_at = Some(scan.position());
                scan.skip_value(depth)?;
            } else if let Some((outer, inner)) = outer
                && *key == *outer.as_bytes()
                && scan.peek() == Some(b'{')
            {
                each_member(scan, depth + 1, |scan, key| {
                    if *key == *inner.as_bytes() {
                        pair.name = string_or_skip(scan, depth + 1)?;
                        Ok(())
                    } else {
                        scan.skip_value(depth + 1)
                    }
                })?;
            } else {
                scan.skip_value(depth)?;
            }
            Ok(())
        })?;
        Ok(pair)
    }
}

fn string_or_skip<'a, E: StringEnds>(
    scan: &mut Scanner<'a, E>,
    depth: u32,
) -> Result<Option<JsonString<'a>>, Malformed> {
    if scan.peek() == Some(b'"') {
        return scan.string().map(Some);
    }
    scan.skip_value(depth)?;
    Ok(None)
}

/// Calls `member` behind each key of the object that comes next; it has to take the value.
fn each_member<'a, E: StringEnds>(
    scan: &mut Scanner<'a, E>,
    depth: u32,
    mut member: impl FnMut(&mut Scanner<'a, E>, &'a [u8]) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    if depth > DEPTH_MAX {
        return Err(Malformed);
    }
    scan.expect(b'{')?;
    if scan.peek() == Some(b'}') {
        scan.bump();
        return Ok(());
    }
    loop {
        let key = scan.key()?.text;
        member(scan, key)?;
        match scan.peek() {
            Some(b',') => scan.bump(),
            Some(b'}') => {
                scan.bump();
                return Ok(());
            }
            _ => return Err(Malformed),
        }
    }
}
