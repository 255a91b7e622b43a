//! Wake to notification, many wakes at once, against a mock WNS that takes 50 ms;
//! and sends per second beside a bare loop of the same client on the same mock.
//!
//! `MODEGATE_WAKES` says how many (default 2,000), `MODEGATE_WORKERS` how many
//! requests are under way at once (default 64).
#![allow(clippy::too_many_lines, missing_docs)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use modegate_core::change::{DeviceChange, Loaded};
use modegate_core::context::Family;
use modegate_core::device::DeviceRecord;
use modegate_core::device::outbox;
use modegate_core::event::{Event, EventType};
use modegate_core::ids::{DeviceId, Source};
use modegate_core::operations::Templates;
use modegate_core::policy::PolicySet;
use modegate_core::push::address::{ChannelUri, HostPolicy};
use modegate_core::push::channel::{self, Channel};
use modegate_core::push::profile::PackageSid;
use modegate_core::push::record::{ProfileChange, PushProfile};
use modegate_core::push::wake::WakeOptions;
use modegate_core::secret::Secret;
use modegate_server::clock::Clock;
use modegate_server::config::Wns;
use modegate_server::supervisor::Supervisor;
use modegate_server::sync::SyncService;
use modegate_server::wns::client::WnsClient;
use modegate_server::wns::service::Push;
use modegate_server::wns::worker::WakeWorker;
use modegate_sim::mock_wns::{MockWns, Reply};
use modegate_store::Store;
use modegate_store::api::WriteStore;
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use tokio::sync::Semaphore;
use uuid::Uuid;

#[path = "../tests/suite/support/records.rs"]
mod records;

use records::{push_profile, sid_of, wns_app};

const PFN: &str = "52314Publisher.TestWNS_t6e9vsyjkrw9w";
const TAKES: Duration = Duration::from_millis(50);

fn number(name: &str, usual: usize) -> usize {
    let value = std::env::var(name).ok();
    value.and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[tokio::main]
async fn main() {
    let (wakes, workers) = (
        number("MODEGATE_WAKES", 2_000),
        number("MODEGATE_WORKERS", 64),
    );
    let mock = MockWns::start().await.expect("a mock");
    let sid = sid_of(PFN);
    mock.register(wns_app(PFN, "secret"));
    println!("{wakes} wakes at once, {workers} under way, a mock that takes 50 ms");
    let bare = bare(&mock, sid, wakes, workers).await;
    let (whole, mut times) = through(&mock, wakes, workers).await;
    times.sort_unstable();
    let at = |part: f64| times[((times.len() as f64 * part) as usize).min(times.len() - 1)];
    println!("bare loop of the client: {bare:.0} sends per second");
    println!(
        "outbox, workers, store:  {whole:.0} sends per second, {:.2} of the bare loop",
        whole / bare
    );
    println!(
        "wake to notification: p50 {} ms, p99 {} ms",
        at(0.5),
        at(0.99)
    );
}

fn slow(mock: &MockWns, count: usize) {
    for _ in 0..count {
        mock.next_push(Reply::Late(TAKES));
    }
}

async fn bare(mock: &MockWns, sid: PackageSid, count: usize, workers: usize) -> f64 {
    let options = Wns {
        token_url: Some(mock.token_url()),
        host_suffix: Some(mock.host_suffix()),
        ..Wns::default()
    };
    let client = Arc::new(WnsClient::new(&options, Clock::default()).expect("a client"));
    let credentials = modegate_core::push::token::Credentials::Legacy {
        sid,
        secret: Secret::new("secret"),
    };
    client.check(&credentials).await.expect("a token");
    slow(mock, count);
    let (places, begun) = (Arc::new(Semaphore::new(workers)), Instant::now());
    let mut sends = tokio::task::JoinSet::new();
    for n in 0..count {
        let uri = Secret::new(mock.mint(PFN, &n.to_string()));
        let (client, credentials) = (Arc::clone(&client), credentials.clone());
        let places = Arc::clone(&places);
        sends.spawn(async move {
            let _place = places.acquire_owned().await.expect("open");
            let sent = client
                .push(&credentials, &uri, WakeOptions::default())
                .await;
            sent.expect("an answer");
        });
    }
    while sends.join_next().await.is_some() {}
    count as f64 / begun.elapsed().as_secs_f64()
}

async fn through(mock: &MockWns, count: usize, workers: usize) -> (f64, Vec<i64>) {
    let dir = tempfile::tempdir().expect("a folder");
    let keys = Keys::from_bytes(&[7; 32]).expect("keys");
    let store = Arc::new(SqliteStore::open(&dir.path().join("db"), keys).expect("a store"));
    let dynamic = Arc::clone(&store) as Arc<dyn Store>;
    let policies = Arc::new(PolicySet::builtin().expect("the shipped files"));
    let sync = Arc::new(SyncService::new(
        Arc::clone(&dynamic),
        policies,
        store.nonces(),
        true,
    ));
    let setting = Wns {
        token_url: Some(mock.token_url()),
        host_suffix: Some(mock.host_suffix()),
        per_second: 0,
        ..Wns::default()
    };
    let now = Clock::default();
    let push = Push::new(
        dynamic,
        sync.active_profiles(),
        &setting,
        Templates::default(),
        now,
    )
    .expect("push");
    let push = Arc::new(push);
    let profile = push_profile(PFN, "secret", Clock::default().now());
    let (own, stored) = (profile.target().owner(), profile.clone());
    let event = Event::new(
        modegate_server::clock::Clock::default().now(),
        "bench",
        None,
        EventType::PushProfileCreated,
    );
    let decide = move |_: &[PushProfile], _: Option<&PushProfile>| {
        Ok((ProfileChange::Keep(Box::new(stored)), event))
    };
    let written = store.alter_push_profile(profile.id, Box::new(decide), None);
    written.await.expect("stored");
    push.refresh().await.expect("read");
    push.check_all().await;
    let hosts = HostPolicy::with_suffix(&mock.host_suffix()).expect("a host");
    let mut devices = Vec::with_capacity(count);
    for n in 0..count {
        let uri = Secret::new(mock.mint(PFN, &format!("d{n}")));
        devices.push(device(&store, n, &uri, &own, &hosts).await);
    }
    slow(mock, count);
    let supervisor = Supervisor::new(Arc::default(), Arc::default());
    supervisor.start("wakes", move || WakeWorker::new(Arc::clone(&push), workers));
    let begun = Instant::now();
    let mut notifications = mock.subscribe();
    let mut requests = tokio::task::JoinSet::new();
    for id in devices {
        let store = Arc::clone(&store);
        requests.spawn(async move { request_wake(&store, id).await });
    }
    let began = modegate_server::clock::Clock::default().now();
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        notifications.recv().await.expect("a notification");
        times.push(
            modegate_server::clock::Clock::default()
                .now()
                .ms_since(began),
        );
    }
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    while requests.join_next().await.is_some() {}
    supervisor.stop().await;
    (rate, times)
}

/// A device with a channel, as a session would leave it.
async fn device(
    store: &SqliteStore,
    n: usize,
    uri: &Secret,
    own: &modegate_core::push::active_profiles::ChannelOwner,
    hosts: &HostPolicy,
) -> DeviceId {
    let (id, now) = (
        DeviceId(Uuid::now_v7()),
        modegate_server::clock::Clock::default().now(),
    );
    let record = DeviceRecord::new(Source(format!("d{n}")), Family::Windows81, now);
    let event = Event::new(now, "bench", Some(id), EventType::DeviceRegistered);
    store
        .register(id, record, event, None)
        .await
        .expect("registered");
    let before = store.device(id).await.expect("read").expect("there");
    let digest = ChannelUri::parse(uri.reveal(), hosts)
        .expect("a URI")
        .digest();
    let read = channel::Event::UriRead {
        digest,
        expires_at: None,
    };
    let mut state = before.state.clone();
    state.channel = Some(channel::next(&Channel::default(), read, Family::Windows81, now).channel);
    state.push.owner = Some(own.clone());
    let commit = DeviceChange {
        loaded: Some(Loaded {
            revision: before.state.revision,
            next_command: before.state.next_command,
        }),
        channel_uri: Some(Some(uri.clone())),
        ..DeviceChange::new(&before, state)
    };
    store.commit(commit).await.expect("durable");
    id
}

async fn request_wake(store: &SqliteStore, id: DeviceId) {
    let decide = |device: &modegate_core::device::Device| {
        let (mut state, now) = (
            device.state.clone(),
            modegate_server::clock::Clock::default().now(),
        );
        let event = outbox::request_wake(&mut state, "bench", now).event("bench", device.id, now);
        Ok(DeviceChange::new(device, state).with_events(vec![event]))
    };
    store
        .alter(id, Box::new(decide), None)
        .await
        .expect("the wake is requested");
}
