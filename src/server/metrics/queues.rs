//! What is counted of the queues of devices.

use super::Metrics;
use modegate_core::command::CommandState;
use modegate_core::fleet::Census;
use modegate_core::tally::TallyKey;

impl Metrics {
    /// What a walk over all devices found of their queues.
    pub(crate) fn queues(&self, census: &Census) {
        let of = |state| census.commands.get(&state).copied().unwrap_or(0);
        for state in CommandState::ALL {
            let count = i64::try_from(of(state)).unwrap_or(i64::MAX);
            self.queue.at(state as usize).set(count);
        }
        let now = census.ended_at;
        let age = census.oldest.map_or(0, |at| now.ms_since(at).max(0));
        self.queue_oldest.set(age as f64 / 1000.0);
        self.hourly
            .raise(TallyKey::QueueDepth, of(CommandState::Queued));
        let seconds = u64::try_from(age / 1000).unwrap_or(0);
        self.hourly.raise(TallyKey::QueueOldest, seconds);
    }
}
