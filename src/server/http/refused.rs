//! A log line for each sync request that is refused; of very many the first of each
//! minute, with how many there were, so that nobody fills the disk with lines.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::problem::Problem;

/// Lines about refusals of one status within [`WINDOW`].
const LINES: u32 = 60;
/// How long lines are counted together.
const WINDOW: Duration = Duration::from_secs(60);
/// Most characters of a Source that are logged.
const SOURCE_CHARS: usize = 120;

/// The lines logged lately, by status.
#[derive(Debug, Default)]
pub struct RefusedLog(Mutex<BTreeMap<u16, Lines>>);

#[derive(Debug)]
struct Lines {
    since: Instant,
    logged: u32,
    left_out: u64,
}

impl RefusedLog {
    /// Logs that a request of `peer` was refused. `source` is what the device calls
    /// itself, as far as that was read; it proves nothing.
    pub(super) fn log(&self, peer: IpAddr, source: Option<&str>, problem: &Problem) {
        let Some(left_out) = self.may_log(problem.status, Instant::now()) else {
            return;
        };
        let source: Option<String> =
            source.map(|source| source.chars().take(SOURCE_CHARS).collect());
        let (status, reason) = (problem.status, &problem.detail as &dyn Display);
        if left_out > 0 {
            tracing::info!(
                status,
                left_out,
                "more refused sync requests were not logged one by one"
            );
        }
        tracing::info!(%peer, status, source, %reason, "refused a sync request");
    }

    /// Whether there may be another line about this status, and how many were left out
    /// since the last one.
    fn may_log(&self, status: u16, now: Instant) -> Option<u64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Lines {
            since: now,
            logged: 0,
            left_out: 0,
        };
        let lines = all.entry(status).or_insert_with(new);
        let mut left_out = 0;
        if now.duration_since(lines.since) >= WINDOW {
            left_out = std::mem::replace(lines, new()).left_out;
        }
        if lines.logged == LINES {
            lines.left_out += 1;
            return None;
        }
        lines.logged += 1;
        Some(left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_bounded_by_status_and_the_rest_is_counted() {
        let (log, begun) = (RefusedLog::default(), Instant::now());
        let logged = (0..1_000).filter(|_| log.may_log(403, begun).is_some());
        assert_eq!(logged.count(), 60);
        assert_eq!(log.may_log(400, begun), Some(0), "another status");
        let later = begun + WINDOW;
        assert_eq!(log.may_log(403, later), Some(940));
        assert_eq!(log.may_log(403, later), Some(0));
    }
}
