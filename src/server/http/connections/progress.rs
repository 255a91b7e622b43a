//! What a connection is doing, as the application sees it, and how long that may take
//! without progress.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::admission::Waiting;
use super::arrival::BodyPatience;
use crate::metrics::ConnectionEnd;

/// How long a client may take for the head of a request, from its first byte; its body has
/// time-outs of its own ([`BodyPatience`]).
pub(in crate::http) const REQUEST_HEAD: Duration = Duration::from_secs(5);
/// How long a connection that ends may take to do so.
pub(in crate::http) const DISCONNECT: Duration = Duration::from_secs(1);
/// How long what was written may go unread.
pub(in crate::http) const UNREAD: Duration = Duration::from_secs(20);
/// What of it must be read in that time, bytes, or all there is.
pub(super) const UNREAD_BYTES: usize = 16 * 1024;
/// HTTP's own time-outs end a connection in an orderly way: they come first.
const ORDERLY: Duration = Duration::from_secs(1);

/// How long a client may keep the server waiting, by the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Between two requests.
    pub keep_alive: Duration,
    /// For the body of a request.
    pub body: BodyPatience,
}

/// What one connection is doing. The application and the connection share it.
#[derive(Debug)]
pub(in crate::http) struct Progress {
    phase: Cell<Phase>,
    patience: Patience,
    is_proven: Cell<bool>,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Nothing has been read since it was opened.
    New(Instant),
    /// No request is in progress since then.
    Idle(Instant),
    /// The head of a request began to arrive then.
    Head(Instant),
    /// The application handles a request whose body is not complete.
    Body,
    /// The application handles a request.
    Request,
    /// The last request was answered then, and not read to its end.
    Unfinished(Instant),
}

impl Progress {
    /// Of a connection that was just opened.
    pub(super) fn new(patience: Patience) -> Self {
        Progress {
            phase: Cell::new(Phase::New(Instant::now())),
            patience,
            is_proven: Cell::new(false),
        }
    }

    /// How long the bodies of its requests are waited for.
    pub(super) fn body_patience(&self) -> BodyPatience {
        self.patience.body
    }

    /// What the server waits for, if it waits for the peer; one without any byte counts as
    /// `new`.
    pub(super) fn waits(&self, new: Waiting) -> Option<Waiting> {
        match self.phase.get() {
            Phase::New(_) => Some(new),
            Phase::Idle(_) => Some(Waiting::Idle),
            Phase::Head(_) | Phase::Body | Phase::Unfinished(_) => Some(Waiting::Begun),
            Phase::Request => None,
        }
    }

    /// Bytes of the peer have arrived.
    pub(super) fn heard(&self) {
        if matches!(self.phase.get(), Phase::New(_) | Phase::Idle(_)) {
            self.phase.set(Phase::Head(Instant::now()));
        }
    }

    /// The application begins to handle a request, with a body or without.
    pub(super) fn begun(&self, has_body: bool) {
        self.phase.set(match has_body {
            true => Phase::Body,
            false => Phase::Request,
        });
    }

    /// The body of the request is complete.
    pub(super) fn complete(&self) {
        if matches!(self.phase.get(), Phase::Body) {
            self.phase.set(Phase::Request);
        }
    }

    /// The request is answered; whether it was read to its end.
    pub(super) fn answered(&self, is_read: bool) {
        let now = Instant::now();
        self.phase.set(match is_read {
            true => Phase::Idle(now),
            false => Phase::Unfinished(now),
        });
    }

    /// When the connection ends unless the peer goes on, and what that is counted as.
    pub(super) fn deadline(&self) -> Option<(Instant, ConnectionEnd)> {
        Some(match self.phase.get() {
            Phase::New(since) => (since + REQUEST_HEAD + ORDERLY, ConnectionEnd::Silent),
            Phase::Idle(since) => {
                let end = since + self.patience.keep_alive + ORDERLY;
                (end, ConnectionEnd::Idle)
            }
            Phase::Head(since) => (since + REQUEST_HEAD + ORDERLY, ConnectionEnd::Head),
            // What reads a body waits for it as long as it may take.
            Phase::Body | Phase::Request => return None,
            Phase::Unfinished(since) => (since + DISCONNECT + ORDERLY, ConnectionEnd::UnreadBody),
        })
    }

    /// The peer has proved that it is a registered device, and speaks for itself here.
    pub(in crate::http) fn prove(&self) {
        self.is_proven.set(true);
    }

    /// Whether it has.
    pub(in crate::http) fn is_proven(&self) -> bool {
        self.is_proven.get()
    }
}
