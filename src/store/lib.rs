//! The store, as the core needs it: load what one step looks at, commit what
//! it decided. Every operation is one transaction; none hands one out.
//!
//! An implementation passes the conformance suite (`tests/suite/store/conformance.rs`).
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::too_many_lines))]

pub mod alerts;
pub mod api;
pub mod compliance;
pub mod enrollment;
mod error;
pub mod fleet;
pub mod installs;
pub mod private_file;
pub mod proof;
pub mod push;
pub mod seal;
pub mod siem;
pub mod sqlite;
pub mod tally;
pub mod web;

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use modegate_core::batch::{Batch, BatchId};
use modegate_core::change::{DeviceChange, Refusal};
use modegate_core::command::{CommandBody, StoredCommand};
use modegate_core::device::Device;
use modegate_core::event::{Event, StoredEvent};
use modegate_core::ids::{CommandId, DeviceId, Source};
use modegate_core::installs::InstallState;
use modegate_core::inventory::{self, Inventory};
use modegate_core::push::record::PushProfile;
use modegate_core::secret::Secret;
use modegate_core::session::{ReadPlan, Snapshot};
use modegate_core::time::Timestamp;
use modegate_core::tokens::Token;

pub use api::Decide;
pub use error::StoreError;

/// Makes a batch's command for one device, inside the transaction. It must not block.
pub type MakeCommand = Box<dyn Fn(&Device) -> Result<CommandBody, Refusal> + Send>;

/// Picks what a step wants to see, inside the read.
pub type PlanRead<'a> = &'a (dyn Fn(&Device) -> ReadPlan + Sync);

/// What was deleted of what is old, in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Purged {
    /// How many.
    pub count: u64,
    /// Whether there may be more.
    pub more: bool,
}

/// What one read brought of a longer list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk<T> {
    /// In order.
    pub items: Vec<T>,
    /// Whether there is more behind it.
    pub more: bool,
}

impl<T> Chunk<T> {
    /// What a read of up to `limit` brought: there may be more where it is full.
    pub fn of_up_to(limit: usize, items: Vec<T>) -> Self {
        Chunk {
            more: items.len() == limit,
            items,
        }
    }
}

/// A part of a command's history by when it came and where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PartPlace {
    /// When it came.
    pub at: Timestamp,
    /// The device's number.
    pub device: u64,
    /// The command's number on it.
    pub seq: u32,
    /// The part.
    pub part: u32,
}

/// What a store reports of its work, for metrics.
pub trait StoreObserver: Send + Sync + 'static {
    /// One read for an exchange took this long.
    fn loaded(&self, _took: Duration) {}
    /// One piece of work was durable, or refused, after this long.
    fn committed(&self, _took: Duration) {}
    /// So many pieces of work went into one transaction.
    fn transacted(&self, _pieces: usize) {}
    /// The write-ahead log was copied back into the database file.
    fn checkpointed(&self) {}
    /// An install came to this state, and that is durable.
    fn install_moved(&self, _to: InstallState) {}
}

/// For who does not watch.
impl StoreObserver for () {}

/// The store.
#[async_trait]
pub trait Store:
    api::WriteStore
    + installs::InstallStore
    + proof::ProofStore
    + alerts::AlertStore
    + compliance::ComplianceStore
    + fleet::FleetStore
    + siem::SiemStore
    + web::WebStore
    + enrollment::EnrollmentStore
    + tally::TallyStore
    + Send
    + Sync
    + 'static
{
    /// The device that calls itself `source`, with what `plan_read` picks, in one
    /// read. `None` for a stranger.
    async fn load(
        &self,
        source: &Source,
        plan_read: PlanRead<'_>,
    ) -> Result<Option<Snapshot>, StoreError>;

    /// Makes one exchange durable; returns once it is.
    async fn commit(&self, change: DeviceChange) -> Result<(), StoreError>;

    /// One device.
    async fn device(&self, device: DeviceId) -> Result<Option<Device>, StoreError>;

    /// Up to `limit` devices after that number, by number.
    async fn devices(&self, after: u64, limit: usize) -> Result<Vec<Device>, StoreError>;

    /// What is known of a device; `None` where nothing is.
    async fn inventory(&self, device: DeviceId) -> Result<Option<Inventory>, StoreError>;

    /// Up to `limit` devices after that number that have an inventory, by number.
    async fn inventories(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(Device, Inventory)>, StoreError>;

    /// Up to `limit` changes of a device's inventory with numbers below
    /// `before`, the newest first. The latest [`limits::INVENTORY_CHANGES`] are kept.
    ///
    /// [`limits::INVENTORY_CHANGES`]: modegate_core::limits::INVENTORY_CHANGES
    async fn inventory_changes(
        &self,
        device: DeviceId,
        before: u64,
        limit: usize,
    ) -> Result<Vec<(u64, inventory::Change)>, StoreError>;

    /// One command with its history.
    async fn command(&self, id: CommandId) -> Result<Option<StoredCommand>, StoreError>;

    /// Up to `limit` commands of a device after that number, with their histories; one at
    /// the least, and no more once they take so many `bytes`.
    async fn commands(
        &self,
        device: DeviceId,
        after: u32,
        limit: usize,
        bytes: u64,
    ) -> Result<Chunk<StoredCommand>, StoreError>;

    /// Up to `limit` events of a device with numbers above `after`, in order.
    async fn events(
        &self,
        device: DeviceId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// Up to `limit` events of a device with numbers below `before`, the newest first.
    async fn events_before(
        &self,
        device: DeviceId,
        before: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// Up to `limit` events of the whole log after that place, in order.
    async fn all_events(&self, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError>;

    /// Up to `limit` events of the whole log before that place, the newest first.
    async fn all_events_before(
        &self,
        before: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// The last place of the log whose event is from before `at`, 0 if there is none. The log
    /// lies in order of arrival: where the clock was set back, one of the places where the
    /// times pass `at`.
    async fn last_place_before(&self, at: Timestamp) -> Result<u64, StoreError>;

    /// Logs what concerns no device.
    async fn log(&self, events: Vec<Event>) -> Result<(), StoreError>;

    /// Writes what is there already, durably, and reads it: whether the store works.
    async fn probe(&self) -> Result<(), StoreError>;

    /// How many writes wait for the writer, and how many may.
    fn writer_queue(&self) -> (usize, usize);

    /// The version of the database's schema.
    async fn schema_version(&self) -> Result<i64, StoreError>;

    /// Deletes the results of final commands that came before `before`, the oldest first,
    /// looking at `most` parts behind `after`. Answers where to go on.
    async fn purge_results(
        &self,
        before: Timestamp,
        after: PartPlace,
        most: usize,
    ) -> Result<(Purged, Option<PartPlace>), StoreError>;

    /// Deletes deliveries to webhooks that ended before `before` or have been due since,
    /// at most `most` of them.
    async fn purge_deliveries(&self, before: Timestamp, most: usize) -> Result<Purged, StoreError>;

    /// Deletes changes of inventories from before `before`, from the beginning of each
    /// device's history, looking at about `most` of them, of devices behind the number
    /// `after`. Answers the device to go on behind.
    async fn purge_inventory_changes(
        &self,
        before: Timestamp,
        after: u64,
        most: usize,
    ) -> Result<(Purged, Option<u64>), StoreError>;

    /// Keeps a policy set's files (name and text) under its digest.
    async fn keep_policy_set(
        &self,
        digest: &str,
        files: Vec<(String, String)>,
    ) -> Result<(), StoreError>;

    /// The files of a policy set that was once in force.
    async fn policy_set(&self, digest: &str) -> Result<Option<Vec<(String, String)>>, StoreError>;

    /// Up to `limit` devices that are due in the outbox, and since when, the
    /// longest due first.
    async fn wakes_due(
        &self,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<(DeviceId, Timestamp)>, StoreError>;

    /// The URI of a device's push channel, if one is kept.
    async fn channel_uri(&self, device: DeviceId) -> Result<Option<Secret>, StoreError>;

    /// All push profiles, the oldest first.
    async fn push_profiles(&self) -> Result<Vec<PushProfile>, StoreError>;

    /// One batch.
    async fn batch(&self, id: BatchId) -> Result<Option<Batch>, StoreError>;

    /// Up to `limit` batches before that place, the newest first, with their places.
    async fn batches(&self, before: u64, limit: usize) -> Result<Vec<(u64, Batch)>, StoreError>;

    /// The batches that have work left, the oldest first.
    async fn open_batches(&self) -> Result<Vec<BatchId>, StoreError>;

    /// What a batch queued, up to `limit` behind that item.
    async fn batch_items(
        &self,
        id: BatchId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, CommandId)>, StoreError>;

    /// Does the next task of a batch ([`modegate_core::batch::advance`]), devices
    /// and progress in one transaction. The batch afterwards.
    async fn advance_batch(
        &self,
        id: BatchId,
        now: Timestamp,
        make: MakeCommand,
    ) -> Result<Option<Batch>, StoreError>;

    /// All tokens.
    async fn tokens(&self) -> Result<Vec<Token>, StoreError>;

    /// Ends: what waits still is done, and what is kept is whole without this program.
    /// Afterwards nothing is written any more.
    async fn close(&self);

    /// The place of the latest event of the whole log, 0 if there is none.
    async fn last_place(&self) -> Result<u64, StoreError>;

    /// Changes whenever something was committed: for those who wait for events.
    fn commits(&self) -> watch::Receiver<u64>;
}
