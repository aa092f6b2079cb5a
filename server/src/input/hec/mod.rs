//! The HTTP event collector of Splunk.
//!
//! ```text
//!  /services/collector[/event]   {"time":…,"host":…,"event":…}{…}   any number, concatenated
//!  /services/collector/raw       lines
//!  /services/collector/ack       {"acks":[0,1]}  ─▶  {"acks":{"0":true,"1":true}}
//! ```
//!
//! Requests are answered when their events are durable, so whoever does not ask for
//! acknowledgements is safe, too.

mod acks;
mod event;
mod reply;

use std::str;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use yagura_parsers::{Format, recognise};

use self::acks::Acks;
use self::reply::{Code, Reply};
use super::Context;
use super::body::Contents;
use super::http::{Asked, Batch, Denied, Door, Tokens};
use super::ingest::blocks;
use crate::source::{DropReason, Source};

/// What only this input needs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct HecSettings {
    /// Who may send; without tokens everybody may.
    pub tokens: Tokens,
    /// Whether requests without a channel are refused, as Splunk does where acknowledgements are
    /// switched on for a token.
    pub require_channel: bool,
}

#[derive(Debug)]
struct Collector {
    door: Door,
    acks: Acks,
    require_channel: bool,
}

const CHANNEL_HEADER: &str = "x-splunk-request-channel";
/// Channels are GUIDs; some clients make up names.
const CHANNEL_BYTES_MAX: usize = 128;

/// The paths of this input.
pub fn router(context: Context, settings: HecSettings) -> Router {
    let collector = Arc::new(Collector {
        door: Door::new(context, settings.tokens),
        acks: Acks::default(),
        require_channel: settings.require_channel,
    });
    let mut router = Router::new().route("/services/collector/ack", post(ack).get(ack));
    for path in ["", "/event", "/event/1.0"] {
        router = router.route(&format!("/services/collector{path}"), post(events));
    }
    for path in ["/raw", "/raw/1.0"] {
        router = router.route(&format!("/services/collector{path}"), post(raw));
    }
    for path in ["/health", "/health/1.0"] {
        router = router.route(&format!("/services/collector{path}"), get(health));
    }
    router.with_state(collector)
}

async fn health(State(collector): State<Arc<Collector>>) -> Response {
    if collector.door.context.stop.is_cancelled() {
        return Reply::from(Code::Stopping).into_response();
    }
    Reply::from(Code::Healthy).into_response()
}

async fn events(State(collector): State<Arc<Collector>>, request: Request<Body>) -> Response {
    let opened = match collector.open(request).await {
        Ok(opened) => opened,
        Err(reply) => return reply.into_response(),
    };
    let mut batch = collector.door.batch(&opened.source);
    let text = String::from_utf8_lossy(&opened.contents.bytes);
    let outcome = event::collect(&text, &mut batch);
    drop(text);
    collector.close(opened, batch, outcome).await
}

async fn raw(State(collector): State<Arc<Collector>>, request: Request<Body>) -> Response {
    let opened = match collector.open(request).await {
        Ok(opened) => opened,
        Err(reply) => return reply.into_response(),
    };
    let mut batch = collector.door.batch(&opened.source);
    let outcome = lines(&opened.contents.bytes, &mut batch);
    collector.close(opened, batch, outcome).await
}

/// A request whose sender is known and whose body is read.
struct Opened {
    source: Source,
    channel: Option<String>,
    contents: Contents,
}

impl Collector {
    async fn open(&self, request: Request<Body>) -> Result<Opened, Reply> {
        let asked = Asked::new(&self.door, request);
        self.admit(&asked)?;
        let channel = channel_of(&asked.headers, &asked.uri);
        if self.require_channel && channel.is_none() {
            asked.source.dropped(DropReason::Malformed, 1);
            return Err(Reply::from(Code::ChannelMissing));
        }
        let Asked {
            source,
            headers,
            body,
            ..
        } = asked;
        let contents = self.door.body(&headers, body, &source).await;
        let contents = contents.map_err(|unreadable| match unreadable.status() {
            StatusCode::SERVICE_UNAVAILABLE => Reply::from(Code::Busy),
            status => Reply::from(Code::InvalidFormat).with(status, &unreadable.to_string()),
        })?;
        Ok(Opened {
            source,
            channel,
            contents,
        })
    }

    fn admit(&self, asked: &Asked) -> Result<(), Reply> {
        let denied = self.door.admit(&asked.headers, &asked.source);
        denied.map_err(|denied| {
            let code = match denied {
                Denied::Missing => Code::TokenRequired,
                Denied::Malformed => Code::InvalidAuthorization,
                Denied::Unknown => Code::InvalidToken,
            };
            Reply::from(code)
        })
    }

    /// Stores what was understood and answers.
    async fn close(&self, opened: Opened, batch: Batch, outcome: Outcome) -> Response {
        let Opened {
            source,
            channel,
            contents,
        } = opened;
        let _room = contents.into_room();
        if outcome.refused > 0 {
            source.dropped(DropReason::Malformed, outcome.refused);
        }
        if self.door.store(batch).await.is_err() {
            return Reply::from(Code::Busy).into_response();
        }
        let reply = if let Some((code, number)) = outcome.fault {
            Reply::from(code).at(number)
        } else {
            let id = channel.map(|channel| self.acks.next(&channel));
            Reply::from(Code::Success).acknowledged_by(id)
        };
        reply.into_response()
    }
}

/// How reading a body ended. What came before a fault is taken, as Splunk does.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    /// What is wrong, and with which event, counted from 0.
    fault: Option<(Code, Option<u64>)>,
    /// Events that were not taken, as far as they can be told apart.
    refused: u64,
}

impl Outcome {
    fn fault(code: Code, number: Option<u64>, refused: u64) -> Self {
        Self {
            fault: Some((code, number)),
            refused,
        }
    }
}

/// Lines of whatever format they are.
fn lines(body: &[u8], batch: &mut Batch) -> Outcome {
    let format = match recognise(body) {
        // What spans lines in a file comes here line by line.
        Format::Json => Format::JsonLines,
        Format::Evtx => return Outcome::fault(Code::InvalidFormat, None, 1),
        format => format,
    };
    if format == Format::WindowsXml {
        blocks::each(format, body, |block, records| {
            batch.block(format, block, records);
        });
        return Outcome::default();
    }
    let mut is_empty = true;
    for line in body.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        is_empty = false;
        if format == Format::JsonLines {
            batch.record(format, line);
        } else {
            batch.line(format, line);
        }
    }
    if is_empty {
        Outcome::fault(Code::NoData, None, 0)
    } else {
        Outcome::default()
    }
}

#[derive(Deserialize)]
struct Question {
    acks: Vec<u64>,
}

#[derive(Serialize)]
struct Answer {
    acks: std::collections::BTreeMap<u64, bool>,
}

async fn ack(State(collector): State<Arc<Collector>>, request: Request<Body>) -> Response {
    let opened = match collector.open(request).await {
        Ok(opened) => opened,
        Err(reply) => return reply.into_response(),
    };
    let Some(channel) = opened.channel else {
        opened.source.dropped(DropReason::Malformed, 1);
        return Reply::from(Code::ChannelMissing).into_response();
    };
    let Ok(question) = serde_json::from_slice::<Question>(&opened.contents.bytes) else {
        opened.source.dropped(DropReason::Malformed, 1);
        return Reply::from(Code::InvalidFormat).into_response();
    };
    let acks = collector.acks.ask(&channel, &question.acks);
    super::http::json(StatusCode::OK, &Answer { acks })
}

fn channel_of(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let in_query = || {
        let pairs = uri
            .query()?
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        pairs
            .into_iter()
            .find(|(key, _)| *key == "channel")
            .map(|(_, value)| value)
    };
    let in_header = headers
        .get(CHANNEL_HEADER)
        .and_then(|value| value.to_str().ok());
    let channel = in_header.or_else(in_query)?.trim();
    (!channel.is_empty() && channel.len() <= CHANNEL_BYTES_MAX).then(|| channel.to_owned())
}
