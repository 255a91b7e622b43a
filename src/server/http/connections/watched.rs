//! A connection that ends when its peer makes no progress: time-outs in both directions,
//! under HTTP and over TLS.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use actix_web::rt::time::{Sleep, sleep};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::admission::{ConnectionSlot, Waiting};
use super::progress::{Patience, Progress, UNREAD, UNREAD_BYTES};
use crate::metrics::ConnectionEnd;

/// The stream of a connection, watched.
pub(in crate::http) struct Watched<T> {
    io: T,
    place: ConnectionSlot,
    progress: Rc<Progress>,
    /// What one on which no byte of HTTP has arrived counts as.
    new: Waiting,
    unread: Option<Unread>,
    timer: Pin<Box<Sleep>>,
}

/// What was written and finds no room.
struct Unread {
    since: Instant,
    bytes: usize,
}

impl<T> Watched<T> {
    /// Of a connection on which nothing was said but, perhaps, a handshake of TLS.
    pub(super) fn new(io: T, place: ConnectionSlot, new: Waiting, patience: Patience) -> Self {
        Watched {
            io,
            place,
            progress: Rc::new(Progress::new(patience)),
            new,
            unread: None,
            timer: Box::pin(sleep(patience.keep_alive)),
        }
    }

    /// The stream itself.
    pub(in crate::http) fn io(&self) -> &T {
        &self.io
    }

    /// What the application tells the connection.
    pub(in crate::http) fn progress(&self) -> Rc<Progress> {
        Rc::clone(&self.progress)
    }

    /// Fails when the connection is over: displaced, or past its time.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let is_displaced = match self.progress.waits(self.new) {
            Some(why) => self.place.wait(why, context.waker()),
            None => !self.place.keep(),
        };
        if is_displaced {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        let unread = self.unread.as_ref();
        let unread = unread.map(|unread| (unread.since + UNREAD, ConnectionEnd::UnreadReply));
        let deadlines = [self.progress.deadline(), unread];
        let Some((deadline, why)) = deadlines.into_iter().flatten().min_by_key(|(at, _)| *at)
        else {
            return Ok(());
        };
        loop {
            if Instant::now() >= deadline {
                self.place.ends(why);
                tracing::debug!(
                    reason = why.name(),
                    "a connection made no progress and was closed"
                );
                return Err(ErrorKind::TimedOut.into());
            }
            // It wakes at the earliest deadline that there was; each is looked at anew.
            let armed = self.timer.deadline().into_std();
            if armed > deadline || self.timer.is_elapsed() {
                self.timer.as_mut().reset(deadline.into());
            }
            if self.timer.as_mut().poll(context).is_pending() {
                return Ok(());
            }
        }
    }

    /// Notes what became of a write of the peer's share.
    fn wrote<V>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<V>>,
        bytes: impl Fn(&V) -> usize,
    ) -> Poll<io::Result<V>> {
        match &written {
            Poll::Pending => {
                let since = Instant::now();
                self.unread.get_or_insert(Unread { since, bytes: 0 });
                self.check(context)?;
            }
            Poll::Ready(Ok(value)) => {
                if let Some(unread) = &mut self.unread {
                    unread.bytes = unread.bytes.saturating_add(bytes(value));
                    if unread.bytes >= UNREAD_BYTES {
                        self.unread = None;
                    }
                }
            }
            Poll::Ready(Err(_)) => {}
        }
        written
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.io).poll_read(context, buffer);
        match &read {
            Poll::Ready(Ok(())) if buffer.filled().len() > before => this.progress.heard(),
            _ => {}
        }
        this.check(context)?;
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write(context, bytes);
        this.wrote(context, written, |written| *written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write_vectored(context, slices);
        this.wrote(context, written, |written| *written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.io).poll_flush(context);
        // Flushed is all there is.
        let flushed = this.wrote(context, flushed, |()| usize::MAX);
        this.check(context)?;
        flushed
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shut = Pin::new(&mut this.io).poll_shutdown(context);
        this.wrote(context, shut, |()| usize::MAX)
    }
}
