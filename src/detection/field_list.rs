//! Fields and values of one event, gathered under their names.
//!
//! Recycled from event to event: after the first few nothing here allocates. Gathering takes
//! time linear in the number of values, since an event of a stranger may have a million names.

use std::borrow::Cow;
use std::hash::BuildHasher;
use std::io::Write;

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

/// How much of an event a list takes: each detection holds a copy, so that an event of 8 MB
/// which 60 rules match would come out as 500 MB.
#[derive(Clone, Copy, Debug)]
pub struct ListLimits {
    /// Of longer names and values the beginning is kept, and their length: see [`shortened`].
    pub value_bytes_max: usize,
    /// What all names and values take. Values beyond are left out, and their number is given by
    /// [`FieldList::close`].
    pub bytes_max: usize,
}

impl ListLimits {
    /// All there is.
    pub const NONE: Self = Self {
        value_bytes_max: usize::MAX,
        bytes_max: usize::MAX,
    };
    /// For the fields that satisfied a rule.
    pub const MATCHED: Self = Self {
        value_bytes_max: 4 << 10,
        bytes_max: 64 << 10,
    };
    /// For whole events.
    pub const EVENT: Self = Self {
        value_bytes_max: 64 << 10,
        bytes_max: 1 << 20,
    };
}

/// What an entry takes besides its bytes when it is shown: quotes, commas, a line of its own.
const ENTRY_BYTES: usize = 8;

/// The name under which [`FieldList::close`] says what was left out.
const LEFT_OUT: &[u8] = "…".as_bytes();

/// Text of at most so many bytes, and where some are missing, `… (8388608 bytes)` behind them.
pub fn shortened(text: &[u8], bytes_max: usize) -> Cow<'_, [u8]> {
    if text.len() <= bytes_max {
        return Cow::Borrowed(text);
    }
    let mut short = text
        .get(..kept(text, bytes_max))
        .unwrap_or_default()
        .to_vec();
    mark(&mut short, text.len());
    Cow::Owned(short)
}

/// Where to cut so that no character of UTF-8 is torn apart.
fn kept(text: &[u8], bytes_max: usize) -> usize {
    let is_inside = |at: &usize| text.get(*at).is_some_and(|byte| byte & 0xC0 == 0x80);
    let least = bytes_max.saturating_sub(3);
    let cut = (least..=bytes_max).rev().find(|at| !is_inside(at));
    cut.unwrap_or(bytes_max)
}

fn mark(text: &mut Vec<u8>, len: usize) {
    // Writing to a vector cannot fail.
    let _ = write!(text, "… ({len} bytes)");
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
    limits: ListLimits,
    /// Values that were left out.
    left_out: u64,
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// The first entry of each field, in order.
    firsts: Vec<usize>,
    by_name: HashTable<usize>,
    hasher: DefaultHashBuilder,
}

impl FieldList {
    /// An empty list.
    pub fn new(duplicates: Duplicates, limits: ListLimits) -> Self {
        Self {
            duplicates,
            limits,
            left_out: 0,
            bytes: Vec::new(),
            entries: Vec::new(),
            firsts: Vec::new(),
            by_name: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// Forgets the values and keeps the memory.
    pub fn clear(&mut self) {
        self.left_out = 0;
        self.bytes.clear();
        self.entries.clear();
        self.firsts.clear();
        self.by_name.clear();
    }

    /// Adds a value, as far as the limits allow.
    pub fn push(&mut self, name: &[u8], value: Value<'_>) {
        let name = &*shortened(name, self.limits.value_bytes_max);
        let start = self.bytes.len();
        value.append_to(&mut self.bytes);
        self.shorten(start);
        let end = self.bytes.len();
        let shown = end + name.len() + self.entries.len().saturating_mul(ENTRY_BYTES);
        if shown > self.limits.bytes_max {
            self.bytes.truncate(start);
            self.left_out += 1;
            return;
        }
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

    /// Says, as a field of its own, how many values were left out, if any.
    pub fn close(&mut self) {
        if self.left_out > 0 {
            let note = format!("{} more values", self.left_out);
            let limits = std::mem::replace(&mut self.limits, ListLimits::NONE);
            self.push(LEFT_OUT, Value::new(ValueKind::Text, note.as_bytes()));
            self.limits = limits;
        }
    }

    /// Cuts the value that begins at `start` and is the last one.
    fn shorten(&mut self, start: usize) {
        let text = self.bytes.get(start..).unwrap_or_default();
        if text.len() > self.limits.value_bytes_max {
            let (len, kept) = (text.len(), kept(text, self.limits.value_bytes_max));
            self.bytes.truncate(start + kept);
            mark(&mut self.bytes, len);
        }
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

    use super::{Duplicates, FieldList, ListLimits, shortened};

    fn gathered(duplicates: Duplicates, pairs: &[(&str, &str)]) -> Vec<(String, Vec<String>)> {
        let mut list = FieldList::new(duplicates, ListLimits::NONE);
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
    fn cuts_what_is_too_long_and_says_so() {
        assert_eq!(&*shortened("aü".as_bytes(), 3), "aü".as_bytes());
        assert_eq!(&*shortened("aüb".as_bytes(), 2), "a… (4 bytes)".as_bytes());
        let limits = ListLimits {
            value_bytes_max: 4,
            bytes_max: 100,
        };
        let mut list = FieldList::new(Duplicates::Drop, limits);
        for round in 0..2 {
            list.clear();
            for index in 0..50 {
                let text = format!("{index:02}345678");
                list.push(b"a", Value::new(ValueKind::Text, text.as_bytes()));
            }
            list.close();
            let shown: Vec<_> = list
                .fields()
                .flat_map(super::Field::values)
                .map(|value| String::from_utf8_lossy(value.text).into_owned())
                .collect();
            assert_eq!(shown.first().map(String::as_str), Some("0034… (8 bytes)"));
            let left_out = format!("{} more values", 50 - (shown.len() - 1));
            assert_eq!(shown.last(), Some(&left_out), "round {round}");
            assert!(shown.len() < 10, "{shown:?}");
        }
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
