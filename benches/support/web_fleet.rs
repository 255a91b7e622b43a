//! A fleet as pages show it: devices with names, users, groups, channels, a queue, ended
//! installs, and the flags and the census that a walk over all of them finds.

use std::path::Path;
use std::sync::Arc;

use modegate_core::catalogue::Version;
use modegate_core::change::{DeviceChange, Refusal};
use modegate_core::context::{Family, Mode};
use modegate_core::device::{Device, DeviceRecord, DeviceState};
use modegate_core::event::{Event, EventType};
use modegate_core::fleet::{Census, DeviceFlag};
use modegate_core::ids::{CommandSeq, DeviceId, Source};
use modegate_core::installs::request::Written;
use modegate_core::installs::{Install, InstallState};
use modegate_core::push::address::UriDigest;
use modegate_core::push::channel::{Channel, ChannelState};
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;
use modegate_server::clock::Clock;
use modegate_store::api::WriteStore;
use modegate_store::fleet::FleetStore;
use modegate_store::sqlite::SqliteStore;

use super::fill::{self, ACTOR, GROUPS};
use super::server::Server;

const HOUR_MS: i64 = 60 * 60 * 1000;
/// Commands that wait of each device.
const COMMANDS: usize = 4;
/// Every so many devices one has the flag that few have, and an install that failed.
pub(crate) const RARE: usize = 5_000;
/// Devices that one read of the walk looks at.
const CHUNK: usize = 256;

/// The name of the nth device.
pub(crate) fn source(n: usize) -> String {
    format!("tab-{n:07}")
}

/// The id of the nth device.
pub(crate) fn id(n: usize) -> DeviceId {
    // In order, as the server's own (UUID version 7) are.
    DeviceId(uuid::Uuid::from_u128((0x0190_7000 << 96) + n as u128))
}

/// Makes a data folder, as `serve` does, and fills it.
pub(crate) fn fill(dir: &Path, devices: usize) {
    Server::start(dir).stop();
    fill::each(fill::store(dir), devices, enrol);
    count(&fill::store(dir));
}

async fn enrol(store: Arc<SqliteStore>, n: usize) {
    let (id, now) = (id(n), Clock::default().now());
    let mut groups = vec![format!("g{}", n % GROUPS)];
    groups.extend(n.is_multiple_of(7).then(|| "north".to_owned()));
    let record = DeviceRecord {
        groups,
        user: Some(format!("user{n}@contoso.com")),
        ..DeviceRecord::new(Source(source(n)), Family::Windows81, now)
    };
    let event = Event::new(now, ACTOR, Some(id), EventType::DeviceRegistered);
    let registered = store.register(id, record, event, None).await;
    registered.expect("registered");
    let decide = move |device: &Device| used(device, n, now);
    let altered = store.alter(id, Box::new(decide), None).await;
    altered.expect("queued");
    if n % 10 == 5 {
        let state = match n % RARE {
            5 => InstallState::Failed,
            _ => InstallState::Installed,
        };
        let decide = move |_: &Device, _: &[Install], no: u32| {
            let installs = vec![ended(no, state, now)];
            Ok(Written {
                change: None,
                answer: installs.first().cloned(),
                installs,
                created: false,
            })
        };
        let written = store.alter_install(id, "app0", None, Box::new(decide), None, None);
        written.await.expect("an install");
    }
}

/// A queue, and the state of a device that has been here.
fn used(device: &Device, n: usize, now: Timestamp) -> Result<DeviceChange, Refusal> {
    let mut change = fill::queued(device, COMMANDS)?;
    let state = &mut change.state;
    visited(state, n, now);
    if state.seen[Mode::Maintenance as usize].is_some() {
        let uri = format!("https://db5.notify.windows.com/?token=AgYAAAB{n:064}");
        let mut channel = Channel::default();
        channel.state = ChannelState::Active;
        channel.uri = Some(UriDigest::from_uri(&uri));
        state.channel = Some(channel);
        change.channel_uri = Some(Some(Secret::new(uri)));
    }
    Ok(change)
}

/// When it was here last: most in the last day, few never.
fn visited(state: &mut DeviceState, n: usize, now: Timestamp) {
    let ago = |hours: usize| Some(Timestamp(now.0 - hours as i64 * HOUR_MS));
    if n.is_multiple_of(50) {
        return;
    }
    state.sessions = 40;
    state.seen[Mode::Machine as usize] = ago(n % 20);
    if !n.is_multiple_of(37) {
        state.seen[Mode::Maintenance as usize] = ago(20 + n % 40);
        state.seen[Mode::Apps as usize] = ago(100 + n % 90);
    }
    if n % RARE == 5 {
        state.manual_at = ago(1);
    }
}

/// An install that came to its end.
fn ended(no: u32, state: InstallState, now: Timestamp) -> Install {
    let mut install = Install {
        no,
        app: "app0".to_owned(),
        name: "App 0".to_owned(),
        version: Version::parse("1.0.0.0").expect("a version"),
        package_full_name: None,
        command: CommandSeq(1),
        job_id: format!("job{no}"),
        requested_by: ACTOR.to_owned(),
        requested_at: now,
        state: InstallState::Requested,
        steps: Vec::new(),
        reason: None,
        progress: None,
        last_error: None,
        reading: Vec::new(),
        reads: 0,
        misses: 0,
        superseded_by: None,
        warnings: Vec::new(),
        person: None,
    };
    for step in [InstallState::Requested, InstallState::Delivered, state] {
        install.step(step, now, None);
    }
    install
}

/// What the server's own walk over all devices finds and keeps, at once: it would take a
/// quarter of an hour for a million, and write beside what is measured.
fn count(store: &SqliteStore) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let now = Clock::default().now();
    let mut census = Census::begin(now);
    runtime.block_on(async {
        let mut after = 0;
        loop {
            let found = store.survey(after, CHUNK).await.expect("devices");
            let mut flags = Vec::with_capacity(found.len());
            for one in &found {
                let own = DeviceFlag::of(one, None, now);
                census.count(one, &own, now);
                flags.push((one.device.number, own));
            }
            let Some(last) = found.last() else {
                break;
            };
            let to = last.device.number;
            let put = store.put_flags(after, to, flags).await;
            put.expect("flagged");
            after = to;
        }
        store.put_census(census).await.expect("kept");
    });
}
