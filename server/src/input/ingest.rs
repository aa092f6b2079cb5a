//! `POST /ingest`: a body of any known format.

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Json, Router};
use bytes::Bytes;
use serde_json::json;
use yagura_parsers::{
    BlockExtent, EventBatch, Extent, Format, Framer, Input, Origin, Projection, ProjectionBuilder,
    recognise,
};

use super::packer::Packer;
use super::{Context, body};
use crate::clock;
use crate::intake::{Receipt, Refused};
use crate::parcel::{PARCEL_BYTES_MAX, Parcel};
use crate::source::{DropReason, Source};

/// The routes: `/ingest`, and `/ingest/FORMAT` for whoever knows better than the content.
pub fn router(context: Context) -> Router {
    Router::new()
        .route("/ingest", post(recognised))
        .route("/ingest/{format}", post(named))
        .with_state(context)
}

async fn recognised(
    State(context): State<Context>,
    Extension(source): Extension<Source>,
    request: Request,
) -> Response {
    take(&context, &source, None, request).await
}

async fn named(
    State(context): State<Context>,
    Extension(source): Extension<Source>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let known = Format::ALL.into_iter().find(|format| format.name() == name);
    let Some(format) = known else {
        source.dropped(DropReason::Malformed, 1);
        let names = Format::ALL.map(Format::name).join(", ");
        let error = format!("`{name}` is no format; there are {names}");
        return (StatusCode::NOT_FOUND, Json(json!({"error": error}))).into_response();
    };
    take(&context, &source, Some(format), request).await
}

async fn take(
    context: &Context,
    source: &Source,
    format: Option<Format>,
    request: Request,
) -> Response {
    let body = match body::read(request, &context.limits).await {
        Ok(body) => body,
        Err(error) => {
            source.dropped(error.reason, 1);
            return error.into_response();
        }
    };
    let format = format.unwrap_or_else(|| recognise(&body));
    let parcels = parcels(&body, format, source, context.limits.line_bytes);
    store(context, parcels).await
}

/// Hands all over, and answers when all are durable.
async fn store(context: &Context, parcels: Vec<Parcel>) -> Response {
    let all: u64 = parcels.iter().map(|parcel| u64::from(parcel.records)).sum();
    let mut promised: Vec<(u64, Receipt)> = Vec::new();
    let mut trouble = None;
    for parcel in parcels {
        let records = u64::from(parcel.records);
        match context
            .intake
            .submit_within(parcel, context.limits.room)
            .await
        {
            Ok(receipt) => promised.push((records, receipt)),
            Err(refused) => {
                trouble = Some(refused);
                break;
            }
        }
    }
    let mut accepted = 0;
    for (records, receipt) in promised {
        match receipt.durable().await {
            Ok(()) => accepted += records,
            Err(refused) => trouble = Some(refused),
        }
    }
    let refused = all - accepted;
    let Some(trouble) = trouble else {
        return Json(json!({"accepted": accepted, "refused": refused})).into_response();
    };
    let body = json!({
        "accepted": accepted,
        "refused": refused,
        "error": trouble.to_string(),
    });
    let status = match trouble {
        Refused::Full => StatusCode::TOO_MANY_REQUESTS,
        Refused::Failed(_) | Refused::Stopping => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, [(header::RETRY_AFTER, "5")], Json(body)).into_response()
}

/// Cuts a body between records.
fn parcels(body: &Bytes, format: Format, source: &Source, line_bytes: usize) -> Vec<Parcel> {
    match format {
        Format::Json | Format::WindowsXml | Format::Evtx | Format::Auditd => {
            framed(body, format, source)
        }
        _ => by_line(body, format, source, line_bytes),
    }
}

fn by_line(body: &[u8], format: Format, source: &Source, line_bytes: usize) -> Vec<Parcel> {
    let mut parcels = Vec::new();
    let mut packer = Packer::new(source.clone(), format, line_bytes);
    for line in body.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii_end();
        if line.is_empty() {
            continue;
        }
        if format == Format::JsonLines {
            // Cut JSON would be no JSON.
            packer.json(|out| out.extend_from_slice(line));
        } else {
            packer.line(line);
        }
        if packer.is_full() {
            parcels.extend(packer.take());
        }
    }
    parcels.extend(packer.take());
    parcels
}

fn framed(body: &Bytes, format: Format, source: &Source) -> Vec<Parcel> {
    let now = clock::now();
    let mut framer = Framer::new(format, now);
    let mut parcels = Vec::new();
    let mut counter = Counter::new();
    let (mut start, mut reach) = (0, PARCEL_BYTES_MAX);
    while start < body.len() {
        let end = (start + reach).min(body.len());
        let input = if end == body.len() {
            Input::Ended
        } else {
            Input::Open
        };
        let piece = body.slice(start..end);
        let cut = framer.cut(&piece, input).len;
        if cut == 0 {
            // A record that is longer than a parcel is one of its own.
            reach *= 2;
            continue;
        }
        let bytes = piece.slice(..cut);
        let records = counter.count(&bytes, format);
        if records > 0 {
            parcels.push(Parcel {
                source: source.clone(),
                format,
                received: now,
                records,
                bytes,
            });
        }
        (start, reach) = (start + cut, PARCEL_BYTES_MAX);
    }
    parcels
}

/// Counts the events of a block by reading them, without their fields.
struct Counter {
    batch: EventBatch,
    nothing: Projection,
}

impl Counter {
    fn new() -> Self {
        Self {
            batch: EventBatch::new(),
            nothing: ProjectionBuilder::new(Extent::Projected).build(),
        }
    }

    fn count(&mut self, bytes: &[u8], format: Format) -> u32 {
        self.batch.recycle().extend_from_slice(bytes);
        let origin = Origin {
            position: 0,
            near: clock::now(),
            extent: BlockExtent::Whole,
        };
        self.batch.parse(format, origin, &self.nothing);
        self.batch.len() as u32
    }
}
