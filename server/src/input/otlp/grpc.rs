//! The same over gRPC: one message in a frame, and the status behind the answer.
//!
//! The frame is read here and not by a generated service, so that its body passes the same
//! limits as all others: size, expansion and progress.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use prost::Message;
use tonic::{Code, Status};

use super::{Coding, Tally, collect, count, response};
use crate::input::body::{Contents, Encoding, Unreadable};
use crate::input::http::{Asked, Door};
use crate::source::{DropReason, Source};

/// The one method.
pub(super) const PATH: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

/// A flag for compression, and the length.
const FRAME_HEAD_BYTES: usize = 5;
const CONTENT_TYPE: &str = "application/grpc";

pub(super) async fn export(State(door): State<Arc<Door>>, request: Request<Body>) -> Response {
    let asked = Asked::new(&door, request);
    match serve(&door, asked).await {
        Ok(tally) => success(&tally),
        Err(status) => status.into_http::<Body>().into_response(),
    }
}

async fn serve(door: &Door, asked: Asked) -> Result<Tally, Status> {
    let Asked {
        source,
        headers,
        body,
        ..
    } = asked;
    if door.admit(&headers, &source).is_err() {
        let text = "the token is missing or not known; send it as `authorization: Bearer TOKEN`";
        return Err(Status::unauthenticated(text));
    }
    let contents = door.room().read_plain(body).await;
    let message = match contents {
        Ok(contents) => message_in(door, &headers, contents).await,
        Err(unreadable) => Err(unreadable.into()),
    };
    let message = message.map_err(|refusal| refusal.counted(&source))?;
    let mut batch = door.batch(&source);
    let outcome = collect(
        Coding::Protobuf,
        &message.bytes,
        &door.context.limits,
        &mut batch,
    );
    let _room = message.into_room();
    count(&outcome, &source);
    let tally = outcome.map_err(|error| Status::invalid_argument(error.to_string()))?;
    let stored = door.store(batch).await;
    stored.map_err(|refused| Status::unavailable(refused.to_string()))?;
    Ok(tally)
}

/// Why there is no message.
struct Refusal {
    status: Status,
    reason: DropReason,
}

impl Refusal {
    fn malformed(text: &str) -> Self {
        Self {
            status: Status::invalid_argument(text),
            reason: DropReason::Malformed,
        }
    }

    fn counted(self, source: &Source) -> Status {
        source.dropped(self.reason, 1);
        self.status
    }
}

impl From<Unreadable> for Refusal {
    fn from(unreadable: Unreadable) -> Self {
        let code = match unreadable {
            Unreadable::TooSlow => Code::DeadlineExceeded,
            Unreadable::NoRoom => Code::Unavailable,
            Unreadable::UnknownEncoding(_) => Code::Unimplemented,
            Unreadable::TooLarge(_)
            | Unreadable::Expands(_)
            | Unreadable::Broken
            | Unreadable::Damaged(_) => Code::InvalidArgument,
        };
        Self {
            reason: unreadable.drop_reason(),
            status: Status::new(code, unreadable.to_string()),
        }
    }
}

/// Takes the only message out of its frame.
async fn message_in(
    door: &Door,
    headers: &HeaderMap,
    mut contents: Contents,
) -> Result<Contents, Refusal> {
    if contents.bytes.len() < FRAME_HEAD_BYTES {
        return Err(Refusal::malformed("the frame is torn"));
    }
    let flag = contents.bytes.get_u8();
    let len = contents.bytes.get_u32() as usize;
    if contents.bytes.len() != len {
        return Err(Refusal::malformed("one frame with one message is expected"));
    }
    let encoding = match flag {
        0 => None,
        1 => {
            let name = headers
                .get("grpc-encoding")
                .map_or(&b""[..], HeaderValue::as_bytes);
            Encoding::named(name)?
        }
        _ => return Err(Refusal::malformed("the frame has an unknown flag")),
    };
    Ok(match encoding {
        Some(encoding) => door.room().expand(contents, encoding).await?,
        None => contents,
    })
}

fn success(tally: &Tally) -> Response {
    let message = response(tally);
    let mut frame = BytesMut::with_capacity(FRAME_HEAD_BYTES + message.encoded_len());
    frame.put_u8(0);
    // The message holds a number and a sentence.
    frame.put_u32(message.encoded_len() as u32);
    frame.extend_from_slice(&message.encode_to_vec());
    let trailers = async {
        let mut trailers = HeaderMap::new();
        trailers.insert(Status::GRPC_STATUS, HeaderValue::from_static("0"));
        Some(Ok(trailers))
    };
    let body = Full::<Bytes>::new(frame.freeze()).with_trailers(trailers);
    let headers = [
        (header::CONTENT_TYPE, CONTENT_TYPE),
        (
            header::HeaderName::from_static("grpc-accept-encoding"),
            "gzip,deflate,zstd,identity",
        ),
    ];
    (StatusCode::OK, headers, Body::new(body)).into_response()
}
