//! Installs: asked for, listed, taken back.

use serde_json::{Value, json};

use super::commands::{build, number, state_of};
use super::compliance::check_required;
use super::input::{Integer, Line, Time, input};
use super::{App, AppError, Listed, Page, Principal, WriteOptions, catalogue};
use modegate_core::catalogue::{App as CatalogueApp, ID_BYTES, Release};
use modegate_core::change::Refusal;
use modegate_core::command::{CommandBody, StoredCommand};
use modegate_core::context::Family;
use modegate_core::device::Device;
use modegate_core::fields::{FieldError, Fields, quoted};
use modegate_core::forecast::{self, Forecast};
use modegate_core::ids::{CommandSeq, DeviceId};
use modegate_core::installs::readiness::{Readiness, readiness};
use modegate_core::installs::request::{Request, cancel as take_back, request};
use modegate_core::installs::standing::Standing;
use modegate_core::installs::{Install, InstallId, InstallState};
use modegate_core::operations::{self, BuildContext};
use modegate_core::policy::PolicySet;
use modegate_core::time::Timestamp;
use modegate_core::tokens::person::{OPEN_INSTALLS, Person};
use modegate_store::api::WrittenInstall;

/// Latest commands of a device that are looked through for sideloading.
const LOOK_BACK: u32 = 200;

input! {
    /// A request for an app on a device.
    pub(crate) struct NewInstall {
        /// The app's id in the catalogue.
        pub(crate) app: Line<ID_BYTES>,
        /// Which version. Default: the highest.
        pub(crate) version: Option<Line<64>>,
        /// Whether an install that came to its end well counts no more.
        #[schemars(extend("default" = false))]
        pub(crate) again: Option<bool>,
        /// Whether a push wakes the device for it.
        #[schemars(extend("default" = true))]
        pub(crate) urgent: Option<bool>,
        /// Whether it is refused where the device is not set up for sideloading.
        #[schemars(extend("default" = false))]
        pub(crate) require_ready: Option<bool>,
        /// Higher goes first. Default: 0.
        pub(crate) priority: Option<Integer<-100, 100>>,
        /// Not sent before.
        pub(crate) not_before: Option<Time>,
        /// Not sent from then on.
        pub(crate) expires_at: Option<Time>,
    }
}

impl NewInstall {
    /// What a person's tap asks for: the highest version, now.
    pub(crate) fn of_person(app: Line<ID_BYTES>, again: bool) -> Self {
        NewInstall {
            app,
            version: None,
            again: Some(again),
            urgent: None,
            require_ready: None,
            priority: None,
            not_before: None,
            expires_at: None,
        }
    }

    /// The command of an install: urgent, so that a push wakes the device for it.
    fn command(&self) -> Value {
        json!({
            "type": "app_install",
            "app": self.app.0,
            "version": self.version.as_ref().map(|version| &version.0),
            "urgent": self.urgent.unwrap_or(true),
            "priority": self.priority.map(|priority| priority.0),
            "not_before": self.not_before,
            "expires_at": self.expires_at,
        })
    }
}

/// Asks for an app on a device. The same app and version again is the same install.
pub(crate) async fn create(
    app: &App,
    by: &Principal,
    id: DeviceId,
    new: NewInstall,
    options: WriteOptions<WrittenInstall>,
) -> Result<WrittenInstall, AppError> {
    let (device, now) = (by.device(app, id).await?, app.now());
    let ahead = new.priority.filter(|priority| priority.0 > 0);
    if let (Some(priority), Some(_)) = (ahead, by.person()) {
        let expected = "0 or less with a token of one person";
        return Err(AppError::field("priority", expected, priority.0));
    }
    let named = named(app, by, &new).await?;
    let wanted = new.command();
    let fields = Fields::from_value(&wanted, "")?;
    let release = named.pick(&fields, &device.record.groups)?.clone();
    check_required(app, &named, id).await?;
    let sideloading = sideloading(app, &device, now).await?;
    if new.require_ready.unwrap_or(false) && !sideloading.is_ready() {
        return Err(AppError::Conflict(sideloading.warnings().join("; ")));
    }
    let (actor, fresh) = (by.actor(), app.new_id());
    let setting = app.setting(Some(id), &actor, now, fresh);
    let asked = Request {
        command: command(&device, &wanted, &release, &setting)?,
        app: named,
        release,
        job_id: fresh.to_string(),
        warnings: sideloading.warnings(),
        again: new.again.unwrap_or(false),
        person: by.person().map(Person::id),
    };
    let (of, set) = (asked.app.id.clone(), app.sync.policies());
    let decide = by.decide_installs(move |device, installs, no| {
        let mut written = request(device, installs, no, asked)?;
        if let Some(change) = &mut written.change {
            forecast::note(change, &device.record, &set, now);
        }
        Ok(written)
    });
    let most = match by.person() {
        Some(_) => app.open_installs_per_token.min(OPEN_INSTALLS),
        None => app.open_installs_per_token,
    };
    let asked = app
        .store
        .alter_install(id, &of, None, decide, Some(most), options.keep);
    Ok(asked.await?)
}

async fn named(app: &App, by: &Principal, new: &NewInstall) -> Result<CatalogueApp, AppError> {
    let found = catalogue::one(app, by, &new.app.0).await;
    found.map_err(|error| match error {
        AppError::Missing(_) => AppError::field(
            "app",
            "the id of an app of the catalogue",
            quoted(&new.app.0),
        ),
        other => other,
    })
}

/// The command that makes the job; a family without app jobs has no installs.
fn command(
    device: &Device,
    wanted: &Value,
    release: &Release,
    setting: &BuildContext<'_>,
) -> Result<CommandBody, AppError> {
    let family = device.record.family;
    let command = operations::command_with(family, wanted, setting, Some(release));
    command.map_err(|error| no_jobs(error, family))
}

fn no_jobs(error: FieldError, family: Family) -> AppError {
    match error.field.as_str() {
        "type" => AppError::Conflict(format!("the family {} has no app jobs", family.name())),
        _ => error.into(),
    }
}

async fn sideloading(app: &App, device: &Device, now: Timestamp) -> Result<Readiness, AppError> {
    let inventory = app.store.inventory(device.id).await?;
    let mut after = device.state.next_command.saturating_sub(1 + LOOK_BACK);
    let mut latest: Vec<StoredCommand> = Vec::new();
    loop {
        let most = LOOK_BACK as usize - latest.len();
        let read = app.store.commands(device.id, after, most, app.page_bytes);
        let found = read.await?;
        // Where each stands, not what the device answered.
        latest.extend(found.items.into_iter().map(StoredCommand::without_results));
        match latest.last() {
            Some(last) if found.more && latest.len() < LOOK_BACK as usize => after = last.id.seq.0,
            _ => break,
        }
    }
    let stated = latest
        .iter()
        .map(|command| (command, state_of(command, device, now)));
    let family = device.record.family;
    let since = CommandSeq(device.state.enrollment.first_command);
    Ok(readiness(family, since, inventory.as_ref(), stated))
}

/// An install with its device, and where it stands.
pub(crate) struct InstallDetail {
    /// The device.
    pub(crate) device: Device,
    /// The install.
    pub(crate) install: Install,
    /// When its command can go, while it waits.
    pub(crate) forecast: Option<Forecast>,
    /// How far it is, why it is no further, and what brings it further.
    pub(crate) standing: Standing,
}

impl InstallDetail {
    /// By the rules in force, on a device whose system has this build.
    pub(crate) fn new(
        device: Device,
        install: Install,
        policies: &PolicySet,
        build: Option<u32>,
        now: Timestamp,
    ) -> Self {
        let view = forecast::View {
            state: &device.state,
            record: &device.record,
            policies,
            build,
            now,
        };
        let open = device.state.open(install.command);
        let open = open.filter(|_| !install.state.is_final());
        let forecast = open.map(|command| forecast::forecast(&view, command));
        let standing = Standing::new(&view, &install, forecast.as_ref());
        InstallDetail {
            device,
            install,
            forecast,
            standing,
        }
    }
}

/// A device's installs that the caller may see, the newest first.
pub(crate) async fn list(
    app: &App,
    by: &Principal,
    id: DeviceId,
    page: Page,
) -> Result<Listed<InstallDetail>, AppError> {
    let device = by.device(app, id).await?;
    let before = number(page.after.unwrap_or(u32::MAX.into()))?;
    let installs = app.store.installs(id, before, page.limit).await?;
    let listed = Listed::from_page(installs, page.limit, |install| install.no.into());
    let build = build(app, &device).await?;
    let (policies, now) = (app.sync.policies(), app.now());
    let person = by.person().map(Person::id);
    Ok(listed.filter_map(|install| {
        let is_own = install.is_for(person);
        is_own.then(|| InstallDetail::new(device.clone(), install, &policies, build, now))
    }))
}

/// Which installs of all devices to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FleetInstalls {
    /// Those under way.
    Open,
    /// Those in this state.
    In(InstallState),
    /// All that are kept.
    All,
}

impl FleetInstalls {
    fn only_open(self) -> bool {
        match self {
            FleetInstalls::Open => true,
            FleetInstalls::In(state) => !state.is_final(),
            FleetInstalls::All => false,
        }
    }

    fn takes(self, install: &Install) -> bool {
        match self {
            FleetInstalls::In(state) => install.state == state,
            FleetInstalls::Open => !install.state.is_final(),
            FleetInstalls::All => true,
        }
    }
}

/// Installs of all devices.
pub(crate) struct InstallPage {
    /// The installs, each with its device.
    pub(crate) items: Vec<(Device, Install)>,
    /// Behind which the next page begins, where there may be one.
    pub(crate) next: Option<InstallId>,
}

/// The installs of all devices within the caller's scope, device by device. Looks at so many
/// at most, so that a page may have fewer than asked for while the list goes on.
pub(crate) async fn fleet(
    app: &App,
    by: &Principal,
    which: FleetInstalls,
    after: Option<InstallId>,
    limit: usize,
) -> Result<InstallPage, AppError> {
    let person = by.person().map(Person::id);
    let (mut items, mut after, mut looks) = (Vec::new(), after, 0);
    let mut last: Option<Device> = None;
    while looks < crate::limits::INSTALL_WALK {
        let chunk = crate::limits::PAGE_ITEMS;
        let found = app.store.fleet_installs(after, which.only_open(), chunk);
        let found = found.await?;
        let is_last = found.len() < chunk;
        looks += found.len();
        for (id, install) in found {
            after = Some(id);
            if !which.takes(&install) || !install.is_for(person) {
                continue;
            }
            if last.as_ref().is_none_or(|device| device.id != id.device) {
                last = app.store.device(id.device).await?;
            }
            let device = last.as_ref().filter(|device| by.may_see(device));
            items.extend(device.map(|device| (device.clone(), install)));
            if items.len() == limit {
                return Ok(InstallPage { items, next: after });
            }
        }
        if is_last {
            return Ok(InstallPage { items, next: None });
        }
    }
    Ok(InstallPage { items, next: after })
}

/// Asks anew for what an install was to bring: the same app and version on the same device.
pub(crate) async fn again(
    app: &App,
    by: &Principal,
    id: InstallId,
    options: WriteOptions<WrittenInstall>,
) -> Result<WrittenInstall, AppError> {
    let (device, install) = find(app, by, id).await?;
    let new = NewInstall {
        app: Line(install.app),
        version: Some(Line(install.version.as_str().to_owned())),
        again: Some(true),
        urgent: None,
        require_ready: None,
        priority: None,
        not_before: None,
        expires_at: None,
    };
    create(app, by, device.id, new, options).await
}

/// One install with its history.
pub(crate) async fn one(
    app: &App,
    by: &Principal,
    id: InstallId,
) -> Result<InstallDetail, AppError> {
    let (device, install) = find(app, by, id).await?;
    let build = build(app, &device).await?;
    let (policies, now) = (app.sync.policies(), app.now());
    Ok(InstallDetail::new(device, install, &policies, build, now))
}

/// Takes an install back.
pub(crate) async fn cancel(
    app: &App,
    by: &Principal,
    id: InstallId,
    options: WriteOptions<WrittenInstall>,
) -> Result<WrittenInstall, AppError> {
    let (device, seen) = find(app, by, id).await?;
    let (actor, now) = (by.actor(), app.now());
    let decide = by.decide_installs(move |device, installs, _| {
        let install = installs.iter().find(|install| install.no == seen.no);
        let missing = || Refusal::Missing("install not found".to_owned());
        take_back(device, install.ok_or_else(missing)?, &actor, now)
    });
    let taken_back =
        app.store
            .alter_install(device.id, "", Some(seen.no), decide, None, options.keep);
    Ok(taken_back.await?)
}

/// The install and its device, if the caller may see them.
pub(crate) async fn find(
    app: &App,
    by: &Principal,
    id: InstallId,
) -> Result<(Device, Install), AppError> {
    let missing = || AppError::missing("install");
    let device = app.store.device(id.device).await?;
    let device = device
        .filter(|device| by.may_see(device))
        .ok_or_else(missing)?;
    let install = app.store.install(id).await?;
    let person = by.person().map(Person::id);
    let install = install.filter(|install| install.is_for(person));
    Ok((device, install.ok_or_else(missing)?))
}
