//! The serving loop of everything that speaks HTTP.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio_rustls::rustls::ServerConfig;

use crate::api;
use crate::input::listener::{Listener, Peer};
use crate::input::{Context, InputError, ingest};

/// What the API's listener serves.
pub struct Api {
    /// The API.
    pub api: api::Api,
    /// With TLS.
    pub tls: Option<Arc<ServerConfig>>,
}

/// Binds the listener of the API and of `/ingest`; the future serves until the inputs have to
/// stop.
///
/// # Errors
/// The address is taken, or not of this machine.
pub async fn bind(
    address: SocketAddr,
    api: Api,
    context: Context,
) -> Result<(SocketAddr, impl Future<Output = ()> + Send), InputError> {
    let listener = Listener::bind(address, api.tls, context).await?;
    let address = listener.address();
    let router = api::router(api.api.clone());
    let ingest = api::guarded(ingest::router(listener.context().clone()), api.api);
    Ok((address, run(listener, router.merge(ingest))))
}

/// Serves a router. Handlers find the client's [`crate::Source`] and address among the
/// request's extensions.
pub async fn run(listener: Listener, router: Router) {
    listener.run(move |peer| serve(peer, router.clone())).await;
}

async fn serve(peer: Peer, router: Router) {
    let Peer {
        stream,
        address,
        source,
        context,
    } = peer;
    let router = router
        .layer(Extension(source.clone()))
        .layer(Extension(address));
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(context.limits.handshake);
    builder.http2().timer(TokioTimer::new());
    let service = TowerToHyperService::new(router);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = context.stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(source = source.name(), %error, "connection ended");
    }
}
