//! Requests that prove nothing: counted, and logged together. A stranger costs no write of
//! its own, and the event log does not grow with how many there are.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::metrics::Metrics;
use modegate_core::device::AuthFailure;
use modegate_core::event::{Event, EventType};
use modegate_core::time::Timestamp;

/// Between two events about one reason, milliseconds.
const EVERY_MS: i64 = 60 * 60 * 1000;

/// The counts since they were last written down.
#[derive(Debug, Default)]
pub struct AuthFailures {
    counts: [AtomicU64; 3],
    /// When each reason was last logged.
    logged_at: Mutex<[Option<Timestamp>; 3]>,
    metrics: Arc<Metrics>,
}

impl AuthFailures {
    /// Nothing counted yet.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        AuthFailures {
            metrics,
            ..AuthFailures::default()
        }
    }

    /// Counts one.
    pub fn count(&self, failure: AuthFailure) {
        self.counts[failure as usize].fetch_add(1, Ordering::Relaxed);
        self.metrics.auth_failed(failure);
    }

    /// Takes the counts, which are zero then.
    pub fn take(&self) -> Counted {
        self.take_where(|_| true)
    }

    /// Takes the counts of the reasons that were not logged within an hour; those of the
    /// others grow on.
    pub fn take_due(&self, now: Timestamp) -> Counted {
        let mut logged_at = self
            .logged_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let taken = self.take_where(|failure| {
            let at = logged_at[failure as usize];
            at.is_none_or(|at| !(0..EVERY_MS).contains(&now.ms_since(at)))
        });
        for (failure, _) in taken.0.into_iter().filter(|(_, count)| *count > 0) {
            logged_at[failure as usize] = Some(now);
        }
        taken
    }

    fn take_where(&self, is_wanted: impl Fn(AuthFailure) -> bool) -> Counted {
        let take = |failure| match is_wanted(failure) {
            true => self.counts[failure as usize].swap(0, Ordering::Relaxed),
            false => 0,
        };
        Counted(AuthFailure::ALL.map(|failure| (failure, take(failure))))
    }

    /// Puts back counts that could not be logged: they are due again.
    pub fn restore(&self, counted: Counted) {
        let mut logged_at = self
            .logged_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for (failure, count) in counted.0.into_iter().filter(|(_, count)| *count > 0) {
            self.counts[failure as usize].fetch_add(count, Ordering::Relaxed);
            logged_at[failure as usize] = None;
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

    const HOUR: i64 = EVERY_MS;

    #[test]
    fn counts_that_could_not_be_logged_are_logged_with_later_ones() {
        let failures = AuthFailures::default();
        failures.count(AuthFailure::Unknown);
        let taken = failures.take_due(Timestamp(1));
        assert_eq!(failures.take().events(Timestamp(1)), Vec::new());
        failures.count(AuthFailure::Unknown);
        failures.restore(taken);
        let events = failures.take_due(Timestamp(2)).events(Timestamp(2));
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].count, events[0].at), (Some(2), Timestamp(2)));
    }

    #[test]
    fn a_reason_is_logged_at_once_and_then_hourly_with_all_that_came() {
        let failures = AuthFailures::default();
        let mut events = Vec::new();
        for minute in 0..180 {
            for _ in 0..1_000 {
                failures.count(AuthFailure::Other);
            }
            let now = Timestamp(HOUR + minute * 60_000);
            events.extend(failures.take_due(now).events(now));
        }
        let counts: Vec<_> = events.iter().filter_map(|event| event.count).collect();
        assert_eq!(counts, [1_000, 60_000, 60_000]);
    }
}
