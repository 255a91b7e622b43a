//! Requests that prove nothing: counted, written down together now and then.
//! A stranger costs no write of its own.

use std::sync::atomic::{AtomicU64, Ordering};

use std::sync::Arc;

use crate::metrics::Metrics;
use modegate_core::event::{Event, EventType};
use modegate_core::session::AuthFailure;
use modegate_core::time::Timestamp;

/// The counts since they were last written down.
#[derive(Debug, Default)]
pub struct AuthFailures {
    counts: [AtomicU64; 3],
    metrics: Arc<Metrics>,
}

impl AuthFailures {
    /// Nothing counted yet.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        AuthFailures {
            counts: Default::default(),
            metrics,
        }
    }

    /// Counts one.
    pub fn count(&self, failure: AuthFailure) {
        self.counts[failure as usize].fetch_add(1, Ordering::Relaxed);
        self.metrics.auth_failed(failure);
    }

    /// Takes the counts, which are zero then.
    pub fn take(&self) -> Counted {
        let take = |failure| self.counts[failure as usize].swap(0, Ordering::Relaxed);
        Counted(AuthFailure::ALL.map(|failure| (failure, take(failure))))
    }

    /// Puts back counts that could not be logged.
    pub fn restore(&self, counted: Counted) {
        for (failure, count) in counted.0 {
            self.counts[failure as usize].fetch_add(count, Ordering::Relaxed);
        }
    }
}

/// Counts to be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted([(AuthFailure, u64); 3]);

impl Counted {
    /// One event for each reason that occurred.
    pub fn events(self, now: Timestamp) -> Vec<Event> {
        let occurred = self.0.into_iter().filter(|(_, count)| *count > 0);
        occurred
            .map(|(failure, count)| {
                let mut event = Event::new(now, "server", None, EventType::StrangerRefused)
                    .detail(failure.describe());
                event.count = Some(count);
                event
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_that_could_not_be_logged_are_logged_with_later_ones() {
        let failures = AuthFailures::default();
        failures.count(AuthFailure::Unknown);
        let taken = failures.take();
        assert_eq!(failures.take().events(Timestamp(1)), Vec::new());
        failures.count(AuthFailure::Unknown);
        failures.restore(taken);
        let events = failures.take().events(Timestamp(2));
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].count, events[0].at), (Some(2), Timestamp(2)));
    }
}
