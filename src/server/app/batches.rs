//! Batches: one command for many devices, queued in the background.

use super::commands::{Drafted, build_apart, draft, known_fields_only, state_of};
use super::input::{Lines, List, Object, Parsed, input};
use super::list::{ScanBounds, scan};
use super::{App, AppError, Listed, Page, Principal, WriteOptions, catalogue};
use modegate_core::batch::{Batch, BatchId, BatchState, DEVICES, To};
use modegate_core::command::{CommandBody, CommandState, StoredCommand};
use modegate_core::context::Family;
use modegate_core::device::Device;
use modegate_core::event::{Event, EventType};
use modegate_core::fields::{FieldError, Fields};
use modegate_core::ids::DeviceId;
use modegate_core::limits::NAME_BYTES;
use modegate_core::operations;
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;
use modegate_store::Chunk;
use serde_json::Value;

/// Most groups of one batch.
const GROUPS: usize = 64;

input! {
    /// A command for many devices.
    pub(crate) struct NewBatch {
        /// For which devices.
        pub(crate) to: Targets,
        /// A command.
        #[schemars(description = "as POST /devices/{device}/commands takes it")]
        pub(crate) command: Object,
    }

    /// exactly one of the three
    #[schemars(inline)]
    pub(crate) struct Targets {
        /// The devices of any of these groups, as they are when their turn comes.
        pub(crate) groups: Option<Lines<GROUPS, NAME_BYTES, 1>>,
        /// These.
        pub(crate) devices: Option<List<Parsed<DeviceId>, DEVICES, 1>>,
        /// Every device.
        pub(crate) all: Option<bool>,
    }
}

impl Targets {
    fn choice(self) -> Result<To, AppError> {
        match (self.groups, self.devices, self.all) {
            (Some(groups), None, None) => Ok(To::Groups(groups.texts())),
            (None, Some(devices), None) => {
                let mut ids: Vec<DeviceId> = devices.0.into_iter().map(|id| id.0).collect();
                ids.sort_unstable();
                ids.dedup();
                Ok(To::Devices(ids))
            }
            (None, None, Some(true)) => Ok(To::All),
            _ => {
                let expected = "one of {\"groups\":[…]}, {\"devices\":[…]} or {\"all\":true}";
                Err(AppError::field("to", expected, "none of them, or several"))
            }
        }
    }
}

/// Makes a batch, which works in the background.
pub(crate) async fn create(
    app: &App,
    by: &Principal,
    new: NewBatch,
    options: WriteOptions<Batch>,
) -> Result<Batch, AppError> {
    let to = new.to.choice()?;
    let (now, wanted) = (app.now(), new.command.0);
    let command = checked(app, by, &wanted, now).await?;
    let batch = Batch {
        id: BatchId(app.new_id()),
        to,
        scope: by.groups(),
        command: Secret::new(wanted.to_string()),
        name: command.name,
        actor: by.actor(),
        created_at: now,
        ended_at: None,
        state: BatchState::Running,
        cursor: 0,
        queued: 0,
        refused: 0,
        cancelled: 0,
        refusals: Vec::new(),
    };
    let detail = format!("batch {} of {}", batch.id, batch.name);
    let event = Event::new(now, by.actor(), None, EventType::BatchCreated).detail(detail);
    let created = app.store.create_batch(batch, event, options.keep).await?;
    app.batches.notify_one();
    Ok(created)
}

/// Checks the command now, so that its faults are not reported once per device.
async fn checked(
    app: &App,
    by: &Principal,
    wanted: &Value,
    now: Timestamp,
) -> Result<CommandBody, AppError> {
    let within = |error: FieldError| FieldError {
        field: match error.field.as_str() {
            "body" => "command".to_owned(),
            field => format!("command.{field}"),
        },
        ..error
    };
    known_fields_only(wanted).map_err(|all| all.into_iter().map(within).collect::<Vec<_>>())?;
    let named = catalogue::named(app, by, wanted).await?;
    let command = build_apart(
        app,
        by,
        (wanted, None),
        now,
        move |wanted, setting| match named {
            None => operations::command_for_some(wanted, setting),
            Some(named) => Fields::from_value(wanted, "").and_then(|fields| {
                let release = named.version(&fields)?;
                operations::command_with(Family::Windows81, wanted, setting, Some(release))
            }),
        },
    );
    let command = command.await?;
    Ok(command.map_err(within)?)
}

/// Whether the caller sees the batch: a scoped one sees what was asked for within its
/// own scope.
fn sees(by: &Principal, batch: &Batch) -> bool {
    by.sees_all() || batch.scope == by.groups()
}

/// One batch and its progress.
pub(crate) async fn one(app: &App, by: &Principal, id: BatchId) -> Result<Batch, AppError> {
    let batch = app.store.batch(id).await?;
    batch
        .filter(|batch| sees(by, batch))
        .ok_or_else(|| AppError::missing("batch"))
}

/// Batches, the newest first.
pub(crate) async fn list(app: &App, by: &Principal, page: Page) -> Result<Listed<Batch>, AppError> {
    let chunk = crate::limits::PAGE_ITEMS;
    let read = async |before| {
        let found = app.store.batches(before, chunk).await?;
        Ok(Chunk::of_up_to(chunk, found))
    };
    let bounds = ScanBounds {
        looks: crate::limits::BATCH_WALK,
        bytes: u64::MAX,
        weigh: |_: &(u64, Batch)| 0,
    };
    let page = Page {
        after: Some(page.after.unwrap_or(u64::MAX)),
        ..page
    };
    let takes = |(_, batch): &(u64, Batch)| sees(by, batch);
    let listed = scan(page, bounds, read, |(place, _)| *place, takes).await?;
    Ok(listed.filter_map(|(_, batch)| Some(batch)))
}

/// The commands that a batch queued.
pub(crate) async fn commands(
    app: &App,
    by: &Principal,
    id: BatchId,
    page: Page,
) -> Result<Listed<(StoredCommand, Device)>, AppError> {
    let batch = one(app, by, id).await?;
    let after = page.after.unwrap_or(0);
    let items = app.store.batch_items(batch.id, after, page.limit).await?;
    let listed = Listed::from_page(items, page.limit, |(item, _)| *item);
    let (mut shown, mut bytes) = (Vec::with_capacity(listed.items.len()), 0);
    let last = listed.items.last().map(|(item, _)| *item);
    for (item, id) in listed.items {
        let device = app.store.device(id.device).await?;
        let command = app.store.command(id).await?;
        if let (Some(device), Some(command)) = (device, command)
            && by.may_see(&device)
        {
            bytes += command.bytes();
            shown.push((command, device));
        }
        if bytes >= app.page_bytes && Some(item) != last {
            return Ok(Listed {
                items: shown,
                next: Some(item),
            });
        }
    }
    Ok(Listed {
        items: shown,
        next: listed.next,
    })
}

/// Looks at a batch as it would be made: what sessions of the first device that it is for
/// would make of its command. `None` where there is no such device among the first.
pub(crate) async fn preview(
    app: &App,
    by: &Principal,
    new: NewBatch,
) -> Result<Option<(Device, Drafted)>, AppError> {
    let (to, wanted) = (new.to.choice()?, new.command.0);
    checked(app, by, &wanted, app.now()).await?;
    let Some(device) = first_of(app, by, &to).await? else {
        return Ok(None);
    };
    let drafted = draft(app, by, device.id, wanted).await?;
    Ok(Some((device, drafted)))
}

/// The first device that is meant and that the caller may see, of those that are looked at.
async fn first_of(app: &App, by: &Principal, to: &To) -> Result<Option<Device>, AppError> {
    let in_groups = |device: &Device, groups: &[String]| {
        let mut own = device.record.groups.iter();
        own.any(|group| groups.contains(group))
    };
    if let To::Devices(ids) = to {
        for id in ids.iter().take(crate::limits::PAGE_ITEMS) {
            let device = app.store.device(*id).await?;
            if let Some(device) = device.filter(|device| by.may_see(device)) {
                return Ok(Some(device));
            }
        }
        return Ok(None);
    }
    let first = app.store.devices(0, crate::limits::PAGE_ITEMS).await?;
    let meant = |device: &Device| match to {
        To::Groups(groups) => in_groups(device, groups),
        To::All | To::Devices(_) => true,
    };
    Ok(first
        .into_iter()
        .find(|device| by.may_see(device) && meant(device)))
}

/// What became of the first commands that a batch queued.
#[derive(Debug, Default)]
pub(crate) struct BatchOutcomes {
    /// How many are in each state, in the order of the states.
    pub(crate) states: Vec<(CommandState, u64)>,
    /// How many were looked at.
    pub(crate) seen: u64,
}

/// Looks at the first commands that a batch queued, 200 at most.
pub(crate) async fn outcomes(
    app: &App,
    by: &Principal,
    id: BatchId,
) -> Result<BatchOutcomes, AppError> {
    let first = Page {
        after: None,
        limit: crate::limits::PAGE_ITEMS,
    };
    let (listed, now) = (commands(app, by, id, first).await?, app.now());
    let mut states = CommandState::ALL.map(|state| (state, 0));
    for (command, device) in &listed.items {
        let of = state_of(command, device, now);
        let counted = states.iter_mut().find(|(state, _)| *state == of);
        counted.into_iter().for_each(|(_, count)| *count += 1);
    }
    Ok(BatchOutcomes {
        seen: listed.items.len() as u64,
        states: states.into_iter().filter(|(_, count)| *count > 0).collect(),
    })
}

/// Stops a batch; with `cancels`, what waits still is cancelled.
pub(crate) async fn stop(
    app: &App,
    by: &Principal,
    id: BatchId,
    cancels: bool,
    options: WriteOptions<Batch>,
) -> Result<Batch, AppError> {
    let batch = one(app, by, id).await?;
    let event = Event::new(app.now(), by.actor(), None, EventType::BatchStopped);
    let event = event.detail(format!("batch {}", batch.id));
    let stopped = app.store.stop_batch(batch.id, cancels, event, options.keep);
    let stopped = stopped.await?;
    app.batches.notify_one();
    Ok(stopped)
}
