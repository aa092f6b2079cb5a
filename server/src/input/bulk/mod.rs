//! The part of the Elasticsearch API that log shippers write to.
//!
//! ```text
//!  GET / …        handshake: as much as clients ask for before they send
//!  POST /_bulk    {"create":{"_index":"logs"}}     one action, one document …
//!                 {"@timestamp":"…","message":"…"}
//!  answer         after everything is durable, with a status for each document
//! ```
//!
//! Nothing is indexed: documents become events as they stand. Only additions make sense for
//! events; `update` and `delete` are refused item by item.

mod action;
mod handshake;
mod items;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Deserialize;
use serde_json::json as value;
use tokio::time::Instant;
use yagura_parsers::Format;

use self::action::{Action, Verb};
use self::items::{Item, ItemError, Items};
use super::Context;
use super::http::{Asked, Batch, Door, Tokens, Trial, json, later};
use crate::source::{DropReason, Source};

/// What only this input needs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct BulkSettings {
    /// Who may send: passwords of basic authentication, API keys or bearer tokens; without any
    /// everybody may.
    pub tokens: Tokens,
    /// Which version of Elasticsearch clients are told that they talk to. They refuse one that
    /// is too old for them.
    pub version: String,
}

impl Default for BulkSettings {
    fn default() -> Self {
        Self {
            tokens: Tokens::default(),
            version: "8.19.0".to_owned(),
        }
    }
}

/// Items of one request: their statuses are held in memory, and clients send some thousands.
const ITEMS_MAX: usize = 65_536;

/// Without it the official clients do not go on.
const PRODUCT: (HeaderName, &str) = (
    HeaderName::from_static("x-elastic-product"),
    "Elasticsearch",
);

/// The paths of this input.
pub fn router(context: Context, settings: BulkSettings) -> Router {
    let door = Arc::new(Door::new(context, settings.tokens));
    let bulk = post(to_any).put(to_any);
    let to_one = post(to_index).put(to_index);
    Router::new()
        .route("/_bulk", bulk)
        .route("/{index}/_bulk", to_one.clone())
        // Clients of old name a type, too.
        .route("/{index}/{type}/_bulk", to_one)
        .with_state(Arc::clone(&door))
        .merge(handshake::router(door, &settings.version))
}

async fn to_any(State(door): State<Arc<Door>>, request: Request<Body>) -> Response {
    bulk(&door, None, request).await
}

async fn to_index(
    State(door): State<Arc<Door>>,
    Path(path): Path<Vec<(String, String)>>,
    request: Request<Body>,
) -> Response {
    let index = path.into_iter().next().map(|(_, index)| index);
    bulk(&door, index.as_deref(), request).await
}

async fn bulk(door: &Door, index: Option<&str>, request: Request<Body>) -> Response {
    let begun = Instant::now();
    let Asked {
        source,
        headers,
        body,
        ..
    } = Asked::new(door, request);
    if door.admit(&headers, &source).is_err() {
        return unauthorised();
    }
    let contents = match door.body(&headers, body, &source).await {
        Ok(contents) => contents,
        Err(unreadable) => {
            let (status, kind) = match unreadable.status() {
                StatusCode::SERVICE_UNAVAILABLE => (StatusCode::TOO_MANY_REQUESTS, FULL),
                status => (status, "parse_exception"),
            };
            return error(status, kind, &unreadable.to_string());
        }
    };
    let mut batch = door.batch(&source);
    let items = match collect(&contents.bytes, index, &mut batch) {
        Ok(items) => items,
        Err(refusal) => {
            source.dropped(refusal.reason, refusal.documents);
            return error(refusal.status, refusal.kind, &refusal.text);
        }
    };
    let _room = contents.into_room();
    count(&items, &source);
    if let Err(refused) = door.store(batch).await {
        return error(StatusCode::TOO_MANY_REQUESTS, FULL, &refused.to_string());
    }
    let took = begun.elapsed().as_millis();
    let kind = (header::CONTENT_TYPE, "application/json");
    ([kind, PRODUCT], items.answer(took)).into_response()
}

const FULL: &str = "es_rejected_execution_exception";

/// Why nothing of a request was taken.
struct Refusal {
    status: StatusCode,
    kind: &'static str,
    text: String,
    reason: DropReason,
    documents: u64,
}

/// Reads actions and documents. An action that is none makes the rest of the body meaningless.
fn collect(body: &[u8], index: Option<&str>, batch: &mut Batch) -> Result<Items, Refusal> {
    let mut items = Items::new(index);
    let mut trial = Trial::new();
    let mut lines = numbered_lines(body);
    while let Some((number, line)) = lines.next() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let refuse = |text: String| malformed(text, items.len() as u64 + 1);
        if items.len() >= ITEMS_MAX {
            return Err(Refusal {
                status: StatusCode::PAYLOAD_TOO_LARGE,
                reason: DropReason::TooLarge,
                ..refuse(format!("more than {ITEMS_MAX} items; send smaller batches"))
            });
        }
        let action = Action::parse(line)
            .map_err(|text| refuse(format!("malformed action on line {number}: {text}")))?;
        let error = if action.verb == Verb::Delete {
            Some(ItemError::NoAddition)
        } else {
            let Some((_, document)) = lines.next() else {
                return Err(refuse(format!(
                    "no document after the action on line {number}"
                )));
            };
            put(action.verb, document, batch, &mut trial)
        };
        items.push(Item::new(&action, error));
    }
    if items.len() == 0 {
        return Err(malformed("request body is required".to_owned(), 1));
    }
    Ok(items)
}

fn malformed(text: String, documents: u64) -> Refusal {
    Refusal {
        status: StatusCode::BAD_REQUEST,
        kind: "illegal_argument_exception",
        text,
        reason: DropReason::Malformed,
        documents,
    }
}

/// Adds a document to the batch, or says why not.
fn put(verb: Verb, document: &[u8], batch: &mut Batch, trial: &mut Trial) -> Option<ItemError> {
    if verb == Verb::Update {
        return Some(ItemError::NoAddition);
    }
    let document = document.trim_ascii();
    if let Some(reason) = trial.object_fault(document) {
        return Some(ItemError::Document(reason.name()));
    }
    batch.record(Format::JsonLines, document);
    None
}

fn count(items: &Items, source: &Source) {
    let refused = items.refused();
    if refused > 0 {
        source.dropped(DropReason::Malformed, refused);
    }
}

fn numbered_lines(body: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    let lines = body.split(|byte| *byte == b'\n');
    lines.enumerate().map(|(index, line)| (index + 1, line))
}

fn unauthorised() -> Response {
    let answer = error(
        StatusCode::UNAUTHORIZED,
        "security_exception",
        "missing or unknown credentials; use a token of this input as API key, bearer token or \
         password",
    );
    ([(header::WWW_AUTHENTICATE, "ApiKey")], answer).into_response()
}

/// An error as Elasticsearch writes it.
fn error(status: StatusCode, kind: &str, text: &str) -> Response {
    let cause = value!({ "type": kind, "reason": text });
    let body = value!({
        "error": { "root_cause": [cause], "type": kind, "reason": text },
        "status": status.as_u16(),
    });
    let answer = ([PRODUCT], json(status, &body)).into_response();
    match status {
        StatusCode::TOO_MANY_REQUESTS => later(answer),
        _ => answer,
    }
}
