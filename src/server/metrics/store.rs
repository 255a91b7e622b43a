//! What the store reports of its work.

use std::time::Duration;

use super::Metrics;
use modegate_core::installs::InstallState;
use modegate_core::tally::TallyKey;
use modegate_store::StoreObserver;

impl Metrics {
    /// What 99 of 100 commits since the start did not exceed, seconds.
    pub(crate) fn commit_p99(&self) -> Option<f64> {
        self.commit_seconds.quantile(0.99)
    }
}

impl StoreObserver for Metrics {
    /// A commit took this long to be durable.
    fn committed(&self, took: Duration) {
        self.commit_seconds.observe(took);
    }

    /// A load took this long.
    fn loaded(&self, took: Duration) {
        self.load_seconds.observe(took);
    }

    /// The writer made one transaction of so many pieces: one sync.
    fn transacted(&self, pieces: usize) {
        self.batch_pieces.observe_size(pieces);
        self.syncs.at(0).inc();
    }

    /// The log was copied back: one sync of the log, one of the database.
    fn checkpointed(&self) {
        self.syncs.at(1).inc_by(2);
    }

    /// An install came to this state.
    fn install_moved(&self, to: InstallState) {
        self.installs.at(to as usize).inc();
        if to.is_final() {
            self.hourly.add(TallyKey::Installs(to));
        }
    }
}
