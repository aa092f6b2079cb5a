//! Logs by the OpenTelemetry protocol: over HTTP as protobuf or JSON, and over gRPC.
//!
//! ```text
//!  /v1/logs                               application/x-protobuf | application/json
//!  /opentelemetry.proto…LogsService/Export   application/grpc
//!        └─▶ one LogRecord at a time ─▶ record: JSON line, or the format of its text
//! ```
//!
//! Messages are read record by record: a request decoded as a whole takes up to a hundred times
//! its own size, and a stranger decides on that factor.

mod grpc;
mod json;
mod protobuf;
mod record;
mod value;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceResponse,
};
use prost::Message;
use serde::Deserialize;
use serde_json::json as value;

use self::record::{Records, Tally};
use super::Context;
use super::http::{Asked, Batch, Door, Tokens, json as json_answer, later};
use crate::limits::Limits;
use crate::source::{DropReason, Source};

/// What only this input needs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct OtlpSettings {
    /// Who may send, as bearer tokens; without any everybody may.
    pub tokens: Tokens,
}

/// Bytes of one record, or of what it shares with others. A record takes some forty times as much
/// memory while it is read.
const RECORD_BYTES_MAX: usize = 1 << 20;

/// The paths of this input, those of gRPC among them.
pub fn router(context: Context, settings: OtlpSettings) -> Router {
    let door = Arc::new(Door::new(context, settings.tokens));
    Router::new()
        .route("/v1/logs", post(export))
        .route(grpc::PATH, post(grpc::export))
        .with_state(door)
}

/// How a message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Protobuf,
    Json,
}

/// Why nothing of a message is taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum NotTaken {
    /// It is not of that protocol.
    #[error("the message is no export of logs: {0}")]
    NoExport(Box<str>),
    /// Every record becomes as large as what it shares with the others.
    #[error(
        "with the attributes of their resources the records are too large; send smaller batches"
    )]
    Grows,
}

/// How many times larger than a batch may be its records may become.
const GROWTH_MAX: usize = 4;

/// Reads a message into a batch.
fn collect(
    coding: Coding,
    message: &[u8],
    limits: &Limits,
    batch: &mut Batch,
) -> Result<Tally, NotTaken> {
    let mut records = Records::new(batch, limits.batch_bytes.saturating_mul(GROWTH_MAX));
    match coding {
        Coding::Protobuf => protobuf::collect(message, &mut records),
        Coding::Json => json::collect(message, &mut records),
    }?;
    Ok(records.tally)
}

fn count(outcome: &Result<Tally, NotTaken>, source: &Source) {
    match outcome {
        Ok(tally) if tally.rejected > 0 => source.dropped(DropReason::Malformed, tally.rejected),
        Ok(_) => {}
        Err(NotTaken::NoExport(_)) => source.dropped(DropReason::Malformed, 1),
        Err(NotTaken::Grows) => source.dropped(DropReason::TooLarge, 1),
    }
}

async fn export(State(door): State<Arc<Door>>, request: Request<Body>) -> Response {
    let Asked {
        source,
        headers,
        body,
        ..
    } = Asked::new(&door, request);
    let Some(coding) = coding_of(&headers) else {
        source.dropped(DropReason::Malformed, 1);
        return error(
            Coding::Json,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the content type has to be application/x-protobuf or application/json",
        );
    };
    if door.admit(&headers, &source).is_err() {
        let text = "the token is missing or not known; send it as `Authorization: Bearer TOKEN`";
        let answer = error(coding, StatusCode::UNAUTHORIZED, text);
        return ([(header::WWW_AUTHENTICATE, "Bearer")], answer).into_response();
    }
    let contents = match door.body(&headers, body, &source).await {
        Ok(contents) => contents,
        Err(unreadable) => return error(coding, unreadable.status(), &unreadable.to_string()),
    };
    let mut batch = door.batch(&source);
    let outcome = collect(coding, &contents.bytes, &door.context.limits, &mut batch);
    let _room = contents.into_room();
    count(&outcome, &source);
    let tally = match outcome {
        Ok(tally) => tally,
        Err(not_taken) => {
            let status = match not_taken {
                NotTaken::NoExport(_) => StatusCode::BAD_REQUEST,
                NotTaken::Grows => StatusCode::PAYLOAD_TOO_LARGE,
            };
            return error(coding, status, &not_taken.to_string());
        }
    };
    match door.store(batch).await {
        Ok(()) => success(coding, &tally),
        Err(refused) => error(
            coding,
            StatusCode::SERVICE_UNAVAILABLE,
            &refused.to_string(),
        ),
    }
}

fn coding_of(headers: &HeaderMap) -> Option<Coding> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let kind = kind.split(';').next().unwrap_or_default().trim();
    match &*kind.to_ascii_lowercase() {
        "application/x-protobuf" | "application/protobuf" => Some(Coding::Protobuf),
        "application/json" => Some(Coding::Json),
        _ => None,
    }
}

fn response(tally: &Tally) -> ExportLogsServiceResponse {
    let partial_success = (tally.rejected > 0).then(|| ExportLogsPartialSuccess {
        rejected_log_records: i64::try_from(tally.rejected).unwrap_or(i64::MAX),
        error_message: tally.why.clone(),
    });
    ExportLogsServiceResponse { partial_success }
}

fn success(coding: Coding, tally: &Tally) -> Response {
    match coding {
        Coding::Protobuf => protobuf_answer(StatusCode::OK, response(tally).encode_to_vec()),
        Coding::Json if tally.rejected > 0 => json_answer(
            StatusCode::OK,
            &value!({ "partialSuccess": {
                // 64-bit integers are strings in the JSON of protobuf.
                "rejectedLogRecords": tally.rejected.to_string(),
                "errorMessage": tally.why,
            } }),
        ),
        Coding::Json => json_answer(StatusCode::OK, &value!({})),
    }
}

/// The body of an error is a `google.rpc.Status`; only its text says something here.
fn error(coding: Coding, status: StatusCode, text: &str) -> Response {
    let answer = match coding {
        Coding::Protobuf => protobuf_answer(status, protobuf::status(text)),
        Coding::Json => json_answer(status, &value!({ "message": text })),
    };
    match status {
        StatusCode::SERVICE_UNAVAILABLE => later(answer),
        _ => answer,
    }
}

fn protobuf_answer(status: StatusCode, message: Vec<u8>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/x-protobuf")];
    (status, kind, message).into_response()
}
