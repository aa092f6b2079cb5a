//! The JSON parser against a slow one that reads whole trees with `serde_json`: the same names,
//! kinds and texts, in the same order.

mod windows;

use std::io::Read;

use proptest::prelude::*;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use windows::{corpus, files, parse};
use yagura_parsers::{Event, EventBatch, Extent, Format, Projection, ProjectionBuilder, ValueKind};

/// JSON with the order and the repetition of its keys.
#[derive(Debug)]
enum Tree {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Number(value.into()))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Number(value.into()))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(serde_json::Number::from_f64(value).map_or(Tree::Null, Tree::Number))
    }
    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.into()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element()? {
            elements.push(element);
        }
        Ok(Tree::Array(elements))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Tree::Object(members))
    }
}

type Leaf = (String, ValueKind, String);

/// Every scalar with the path to it.
fn leaves(tree: &Tree, path: &str, into: &mut Vec<Leaf>) {
    let mut leaf = |kind, text: String| into.push((path.to_string(), kind, text));
    match tree {
        Tree::Null => leaf(ValueKind::Null, String::new()),
        Tree::Bool(value) => leaf(ValueKind::Bool, value.to_string()),
        Tree::Number(value) => leaf(ValueKind::Number, value.to_string()),
        Tree::Text(value) => leaf(ValueKind::Text, value.clone()),
        Tree::Array(elements) if elements.is_empty() => leaf(ValueKind::Null, String::new()),
        Tree::Array(elements) => elements.iter().for_each(|e| leaves(e, path, into)),
        Tree::Object(members) => {
            for (key, value) in members {
                match (path, key.as_str()) {
                    ("", key) => leaves(value, key, into),
                    (path, "#text") => leaves(value, path, into),
                    (path, key) => leaves(value, &format!("{path}.{key}"), into),
                }
            }
        }
    }
}

/// What the parser finds in one event, with numbers in the spelling of `serde_json`.
fn found(event: &Event<'_>, projection: &Projection) -> Vec<Leaf> {
    let values = event.named_values(projection).map(|(name, value)| {
        let name = String::from_utf8_lossy(name).into_owned();
        let text = String::from_utf8_lossy(value.text(&mut Vec::new())).into_owned();
        let text = match value.kind {
            ValueKind::Number => serde_json::from_str(&text).map_or(text, |t: Tree| match t {
                Tree::Number(number) => number.to_string(),
                _ => String::new(),
            }),
            _ => text,
        };
        (name, value.kind, text)
    });
    values.collect()
}

fn check_alike(text: &[u8], format: Format) {
    let everything = ProjectionBuilder::new(Extent::Everything).build();
    let mut batch = EventBatch::new();
    parse(&mut batch, format, text, 0, &everything);
    assert_eq!(batch.unparsed().total(), 0);
    assert!(!batch.is_empty());
    for event in batch.events() {
        assert_eq!(found(&event, &everything), expected(event.raw()));
    }
}

fn expected(text: &[u8]) -> Vec<Leaf> {
    let tree: Tree = serde_json::from_slice(text).unwrap();
    let mut into = Vec::new();
    leaves(&tree, "", &mut into);
    into
}

/// The source text of an object without scalars in it, which has no path here.
fn is_leafless(leaf: &Leaf) -> bool {
    let tree = serde_json::from_str::<Tree>(&leaf.2);
    let is_object = tree
        .as_ref()
        .is_ok_and(|tree| matches!(tree, Tree::Object(_)));
    is_object
        && tree.is_ok_and(|tree| {
            let mut into = Vec::new();
            leaves(&tree, "", &mut into);
            into.is_empty()
        })
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c]",
        "[a-zA-Z_]{1,9}",
        "\\PC{1,12}",
        Just("#text".into()),
        Just("winlog".into()),
        Just("event_data".into()),
        Just("a.b".into()),
        Just("back\\slash\"quote".into()),
    ]
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e12..1e12f64).prop_map(Value::from),
        "\\PC{0,40}".prop_map(Value::String),
        "[\\\\\"/\n\t\u{0}-\u{20}\u{7f}é€😀a{}\\[\\],:]{0,60}".prop_map(Value::String),
    ];
    scalar.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            proptest::collection::vec((key(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = serde_json::Value> {
    proptest::collection::vec((key(), value()), 1..6)
        .prop_map(|members| serde_json::Value::Object(members.into_iter().collect()))
}

proptest! {
    #[test]
    fn trees_are_read_alike(tree in object(), pretty in any::<bool>()) {
        let text = if pretty {
            serde_json::to_vec_pretty(&tree).unwrap()
        } else {
            serde_json::to_vec(&tree).unwrap()
        };
        check_alike(&text, Format::Json);
    }

    /// Fields that are asked for are those of the tree under the same path.
    #[test]
    fn projected_fields_are_read_alike(tree in object(), picks in prop::collection::vec(any::<prop::sample::Index>(), 1..5)) {
        let text = serde_json::to_vec(&tree).unwrap();
        let leaves = expected(&text);
        prop_assume!(!leaves.is_empty());
        let mut builder = ProjectionBuilder::new(Extent::Projected);
        let mut fields = Vec::new();
        for pick in picks {
            let field = &leaves[pick.index(leaves.len())].0;
            // Where it is an object as well, its source text is a value, too.
            let inside = format!("{field}.");
            if !field.contains('*') && !leaves.iter().any(|(path, ..)| path.starts_with(&inside)) {
                builder.field(field).unwrap();
                fields.push(field);
            }
        }
        let projection = builder.build();
        let mut batch = EventBatch::new();
        parse(&mut batch, Format::JsonLines, &text, 0, &projection);
        let wanted: Vec<_> = leaves.iter().filter(|leaf| fields.contains(&&leaf.0)).cloned().collect();
        let read = found(&batch.event(0).unwrap(), &projection);
        let (empty, read): (Vec<_>, Vec<_>) = read.into_iter().partition(is_leafless);
        prop_assert_eq!(read, wanted.into_iter().filter(|leaf| !is_leafless(leaf)).collect::<Vec<_>>(), "{:?}", empty);
    }

    /// What `serde_json` takes is taken. What it refuses may be taken only for what is in its
    /// strings, or for numbers that it cannot hold.
    #[test]
    fn damage_is_refused(tree in object(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut text = serde_json::to_vec(&tree).unwrap();
        let at = at.index(text.len());
        text[at] = byte;
        let line: Vec<u8> = text.iter().map(|b| if *b == b'\n' { b' ' } else { *b }).collect();
        let everything = ProjectionBuilder::new(Extent::Everything).build();
        let mut batch = EventBatch::new();
        parse(&mut batch, Format::JsonLines, &line, 0, &everything);
        let taken = batch.unparsed().total() == 0 && batch.len() == 1;
        let valid = serde_json::from_slice::<Tree>(&line);
        match valid {
            Ok(Tree::Object(_)) => prop_assert!(taken),
            Ok(_) => {}
            Err(_) => prop_assert!(!taken || only_strings_differ(&line)),
        }
    }
}

/// Whether the text is JSON once the content of strings is made harmless and numbers short.
fn only_strings_differ(text: &[u8]) -> bool {
    let mut plain = Vec::new();
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        plain.push(*byte);
        if *byte == b'"' {
            loop {
                match bytes.next() {
                    Some(b'\\') => drop(bytes.next()),
                    Some(b'"') => break,
                    Some(_) => {}
                    None => return false,
                }
            }
            plain.push(b'"');
        }
    }
    // Only a number out of range is left as a difference.
    match serde_json::from_slice::<Tree>(&plain) {
        Ok(_) => true,
        Err(error) => error.to_string().contains("out of range"),
    }
}

#[test]
fn events_of_others_are_read_alike() {
    let Some(root) = corpus() else { return };
    for path in files(root.join("sigma-regression"), ".json") {
        check_alike(&std::fs::read(&path).unwrap(), Format::Json);
    }
    let packed = std::fs::File::open(root.join("windows-json/events.jsonl.gz")).unwrap();
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(packed)
        .read_to_end(&mut bytes)
        .unwrap();
    for block in bytes.split_inclusive(|b| *b == b'\n').step_by(7) {
        check_alike(block, Format::JsonLines);
    }
}
