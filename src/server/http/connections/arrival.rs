//! How long the body of a request may take: as long as it makes progress, within a bound.

use std::fmt;
use std::io::{Error, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::error::PayloadError;
use actix_web::rt::time::{Sleep, sleep_until};

/// How long the body of a request is waited for.
#[derive(Debug, Clone, Copy)]
pub struct BodyPatience {
    /// How long `progress_bytes` of it may take to arrive.
    pub stall: Duration,
    /// What counts as progress, bytes.
    pub progress_bytes: usize,
    /// How long all of it may take, from when it is first waited for.
    pub whole: Duration,
}

/// A body that is being waited for.
pub(super) struct Arrival {
    patience: BodyPatience,
    ends: Instant,
    /// What came since the last progress, bytes.
    arrived: usize,
    stalls: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Arrival {
    /// Begins now.
    pub(super) fn begin(patience: BodyPatience) -> Self {
        let now = Instant::now();
        let (ends, stalls) = (now + patience.whole, now + patience.stall);
        Arrival {
            patience,
            ends,
            arrived: 0,
            stalls,
            timer: Box::pin(sleep_until(stalls.min(ends).into())),
        }
    }

    /// So many bytes more have arrived.
    pub(super) fn arrived(&mut self, bytes: usize) {
        self.arrived = self.arrived.saturating_add(bytes);
        if self.arrived >= self.patience.progress_bytes {
            self.arrived = 0;
            self.stalls = Instant::now() + self.patience.stall;
        }
    }

    /// Ready when the rest is not waited for any longer, and why.
    pub(super) fn poll_late(&mut self, context: &mut Context<'_>) -> Poll<Late> {
        loop {
            let deadline = self.stalls.min(self.ends);
            if Instant::now() >= deadline {
                return Poll::Ready(match self.ends <= self.stalls {
                    true => Late::Whole(self.patience.whole),
                    false => Late::Stalled(self.patience),
                });
            }
            if self.timer.deadline() != deadline.into() {
                self.timer.as_mut().reset(deadline.into());
            }
            if self.timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

/// Why a body is not waited for any longer.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) enum Late {
    /// Too little of it came in a while.
    Stalled(BodyPatience),
    /// It did not arrive within this time.
    Whole(Duration),
}

impl Late {
    /// As the error of a body; [`Late::from_error`] is its inverse.
    pub(super) fn into_error(self) -> PayloadError {
        PayloadError::Io(Error::new(ErrorKind::TimedOut, self))
    }

    /// The reason, if that is why the body has this error.
    pub(in crate::http) fn from_error(error: &PayloadError) -> Option<Self> {
        match error {
            PayloadError::Io(error) => error.get_ref()?.downcast_ref().copied(),
            _ => None,
        }
    }
}

impl fmt::Display for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Late::Stalled(patience) => write!(
                f,
                "fewer than {} bytes arrived within {} s",
                patience.progress_bytes,
                patience.stall.as_secs()
            ),
            Late::Whole(whole) => write!(f, "it did not arrive within {} s", whole.as_secs()),
        }
    }
}

impl std::error::Error for Late {}
