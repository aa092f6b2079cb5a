//! The time that the head of a request may take.
//!
//! It runs from the first byte of a request until the request is understood. A connection that
//! waits for its next request is not in a hurry: that is the idle time of the stream below.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Version;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// Where in a request a connection is.
#[derive(Clone, Debug, Default)]
pub(super) struct HeadClock(Arc<AtomicU8>);

/// Nothing of a request has come; the next byte begins one.
const WAITING: u8 = 0;
/// A head comes.
const HEAD: u8 = 1;
/// Bodies and answers.
const AT_WORK: u8 = 2;

impl HeadClock {
    /// The head is there. The next one is waited for when the guard is dropped.
    pub(super) fn complete(&self, version: Version) -> Option<AtWork> {
        self.0.store(AT_WORK, Ordering::Relaxed);
        // Requests of HTTP/2 overlap, and what comes between them are frames of the connection.
        (version < Version::HTTP_2).then(|| AtWork(self.clone()))
    }
}

/// See [`HeadClock::complete`].
pub(super) struct AtWork(HeadClock);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.0.store(WAITING, Ordering::Relaxed);
    }
}

/// A stream that fails when a head takes too long.
pub(super) struct TimedHead<S> {
    stream: S,
    clock: HeadClock,
    time: Duration,
    due: Pin<Box<Sleep>>,
}

#[derive(Debug)]
struct Overdue;

impl fmt::Display for Overdue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the head of a request took too long")
    }
}

impl std::error::Error for Overdue {}

/// Whether an error is about the time of a head.
pub(super) fn is_overdue(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(<dyn std::error::Error + Send + Sync>::is::<Overdue>)
}

impl<S> TimedHead<S> {
    pub(super) fn new(stream: S, clock: HeadClock, time: Duration) -> Self {
        Self {
            stream,
            clock,
            time,
            due: Box::pin(sleep(time)),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedHead<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.stream).poll_read(cx, buf);
        let state = &this.clock.0;
        if polled.is_ready() {
            let begins =
                state.compare_exchange(WAITING, HEAD, Ordering::Relaxed, Ordering::Relaxed);
            if begins.is_ok() {
                this.due.as_mut().reset(Instant::now() + this.time);
            }
        }
        if state.load(Ordering::Relaxed) == HEAD && this.due.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, Overdue)));
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedHead<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
