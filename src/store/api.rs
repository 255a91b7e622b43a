//! Writes of use cases: each is one transaction and returns what was written. Where
//! the caller named the write, its answer is kept in the same transaction.

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::error::StoreError;
use super::installs::{DecideApp, DecideInstalls};
use super::push::DecideProfile;
use modegate_core::batch::{Batch, BatchId};
use modegate_core::catalogue::App;
use modegate_core::change::{DeviceChange, Refusal};
use modegate_core::command::StoredCommand;
use modegate_core::device::{Device, DeviceRecord};
use modegate_core::event::Event;
use modegate_core::fields::FieldError;
use modegate_core::ids::{CommandId, DeviceId, Source};
use modegate_core::installs::Install;
use modegate_core::push::record::PushProfile;
use modegate_core::time::Timestamp;
use modegate_core::tokens::{Token, TokenId};
use modegate_core::webhooks::{AskedDelivery, DeliveryRecord, Webhook, WebhookId};

/// How long the answer to a write is kept, milliseconds: 24 hours.
pub const RESPONSE_KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// A write that its caller named, so that it is done once however often it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The caller. The same key of another caller is another write.
    pub scope: String,
    /// The name: `Idempotency-Key`.
    pub key: String,
    /// Digest of what is asked for.
    pub digest: [u8; 32],
    /// When.
    pub at: Timestamp,
}

impl IdempotencyKey {
    /// What it is kept under: a digest of scope and key, each as long as it says.
    pub fn id(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update((self.scope.len() as u64).to_le_bytes());
        hasher.update(&self.scope);
        hasher.update(&self.key);
        hasher.finalize().into()
    }
}

/// What is kept of a write that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// Digest of what was asked for.
    pub digest: [u8; 32],
    /// The answer.
    pub answer: Vec<u8>,
}

/// Renders an answer from what was written. It must not block.
pub type Render<T> = Box<dyn FnOnce(&T) -> Vec<u8> + Send>;

/// What a write keeps of itself, so that it is done once: its answer, in the same
/// transaction. Only a write whose caller named it has one.
pub struct Keep<T> {
    /// The name that the caller gave the write.
    pub key: IdempotencyKey,
    /// Renders the answer.
    pub render: Render<T>,
}

impl<T: 'static> Keep<T> {
    /// The same for a write that returns `U`, from which `make` gets what is rendered.
    pub fn from_written<U>(self, make: impl FnOnce(&U) -> T + Send + 'static) -> Keep<U> {
        let render = self.render;
        Keep {
            key: self.key,
            render: Box::new(move |written| render(&make(written))),
        }
    }
}

/// What decides a write, inside its transaction: a function of the device as it
/// stands. It must not block.
pub type Decide = Box<dyn FnOnce(&Device) -> Result<DeviceChange, Refusal> + Send>;

/// Changes a webhook.
pub type ChangeWebhook = Box<dyn FnOnce(&mut Webhook) + Send>;

/// Looks at a device before it is retired.
pub type Check = Box<dyn FnOnce(&Device) -> Result<(), Refusal> + Send>;

/// Says what becomes of the nth entry of an import, given the device that has its source.
pub type Plan = Box<dyn FnMut(usize, Option<&Device>) -> ImportStep + Send>;

/// What becomes of one entry of an import.
pub enum ImportStep {
    /// A new device.
    Register(DeviceId, Box<DeviceRecord>, Box<Event>),
    /// The device that has the source changes.
    Change(Box<DeviceChange>),
    /// It stays as it is.
    Skip,
    /// The whole import is refused, for this and for whatever else is wrong.
    Conflict(FieldError),
}

/// What became of one entry of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// Registered.
    Created(DeviceId),
    /// Changed.
    Updated(DeviceId),
    /// Left as it was.
    Skipped(DeviceId),
}

/// An install after a write, with its device.
#[derive(Debug, Clone)]
pub struct WrittenInstall {
    /// The device.
    pub device: Device,
    /// The install.
    pub install: Install,
    /// Whether this write made it.
    pub created: bool,
}

/// Writes of use cases. Each is one transaction and returns what was written. With
/// a [`Keep`], its answer is kept in the same transaction, and a second write of
/// that name is refused with [`StoreError::Done`].
#[async_trait]
pub trait WriteStore: Send + Sync {
    /// The answer that is kept under the name of this write, not older than a day.
    async fn stored_response(
        &self,
        key: &IdempotencyKey,
    ) -> Result<Option<StoredResponse>, StoreError>;

    /// Registers a device, with its event.
    async fn register(
        &self,
        id: DeviceId,
        record: DeviceRecord,
        event: Event,
        keep: Option<Keep<Device>>,
    ) -> Result<Device, StoreError>;

    /// Changes a device, its queue or both. The device afterwards.
    async fn alter(
        &self,
        device: DeviceId,
        decide: Decide,
        keep: Option<Keep<Device>>,
    ) -> Result<Device, StoreError>;

    /// Changes one command. The command and its device afterwards.
    async fn alter_command(
        &self,
        id: CommandId,
        decide: Decide,
        keep: Option<Keep<(StoredCommand, Device)>>,
    ) -> Result<(StoredCommand, Device), StoreError>;

    /// Retires a device: its source is free again, its record and queue are gone,
    /// its events stay. The device as it stood before.
    async fn retire(
        &self,
        device: DeviceId,
        check: Check,
        event: Event,
        keep: Option<Keep<Device>>,
    ) -> Result<Device, StoreError>;

    /// Registers and changes many devices, all or none. No two of `sources` are
    /// equal. What became of each, in order.
    async fn import(
        &self,
        sources: Vec<Source>,
        plan: Plan,
        keep: Option<Keep<Vec<Imported>>>,
    ) -> Result<Vec<Imported>, StoreError>;

    /// Makes a token; refused where its name is taken.
    async fn create_token(
        &self,
        token: Token,
        event: Event,
        keep: Option<Keep<Token>>,
    ) -> Result<Token, StoreError>;

    /// Ends a token; the event gets its name. The token as it was.
    async fn revoke_token(
        &self,
        id: TokenId,
        event: Event,
        keep: Option<Keep<Token>>,
    ) -> Result<Token, StoreError>;

    /// Makes, changes or deletes a push profile. The profile afterwards, or as it
    /// was before it was deleted.
    async fn alter_push_profile(
        &self,
        id: Uuid,
        decide: DecideProfile,
        keep: Option<Keep<PushProfile>>,
    ) -> Result<PushProfile, StoreError>;

    /// Makes a batch.
    async fn create_batch(
        &self,
        batch: Batch,
        event: Event,
        keep: Option<Keep<Batch>>,
    ) -> Result<Batch, StoreError>;

    /// Stops a batch that is running; with `take_back`, what waits still is
    /// cancelled. The batch afterwards.
    async fn stop_batch(
        &self,
        id: BatchId,
        take_back: bool,
        event: Event,
        keep: Option<Keep<Batch>>,
    ) -> Result<Batch, StoreError>;

    /// Puts an app into the catalogue, or another in its place.
    async fn put_app(
        &self,
        id: &str,
        decide: DecideApp,
        event: Event,
        keep: Option<Keep<App>>,
    ) -> Result<App, StoreError>;

    /// Takes an app out of the catalogue. The app as it was.
    async fn delete_app(
        &self,
        id: &str,
        event: Event,
        keep: Option<Keep<App>>,
    ) -> Result<App, StoreError>;

    /// Makes an install, or takes one back. The decision sees the open installs of
    /// the device, all those of `app`, and the one with the number `no`. A new one is
    /// refused where who asks has `most` under way.
    async fn alter_install(
        &self,
        device: DeviceId,
        app: &str,
        no: Option<u32>,
        decide: DecideInstalls,
        most: Option<u64>,
        keep: Option<Keep<WrittenInstall>>,
    ) -> Result<WrittenInstall, StoreError>;

    /// Makes a webhook; it gets its number.
    async fn create_webhook(
        &self,
        webhook: Webhook,
        event: Event,
        keep: Option<Keep<Webhook>>,
    ) -> Result<Webhook, StoreError>;

    /// Changes a webhook. The webhook afterwards.
    async fn alter_webhook(
        &self,
        id: WebhookId,
        change: ChangeWebhook,
        event: Event,
        keep: Option<Keep<Webhook>>,
    ) -> Result<Webhook, StoreError>;

    /// Puts a delivery into the outbox of a webhook, due at the time of the event.
    async fn ask_delivery(
        &self,
        id: WebhookId,
        asked: AskedDelivery,
        event: Event,
        keep: Option<Keep<DeliveryRecord>>,
    ) -> Result<DeliveryRecord, StoreError>;

    /// Ends a webhook; what it was still to get goes with it. The webhook as it was.
    async fn delete_webhook(
        &self,
        id: WebhookId,
        event: Event,
        keep: Option<Keep<Webhook>>,
    ) -> Result<Webhook, StoreError>;
}
