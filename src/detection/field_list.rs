//! Fields and values of one event, gathered under their names.
//!
//! Recycled from event to event: after the first few nothing here allocates. Gathering takes
//! time linear in the number of values, since an event of a stranger may have a million names.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use yagura_parsers::{Value, ValueKind};

/// What happens to a value that a field has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplicates {
    /// It counts again: the event has it twice.
    Keep,
    /// Once is enough: evidence.
    Drop,
}

/// How many values of a field are looked through for a duplicate.
const COMPARED_MAX: usize = 64;

#[derive(Clone, Copy, Debug)]
struct Range {
    start: usize,
    end: usize,
}

#[derive(Debug)]
struct Entry {
    name: Range,
    kind: ValueKind,
    text: Range,
    /// The next value of the same field.
    next: Option<usize>,
    /// The last value of the field; kept up to date in its first entry only.
    last: usize,
}

/// Fields in the order of their first occurrence, each with its values in order.
#[derive(Debug)]
pub struct FieldList {
    duplicates: Duplicates,
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// The first entry of each field, in order.
    firsts: Vec<usize>,
    by_name: HashTable<usize>,
    hasher: DefaultHashBuilder,
}

impl FieldList {
    /// An empty list.
    pub fn new(duplicates: Duplicates) -> Self {
        Self {
            duplicates,
            bytes: Vec::new(),
            entries: Vec::new(),
            firsts: Vec::new(),
            by_name: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// Forgets the values and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
        self.firsts.clear();
        self.by_name.clear();
    }

    /// Adds a value.
    pub fn push(&mut self, name: &[u8], value: Value<'_>) {
        let start = self.bytes.len();
        value.append_to(&mut self.bytes);
        let end = self.bytes.len();
        let text = Range { start, end };
        let hash = self.hasher.hash_one(name);
        let (bytes, entries) = (&self.bytes, &self.entries);
        let is_same = |first: &usize| slice(bytes, entries[*first].name) == name;
        let index = entries.len();
        if let Some(first) = self.by_name.find(hash, is_same).copied() {
            if self.duplicates == Duplicates::Drop && self.has(first, value.kind, text) {
                self.bytes.truncate(text.start);
                return;
            }
            let name = self.entries[first].name;
            let last = self.entries[first].last;
            self.entries[last].next = Some(index);
            self.entries[first].last = index;
            self.add(name, value.kind, text);
            return;
        }
        let name = store(&mut self.bytes, name);
        self.add(name, value.kind, text);
        self.firsts.push(index);
        let (bytes, entries, hasher) = (&self.bytes, &self.entries, &self.hasher);
        let rehash = |first: &usize| hasher.hash_one(slice(bytes, entries[*first].name));
        self.by_name.insert_unique(hash, index, rehash);
    }

    fn add(&mut self, name: Range, kind: ValueKind, text: Range) {
        let last = self.entries.len();
        self.entries.push(Entry {
            name,
            kind,
            text,
            next: None,
            last,
        });
    }

    fn has(&self, first: usize, kind: ValueKind, text: Range) -> bool {
        let field = Field { list: self, first };
        let text = slice(&self.bytes, text);
        let mut values = field.values().take(COMPARED_MAX);
        values.any(|v| v.kind == kind && v.text == text)
    }

    /// The fields.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = Field<'_>> {
        self.firsts.iter().map(|first| Field {
            list: self,
            first: *first,
        })
    }
}

/// A value of a field, decoded.
#[derive(Clone, Copy, Debug)]
pub struct FieldValue<'a> {
    pub kind: ValueKind,
    pub text: &'a [u8],
}

/// One field with its values.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    list: &'a FieldList,
    first: usize,
}

impl<'a> Field<'a> {
    /// Its name.
    pub fn name(self) -> &'a [u8] {
        slice(&self.list.bytes, self.list.entries[self.first].name)
    }

    /// Whether it has one value only.
    pub fn is_single(self) -> bool {
        self.list.entries[self.first].next.is_none()
    }

    /// Its values.
    pub fn values(self) -> impl Iterator<Item = FieldValue<'a>> + use<'a> {
        let list = self.list;
        let mut next = Some(self.first);
        std::iter::from_fn(move || {
            let entry = &list.entries[next?];
            next = entry.next;
            Some(FieldValue {
                kind: entry.kind,
                text: slice(&list.bytes, entry.text),
            })
        })
    }
}

fn store(bytes: &mut Vec<u8>, text: &[u8]) -> Range {
    let start = bytes.len();
    bytes.extend_from_slice(text);
    Range {
        start,
        end: bytes.len(),
    }
}

fn slice(bytes: &[u8], range: Range) -> &[u8] {
    &bytes[range.start..range.end]
}

#[cfg(test)]
mod tests {
    use yagura_parsers::{Value, ValueKind};

    use super::{Duplicates, FieldList};

    fn gathered(duplicates: Duplicates, pairs: &[(&str, &str)]) -> Vec<(String, Vec<String>)> {
        let mut list = FieldList::new(duplicates);
        for round in 0..2 {
            list.clear();
            for (name, text) in pairs {
                let value = Value::new(ValueKind::Text, text.as_bytes());
                list.push(name.as_bytes(), value);
            }
            assert_eq!(list.fields().len() > 0, !pairs.is_empty(), "round {round}");
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        list.fields()
            .map(|f| (text(f.name()), f.values().map(|v| text(v.text)).collect()))
            .collect()
    }

    #[test]
    fn gathers_values_under_names_in_order() {
        let pairs = [("b", "1"), ("a", "2"), ("b", "3"), ("b", "1")];
        let all = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            gathered(Duplicates::Keep, &pairs),
            [
                ("b".to_owned(), all(&["1", "3", "1"])),
                ("a".to_owned(), all(&["2"]))
            ]
        );
        assert_eq!(
            gathered(Duplicates::Drop, &pairs),
            [
                ("b".to_owned(), all(&["1", "3"])),
                ("a".to_owned(), all(&["2"]))
            ]
        );
    }
}
