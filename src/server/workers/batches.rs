//! The work of batches, piece by piece, beside everything else.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::clock::Clock;
use crate::supervisor::Worker;
use modegate_core::batch::{Batch, BatchId};
use modegate_core::catalogue::{self, App};
use modegate_core::change::Refusal;
use modegate_core::command::CommandBody;
use modegate_core::device::Device;
use modegate_core::fields::Fields;
use modegate_core::operations::{self, BuildContext, Templates};
use modegate_core::time::Timestamp;
use modegate_store::{MakeCommand, Store, StoreError};

/// How often open batches are looked for when nobody tells of one: after a
/// fault of the store, which passes.
const LOOK: Duration = Duration::from_secs(10);

/// The worker. It goes round the open batches, a piece of each at a time.
pub(super) struct BatchWorker {
    store: Arc<dyn Store>,
    templates: Templates,
    wake: Arc<Notify>,
    clock: Clock,
    /// Batches that could not go on, until the next look: one never holds up
    /// the others.
    set_aside: HashSet<BatchId>,
}

impl BatchWorker {
    pub(super) fn new(
        store: Arc<dyn Store>,
        templates: Templates,
        wake: Arc<Notify>,
        clock: Clock,
    ) -> Self {
        BatchWorker {
            store,
            templates,
            wake,
            clock,
            set_aside: HashSet::new(),
        }
    }
}

#[async_trait]
impl Worker for BatchWorker {
    async fn work(&mut self) -> Result<Duration, StoreError> {
        let mut open = self.store.open_batches().await?;
        open.retain(|id| !self.set_aside.contains(id));
        if open.is_empty() {
            self.set_aside.clear();
            return Ok(LOOK);
        }
        for id in open {
            let advanced = run_chunk(&*self.store, &self.templates, id, self.clock.now()).await;
            if let Err(error) = advanced {
                tracing::error!(batch = %id, %error, "a batch failed; it will be retried");
                self.set_aside.insert(id);
            }
        }
        Ok(Duration::ZERO)
    }

    async fn woken(&mut self) {
        self.wake.notified().await;
    }
}

/// The next piece of one batch.
async fn run_chunk(
    store: &dyn Store,
    templates: &Templates,
    id: BatchId,
    now: Timestamp,
) -> Result<(), StoreError> {
    // One that is listed and not there would be looked for without end.
    let missing = || StoreError::Failed(Arc::from("batch not found"));
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
            .ok_or_else(|| Refusal::Conflict("the batch's command is unreadable".to_owned()))?;
        let setting = BuildContext {
            device: Some(device.id),
            templates: &templates,
            actor: &actor,
            now,
            fresh: Uuid::now_v7(),
        };
        let fields = Fields::from_value(command, "").map_err(Refusal::Field)?;
        let release = app
            .as_ref()
            .map(|app| app.pick(&fields, &device.record.groups));
        let (family, release) = (device.record.family, release.transpose()?);
        operations::command_with(family, command, &setting, release).map_err(Refusal::Field)
    })
}
