//! Remembers the classes of the kinds of event that came lately: a channel and an event id, a
//! program. There are few at a time.

use crate::classes::{Class, Classes, Marks};

const ENTRIES: usize = 256;
/// Longer names are looked up each time.
const NAME_BYTES_MAX: usize = 88;

#[derive(Clone, Copy)]
struct Entry {
    class: Class,
    key: Key,
    len: u8,
    name: [u8; NAME_BYTES_MAX],
}

/// What decides the class besides the name.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    event_id: Option<u32>,
    kind: u8,
    /// Which of the marks the name is, and whether there is a provider.
    shape: u8,
}

/// The memory of one thread.
pub(crate) struct ClassMemo {
    entries: Box<[Option<Entry>]>,
}

impl ClassMemo {
    pub(crate) fn new() -> Self {
        Self {
            entries: vec![None; ENTRIES].into(),
        }
    }

    /// The class of an event with these marks.
    #[inline]
    pub(crate) fn class(&mut self, classes: &Classes, marks: &Marks<'_>) -> Class {
        let (name, of) = match [marks.channel, marks.provider, marks.program] {
            [channel, _, program] if !channel.is_empty() && program.is_empty() => (channel, 0),
            [channel, provider, program] if channel.is_empty() && program.is_empty() => {
                (provider, 1)
            }
            [channel, provider, program] if channel.is_empty() && provider.is_empty() => {
                (program, 2)
            }
            // Several of them count; such events are rare.
            _ => return classes.class(marks),
        };
        let Some(name) = name.plain().filter(|name| name.len() <= NAME_BYTES_MAX) else {
            return classes.class(marks);
        };
        let key = Key {
            event_id: marks.event_id,
            kind: marks.kind as u8,
            shape: of << 1 | u8::from(marks.provider.is_empty()),
        };
        let place = place(key.event_id, name);
        if let Some(entry) = &self.entries[place]
            && entry.key == key
            && entry.name[..usize::from(entry.len)] == *name
        {
            return entry.class;
        }
        let class = classes.class(marks);
        let mut entry = Entry {
            class,
            key,
            len: name.len() as u8,
            name: [0; NAME_BYTES_MAX],
        };
        entry.name[..name.len()].copy_from_slice(name);
        self.entries[place] = Some(entry);
        class
    }
}

/// Where a kind of event is remembered: names differ in length or in the middle.
#[inline]
fn place(event_id: Option<u32>, name: &[u8]) -> usize {
    let middle = name
        .get(name.len() / 2..)
        .and_then(|half| half.first_chunk());
    let middle = middle.map_or(0, |bytes| u32::from_le_bytes(*bytes));
    let mixed = event_id.unwrap_or_default() ^ middle.rotate_left(16) ^ (name.len() as u32) << 8;
    // The upper bits of a product depend on all bits below.
    (mixed.wrapping_mul(0x9e37_79b1) >> 24) as usize % ENTRIES
}
