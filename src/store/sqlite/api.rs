//! Writes of use cases, each in one transaction.

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::Connection;
use uuid::Uuid;

use super::rows::{self, Key};
use super::{
    SqliteStore, batches, catalogue, changes, idempotency, installs, push, read, registry, tokens,
    webhooks,
};
use crate::api::{
    ChangeWebhook, Check, Decide, IdempotencyKey, ImportStep, Imported, Keep, Plan, StoredResponse,
    WriteStore, WrittenInstall,
};
use crate::error::StoreError;
use crate::installs::{DecideApp, DecideInstalls};
use crate::push::DecideProfile;
use crate::seal::Keys;
use modegate_core::batch::{Batch, BatchId};
use modegate_core::catalogue::App;
use modegate_core::change::Refusal;
use modegate_core::command::StoredCommand;
use modegate_core::device::{Device, DeviceRecord};
use modegate_core::event::Event;
use modegate_core::ids::{CommandId, DeviceId, Source};
use modegate_core::push::record::PushProfile;
use modegate_core::tokens::{Token, TokenId};
use modegate_core::webhooks::{AskedDelivery, DeliveryRecord, Webhook, WebhookId};

impl SqliteStore {
    /// Does `work` in the writer's transaction. With a name, the answer is kept beside it.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        keep: Option<Keep<T>>,
        work: impl FnOnce(&Connection, &Keys) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let keys = Arc::clone(&self.keys);
        let write = move |db: &Connection| {
            let Some(Keep { key, render }) = keep else {
                return work(db, &keys);
            };
            if idempotency::stored_response(db, &keys, &key)?.is_some() {
                return Err(StoreError::Done);
            }
            let written = work(db, &keys)?;
            idempotency::keep(db, &keys, &key, &render(&written))?;
            Ok(written)
        };
        self.writer.submit(write).await
    }
}

#[async_trait]
impl WriteStore for SqliteStore {
    async fn stored_response(
        &self,
        key: &IdempotencyKey,
    ) -> Result<Option<StoredResponse>, StoreError> {
        self.read(|db, keys| idempotency::stored_response(db, keys, key))
    }

    async fn register(
        &self,
        id: DeviceId,
        record: DeviceRecord,
        event: Event,
        keep: Option<Keep<Device>>,
    ) -> Result<Device, StoreError> {
        self.write(keep, move |db, keys| {
            registry::register(db, keys, id, &record, event)?;
            rows::known_device(db, keys, id)
        })
        .await
    }

    async fn alter(
        &self,
        device: DeviceId,
        decide: Decide,
        keep: Option<Keep<Device>>,
    ) -> Result<Device, StoreError> {
        self.write(keep, move |db, keys| {
            changes::alter(db, keys, device, decide)
        })
        .await
    }

    async fn alter_command(
        &self,
        id: CommandId,
        decide: Decide,
        keep: Option<Keep<(StoredCommand, Device)>>,
    ) -> Result<(StoredCommand, Device), StoreError> {
        self.write(keep, move |db, keys| alter_command(db, keys, id, decide))
            .await
    }

    async fn retire(
        &self,
        device: DeviceId,
        check: Check,
        event: Event,
        keep: Option<Keep<Device>>,
    ) -> Result<Device, StoreError> {
        self.write(keep, move |db, keys| {
            let before = rows::known_device(db, keys, device)?;
            check(&before)?;
            registry::retire(db, keys, &before, event)?;
            Ok(before)
        })
        .await
    }

    async fn import(
        &self,
        sources: Vec<Source>,
        plan: Plan,
        keep: Option<Keep<Vec<Imported>>>,
    ) -> Result<Vec<Imported>, StoreError> {
        self.write(keep, move |db, keys| import(db, keys, &sources, plan))
            .await
    }

    async fn create_token(
        &self,
        token: Token,
        event: Event,
        keep: Option<Keep<Token>>,
    ) -> Result<Token, StoreError> {
        self.write(keep, move |db, _| {
            tokens::create(db, &token, event)?;
            Ok(token)
        })
        .await
    }

    async fn revoke_token(
        &self,
        id: TokenId,
        event: Event,
        keep: Option<Keep<Token>>,
    ) -> Result<Token, StoreError> {
        self.write(keep, move |db, _| tokens::revoke(db, id, event))
            .await
    }

    async fn alter_push_profile(
        &self,
        id: Uuid,
        decide: DecideProfile,
        keep: Option<Keep<PushProfile>>,
    ) -> Result<PushProfile, StoreError> {
        self.write(keep, move |db, keys| push::change(db, keys, id, decide))
            .await
    }

    async fn create_batch(
        &self,
        batch: Batch,
        event: Event,
        keep: Option<Keep<Batch>>,
    ) -> Result<Batch, StoreError> {
        self.write(keep, move |db, keys| {
            batches::create(db, keys, &batch, event)?;
            Ok(batch)
        })
        .await
    }

    async fn stop_batch(
        &self,
        id: BatchId,
        take_back: bool,
        event: Event,
        keep: Option<Keep<Batch>>,
    ) -> Result<Batch, StoreError> {
        self.write(keep, move |db, keys| {
            batches::stop(db, keys, id, take_back, event)
        })
        .await
    }

    async fn put_app(
        &self,
        id: &str,
        decide: DecideApp,
        event: Event,
        keep: Option<Keep<App>>,
    ) -> Result<App, StoreError> {
        let id = id.to_owned();
        self.write(keep, move |db, keys| {
            catalogue::put(db, keys, &id, decide, event)
        })
        .await
    }

    async fn delete_app(
        &self,
        id: &str,
        event: Event,
        keep: Option<Keep<App>>,
    ) -> Result<App, StoreError> {
        let id = id.to_owned();
        self.write(keep, move |db, keys| {
            catalogue::delete(db, keys, &id, event)
        })
        .await
    }

    async fn alter_install(
        &self,
        device: DeviceId,
        app: &str,
        no: Option<u32>,
        decide: DecideInstalls,
        most: Option<u64>,
        keep: Option<Keep<WrittenInstall>>,
    ) -> Result<WrittenInstall, StoreError> {
        let app = app.to_owned();
        let (told, reached) = std::sync::mpsc::channel();
        let done = self.write(keep, move |db, keys| {
            let changed = installs::change(db, keys, device, (&app, no), decide, most)?;
            let missing = || StoreError::missing("install");
            // Nobody listens any more where the caller has gone away.
            let _ = told.send(changed.reached);
            Ok(WrittenInstall {
                device: changed.device,
                install: changed.written.answer.ok_or_else(missing)?,
                created: changed.written.created,
            })
        });
        let done = done.await?;
        for state in reached.try_iter().flatten() {
            self.observer.install_moved(state);
        }
        Ok(done)
    }

    async fn create_webhook(
        &self,
        webhook: Webhook,
        event: Event,
        keep: Option<Keep<Webhook>>,
    ) -> Result<Webhook, StoreError> {
        self.write(keep, move |db, keys| {
            webhooks::create(db, keys, webhook, event)
        })
        .await
    }

    async fn alter_webhook(
        &self,
        id: WebhookId,
        change: ChangeWebhook,
        event: Event,
        keep: Option<Keep<Webhook>>,
    ) -> Result<Webhook, StoreError> {
        self.write(keep, move |db, keys| {
            webhooks::alter(db, keys, id, change, event)
        })
        .await
    }

    async fn ask_delivery(
        &self,
        id: WebhookId,
        asked: AskedDelivery,
        event: Event,
        keep: Option<Keep<DeliveryRecord>>,
    ) -> Result<DeliveryRecord, StoreError> {
        self.write(keep, move |db, keys| {
            webhooks::ask(db, keys, id, asked, event)
        })
        .await
    }

    async fn delete_webhook(
        &self,
        id: WebhookId,
        event: Event,
        keep: Option<Keep<Webhook>>,
    ) -> Result<Webhook, StoreError> {
        self.write(keep, move |db, keys| webhooks::delete(db, keys, id, event))
            .await
    }
}

fn alter_command(
    db: &Connection,
    keys: &Keys,
    id: CommandId,
    decide: Decide,
) -> Result<(StoredCommand, Device), StoreError> {
    let device = changes::alter(db, keys, id.device, decide)?;
    let command = read::command(db, keys, id)?;
    let command = command.ok_or_else(|| StoreError::missing("command"))?;
    Ok((command, device))
}

/// All entries or none: what is wrong with any is found before the whole is refused.
fn import(
    db: &Connection,
    keys: &Keys,
    sources: &[Source],
    mut plan: Plan,
) -> Result<Vec<Imported>, StoreError> {
    let (mut done, mut conflicts) = (Vec::with_capacity(sources.len()), Vec::new());
    for (at, source) in sources.iter().enumerate() {
        let there = rows::device(db, keys, &Key::Source(&source.0))?;
        match (plan(at, there.as_ref()), there) {
            (ImportStep::Conflict(fault), _) => conflicts.push(fault),
            // After the first conflict nothing stays of what is written.
            _ if !conflicts.is_empty() => {}
            (ImportStep::Register(id, record, event), _) => {
                registry::register(db, keys, id, &record, *event)?;
                done.push(Imported::Created(id));
            }
            (ImportStep::Change(change), Some(device)) => {
                changes::alter(db, keys, device.id, Box::new(move |_| Ok(*change)))?;
                done.push(Imported::Updated(device.id));
            }
            (ImportStep::Skip, Some(device)) => done.push(Imported::Skipped(device.id)),
            (ImportStep::Change(_) | ImportStep::Skip, None) => return Err(StoreError::NoDevice),
        }
    }
    if conflicts.is_empty() {
        Ok(done)
    } else {
        Err(StoreError::Refused(Refusal::Conflicts(conflicts)))
    }
}
