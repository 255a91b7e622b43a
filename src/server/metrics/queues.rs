//! What is counted of the queues of devices.

use super::Metrics;
use modegate_core::command::{CommandState, QueueSample};
use modegate_core::tally::TallyKey;
use modegate_core::time::Timestamp;

impl Metrics {
    /// What a walk over all devices found of their queues.
    pub(crate) fn queues(&self, found: &QueueSample, now: Timestamp) {
        for (at, &count) in found.commands.iter().enumerate() {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.queue.at(at).set(count);
        }
        let age = found.oldest.map_or(0, |oldest| now.ms_since(oldest).max(0));
        self.queue_oldest.set(age as f64 / 1000.0);
        let waiting = found.commands[CommandState::Queued as usize];
        self.hourly.raise(TallyKey::QueueDepth, waiting);
        let seconds = u64::try_from(age / 1000).unwrap_or(0);
        self.hourly.raise(TallyKey::QueueOldest, seconds);
    }
}
