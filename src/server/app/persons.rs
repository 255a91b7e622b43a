//! What one person has: the devices, and everything that was asked for on them.

use super::commands::build;
use super::installs::InstallDetail;
use super::{App, AppError, Listed, Page, Principal};
use crate::limits::INDEX_WALK;
use modegate_core::device::Device;
use modegate_core::forecast::View;
use modegate_core::installs::standing::OwnVisits;
use modegate_core::installs::{Install, InstallState};
use modegate_core::time::Timestamp;
use modegate_core::tokens::person::{DEVICES, Person, PersonId};
use modegate_store::fleet::{DevicePlace, DeviceQuery, FindBounds, Term};

/// Installs of one device that are read at once.
const CHUNK: usize = 100;
/// How long a failed request stands first, milliseconds: a week.
const FAILED_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// The devices that are the caller's now, as they were named.
pub(crate) async fn devices(app: &App, by: &Principal) -> Result<Vec<Device>, AppError> {
    let mut own = Vec::new();
    for id in by.person().into_iter().flat_map(|person| &person.devices) {
        let device = app.store.device(*id).await?;
        own.extend(device.filter(|device| by.may_see(device)));
    }
    Ok(own)
}

/// The person of this name with all their devices, up to [`DEVICES`]; `None` where no device is
/// theirs.
pub(crate) async fn of_user(app: &App, user: &str) -> Result<Option<Person>, AppError> {
    let query = DeviceQuery {
        prefix: None,
        all_of: vec![vec![Term::User(user.to_owned())]],
    };
    let bounds = FindBounds {
        devices: DEVICES,
        entries: INDEX_WALK,
    };
    let start = DevicePlace::default();
    let found = app.store.find_devices(&query, &start, bounds).await?;
    let devices = found.devices.into_iter().map(|(_, device)| device.id);
    let person = Person {
        user: user.to_owned(),
        devices: devices.collect(),
    };
    Ok((!person.devices.is_empty()).then_some(person))
}

/// When a device comes without being called.
pub(crate) fn visits(app: &App, device: &Device) -> OwnVisits {
    OwnVisits::of(&View {
        state: &device.state,
        record: &device.record,
        policies: &app.sync.policies(),
        build: None,
        now: app.now(),
    })
}

/// Everything that the caller asked for.
pub(crate) struct Requests {
    /// What failed within a week and was not asked for again since; on the first page only.
    pub(crate) failed: Vec<InstallDetail>,
    /// A page of it, the newest first.
    pub(crate) page: Listed<InstallDetail>,
}

/// What the caller asked for on all its devices, the newest first. `page.after` is the time, in
/// milliseconds, before which the page begins.
pub(crate) async fn requests(app: &App, by: &Principal, page: Page) -> Result<Requests, AppError> {
    let before = page
        .after
        .map_or(i64::MAX, |after| i64::try_from(after).unwrap_or(i64::MAX));
    let person = by.person().map(Person::id);
    let devices = devices(app, by).await?;
    let mut found: Vec<(usize, Install)> = Vec::new();
    for (at, device) in devices.iter().enumerate() {
        let own = newest(app, device, person, Timestamp(before), page.limit).await?;
        found.extend(own.into_iter().map(|install| (at, install)));
    }
    found.sort_by_key(|(_, install)| std::cmp::Reverse(install.requested_at));
    let failed: Vec<(usize, Install)> = match page.after {
        None => found
            .iter()
            .filter(|one| needs_somebody(one, &found, app.now()))
            .cloned()
            .collect(),
        Some(_) => Vec::new(),
    };
    // Of the same millisecond all are on the same page, since the next one begins before it.
    let last = found
        .get(page.limit.saturating_sub(1))
        .map(|(_, install)| install.requested_at);
    let count = found.len();
    found.retain(|(_, install)| last.is_none_or(|last| install.requested_at >= last));
    let next = last.filter(|_| found.len() < count);
    Ok(Requests {
        failed: details(app, &devices, failed).await?,
        page: Listed {
            items: details(app, &devices, found).await?,
            next: next.and_then(|last| u64::try_from(last.0).ok()),
        },
    })
}

/// A device's newest requests of a person before a time: one more than `limit`, if there are.
async fn newest(
    app: &App,
    device: &Device,
    person: Option<PersonId>,
    before: Timestamp,
    limit: usize,
) -> Result<Vec<Install>, AppError> {
    let (mut own, mut no) = (Vec::new(), u32::MAX);
    loop {
        let read = app.store.installs(device.id, no, CHUNK).await?;
        no = read.last().map_or(0, |install| install.no);
        let is_last = read.len() < CHUNK;
        let of_person = |install: &Install| install.is_for(person) && install.requested_at < before;
        own.extend(read.into_iter().filter(of_person));
        if is_last || own.len() > limit {
            return Ok(own);
        }
    }
}

/// Whether it failed of late, and the same app was not asked for on the device since.
fn needs_somebody(one: &(usize, Install), all: &[(usize, Install)], now: Timestamp) -> bool {
    let (device, install) = one;
    let is_later = |other: &&(usize, Install)| {
        other.0 == *device && other.1.app == install.app && other.1.no > install.no
    };
    let ended = install
        .finished_at()
        .filter(|_| install.state == InstallState::Failed);
    ended.is_some_and(|at| now.ms_since(at) < FAILED_MS)
        && !all.iter().any(|other| is_later(&other))
}

async fn details(
    app: &App,
    devices: &[Device],
    installs: Vec<(usize, Install)>,
) -> Result<Vec<InstallDetail>, AppError> {
    let (policies, now) = (app.sync.policies(), app.now());
    let mut details = Vec::new();
    for (at, install) in installs {
        let Some(device) = devices.get(at) else {
            continue;
        };
        let build = build(app, device).await?;
        details.push(InstallDetail::new(
            device.clone(),
            install,
            &policies,
            build,
            now,
        ));
    }
    Ok(details)
}
