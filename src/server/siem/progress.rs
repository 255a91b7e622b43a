//! How far one sink is.

use std::time::{Duration, Instant};

use modegate_core::time::Timestamp;

/// The longest pause after failures.
const LONGEST: Duration = Duration::from_secs(60);
/// The pause is doubled with each failure, so often.
const DOUBLINGS: u32 = 6;
/// Most lines that are sent at once.
const LINES: usize = 512;

/// What is known of one sink since the server started.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    /// The oldest entry that is to be sent and was not taken, and when its event happened.
    waiting: Option<(u64, Timestamp)>,
    /// Failures since it took something last, and why the latest was one.
    failures: u32,
    why: Option<String>,
    /// When it may be sent to again.
    due: Instant,
    lines: usize,
}

impl Progress {
    pub(super) fn new() -> Self {
        Progress {
            waiting: None,
            failures: 0,
            why: None,
            due: Instant::now(),
            lines: LINES,
        }
    }

    /// Whether it may be sent to now.
    pub(super) fn is_due(&self) -> bool {
        Instant::now() >= self.due
    }

    /// How many lines it is sent at once.
    pub(super) fn lines(&self) -> usize {
        self.lines
    }

    /// This entry is the oldest that it has to take.
    pub(super) fn waits(&mut self, entry: u64, at: Timestamp) {
        self.waiting = Some((entry, at));
    }

    /// It has taken everything.
    pub(super) fn is_done(&mut self) {
        self.waiting = None;
        self.took();
    }

    /// It took what it was sent.
    pub(super) fn took(&mut self) {
        self.failures = 0;
        self.why = None;
    }

    /// It does not take so many lines at once; whether it can be sent fewer. From now on it is.
    pub(super) fn refused_so_many(&mut self, lines: usize) -> bool {
        self.lines = (lines / 2).max(1);
        lines > 1
    }

    /// It did not.
    pub(super) fn failed(&mut self, why: String) {
        self.due = Instant::now() + pause(self.failures);
        self.failures = self.failures.saturating_add(1);
        self.why = Some(why);
    }

    /// The age of the oldest event that it has not taken.
    pub(super) fn age(&self, now: Timestamp) -> Duration {
        let waited = self.waiting.map_or(0, |(_, at)| now.ms_since(at));
        Duration::from_millis(u64::try_from(waited).unwrap_or(0))
    }

    /// What an operator is told of it.
    pub(super) fn message(&self) -> String {
        let Some((entry, at)) = self.waiting else {
            return "it has taken everything".to_owned();
        };
        let why = match &self.why {
            Some(why) => format!("the latest attempt failed: {why}"),
            None => "it is being sent".to_owned(),
        };
        format!("entry {entry} of the log, from {at}, was not taken yet; {why}")
    }
}

/// How long a sink is left alone after one more failure than these.
fn pause(failures: u32) -> Duration {
    Duration::from_secs(1 << failures.min(DOUBLINGS)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_minute_and_end_with_what_is_taken() {
        let seconds: Vec<u64> = (0..9).map(|failures| pause(failures).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        let mut progress = Progress::new();
        progress.waits(7, Timestamp(1_000));
        progress.failed("no".to_owned());
        assert!(!progress.is_due());
        assert_eq!(progress.age(Timestamp(3_500)), Duration::from_millis(2_500));
        assert_eq!(progress.age(Timestamp(0)), Duration::ZERO);
        let said = "entry 7 of the log, from 1970-01-01T00:00:01.000Z, was not taken yet; \
                    the latest attempt failed: no";
        assert_eq!(progress.message(), said);
        progress.took();
        assert_eq!(progress.failures, 0);
        progress.is_done();
        assert_eq!(progress.age(Timestamp(3_500)), Duration::ZERO);
    }

    #[test]
    fn a_sink_that_takes_less_at_once_is_sent_less() {
        let mut progress = Progress::new();
        assert_eq!(progress.lines(), LINES);
        assert!(progress.refused_so_many(9));
        assert_eq!(progress.lines(), 4);
        progress.took();
        assert_eq!(progress.lines(), 4);
        assert!(progress.refused_so_many(2));
        assert!(!progress.refused_so_many(1));
        assert_eq!(progress.lines(), 1);
    }
}
