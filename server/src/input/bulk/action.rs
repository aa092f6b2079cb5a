//! The line before a document: `{"index":{"_index":"logs","_id":"1"}}`.

use std::borrow::Cow;

use serde::Deserialize;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Index,
    Create,
    Update,
    Delete,
}

impl Verb {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// An action with what is said in answers to it.
#[derive(Debug)]
pub(super) struct Action<'a> {
    pub(super) verb: Verb,
    pub(super) index: Option<Cow<'a, str>>,
    pub(super) id: Option<Cow<'a, str>>,
}

/// Elasticsearch allows 255 and 512 bytes; names are repeated in the answer.
const INDEX_BYTES_MAX: usize = 255;
const ID_BYTES_MAX: usize = 512;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Meta<'a> {
    #[serde(borrow, rename = "_index")]
    index: Option<Cow<'a, str>>,
    #[serde(rename = "_id")]
    id: Option<Id<'a>>,
}

/// Some clients send numbers.
#[derive(Deserialize)]
#[serde(untagged)]
enum Id<'a> {
    #[serde(borrow)]
    Text(Cow<'a, str>),
    Number(serde_json::Number),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line<'a> {
    #[serde(borrow)]
    Index(Option<Meta<'a>>),
    Create(Option<Meta<'a>>),
    Update(Option<Meta<'a>>),
    Delete(Option<Meta<'a>>),
}

impl<'a> Action<'a> {
    /// Reads a line; the error says what is wrong with it.
    pub(super) fn parse(line: &'a [u8]) -> Result<Self, String> {
        let parsed: Line<'a> = serde_json::from_slice(line).map_err(|error| {
            format!("{error}; an object with one of index, create, update, delete is expected")
        })?;
        let (verb, meta) = match parsed {
            Line::Index(meta) => (Verb::Index, meta),
            Line::Create(meta) => (Verb::Create, meta),
            Line::Update(meta) => (Verb::Update, meta),
            Line::Delete(meta) => (Verb::Delete, meta),
        };
        let meta = meta.unwrap_or_default();
        let id = meta.id.map(|id| match id {
            Id::Text(text) => text,
            Id::Number(number) => Cow::Owned(number.to_string()),
        });
        let is_long = |name: &Option<Cow<str>>, max| name.as_ref().is_some_and(|n| n.len() > max);
        if is_long(&meta.index, INDEX_BYTES_MAX) || is_long(&id, ID_BYTES_MAX) {
            return Err("the name of the index or the id is too long".to_owned());
        }
        Ok(Self {
            verb,
            index: meta.index,
            id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions() {
        for (line, verb, index, id) in [
            (r#"{"index":{}}"#, Verb::Index, None, None),
            (
                r#"{ "create" : {"_index":"logs"} }"#,
                Verb::Create,
                Some("logs"),
                None,
            ),
            (
                r#"{"index":{"_index":"lögs","_type":"_doc","_id":7,"pipeline":"p"}}"#,
                Verb::Index,
                Some("lögs"),
                Some("7"),
            ),
            (
                r#"{"delete":{"_id":"a\"b"}}"#,
                Verb::Delete,
                None,
                Some("a\"b"),
            ),
            (r#"{"update":null}"#, Verb::Update, None, None),
        ] {
            let action = Action::parse(line.as_bytes()).unwrap();
            let found = (action.verb, action.index.as_deref(), action.id.as_deref());
            assert_eq!(found, (verb, index, id), "{line}");
        }
    }

    #[test]
    fn what_is_no_action() {
        let long = format!(r#"{{"index":{{"_index":"{}"}}}}"#, "x".repeat(256));
        for line in [
            "",
            "{}",
            "[]",
            r#"{"message":"a"}"#,
            r#"{"index":{},"create":{}}"#,
            &long,
        ] {
            assert!(Action::parse(line.as_bytes()).is_err(), "{line}");
        }
    }
}
