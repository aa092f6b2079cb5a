//! Logs by HTTP as they are: `POST /ingest`, `POST /ingest/FORMAT`.
//!
//! The body is what a file would be. Its format is recognised, or named by the path or by
//! `?format=`; who names it is held to it: records that are not of that format are refused and
//! counted in the answer, where they would otherwise be kept as raw text.

pub(super) mod blocks;
mod text;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::{Deserialize, Serialize};
use yagura_parsers::{Format, Reason, recognise};

use super::Context;
use super::http::{Asked, Batch, Door, Tokens, Trial, json, later};
use crate::source::{DropReason, Source};

/// What only this input needs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct IngestSettings {
    /// Who may send; without tokens everybody may.
    pub tokens: Tokens,
}

/// The paths of this input.
pub fn router(context: Context, settings: IngestSettings) -> Router {
    let door = Arc::new(Door::new(context, settings.tokens));
    Router::new()
        .route("/ingest", post(recognised).put(recognised))
        .route("/ingest/{format}", post(named).put(named))
        .with_state(door)
}

/// A Windows event log file has a header and a chunk at least; less holds nothing to read.
const EVTX_BYTES_MIN: usize = (4 + 64) << 10;

/// What a client is told.
#[derive(Debug, Default, Serialize)]
struct Tally {
    accepted: u64,
    refused: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    reasons: BTreeMap<&'static str, u64>,
}

/// How the format of a body is known.
#[derive(Clone, Copy)]
enum Choice {
    Named(Format),
    Recognised,
}

async fn recognised(State(door): State<Arc<Door>>, request: Request<Body>) -> Response {
    let asked = Asked::new(&door, request);
    let name = asked.parameter("format").map(str::to_owned);
    take(&door, asked, name.as_deref()).await
}

async fn named(
    State(door): State<Arc<Door>>,
    Path(name): Path<String>,
    request: Request<Body>,
) -> Response {
    take(&door, Asked::new(&door, request), Some(&name)).await
}

async fn take(door: &Door, asked: Asked, name: Option<&str>) -> Response {
    let Asked {
        source,
        headers,
        body,
        ..
    } = asked;
    if door.admit(&headers, &source).is_err() {
        let answer = error(
            StatusCode::UNAUTHORIZED,
            "the token is missing or not known; send it as `Authorization: Bearer TOKEN`",
        );
        return ([(header::WWW_AUTHENTICATE, "Bearer")], answer).into_response();
    }
    let choice = match choose(name) {
        Ok(choice) => choice,
        Err(text) => {
            source.dropped(DropReason::Malformed, 1);
            return error(StatusCode::BAD_REQUEST, &text);
        }
    };
    let contents = match door.body(&headers, body, &source).await {
        Ok(contents) => contents,
        Err(unreadable) => {
            let answer = error(unreadable.status(), &unreadable.to_string());
            return if unreadable.status() == StatusCode::SERVICE_UNAVAILABLE {
                later(answer)
            } else {
                answer
            };
        }
    };
    let mut batch = door.batch(&source);
    let tally = {
        let text = text::of(&contents.bytes);
        collect(&text, choice, &mut batch)
    };
    let _room = contents.into_room();
    answer(door, &source, batch, &tally).await
}

async fn answer(door: &Door, source: &Source, batch: Batch, tally: &Tally) -> Response {
    if tally.refused > 0 {
        source.dropped(DropReason::Malformed, tally.refused);
    }
    if let Err(refused) = door.store(batch).await {
        return later(error(StatusCode::SERVICE_UNAVAILABLE, &refused.to_string()));
    }
    let status = if tally.accepted == 0 && tally.refused > 0 {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    json(status, tally)
}

fn error(status: StatusCode, text: &str) -> Response {
    json(status, &serde_json::json!({ "error": text }))
}

fn choose(name: Option<&str>) -> Result<Choice, String> {
    let Some(name) = name else {
        return Ok(Choice::Recognised);
    };
    let found = Format::from_name(name);
    found.map(Choice::Named).ok_or_else(|| {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
        let name: String = name.chars().take(40).collect();
        format!(
            "no format is called `{name}`; there are {}, or leave it out",
            names.join(", ")
        )
    })
}

/// Cuts a body into records.
fn collect(text: &[u8], choice: Choice, batch: &mut Batch) -> Tally {
    let (format, mut trial) = match choice {
        Choice::Named(format) => (format, Some(Trial::new())),
        Choice::Recognised => (recognise(text), None),
    };
    let mut tally = Tally::default();
    match format {
        Format::Json | Format::WindowsXml | Format::Evtx | Format::Auditd => {
            blocks::each(format, text, |block, records| {
                batch.block(format, block, records);
                tally.accepted += u64::from(records);
            });
            if format == Format::Evtx && text.len() < EVTX_BYTES_MIN {
                tally.refused += 1;
                tally.reasons.insert(Reason::DamagedChunk.name(), 1);
            }
        }
        _ => {
            for line in text::lines(text) {
                let fault = trial.as_mut().and_then(|trial| trial.fault(format, line));
                if let Some(reason) = fault {
                    tally.refused += 1;
                    *tally.reasons.entry(reason.name()).or_default() += 1;
                    continue;
                }
                tally.accepted += 1;
                if format == Format::JsonLines {
                    batch.record(format, line);
                } else {
                    batch.line(format, line);
                }
            }
        }
    }
    tally
}
