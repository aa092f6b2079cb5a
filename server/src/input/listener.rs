//! Accepts connections: how many, from whom, and with a handshake that ends.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_util::task::TaskTracker;

use super::room::Room;
use super::stream::Stream;
use super::{Context, InputError};
use crate::source::{DropReason, Source};

/// A bound socket that does not accept yet.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    context: Context,
}

/// A client that is let in.
#[derive(Debug)]
pub struct Peer {
    /// The connection; its handshake is done.
    pub stream: Stream,
    /// Where it comes from.
    pub address: SocketAddr,
    /// Its source.
    pub source: Source,
    /// What the input works with.
    pub context: Context,
    /// Memory that it shares with the other clients.
    pub room: Room,
}

/// The system is asked again after that time when it has no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

impl Listener {
    /// Binds.
    ///
    /// # Errors
    /// [`InputError::Bind`].
    pub async fn bind(
        address: SocketAddr,
        tls: Option<Arc<ServerConfig>>,
        context: Context,
    ) -> Result<Self, InputError> {
        let bind = |error| InputError::Bind { address, error };
        let socket = TcpListener::bind(address).await.map_err(bind)?;
        let address = socket.local_addr().map_err(bind)?;
        Ok(Self {
            socket,
            address,
            tls,
            context,
        })
    }

    /// Where it listens: the port that the system chose, if it was 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the input works with.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Calls `serve` for each connection, in a task of its own, until the input has to stop;
    /// then waits for them. `serve` ends by itself when [`Context::stop`] is cancelled.
    pub async fn run<F>(self, serve: impl Fn(Peer) -> F + Clone + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let connections = Arc::new(Semaphore::new(self.context.limits.connections));
        let room = Room::new(&self.context.limits);
        let tasks = TaskTracker::new();
        while let Some((stream, address)) = self.accept().await {
            let source = self
                .context
                .sources
                .of_peer(&self.context.name, address.ip());
            let Ok(permit) = Arc::clone(&connections).try_acquire_owned() else {
                source.dropped(DropReason::TooManyConnections, 1);
                continue;
            };
            let (tls, context, serve) = (self.tls.clone(), self.context.clone(), serve.clone());
            let room = room.clone();
            tasks.spawn(async move {
                let open = source.connected();
                if let Some(stream) = greet(stream, tls, &context, &source).await {
                    let peer = Peer {
                        stream,
                        address,
                        source,
                        context,
                        room,
                    };
                    serve(peer).await;
                }
                drop((open, permit));
            });
        }
        tasks.close();
        tasks.wait().await;
    }

    /// The next connection, or `None` if the input has to stop.
    async fn accept(&self) -> Option<(TcpStream, SocketAddr)> {
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                () = self.context.stop.cancelled() => return None,
            };
            match accepted {
                Ok(accepted) => return Some(accepted),
                Err(error) => {
                    tracing::warn!(input = &*self.context.name, %error, "cannot accept");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// Does the handshake, if there is one. `None` if it failed, which is counted.
async fn greet(
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    context: &Context,
    source: &Source,
) -> Option<Stream> {
    let limits = &context.limits;
    // An acknowledgement is small and somebody waits for it.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return Some(Stream::plain(stream, limits.idle));
    };
    match timeout(limits.handshake, TlsAcceptor::from(tls).accept(stream)).await {
        Ok(Ok(stream)) => Some(Stream::tls(stream, limits.idle)),
        Ok(Err(error)) => {
            source.dropped(handshake_drop(&error), 1);
            tracing::debug!(source = source.name(), %error, "TLS handshake failed");
            None
        }
        Err(_) => {
            source.dropped(DropReason::TimedOut, 1);
            None
        }
    }
}

fn handshake_drop(error: &io::Error) -> DropReason {
    let text = error.to_string();
    if text.contains("certificate") {
        DropReason::Unauthorised
    } else {
        DropReason::Malformed
    }
}
