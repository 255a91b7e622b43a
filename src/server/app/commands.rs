//! Commands: queued, listed, changed; and what a session would carry.

use std::sync::Arc;

use serde_json::{Value, json};

use super::compliance::check_required;
use super::list::{ScanBounds, scan};
use super::log::{Decision, decisions};
use super::revision::{check, command_tag};
use super::{App, AppError, Listed, Page, Principal, WriteOptions, catalogue};
use modegate_core::change::{self, Refusal};
use modegate_core::command::{CommandBody, CommandState, StoredCommand};
use modegate_core::context::{Context, Family};
use modegate_core::device::Device;
use modegate_core::fields::{FieldError, Fields, shown};
use modegate_core::forecast::{self, Forecast};
use modegate_core::ids::{CommandId, CommandSeq, DeviceId};
use modegate_core::operations::{self, BuildContext};
use modegate_core::policy::PolicySet;
use modegate_core::push::active_profiles::Target;
use modegate_core::session::preview::{Draft, Preview, draft as draft_of, preview as preview_of};
use modegate_core::session::queue::{self, state_at};
use modegate_core::time::Timestamp;

/// A command and its device, as a transaction left them.
pub(crate) type DeviceCommand = (StoredCommand, Device);

/// Queues a command for a device.
pub(crate) async fn queue(
    app: &App,
    by: &Principal,
    id: DeviceId,
    wanted: Value,
    options: WriteOptions<DeviceCommand>,
) -> Result<DeviceCommand, AppError> {
    let device = by.device(app, id).await?;
    let now = app.now();
    let command = meant(app, by, &device, wanted, now).await?;
    let (queued, set) = (command.clone(), app.sync.policies());
    let is_portal = by.is_portal();
    let decide = by.decide(move |device| {
        if is_portal {
            queue::check_portal_room(device)?;
        }
        let (mut change, _) = queue::queue(device, queued)?;
        forecast::note(&mut change, &device.record, &set, now);
        Ok(change)
    });
    let stored = move |device: &Device| {
        let stored = StoredCommand {
            id: CommandId {
                device: id,
                // The latest number given.
                seq: CommandSeq(device.state.next_command.saturating_sub(1)),
            },
            body: command.clone(),
            parts: Vec::new(),
        };
        (stored, device.clone())
    };
    let keep = options.keep.map(|keep| keep.from_written(stored.clone()));
    let device = app.store.alter(id, decide, keep).await?;
    Ok(stored(&device))
}

/// The command that a caller may queue by this, with what is left out.
async fn meant(
    app: &App,
    by: &Principal,
    device: &Device,
    mut wanted: Value,
    now: Timestamp,
) -> Result<CommandBody, AppError> {
    known_fields_only(&wanted)?;
    let profiles = app.sync.push();
    complete(&mut wanted, profiles.for_groups(&device.record.groups));
    by.may_queue(&wanted)?;
    read(app, by, device, &wanted, now).await
}

/// What sessions would make of a command, were it queued now, and when it could go.
pub(crate) struct Drafted {
    /// What they would make of it.
    pub(crate) draft: Draft,
    /// When it could go.
    pub(crate) forecast: Option<Forecast>,
    /// The policy set that decides.
    pub(crate) policies: Arc<PolicySet>,
}

/// Looks at a command as it would be queued for a device; changes nothing.
pub(crate) async fn draft(
    app: &App,
    by: &Principal,
    id: DeviceId,
    wanted: Value,
) -> Result<Drafted, AppError> {
    let device = by.device(app, id).await?;
    let now = app.now();
    let command = meant(app, by, &device, wanted, now).await?;
    let policies = app.sync.policies();
    let draft = draft_of(&device, command, &policies, now)?;
    let build = build(app, &device).await?;
    Ok(Drafted {
        forecast: forecast_of(&draft.device, draft.command, &policies, build, now),
        draft,
        policies,
    })
}

/// Refuses a command with fields that its type does not have.
pub(super) fn known_fields_only(wanted: &Value) -> Result<(), Vec<FieldError>> {
    let unknown = operations::unknown_fields(wanted);
    match unknown.is_empty() {
        true => Ok(()),
        false => Err(unknown),
    }
}

fn asks_for_install(command: &Value) -> bool {
    command.get("type").and_then(Value::as_str) == Some("app_install")
}

/// The command that is meant, for this device.
async fn read(
    app: &App,
    by: &Principal,
    device: &Device,
    wanted: &Value,
    now: Timestamp,
) -> Result<CommandBody, AppError> {
    let named = catalogue::named(app, by, wanted).await?;
    if named.is_none() && by.is_portal() && asks_for_install(wanted) {
        let expected = "the id of an app of the catalogue";
        let found = wanted.get("app").map_or("nothing".to_owned(), shown);
        return Err(AppError::field("app", expected, found));
    }
    let fields = Fields::from_value(wanted, "")?;
    let release = named
        .as_ref()
        .map(|named| named.pick(&fields, &device.record.groups));
    let (family, release) = (device.record.family, release.transpose()?.cloned());
    if let Some(named) = &named {
        check_required(app, named, device.id).await?;
    }
    let made = build_apart(
        app,
        by,
        (wanted, Some(device.id)),
        now,
        move |wanted, setting| operations::command_with(family, wanted, setting, release.as_ref()),
    );
    let mut command = made.await??;
    wait_only_for_what_is_open(app, device.id, &mut command).await?;
    Ok(command)
}

/// Builds a command off the threads that answer devices: what callers send may take long
/// to look at.
pub(super) async fn build_apart<T: Send + 'static>(
    app: &App,
    by: &Principal,
    (wanted, device): (&Value, Option<DeviceId>),
    now: Timestamp,
    build: impl FnOnce(&Value, &BuildContext<'_>) -> T + Send + 'static,
) -> Result<T, AppError> {
    let (wanted, templates) = (wanted.clone(), app.templates.clone());
    let (actor, fresh) = (by.actor(), app.new_id());
    let work = move || async move {
        let setting = BuildContext {
            device,
            templates: &templates,
            actor: &actor,
            now,
            fresh,
        };
        build(&wanted, &setting)
    };
    Ok(app.work.run(by.token_id(), work).await?)
}

/// Puts the push profile's names into a command about the push channel that leaves
/// them out.
fn complete(command: &mut Value, target: Option<&Target>) {
    let (Some(target), Some(fields)) = (target, command.as_object_mut()) else {
        return;
    };
    let names: &[(&str, &str)] = match fields.get("type").and_then(Value::as_str) {
        Some("wns_update_configuration") => &[
            ("app_id", &target.app_id),
            ("package_family_name", target.pfn.as_str()),
        ],
        Some("wns_read_channel") => &[("app_id", &target.app_id)],
        _ => return,
    };
    for (name, value) in names {
        let is_there = fields.get(*name).is_some_and(|value| !value.is_null());
        if !is_there {
            fields.insert((*name).to_owned(), json!(value));
        }
    }
}

/// What is done already need not be waited for; what ended otherwise never will be.
async fn wait_only_for_what_is_open(
    app: &App,
    device: DeviceId,
    command: &mut CommandBody,
) -> Result<(), AppError> {
    let mut open = Vec::new();
    for (at, &seq) in command.options.after.iter().enumerate() {
        let field = format!("after[{at}]");
        let (stored, device) = match find(app, CommandId { device, seq }).await {
            Err(AppError::Missing(_)) => {
                return Err(AppError::field(field, "a command of this device", "none"));
            }
            found => found?,
        };
        match state_of(&stored, &device, app.now()) {
            CommandState::Succeeded => {}
            state if state.is_final() => {
                let expected = "a command that can still succeed";
                return Err(AppError::field(field, expected, state.name()));
            }
            _ => open.push(seq),
        }
    }
    command.options.after = open;
    Ok(())
}

/// Where a command stands at `now`.
pub(crate) fn state_of(command: &StoredCommand, device: &Device, now: Timestamp) -> CommandState {
    match device.state.open(command.id.seq) {
        Some(open) => state_at(&device.state, open, now),
        None => command
            .parts
            .last()
            .map_or(CommandState::Queued, |part| part.state),
    }
}

/// Lists a device's commands, final ones too: looks at so many at most, so that a
/// page may have fewer than asked for while the list goes on.
pub(crate) async fn list(
    app: &App,
    by: &Principal,
    id: DeviceId,
    state: Option<CommandState>,
    page: Page,
) -> Result<(Device, Listed<StoredCommand>), AppError> {
    let device = by.device(app, id).await?;
    let now = app.now();
    // Read as many at once as are likely shown; of a filtered list nobody knows.
    let chunk = state.map_or(page.limit, |_| crate::limits::PAGE_ITEMS);
    let read = async |after| {
        let after = number(after)?;
        Ok(app.store.commands(id, after, chunk, app.page_bytes).await?)
    };
    let takes = |command: &StoredCommand| {
        state.is_none_or(|state| state_of(command, &device, now) == state)
    };
    let place = |command: &StoredCommand| command.id.seq.0.into();
    let bounds = ScanBounds {
        looks: crate::limits::COMMAND_WALK,
        bytes: app.page_bytes,
        weigh: StoredCommand::bytes,
    };
    let listed = scan(page, bounds, read, place, takes).await?;
    Ok((device, listed))
}

/// Where a page of a list of a device's numbered things begins.
pub(super) fn number(after: u64) -> Result<u32, AppError> {
    u32::try_from(after)
        .map_err(|_| AppError::field("after", "the 'next' of the previous page", after))
}

/// One command, with when it can go and what was decided on it.
pub(crate) struct CommandDetail {
    /// The command.
    pub(crate) command: StoredCommand,
    /// Its device.
    pub(crate) device: Device,
    /// When it can go, unless it is final.
    pub(crate) forecast: Option<Forecast>,
    /// What was decided on it, the newest first.
    pub(crate) decisions: Vec<Decision>,
}

/// One command with its decisions.
pub(crate) async fn one(
    app: &App,
    by: &Principal,
    id: CommandId,
) -> Result<CommandDetail, AppError> {
    let (command, device) = find(app, id).await?;
    if !by.may_see(&device) {
        return Err(AppError::missing("command"));
    }
    let build = build(app, &device).await?;
    let forecast = forecast_of(&device, id.seq, &app.sync.policies(), build, app.now());
    let decisions = decisions(app, id).await?;
    Ok(CommandDetail {
        command,
        device,
        forecast,
        decisions,
    })
}

async fn find(app: &App, id: CommandId) -> Result<DeviceCommand, AppError> {
    let missing = || AppError::missing("command");
    // The device first: a tag older than what it stands for does no harm.
    let device = app.store.device(id.device).await?.ok_or_else(missing)?;
    let command = app.store.command(id).await?.ok_or_else(missing)?;
    Ok((command, device))
}

/// Cancels a command that is not final.
pub(crate) async fn cancel(
    app: &App,
    by: &Principal,
    id: CommandId,
    options: WriteOptions<DeviceCommand>,
) -> Result<DeviceCommand, AppError> {
    change(app, by, id, queue::cancel, options).await
}

/// Has an unconfirmed command sent again, or one that pauses before its next
/// attempt at once.
pub(crate) async fn retry(
    app: &App,
    by: &Principal,
    id: CommandId,
    options: WriteOptions<DeviceCommand>,
) -> Result<DeviceCommand, AppError> {
    change(app, by, id, queue::retry, options).await
}

type ChangeCommand =
    fn(&Device, CommandSeq, &str, Timestamp) -> Result<change::DeviceChange, Refusal>;

/// Changes a command, if it is as the caller last saw it.
async fn change(
    app: &App,
    by: &Principal,
    id: CommandId,
    how: ChangeCommand,
    options: WriteOptions<DeviceCommand>,
) -> Result<DeviceCommand, AppError> {
    let (actor, now, policies) = (by.actor(), app.now(), app.sync.policies());
    let expected = options.expected;
    let decide = by.decide(move |device| {
        let tag = command_tag(device, id.seq, &policies, now);
        check(expected.as_ref(), &tag)?;
        how(device, id.seq, &actor, now)
    });
    let changed = app.store.alter_command(id, decide, options.keep);
    Ok(changed.await?)
}

/// What a session would carry, with when what it would not carry can go.
pub(crate) struct Previewed {
    /// The device.
    pub(crate) device: Device,
    /// The lists.
    pub(crate) preview: Preview,
    /// The policy set that decides.
    pub(crate) policies: Arc<PolicySet>,
    build: Option<u32>,
    now: Timestamp,
}

impl Previewed {
    /// When a command can go, unless it is final.
    pub(crate) fn forecast(&self, seq: CommandSeq) -> Option<Forecast> {
        forecast_of(&self.device, seq, &self.policies, self.build, self.now)
    }
}

/// What a session in that context would carry now.
pub(crate) async fn preview(
    app: &App,
    by: &Principal,
    id: DeviceId,
    context: Context,
) -> Result<Previewed, AppError> {
    let device = by.device(app, id).await?;
    let (policies, now) = (app.sync.policies(), app.now());
    Ok(Previewed {
        preview: preview_of(&device, context, &policies, now),
        build: build(app, &device).await?,
        device,
        policies,
        now,
    })
}

/// The forecast of a command, unless it is final.
pub(super) fn forecast_of(
    device: &Device,
    seq: CommandSeq,
    policies: &PolicySet,
    build: Option<u32>,
    now: Timestamp,
) -> Option<Forecast> {
    let open = device.state.open(seq)?;
    let view = forecast::View {
        state: &device.state,
        record: &device.record,
        policies,
        build,
        now,
    };
    Some(forecast::forecast(&view, open))
}

/// The build of a device's system, where a forecast needs it: Windows 10 only.
pub(super) async fn build(app: &App, device: &Device) -> Result<Option<u32>, AppError> {
    if device.record.family != Family::Windows10 {
        return Ok(None);
    }
    let inventory = app.store.inventory(device.id).await?;
    Ok(inventory.as_ref().and_then(forecast::build))
}
