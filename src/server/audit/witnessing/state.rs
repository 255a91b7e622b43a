//! What the witnesses have seen of the log, as far as the server knows.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use modegate_core::time::Timestamp;
use modegate_core::tlog::Origin;
use modegate_store::proof::StoredCheckpoint;

/// A witness is asked again after this, even where nothing is new: that it cosigns is known
/// only by its doing so.
const REFRESH_MS: i64 = 30 * 60 * 1000;
/// The longest pause after failures.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// The pause is doubled with each failure, so often.
const DOUBLINGS: u32 = 10;

/// What one witness has seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// The size that it knows, by what it said last; 0 for none.
    pub(super) known: u64,
    /// The size that it cosigned last, and when.
    pub(super) cosigned: Option<(u64, Timestamp)>,
    /// Failures since it answered last.
    pub(super) failures: u32,
    /// When it may be asked again.
    pub(super) due: Timestamp,
    /// An epoch began because of its word: another one does not.
    pub(super) was_believed: bool,
}

/// What all of them have seen.
#[derive(Debug)]
pub(super) struct Progress(Mutex<SeenByAll>);

#[derive(Debug)]
struct SeenByAll {
    origin: Option<Origin>,
    seen: Vec<Seen>,
    /// When a checkpoint was last cosigned by enough of them, or this began.
    quorum_at: Timestamp,
}

impl Progress {
    /// Nothing yet, of so many.
    pub(super) fn new(witnesses: usize, now: Timestamp) -> Self {
        Progress(Mutex::new(SeenByAll {
            origin: None,
            seen: vec![Seen::default(); witnesses],
            quorum_at: now,
        }))
    }

    fn state(&self) -> MutexGuard<'_, SeenByAll> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this witness has seen of the log with that origin.
    pub(super) fn of(&self, number: usize, origin: &Origin) -> Seen {
        let mut state = self.state();
        if state.origin.as_ref() != Some(origin) {
            // In another epoch it is another log to them.
            state.origin = Some(origin.clone());
            for seen in &mut state.seen {
                (seen.known, seen.cosigned) = (0, None);
            }
        }
        state.seen[number].clone()
    }

    /// Changes what this witness has seen.
    pub(super) fn change(&self, number: usize, change: impl FnOnce(&mut Seen)) {
        change(&mut self.state().seen[number]);
    }

    /// Enough witnesses cosigned a checkpoint then.
    pub(super) fn reached(&self, at: Timestamp) {
        let mut state = self.state();
        state.quorum_at = state.quorum_at.max(at);
    }

    /// The time to count from that is on record, before which nothing is known.
    pub(super) fn began(&self, at: Timestamp) {
        self.state().quorum_at = at;
    }

    /// When enough witnesses cosigned a checkpoint last.
    pub(super) fn quorum_at(&self) -> Timestamp {
        self.state().quorum_at
    }

    /// Whether the witness is to be handed this checkpoint now.
    pub(super) fn is_due(&self, number: usize, newest: &StoredCheckpoint, now: Timestamp) -> bool {
        let state = self.state();
        let seen = &state.seen[number];
        let is_new = seen
            .cosigned
            .is_none_or(|(size, at)| size != newest.size || now.ms_since(at) >= REFRESH_MS);
        is_new && seen.due <= now
    }
}

/// How long a witness is left alone after so many failures in a row.
pub(super) fn pause(every: Duration, failures: u32) -> Duration {
    let doubled = every.saturating_mul(1 << failures.min(DOUBLINGS));
    doubled.min(LONGEST.max(every))
}
