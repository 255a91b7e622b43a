//! How far the log was sent to other systems.

use async_trait::async_trait;

use crate::StoreError;
use crate::proof::StoredCheckpoint;

/// What is sent to other systems, and the cursor of each.
#[async_trait]
pub trait SiemStore: Send + Sync {
    /// The number of the first entry that this sink has not taken; 0 where it is not known.
    async fn siem_cursor(&self, sink: &str) -> Result<u64, StoreError>;

    /// The sink has taken every entry below this number.
    async fn move_siem_cursor(&self, sink: &str, next: u64) -> Result<(), StoreError>;

    /// The JSON of the events from this entry on, in order, and of redacted ones the stub: at
    /// most `limit`, one at the least where there is one, and no more once they have so many
    /// `bytes`. None where it was deleted.
    async fn event_texts(
        &self,
        from: u64,
        limit: usize,
        bytes: u64,
    ) -> Result<Vec<Vec<u8>>, StoreError>;

    /// The smallest checkpoint that covers this entry: the origin that it was sealed under
    /// stands in it.
    async fn checkpoint_over(&self, entry: u64) -> Result<Option<StoredCheckpoint>, StoreError>;
}
