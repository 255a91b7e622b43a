//! What is counted of the queues of devices.

use super::Metrics;
use modegate_core::command::CommandState;
use modegate_core::fleet::Census;
use modegate_core::tally::TallyKey;

impl Metrics {
    /// What a walk over all devices found of their queues.
    pub(crate) fn queues(&self, census: &Census) {
        for state in CommandState::ALL {
            let count = census.commands.get(&state).copied().unwrap_or(0);
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.queue.at(state as usize).set(count);
        }
        let now = census.ended_at;
        let age = census
            .oldest
            .map_or(0, |oldest| now.ms_since(oldest).max(0));
        self.queue_oldest.set(age as f64 / 1000.0);
        let waiting = census.commands.get(&CommandState::Queued).copied();
        let waiting = waiting.unwrap_or(0);
        self.hourly.raise(TallyKey::QueueDepth, waiting);
        let seconds = u64::try_from(age / 1000).unwrap_or(0);
        self.hourly.raise(TallyKey::QueueOldest, seconds);
    }
}
