//! Alerts: those that are open, and the latest that were cleared.

use async_trait::async_trait;

use crate::StoreError;
use modegate_core::alert::{Alert, AlertKind, Subject};
use modegate_core::time::Timestamp;

/// Alerts.
#[async_trait]
pub trait AlertStore: Send + Sync {
    /// Raises an alert, with its event and what webhooks are to be sent of it, unless one
    /// of this kind and subject is open: then nothing changes. Whether it was raised.
    async fn raise_alert(&self, alert: Alert) -> Result<bool, StoreError>;

    /// Clears the open alert of this kind and subject, with its event and what webhooks are
    /// to be sent of it; the alert afterwards. Where none is open nothing changes. Of the
    /// cleared ones the latest [`CLEARED`] are kept.
    ///
    /// [`CLEARED`]: modegate_core::alert::CLEARED
    async fn clear_alert(
        &self,
        kind: AlertKind,
        subject: Subject,
        at: Timestamp,
    ) -> Result<Option<Alert>, StoreError>;

    /// The open alerts, the oldest first.
    async fn open_alerts(&self) -> Result<Vec<Alert>, StoreError>;

    /// Up to `limit` alerts with numbers below `before`, the newest first, with their numbers.
    async fn alerts(&self, before: u64, limit: usize) -> Result<Vec<(u64, Alert)>, StoreError>;
}
