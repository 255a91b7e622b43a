//! Fleets with full queues, written through the store itself: a million devices
//! are too many for the API.

use std::path::Path;
use std::sync::Arc;

use modegate_core::change::{DeviceChange, Refusal};
use modegate_core::command::{CommandBody, Operation};
use modegate_core::context::Family;
use modegate_core::device::{CertificateDigest, Device, DeviceRecord};
use modegate_core::event::{Event, EventType};
use modegate_core::fleet::DeviceFlag;
use modegate_core::ids::{DeviceId, Source};
use modegate_core::secret::Secret;
use modegate_core::session::queue::queue;
use modegate_server::config::hex_key;
use modegate_store::Store;
use modegate_store::fleet::FleetStore;
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use modegate_wire::message::Verb;

use super::server::Server;
use super::tablet::PROPERTIES;

/// Who is said to have written.
pub(crate) const ACTOR: &str = "api:admin";
/// Devices that are written at once: the store commits them together.
const AT_ONCE: usize = 256;
/// Commands of each device: [`PROPERTIES`] are read, the rest is set, which
/// Machine mode withholds.
pub(crate) const COMMANDS: usize = 16;

/// The devices are in so many groups, `g0`, `g1`, …, in turns.
pub(crate) const GROUPS: usize = 100;

/// Makes a data folder, as `serve` does, and fills it with devices `d0`, `d1`, …,
/// bound to the certificate where one is given.
pub(crate) fn fill(dir: &Path, devices: usize, certificate: Option<[u8; 32]>) {
    Server::start(dir).stop();
    each(store(dir), devices, move |store, n| async move {
        enrol(&*store, n, certificate).await;
    });
}

/// The store of a data folder that no server has open.
pub(crate) fn store(dir: &Path) -> SqliteStore {
    let digits = std::fs::read_to_string(dir.join("key")).expect("the key");
    let keys = Keys::from_bytes(&hex_key(digits.trim()).expect("64 digits")).expect("keys");
    SqliteStore::open(&dir.join("modegate.db"), keys).expect("opened")
}

/// Does this for each of so many devices, [`AT_ONCE`] of them at a time.
pub(crate) fn each<W: Future<Output = ()> + Send + 'static>(
    store: SqliteStore,
    devices: usize,
    work: impl Fn(Arc<SqliteStore>, usize) -> W + Copy + Send + 'static,
) {
    let store = Arc::new(store);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..AT_ONCE {
            let store = Arc::clone(&store);
            tasks.spawn(async move {
                for n in (task..devices).step_by(AT_ONCE) {
                    work(Arc::clone(&store), n).await;
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.expect("filled");
        }
    });
    // The last to let go copies the log back.
    drop(runtime);
    drop(store);
}

/// Gives every 50th device of a folder a flag that the census finds of all, in place of it.
pub(crate) fn flag(dir: &Path, devices: usize) {
    let store = store(dir);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut after = 0;
    while after < devices as u64 {
        let to = after + 10_000;
        let own = |number: u64| match number % 50 {
            0 => vec![DeviceFlag::NeverSeen],
            _ => Vec::new(),
        };
        let flags = (after + 1..=to)
            .map(|number| (number, own(number)))
            .collect();
        let put = store.put_flags(after, to, flags);
        runtime.block_on(put).expect("flagged");
        after = to;
    }
}

async fn enrol(store: &impl Store, n: usize, certificate: Option<[u8; 32]>) {
    // In order, as the server's own (UUID version 7) are.
    let id = DeviceId(uuid::Uuid::from_u128((0x0190_7000 << 96) + n as u128));
    let record = DeviceRecord {
        groups: vec![format!("g{}", n % GROUPS)],
        certificates: certificate.map(CertificateDigest).into_iter().collect(),
        ..DeviceRecord::new(
            Source(format!("d{n}")),
            Family::Windows81,
            modegate_server::clock::Clock::default().now(),
        )
    };
    let event = Event::new(
        modegate_server::clock::Clock::default().now(),
        ACTOR,
        Some(id),
        EventType::DeviceRegistered,
    );
    store
        .register(id, record, event, None)
        .await
        .expect("registered");
    store
        .alter(id, Box::new(|device| queued(device, COMMANDS)), None)
        .await
        .expect("queued");
}

/// The last so many of the commands in one write, each with its event.
pub(crate) fn queued(device: &Device, commands: usize) -> Result<DeviceChange, Refusal> {
    let (mut device, mut whole) = (device.clone(), None::<DeviceChange>);
    for body in bodies().skip(COMMANDS - commands) {
        let (change, _) = queue(&device, body)?;
        device.state = change.state.clone();
        whole = Some(match whole {
            None => change,
            Some(whole) => whole.then(change),
        });
    }
    Ok(whole.expect("some commands"))
}

fn bodies() -> impl Iterator<Item = CommandBody> {
    let reads = PROPERTIES.into_iter().map(|property| {
        body(
            "inventory",
            Verb::Get,
            format!("./DevDetail/{property}"),
            None,
        )
    });
    let sets = (PROPERTIES.len()..COMMANDS).map(|n| {
        let node = format!("./cimv2/MDM_Restrictions/MDM_Restrictions=%40/Setting{n}");
        body("raw", Verb::Replace, node, Some(Secret::new("true")))
    });
    reads.chain(sets)
}

fn body(name: &str, verb: Verb, loc_uri: String, data: Option<Secret>) -> CommandBody {
    CommandBody::new(
        name,
        ACTOR,
        modegate_server::clock::Clock::default().now(),
        vec![Operation::node(verb, loc_uri, data)],
    )
}
