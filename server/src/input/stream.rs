//! A connection, with or without TLS, that does not wait for ever.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};
use tokio_rustls::server::TlsStream;

/// Reads and writes end with [`io::ErrorKind::TimedOut`] if nothing moves for the idle time.
#[derive(Debug)]
pub struct Stream {
    inner: Inner,
    idle: Duration,
    reading: Pin<Box<Sleep>>,
    writing: Pin<Box<Sleep>>,
}

#[derive(Debug)]
enum Inner {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// A connection without TLS.
    pub fn plain(stream: TcpStream, idle: Duration) -> Self {
        Self::new(Inner::Plain(stream), idle)
    }

    /// A connection whose handshake is done.
    pub fn tls(stream: TlsStream<TcpStream>, idle: Duration) -> Self {
        Self::new(Inner::Tls(Box::new(stream)), idle)
    }

    fn new(inner: Inner, idle: Duration) -> Self {
        Self {
            inner,
            idle,
            reading: Box::pin(sleep(idle)),
            writing: Box::pin(sleep(idle)),
        }
    }
}

/// Passes what is ready on and begins the time anew; else asks whether the time is over.
fn within<T>(
    polled: Poll<io::Result<T>>,
    timer: &mut Pin<Box<Sleep>>,
    idle: Duration,
    cx: &mut Context<'_>,
) -> Poll<io::Result<T>> {
    if polled.is_ready() {
        timer.as_mut().reset(Instant::now() + idle);
        return polled;
    }
    match timer.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
        Poll::Pending => Poll::Pending,
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = match &mut this.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Inner::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        };
        within(polled, &mut this.reading, this.idle, cx)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = match &mut this.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Inner::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        };
        if polled.is_ready() {
            // Whoever is answered may take its time for the next request.
            this.reading.as_mut().reset(Instant::now() + this.idle);
        }
        within(polled, &mut this.writing, this.idle, cx)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().inner {
            Inner::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Inner::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().inner {
            Inner::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Inner::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
