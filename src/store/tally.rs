//! What was counted by the hour.

use async_trait::async_trait;

use crate::{Purged, StoreError};
use modegate_core::tally::{Hour, HourlyCount};

/// The counts of each hour.
#[async_trait]
pub trait TallyStore: Send + Sync {
    /// Merges these counts into those of their hours ([`merged`]), all or none.
    ///
    /// [`merged`]: modegate_core::tally::TallyKey::merged
    async fn add_to_tally(&self, counts: Vec<HourlyCount>) -> Result<(), StoreError>;

    /// The counts from that hour until before the other, the oldest first.
    async fn tally(&self, from: Hour, to: Hour) -> Result<Vec<HourlyCount>, StoreError>;

    /// Deletes counts of hours before that one, at most `most` of them.
    async fn purge_tally(&self, before: Hour, most: usize) -> Result<Purged, StoreError>;
}
