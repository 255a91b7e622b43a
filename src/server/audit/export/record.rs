//! Puts exports on record: in the log, and for retention, which deletes only what was
//! exported.

use modegate_core::event::{Event, EventType};
use modegate_core::log_record::{LogRecord, TreeHead};
use modegate_core::time::Timestamp;
use modegate_core::tlog::Hash;
use modegate_store::{Store, StoreError};

/// An export.
#[derive(Debug, Clone)]
pub struct Record {
    /// The size of the tree that it ends with.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// The first entry in it.
    pub first: u64,
    /// The device, where it is one device's part of the log.
    pub device: Option<String>,
}

impl Record {
    /// Puts it on record. Whether retention may count it: nothing may be missing between it
    /// and those before.
    pub async fn put(
        &self,
        store: &dyn Store,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let what = match &self.device {
            Some(device) => format!("the entries of the device {device} up to {}", self.size),
            None => format!("the entries from {} up to {}", self.first, self.size),
        };
        let event = Event::new(now, actor, None, EventType::AuditExported)
            .detail(what)
            .log(LogRecord::Export(TreeHead::new(self.size, &self.root)));
        let tree = store.tree().await?;
        let counts = self.device.is_none() && self.first <= tree.exported.max(tree.minimum);
        match counts {
            true => store.record_export(self.size, event).await?,
            false => {
                store.keep_checkpoint(self.size).await?;
                store.log(vec![event]).await?;
            }
        }
        Ok(counts)
    }
}
