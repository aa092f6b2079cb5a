//! What the inputs over HTTP have in common.
//!
//! ```text
//!  request ─▶ Door (who is it, may it, its body) ─▶ protocol ─▶ Batch ─▶ parcels ─▶ durable
//! ```

mod batch;
mod envelope;
mod json_line;
mod tokens;
mod trial;

use std::fmt;

use axum::body::Body;
use axum::http::{Extensions, HeaderMap, Request, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

pub(crate) use self::batch::Batch;
pub(crate) use self::envelope::{Envelope, Text};
pub(crate) use self::json_line::{JsonLine, value as json_value};
pub(crate) use self::tokens::Denied;
pub use self::tokens::Tokens;
pub(crate) use self::trial::Trial;
use super::Context;
use super::body::{BodyRoom, Contents, Unreadable};
use crate::intake::Refused;
use crate::source::{DropReason, Source};

/// Seconds after which a client that was told "later" may come again.
pub(crate) const RETRY_AFTER_SECONDS: &str = "1";

/// What every request of an input passes.
pub(crate) struct Door {
    pub(crate) context: Context,
    tokens: Tokens,
    room: BodyRoom,
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").finish_non_exhaustive()
    }
}

impl Door {
    pub(crate) fn new(context: Context, tokens: Tokens) -> Self {
        let room = BodyRoom::new(&context.limits);
        Self {
            context,
            tokens,
            room,
        }
    }

    /// Who sends: the input as such if the serving loop did not say.
    pub(crate) fn source(&self, extensions: &Extensions) -> Source {
        let of_input = || self.context.sources.of_input(&self.context.name);
        extensions.get::<Source>().cloned().unwrap_or_else(of_input)
    }

    /// Whether the sender may; refusals are counted.
    pub(crate) fn admit(&self, headers: &HeaderMap, source: &Source) -> Result<(), Denied> {
        let admitted = self.tokens.admit(headers.get(header::AUTHORIZATION));
        if admitted.is_err() {
            source.dropped(DropReason::Unauthorised, 1);
        }
        admitted
    }

    /// The body of a request, decompressed; refusals are counted.
    pub(crate) async fn body(
        &self,
        headers: &HeaderMap,
        body: Body,
        source: &Source,
    ) -> Result<Contents, Unreadable> {
        let contents = self.room.read(headers, body).await;
        contents.inspect_err(|error| source.dropped(error.drop_reason(), 1))
    }

    pub(crate) fn room(&self) -> &BodyRoom {
        &self.room
    }

    /// An empty batch of that source.
    pub(crate) fn batch(&self, source: &Source) -> Batch {
        Batch::new(source.clone(), self.context.limits.line_bytes)
    }

    /// Hands a batch over and waits until it is durable.
    pub(crate) async fn store(&self, batch: Batch) -> Result<(), Refused> {
        batch.deliver(&self.context).await
    }
}

/// A request taken apart: who sent it, what it says, and its body still to be read.
pub(crate) struct Asked {
    pub(crate) source: Source,
    pub(crate) headers: HeaderMap,
    pub(crate) uri: Uri,
    pub(crate) body: Body,
}

impl Asked {
    pub(crate) fn new(door: &Door, request: Request<Body>) -> Self {
        let (head, body) = request.into_parts();
        Self {
            source: door.source(&head.extensions),
            headers: head.headers,
            uri: head.uri,
            body,
        }
    }

    /// The value of a parameter in the query, as it stands there: those that are asked for are
    /// names and ids, which need no escapes.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let pairs = self.uri.query()?.split('&');
        pairs
            .filter_map(|pair| pair.split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value))
    }
}

/// An answer in JSON.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let text = serde_json::to_vec(value).unwrap_or_default();
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, text).into_response()
}

/// Adds what a client needs that is told to come again.
pub(crate) fn later(answer: Response) -> Response {
    ([(header::RETRY_AFTER, RETRY_AFTER_SECONDS)], answer).into_response()
}

/// A time in nanoseconds from seconds in decimal digits with a fraction; `None` if it is none.
pub(crate) fn unix_seconds(text: &str) -> Option<yagura_parsers::Timestamp> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = fraction.get(..9).unwrap_or(fraction);
    let nanos: u32 = format!("{digits:0<9}").parse().ok()?;
    yagura_parsers::Timestamp::from_unix(seconds.parse().ok()?, nanos)
}
