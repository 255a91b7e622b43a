//! When a worker that failed is restarted, and when it is given up.

use std::time::Duration;

use tokio::time::Instant;

/// Failures are counted within this time.
const WINDOW: Duration = Duration::from_secs(60);
/// This many failures within [`WINDOW`] end the server. With the pauses below, a
/// worker that fails at once each time is given up after about eight seconds.
const MOST: usize = 5;
/// Pause before the first restart within [`WINDOW`]; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The failures of one worker within the last minute.
#[derive(Debug, Default)]
pub(super) struct Failures(Vec<Instant>);

impl Failures {
    /// Records a failure; the pause before the restart, or `None` if the worker
    /// has failed too often.
    pub(super) fn record(&mut self, now: Instant) -> Option<Duration> {
        self.0.retain(|at| now.duration_since(*at) < WINDOW);
        let before = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.push(now);
        (self.0.len() < MOST).then(|| FIRST_PAUSE * 2_u32.saturating_pow(before))
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_the_fifth_failure_within_a_minute() {
        let (mut failures, begun) = (Failures::default(), Instant::now());
        let mut at = |s: u64| failures.record(begun + Duration::from_secs(s));
        let pauses = [at(0), at(1), at(3), at(7)].map(|pause| pause.map(|p| p.as_millis()));
        assert_eq!(pauses, [Some(500), Some(1000), Some(2000), Some(4000)]);
        assert_eq!(at(59), None);
    }

    #[test]
    fn failures_older_than_a_minute_do_not_count() {
        let (mut failures, begun) = (Failures::default(), Instant::now());
        for minute in 0..20 {
            let at = begun + WINDOW * minute;
            assert_eq!(failures.record(at), Some(FIRST_PAUSE));
            assert_eq!(failures.count(), 1);
        }
    }
}
