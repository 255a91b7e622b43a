//! The work of batches, piece by piece, beside everything else.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::clock::Clock;
use crate::supervisor::Worker;
use modegate_core::batch::{Batch, BatchId, Selection};
use modegate_core::catalogue::{self, App};
use modegate_core::change::Refusal;
use modegate_core::command::CommandBody;
use modegate_core::context::Family;
use modegate_core::device::Device;
use modegate_core::fields::Fields;
use modegate_core::ids::DeviceId;
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
    let devices = next_devices(store, &batch).await?;
    let unfit = unfit(store, app.as_ref(), &devices).await?;
    let maker = Maker {
        actor: batch.actor,
        command,
        app,
        unfit,
        templates: templates.clone(),
        now,
    };
    // To read a command may take long: nobody's transaction waits for it.
    let made = tokio::task::spawn_blocking(move || Made::new(maker, devices));
    let made = made
        .await
        .map_err(|_| StoreError::Failed(Arc::from("the commands of a batch could not be made")))?;
    let make: MakeCommand = Box::new(move |device: &Device| made.command(device));
    store.advance_batch(id, now, make).await.map(drop)
}

/// The devices that the next piece is for, as they are now.
async fn next_devices(store: &dyn Store, batch: &Batch) -> Result<Vec<Device>, StoreError> {
    let mut devices = match batch.selection() {
        Some(Selection::Devices { after, limit }) => store.devices(after, limit).await?,
        Some(Selection::Named(ids)) => {
            let mut there = Vec::with_capacity(ids.len());
            for id in ids {
                there.extend(store.device(id).await?);
            }
            there
        }
        Some(Selection::Items { .. }) | None => Vec::new(),
    };
    devices.retain(|device| batch.wants(&device.record));
    Ok(devices)
}

/// For each of these devices why it is not as the app requires; nothing for one that is.
async fn unfit(
    store: &dyn Store,
    app: Option<&App>,
    devices: &[Device],
) -> Result<HashMap<DeviceId, Option<Refusal>>, StoreError> {
    let mut unfit = HashMap::new();
    if let Some(app) = app.filter(|app| app.requires.is_some()) {
        for device in devices {
            let compliance = store.compliance(device.id).await?;
            unfit.insert(device.id, app.check_required(compliance.as_ref()).err());
        }
    }
    Ok(unfit)
}

/// What makes the batch's command for a device.
struct Maker {
    actor: String,
    command: Option<Value>,
    app: Option<App>,
    /// Where the app requires something: for each device that was looked at, why it is not so.
    unfit: HashMap<DeviceId, Option<Refusal>>,
    templates: Templates,
    now: Timestamp,
}

impl Maker {
    fn command(&self, device: &Device) -> Result<CommandBody, Refusal> {
        let command = self.command.as_ref();
        let command = command
            .ok_or_else(|| Refusal::Conflict("the batch's command is unreadable".to_owned()))?;
        let setting = BuildContext {
            device: Some(device.id),
            templates: &self.templates,
            actor: &self.actor,
            now: self.now,
            fresh: Uuid::now_v7(),
        };
        let fields = Fields::from_value(command, "").map_err(Refusal::Field)?;
        let release = self
            .app
            .as_ref()
            .map(|app| app.pick(&fields, &device.record.groups));
        let (family, release) = (device.record.family, release.transpose()?);
        if let Some(app) = &self.app {
            match self.unfit.get(&device.id) {
                Some(Some(why)) => return Err(why.clone()),
                Some(None) => {}
                // One that came meanwhile was not judged by then.
                None => app.check_required(None)?,
            }
        }
        operations::command_with(family, command, &setting, release).map_err(Refusal::Field)
    }
}

/// What a command was made for: it depends on nothing else of a device.
type For = (DeviceId, Family, Vec<String>);

fn made_for(device: &Device) -> For {
    let record = &device.record;
    (device.id, record.family, record.groups.clone())
}

/// The commands of a piece, made before its transaction.
struct Made {
    maker: Maker,
    /// Each is taken once.
    commands: Mutex<HashMap<For, Result<CommandBody, Refusal>>>,
}

impl Made {
    fn new(maker: Maker, devices: Vec<Device>) -> Self {
        let made = devices
            .iter()
            .map(|device| (made_for(device), maker.command(device)));
        Made {
            commands: Mutex::new(made.collect()),
            maker,
        }
    }

    /// The command for a device; one that changed meanwhile, or came, gets its own.
    fn command(&self, device: &Device) -> Result<CommandBody, Refusal> {
        let mut commands = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        let made = commands.remove(&made_for(device));
        made.unwrap_or_else(|| self.maker.command(device))
    }
}
