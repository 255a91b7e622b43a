//! The work of batches, piece by piece, beside everything else.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::clock::Clock;
use modegate_core::batch::{Batch, BatchId};
use modegate_core::catalogue::{self, App};
use modegate_core::change::Refusal;
use modegate_core::command::CommandBody;
use modegate_core::device::Device;
use modegate_core::fields::Fields;
use modegate_core::operations::{self, Setting, Templates};
use modegate_core::time::Timestamp;
use modegate_store::{MakeCommand, Store, StoreError};

/// How often open batches are looked for when nobody tells of one: after a
/// fault of the store, which passes.
const LOOK: Duration = Duration::from_secs(10);

/// Works at open batches until the task is ended.
pub(super) async fn work(
    store: Arc<dyn Store>,
    templates: Templates,
    wake: Arc<Notify>,
    clock: Clock,
) {
    loop {
        if let Err(error) = once(&store, &templates, &clock).await {
            tracing::error!(%error, "open batches could not be read; they will be tried again");
        }
        let _ = tokio::time::timeout(LOOK, wake.notified()).await;
    }
}

/// Goes round the open batches, a piece of each at a time, until none is open but
/// those that cannot go on now: one never keeps the others.
async fn once(
    store: &Arc<dyn Store>,
    templates: &Templates,
    clock: &Clock,
) -> Result<(), StoreError> {
    let mut set_aside = HashSet::new();
    loop {
        let mut open = store.open_batches().await?;
        open.retain(|id| !set_aside.contains(id));
        if open.is_empty() {
            return Ok(());
        }
        for id in open {
            if let Err(error) = piece(store, templates, id, clock.now()).await {
                tracing::error!(batch = %id, %error, "a batch could not go on; it will be tried again");
                set_aside.insert(id);
            }
        }
    }
}

/// The next piece of one batch.
async fn piece(
    store: &Arc<dyn Store>,
    templates: &Templates,
    id: BatchId,
    now: Timestamp,
) -> Result<(), StoreError> {
    // One that is listed and not there would be looked for without end.
    let missing = || StoreError::Failed(Arc::from("the batch is not there"));
    let batch = store.batch(id).await?.ok_or_else(missing)?;
    let command: Option<Value> = serde_json::from_str(batch.command.reveal()).ok();
    let app = match command.as_ref().and_then(catalogue::named) {
        Some(id) => store.app(id).await?,
        None => None,
    };
    let make = make(&batch, command, app, templates.clone(), now);
    store.advance_batch(id, now, make).await.map(drop)
}

/// What makes the batch's command for each device.
fn make(
    batch: &Batch,
    command: Option<Value>,
    app: Option<App>,
    templates: Templates,
    now: Timestamp,
) -> MakeCommand {
    let actor = batch.actor.clone();
    Box::new(move |device: &Device| -> Result<CommandBody, Refusal> {
        let command = command
            .as_ref()
            .ok_or_else(|| Refusal::Conflict("the batch's command cannot be read".to_owned()))?;
        let setting = Setting {
            device: Some(device.id),
            templates: &templates,
            actor: &actor,
            now,
            fresh: Uuid::now_v7(),
        };
        let fields = Fields::of(command, "").map_err(Refusal::Field)?;
        let release = app
            .as_ref()
            .map(|app| app.pick(&fields, &device.record.groups));
        let (family, release) = (device.record.family, release.transpose()?);
        operations::command_with(family, command, &setting, release).map_err(Refusal::Field)
    })
}
