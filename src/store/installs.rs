//! What a store does for the catalogue, installs and webhooks.

use async_trait::async_trait;

use super::error::StoreError;
use modegate_core::catalogue::App;
use modegate_core::change::Refusal;
use modegate_core::device::Device;
use modegate_core::ids::DeviceId;
use modegate_core::installs::request::Written;
use modegate_core::installs::{Install, InstallId};
use modegate_core::time::Timestamp;
use modegate_core::webhooks::{
    Delivery, DeliveryRecord, DeliveryStanding, Outcome, Webhook, WebhookId,
};

/// What decides on a device's installs, inside the transaction: a function of
/// the device, its open installs and all those of the app that was named, by
/// number, and the number that a new one gets. It must not block.
pub type DecideInstalls =
    Box<dyn FnOnce(&Device, &[Install], u32) -> Result<Written, Refusal> + Send>;

/// The same for an app of the catalogue; `None` where there is none of that id.
pub type DecideApp = Box<dyn FnOnce(Option<&App>) -> Result<App, Refusal> + Send>;

/// Catalogue, installs and webhooks.
#[async_trait]
pub trait InstallStore: Send + Sync {
    /// One app.
    async fn app(&self, id: &str) -> Result<Option<App>, StoreError>;

    /// Up to `limit` apps with their numbers, behind that number.
    async fn apps(&self, after: u64, limit: usize) -> Result<Vec<(u64, App)>, StoreError>;

    /// One install.
    async fn install(&self, id: InstallId) -> Result<Option<Install>, StoreError>;

    /// Up to `limit` installs of a device with numbers below `before`, the newest first.
    async fn installs(
        &self,
        device: DeviceId,
        before: u32,
        limit: usize,
    ) -> Result<Vec<Install>, StoreError>;

    /// Up to `limit` installs of all devices behind that one, device by device and by number;
    /// only those that are not final, if so asked.
    async fn fleet_installs(
        &self,
        after: Option<InstallId>,
        only_open: bool,
        limit: usize,
    ) -> Result<Vec<(InstallId, Install)>, StoreError>;

    /// The installs of a device that are not final, by number.
    async fn open_installs(&self, device: DeviceId) -> Result<Vec<Install>, StoreError>;

    /// Up to `limit` devices that changed since their open installs were looked at.
    async fn installs_due(&self, limit: usize) -> Result<Vec<DeviceId>, StoreError>;

    /// Makes every device with open installs due: time alone may have moved them.
    async fn all_installs_due(&self) -> Result<(), StoreError>;

    /// Writes what follows for the open installs of a device, after which it is
    /// no longer due.
    async fn move_installs(
        &self,
        device: DeviceId,
        decide: DecideInstalls,
    ) -> Result<(), StoreError>;

    /// All webhooks, the oldest first.
    async fn webhooks(&self) -> Result<Vec<Webhook>, StoreError>;

    /// How many deliveries of each webhook wait, by its number.
    async fn waiting_deliveries(&self) -> Result<Vec<(u64, u64)>, StoreError>;

    /// How the deliveries of each webhook stand.
    async fn delivery_standings(&self) -> Result<Vec<DeliveryStanding>, StoreError>;

    /// Up to `limit` deliveries of one webhook that are due, the oldest first.
    async fn deliveries_due(
        &self,
        webhook: u64,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// Up to `limit` deliveries of one webhook with numbers below `before`, the newest first:
    /// those that wait, and the [`ENDED_DELIVERIES`] that ended last.
    ///
    /// [`ENDED_DELIVERIES`]: modegate_core::webhooks::ENDED_DELIVERIES
    async fn webhook_deliveries(
        &self,
        webhook: WebhookId,
        before: u64,
        limit: usize,
    ) -> Result<Vec<DeliveryRecord>, StoreError>;

    /// The webhooks that wait for deliveries, each with when the first is due.
    async fn next_deliveries(&self) -> Result<Vec<(u64, Timestamp)>, StoreError>;

    /// Writes down what became of deliveries.
    async fn delivered(&self, outcomes: Vec<Outcome>) -> Result<(), StoreError>;
}
