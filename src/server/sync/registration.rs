//! `--accept-unknown-devices`: a device without a record is registered at its
//! first message.

use uuid::Uuid;

use modegate_core::context::Family;
use modegate_core::device::DeviceRecord;
use modegate_core::event::{Event, EventType, RecordChange};
use modegate_core::ids::{DeviceId, Source};
use modegate_core::time::Timestamp;
use modegate_store::{Store, StoreError};

/// Registers `source` as a Windows 8.1 device without credentials, unless another
/// request registered it first.
pub(super) async fn register_unknown(
    store: &dyn Store,
    source: &Source,
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = DeviceId(Uuid::now_v7());
    let record = DeviceRecord::new(source.clone(), Family::Windows81, now);
    let event = Event::new(now, "device", Some(id), EventType::DeviceRegistered)
        .detail("registered at its first message (--accept-unknown-devices)")
        .change(RecordChange::registered(&record));
    match store.register(id, record, event, None).await {
        Ok(_) | Err(StoreError::SourceTaken(_)) => Ok(()),
        Err(other) => Err(other),
    }
}
