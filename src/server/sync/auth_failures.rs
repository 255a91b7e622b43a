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

    /// Takes the counts as events, one per reason that occurred.
    pub fn take(&self, now: Timestamp) -> Vec<Event> {
        AuthFailure::ALL
            .into_iter()
            .filter_map(|failure| {
                let count = self.counts[failure as usize].swap(0, Ordering::Relaxed);
                let mut event = Event::new(now, "server", None, EventType::StrangerRefused)
                    .detail(failure.describe());
                event.count = Some(count);
                (count > 0).then_some(event)
            })
            .collect()
    }
}
