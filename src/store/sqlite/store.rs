//! The operations of the store: writes go to the writer, reads run where they
//! are called.

use std::sync::{Arc, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::watch;

use super::SqliteStore;
use super::rows::{self, Key};
use super::{
    batches, catalogue, changes, connection, events, installs, inventory, policy_sets, probe, push,
    read, tokens, webhooks,
};
use crate::installs::{DecideInstalls, InstallStore};
use crate::seal::Keys;
use crate::{Chunk, MakeCommand, PartPlace, PlanRead, Purged, Store, StoreError};
use modegate_core::batch::{Batch, BatchId};
use modegate_core::catalogue::App;
use modegate_core::change::DeviceChange;
use modegate_core::command::StoredCommand;
use modegate_core::device::Device;
use modegate_core::event::{Event, StoredEvent};
use modegate_core::ids::{CommandId, DeviceId, Source};
use modegate_core::installs::{Install, InstallId};
use modegate_core::inventory::{Change, Inventory};
use modegate_core::push::record::PushProfile;
use modegate_core::secret::Secret;
use modegate_core::session::Snapshot;
use modegate_core::time::Timestamp;
use modegate_core::tokens::Token;
use modegate_core::webhooks::{
    Delivery, DeliveryRecord, DeliveryStanding, Outcome, Webhook, WebhookId,
};

#[async_trait]
impl Store for SqliteStore {
    async fn load(
        &self,
        source: &Source,
        plan_read: PlanRead<'_>,
    ) -> Result<Option<Snapshot>, StoreError> {
        let begun = Instant::now();
        let loaded = self.read(|db, keys| read::load(db, keys, source, plan_read));
        self.observer.loaded(begun.elapsed());
        loaded
    }

    async fn commit(&self, change: DeviceChange) -> Result<(), StoreError> {
        let keys = Arc::clone(&self.keys);
        self.writer
            .submit_checked(move |db| changes::apply(db, &keys, change).map(drop))
            .await
    }

    async fn device(&self, device: DeviceId) -> Result<Option<Device>, StoreError> {
        self.read(|db, keys| rows::device(db, keys, &Key::Id(device)))
    }

    async fn devices(&self, after: u64, limit: usize) -> Result<Vec<Device>, StoreError> {
        self.read(|db, keys| rows::devices(db, keys, after, limit))
    }

    async fn inventory(&self, device: DeviceId) -> Result<Option<Inventory>, StoreError> {
        self.read(|db, keys| rows::of_device(db, device, |number| inventory::of(db, keys, number)))
    }

    async fn inventories(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(Device, Inventory)>, StoreError> {
        self.read(|db, keys| inventory::all(db, keys, after, limit))
    }

    async fn inventory_changes(
        &self,
        device: DeviceId,
        before: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Change)>, StoreError> {
        self.read(|db, keys| inventory::changes(db, keys, device, before, limit))
    }

    async fn command(&self, id: CommandId) -> Result<Option<StoredCommand>, StoreError> {
        self.read(|db, keys| read::command(db, keys, id))
    }

    async fn commands(
        &self,
        device: DeviceId,
        after: u32,
        limit: usize,
        bytes: u64,
    ) -> Result<Chunk<StoredCommand>, StoreError> {
        self.read(|db, keys| read::commands(db, keys, device, after, (limit, bytes)))
    }

    async fn events(
        &self,
        device: DeviceId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(|db, _| events::of_device(db, device, after, limit))
    }

    async fn events_before(
        &self,
        device: DeviceId,
        before: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(|db, _| events::before(db, device, before, limit))
    }

    async fn all_events(&self, after: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(|db, _| events::all(db, after, limit))
    }

    async fn all_events_before(
        &self,
        before: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(|db, _| events::all_before(db, before, limit))
    }

    async fn last_place_before(&self, at: Timestamp) -> Result<u64, StoreError> {
        self.read(|db, _| events::last_place_before(db, at))
    }

    async fn log(&self, mut events: Vec<Event>) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        self.writer
            .submit(move |db| events::log(db, &mut events))
            .await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.writer.submit(probe::write).await?;
        self.read(|db, _| events::no_device(db).map(drop))
    }

    fn writer_queue(&self) -> (usize, usize) {
        self.writer.waiting()
    }

    async fn schema_version(&self) -> Result<i64, StoreError> {
        let found = self.read(|db, _| connection::version(db))?;
        Ok(found.unwrap_or(0))
    }

    async fn purge_results(
        &self,
        before: Timestamp,
        after: PartPlace,
        most: usize,
    ) -> Result<(Purged, Option<PartPlace>), StoreError> {
        SqliteStore::purge_results(self, before, after, most).await
    }

    async fn purge_deliveries(&self, before: Timestamp, most: usize) -> Result<Purged, StoreError> {
        SqliteStore::purge_deliveries(self, before, most).await
    }

    async fn purge_inventory_changes(
        &self,
        before: Timestamp,
        after: u64,
        most: usize,
    ) -> Result<(Purged, Option<u64>), StoreError> {
        SqliteStore::purge_inventory_changes(self, before, after, most).await
    }

    async fn keep_policy_set(
        &self,
        digest: &str,
        files: Vec<(String, String)>,
    ) -> Result<(), StoreError> {
        let digest = digest.to_owned();
        self.writer
            .submit(move |db| policy_sets::keep(db, &digest, &files))
            .await
    }

    async fn policy_set(&self, digest: &str) -> Result<Option<Vec<(String, String)>>, StoreError> {
        self.read(|db, _| policy_sets::one(db, digest))
    }

    async fn batch(&self, id: BatchId) -> Result<Option<Batch>, StoreError> {
        self.read(|db, keys| batches::one(db, keys, id))
    }

    async fn batches(&self, before: u64, limit: usize) -> Result<Vec<(u64, Batch)>, StoreError> {
        self.read(|db, keys| batches::list(db, keys, before, limit))
    }

    async fn open_batches(&self) -> Result<Vec<BatchId>, StoreError> {
        self.read(|db, _| batches::open(db))
    }

    async fn batch_items(
        &self,
        id: BatchId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, CommandId)>, StoreError> {
        self.read(|db, keys| batches::items(db, keys, id, after, limit))
    }

    async fn advance_batch(
        &self,
        id: BatchId,
        now: Timestamp,
        make: MakeCommand,
    ) -> Result<Option<Batch>, StoreError> {
        self.write(None, move |db, keys| {
            batches::advance(db, keys, id, now, make)
        })
        .await
    }

    async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.read(|db, _| tokens::all(db))
    }

    async fn wakes_due(
        &self,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<(DeviceId, Timestamp)>, StoreError> {
        self.read(|db, _| push::due(db, until, limit))
    }

    async fn channel_uri(&self, device: DeviceId) -> Result<Option<Secret>, StoreError> {
        self.read(|db, keys| push::uri(db, keys, device))
    }

    async fn push_profiles(&self) -> Result<Vec<PushProfile>, StoreError> {
        self.read(push::profiles)
    }

    async fn close(&self) {
        // The last connection to be closed takes the log away.
        let readers =
            std::mem::take(&mut *self.readers.lock().unwrap_or_else(PoisonError::into_inner));
        drop(readers);
        self.writer.close().await;
        // Whoever still holds this store can only read: another may write now.
        let lock = self
            .lock
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(lock);
    }

    async fn last_place(&self) -> Result<u64, StoreError> {
        self.read(|db, _| events::last_place(db))
    }

    fn commits(&self) -> watch::Receiver<u64> {
        self.writer.commits()
    }
}

#[async_trait]
impl InstallStore for SqliteStore {
    async fn app(&self, id: &str) -> Result<Option<App>, StoreError> {
        self.read(|db, keys| catalogue::one(db, keys, id))
    }

    async fn apps(&self, after: u64, limit: usize) -> Result<Vec<(u64, App)>, StoreError> {
        self.read(|db, keys| catalogue::list(db, keys, after, limit))
    }

    async fn install(&self, id: InstallId) -> Result<Option<Install>, StoreError> {
        self.read(|db, _| rows::of_device(db, id.device, |number| installs::one(db, number, id.no)))
    }

    async fn installs(
        &self,
        device: DeviceId,
        before: u32,
        limit: usize,
    ) -> Result<Vec<Install>, StoreError> {
        self.read(|db, _| {
            rows::of_device(db, device, |number| {
                installs::list(db, number, before, limit)
            })
        })
    }

    async fn fleet_installs(
        &self,
        after: Option<InstallId>,
        only_open: bool,
        limit: usize,
    ) -> Result<Vec<(InstallId, Install)>, StoreError> {
        self.read(|db, _| installs::of_all(db, after, only_open, limit))
    }

    async fn open_installs(&self, device: DeviceId) -> Result<Vec<Install>, StoreError> {
        self.read(|db, _| rows::of_device(db, device, |number| installs::open(db, number, "")))
    }

    async fn installs_due(&self, limit: usize) -> Result<Vec<DeviceId>, StoreError> {
        self.read(|db, _| installs::due(db, limit))
    }

    async fn all_installs_due(&self) -> Result<(), StoreError> {
        self.writer.submit(installs::all_due).await
    }

    async fn move_installs(
        &self,
        device: DeviceId,
        decide: DecideInstalls,
    ) -> Result<(), StoreError> {
        let settle = move |db: &Connection, keys: &Keys| installs::settle(db, keys, device, decide);
        for state in self.write(None, settle).await? {
            self.observer.install_moved(state);
        }
        Ok(())
    }

    async fn webhooks(&self) -> Result<Vec<Webhook>, StoreError> {
        self.read(webhooks::all)
    }

    async fn waiting_deliveries(&self) -> Result<Vec<(u64, u64)>, StoreError> {
        self.read(|db, _| webhooks::waiting(db))
    }

    async fn delivery_standings(&self) -> Result<Vec<DeliveryStanding>, StoreError> {
        self.read(|db, _| webhooks::standings(db))
    }

    async fn deliveries_due(
        &self,
        webhook: u64,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.read(|db, _| webhooks::due(db, webhook, now, limit))
    }

    async fn webhook_deliveries(
        &self,
        webhook: WebhookId,
        before: u64,
        limit: usize,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        self.read(|db, keys| webhooks::deliveries(db, keys, webhook, before, limit))
    }

    async fn next_deliveries(&self) -> Result<Vec<(u64, Timestamp)>, StoreError> {
        self.read(|db, _| webhooks::next(db))
    }

    async fn delivered(&self, outcomes: Vec<Outcome>) -> Result<(), StoreError> {
        self.writer
            .submit(move |db| webhooks::settle(db, &outcomes))
            .await
    }
}
