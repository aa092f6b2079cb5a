//! The statuses of documents.

use std::fmt::Write;

use bytes::{BufMut, Bytes, BytesMut};

use super::action::{Action, Verb};
use crate::clock;
use crate::input::http::JsonLine;

/// The items of one request, in order.
pub(super) struct Items {
    index: Box<str>,
    all: Vec<Item>,
    refused: u64,
}

/// What became of one document.
pub(super) struct Item {
    verb: Verb,
    index: Option<Box<str>>,
    id: Option<Box<str>>,
    error: Option<ItemError>,
}

/// Why a document was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ItemError {
    /// An event cannot be changed or deleted.
    NoAddition,
    /// The document is not a JSON object: the parser's reason.
    Document(&'static str),
}

/// Where neither the path nor the action names an index, Elasticsearch would refuse; there is
/// nothing here to choose between.
const NO_INDEX: &str = "logs";
/// About what the status of one document takes.
const ITEM_BYTES: usize = 200;

impl Item {
    pub(super) fn new(action: &Action<'_>, error: Option<ItemError>) -> Self {
        Self {
            verb: action.verb,
            index: action.index.as_deref().map(Into::into),
            id: action.id.as_deref().map(Into::into),
            error,
        }
    }
}

impl Items {
    pub(super) fn new(index: Option<&str>) -> Self {
        Self {
            index: index.unwrap_or(NO_INDEX).into(),
            all: Vec::new(),
            refused: 0,
        }
    }

    pub(super) fn push(&mut self, item: Item) {
        self.refused += u64::from(item.error.is_some());
        self.all.push(item);
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused
    }

    /// The answer when everything that can be stored is.
    pub(super) fn answer(&self, took_ms: u128) -> Bytes {
        let mut out = BytesMut::with_capacity(64 + self.all.len() * ITEM_BYTES);
        let mut answer = JsonLine::begin(&mut out);
        answer.value("took", &u64::try_from(took_ms).unwrap_or(u64::MAX));
        answer.value("errors", &(self.refused > 0));
        answer.member("items", |out| {
            out.put_u8(b'[');
            let ids = clock::now().0;
            let mut id = String::new();
            for (ordinal, item) in self.all.iter().enumerate() {
                if ordinal > 0 {
                    out.put_u8(b',');
                }
                id.clear();
                let _ = write!(id, "{ids:016x}{ordinal:05x}");
                self.write(item, &id, out);
            }
            out.put_u8(b']');
        });
        answer.end();
        out.freeze()
    }

    fn write(&self, item: &Item, made_up: &str, out: &mut BytesMut) {
        let mut outer = JsonLine::begin(out);
        outer.member(item.verb.name(), |out| {
            let mut inner = JsonLine::begin(out);
            inner.value("_index", item.index.as_deref().unwrap_or(&self.index));
            inner.value("_id", item.id.as_deref().unwrap_or(made_up));
            match item.error {
                None => {
                    inner.value("_version", &1);
                    inner.value("result", "created");
                    inner.json("_shards", r#"{"total":1,"successful":1,"failed":0}"#);
                    inner.json("_seq_no", "0");
                    inner.json("_primary_term", "1");
                    inner.value("status", &201);
                }
                Some(error) => {
                    inner.value("status", &400);
                    inner.member("error", |out| error.write(out));
                }
            }
            inner.end();
        });
        outer.end();
    }
}

impl ItemError {
    fn write(self, out: &mut BytesMut) {
        let mut error = JsonLine::begin(out);
        match self {
            Self::NoAddition => {
                error.value("type", "illegal_argument_exception");
                let reason = "events are only added; use index or create";
                error.value("reason", reason);
            }
            Self::Document(reason) => {
                error.value("type", "document_parsing_exception");
                let text = format!("the document is not one JSON object: {reason}");
                error.value("reason", &text);
            }
        }
        error.end();
    }
}
