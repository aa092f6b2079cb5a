//! Serves HTTP/1.1 and HTTP/2 (by TLS or by prior knowledge) over a [`Listener`].
//!
//! The inputs over HTTP and the API mount their [`Router`]s here; a handler finds its client's
//! [`Source`] and [`SocketAddr`] among the request's extensions.

mod head;

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::pin::pin;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tower::ServiceExt;

use self::head::{HeadClock, TimedHead};
use crate::input::listener::{Listener, Peer};
use crate::source::{DropReason, Source};

/// Requests of one connection at a time.
const STREAMS_MAX: u32 = 64;
/// What HTTP/2 buffers of one request before its handler reads it.
const STREAM_WINDOW_BYTES: u32 = 128 << 10;
const CONNECTION_WINDOW_BYTES: u32 = 256 << 10;
/// Names and values of a request's headers.
const HEAD_BYTES_MAX: u32 = 64 << 10;

/// Serves until the input has to stop; requests that are under way then are still answered.
pub async fn run(listener: Listener, router: Router) {
    listener.run(move |peer| serve(peer, router.clone())).await;
}

async fn serve(peer: Peer, router: Router) {
    let Peer {
        stream,
        address,
        source,
        context,
        // Bodies have a room of their own.
        room: _,
    } = peer;
    let client = (source.clone(), address);
    let clock = HeadClock::default();
    let io = TokioIo::new(TimedHead::new(
        stream,
        clock.clone(),
        context.limits.handshake,
    ));
    let service =
        service_fn(move |request| answer(request, client.clone(), router.clone(), clock.clone()));
    let builder = builder();
    let mut connection = pin!(builder.serve_connection(io, service));
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = context.stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        count(&*error, &source);
    }
}

async fn answer(
    mut request: Request<Incoming>,
    (source, address): (Source, SocketAddr),
    router: Router,
    clock: HeadClock,
) -> Result<Response<Body>, Infallible> {
    let _at_work = clock.complete(request.version());
    request.extensions_mut().insert(source);
    request.extensions_mut().insert(address);
    router.oneshot(request.map(Body::new)).await
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // The time for a head is kept by `TimedHead`: that of hyper would also end connections that
    // wait for their next request.
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(HEAD_BYTES_MAX as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_header_list_size(HEAD_BYTES_MAX);
    builder
}

/// Counts a connection that did not end as agreed. Going away between requests is no fault.
fn count(error: &(dyn Error + 'static), source: &Source) {
    let mut reason = None;
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<hyper::Error>()
            && error.is_parse()
        {
            reason = Some(DropReason::Malformed);
        }
        if let Some(error) = error.downcast_ref::<std::io::Error>()
            && head::is_overdue(error)
        {
            reason = Some(DropReason::TimedOut);
        }
        cause = error.source();
    }
    if let Some(reason) = reason {
        source.dropped(reason, 1);
    }
    tracing::debug!(source = source.name(), %error, "connection ended");
}
