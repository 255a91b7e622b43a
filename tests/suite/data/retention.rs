//! Retention deletes what is old, puts on record that it did, and leaves what is
//! young whole: every device's chain of events can be walked as before.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use modegate_core::change::DeviceChange;
use modegate_core::command::{CommandBody, CommandState, Operation};
use modegate_core::context::Family;
use modegate_core::device::DeviceRecord;
use modegate_core::event::{Event, EventType, StoredEvent};
use modegate_core::ids::{DeviceId, Source};
use modegate_core::limits::DeviceBounds;
use modegate_core::log_record::{LogRecord, TreeHead};
use modegate_core::policy::PolicySet;
use modegate_core::session::ClientEvidence;
use modegate_core::session::queue::queue;
use modegate_core::time::Timestamp;
use modegate_server::clock::Clock;
use modegate_server::config::Retention;
use modegate_server::sync::{SyncResponse, SyncService};
use modegate_server::workers::retention::Applied;
use modegate_store::api::WriteStore;
use modegate_store::fleet::FleetStore;
use modegate_store::installs::InstallStore;
use modegate_store::proof::ProofStore;
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use modegate_store::{PartPlace, Store};
use modegate_wire::message::Verb;
use proptest::prelude::*;
use uuid::Uuid;

use crate::harness::{Reply, answers, message, package1};
use crate::store::proof::export;

const DAY: i64 = 24 * 60 * 60 * 1000;
const AT: Timestamp = Timestamp(1_790_000_000_000);

fn open(dir: &Path) -> Arc<SqliteStore> {
    let keys = Keys::from_bytes(&[5; 32]).unwrap();
    Arc::new(SqliteStore::open(&dir.join("db"), keys).unwrap())
}

async fn register(store: &dyn Store, source: &str, at: Timestamp) -> DeviceId {
    let id = DeviceId(Uuid::now_v7());
    let record = DeviceRecord::new(Source(source.into()), Family::Windows81, at);
    let event = Event::new(at, "test", Some(id), EventType::DeviceRegistered);
    store.register(id, record, event, None).await.unwrap();
    id
}

/// Adds events of these times to a device, in one go.
async fn happen(store: &dyn Store, device: DeviceId, times: Vec<Timestamp>) {
    let decide = move |found: &modegate_core::device::Device| {
        let event = |at| Event::new(at, "test", Some(device), EventType::DeviceChanged);
        let events = times.into_iter().map(event).collect();
        Ok(DeviceChange::new(found, found.state.clone()).with_events(events))
    };
    store.alter(device, Box::new(decide), None).await.unwrap();
}

/// All events of a device as a reader pages through them, forwards.
async fn forwards(store: &dyn Store, device: DeviceId, page: usize) -> Vec<u64> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let events = store.events(device, after, page).await.unwrap();
        all.extend(events.iter().map(|stored| stored.event.seq));
        if events.len() < page {
            return all;
        }
        after = *all.last().unwrap();
    }
}

/// And backwards.
async fn backwards(store: &dyn Store, device: DeviceId, page: usize) -> Vec<u64> {
    let (mut all, mut before) = (Vec::new(), u64::MAX);
    loop {
        let events = store.events_before(device, before, page).await.unwrap();
        all.extend(events.iter().map(|stored| stored.event.seq));
        if events.len() < page {
            all.reverse();
            return all;
        }
        before = *all.last().unwrap();
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whoever wrote how much when, and whatever the retention and the export: what is left
    /// is the young end of the log by whole tiles, each chain whole, and it goes on from there.
    #[test]
    fn what_is_left_of_a_chain_is_its_young_end(
        bursts in proptest::collection::vec((0usize..3, 1usize..400), 1..12),
        days in 1u32..14,
        page in 1usize..80,
        exported_days in 0usize..14,
    ) {
        runtime().block_on(async {
            let own = tempfile::tempdir().unwrap();
            let store = open(own.path());
            let mut devices = Vec::new();
            for name in ["a", "b", "c"] {
                devices.push(register(&*store, name, AT).await);
            }
            // One burst a day, exported on one of the days.
            for (day, (device, count)) in bursts.iter().enumerate() {
                let at = AT.plus_ms((day as i64 + 1) * DAY);
                happen(&*store, devices[*device], vec![at; *count]).await;
                if day == exported_days {
                    export(&*store, at).await;
                }
            }
            let now = AT.plus_ms((bursts.len() as i64 + 1) * DAY);
            let before = now.plus_ms(-i64::from(days) * DAY);
            let log = store.all_events(0, 10_000).await.unwrap();
            let retention = Retention { events_days: days, ..Retention::FOREVER };
            let applied = retention.apply(&*store, now).await.unwrap();

            let old = log.iter().take_while(|stored| stored.event.at < before).count();
            let exported = store.tree().await.unwrap().exported as usize;
            // The log's last event stays whatever its age.
            let may_go = old.min(log.len() - 1) / 256 * 256;
            let gone = may_go.min(exported / 256 * 256);
            assert_eq!((applied.events, applied.not_exported), (gone as u64, gone < may_go));
            let left = &log[gone..];
            for id in devices {
                let of_device = |stored: &&StoredEvent| stored.event.device == Some(id);
                let mut seqs: Vec<u64> =
                    left.iter().filter(of_device).map(|stored| stored.event.seq).collect();
                assert_eq!(&backwards(&*store, id, page).await, &seqs);
                assert_eq!(&forwards(&*store, id, page).await, &seqs);
                // And it goes on.
                happen(&*store, id, vec![now]).await;
                seqs.push(log.iter().filter(of_device).count() as u64 + 1);
                assert_eq!(&forwards(&*store, id, page).await, &seqs);
                assert_eq!(&backwards(&*store, id, page).await, &seqs);
            }
            let after = store.all_events(0, 10_000).await.unwrap();
            assert_eq!(&after[..left.len()], left);
            let recorded: Vec<_> =
                after.iter().filter(|s| s.event.what == EventType::RetentionApplied).collect();
            assert_eq!(recorded.len(), usize::from(gone > 0));
            for stored in recorded {
                assert_eq!(stored.event.count, Some(gone as u64));
                let frontier = store.tree().await.unwrap().frontier;
                let sealed = TreeHead::new(frontier.size(), &frontier.root());
                let record = LogRecord::Pruned { minimum: gone as u64, sealed };
                assert_eq!(stored.event.log.as_deref(), Some(&record));
            }
            // Places never come twice.
            assert!(after.windows(2).all(|two| two[0].place + 1 == two[1].place));
        });
    }
}

#[tokio::test]
async fn nothing_young_goes_though_something_behind_it_is_dated_earlier() {
    let own = tempfile::tempdir().unwrap();
    let store = open(own.path());
    let now = AT.plus_ms(100 * DAY);
    let device = register(&*store, "d", AT).await;
    happen(&*store, device, vec![AT; 255]).await;
    // The clock was wrong for a while: behind one of today there are those of long ago.
    happen(&*store, device, [&[now][..], &[AT; 600]].concat()).await;
    export(&*store, now).await;
    let retention = Retention {
        events_days: 30,
        ..Retention::FOREVER
    };
    assert_eq!(retention.apply(&*store, now).await.unwrap().events, 256);
    assert_eq!(forwards(&*store, device, 1_000).await[0], 257);
    assert_eq!(retention.apply(&*store, now).await.unwrap().events, 0);
    let later = now.plus_ms(9_999 * DAY);
    let applied = Retention::FOREVER.apply(&*store, later).await.unwrap();
    assert_eq!(applied.events, 0);
}

/// A way on that store with a clock to turn.
fn sync(store: &Arc<SqliteStore>) -> (SyncService, Arc<AtomicI64>) {
    let now = Arc::new(AtomicI64::new(AT.0));
    let shown = Arc::clone(&now);
    let policies = Arc::new(PolicySet::builtin().unwrap());
    let sync = SyncService::new(
        Arc::clone(store) as Arc<dyn Store>,
        policies,
        store.nonces(),
        true,
    )
    .with_clock(Clock::new(move || Timestamp(shown.load(Ordering::Relaxed))));
    (sync, now)
}

/// The session `session` in Machine, each command of it answered with this code; its
/// first reply.
async fn session(sync: &SyncService, session: &str, code: u16) -> Reply {
    let reply = walk(sync, "Machine", &package1("d", session, 1, "none")).await;
    let answered = message("d", session, 2, &answers(&reply, code));
    walk(sync, "Machine", &answered).await;
    reply
}

/// Deletes results that are older than ten days.
async fn delete_old_results(store: &SqliteStore, now: &AtomicI64) -> Applied {
    let retention = Retention {
        results_days: 10,
        ..Retention::FOREVER
    };
    let now = Timestamp(now.load(Ordering::Relaxed));
    retention.apply(store, now).await.unwrap()
}

async fn walk(sync: &SyncService, mode: &str, body: &str) -> Reply {
    let query = format!("mode={mode}&Platform=WoA");
    match sync
        .handle(
            &ClientEvidence::default(),
            &query,
            modegate_wire::encoding::Encoding::Xml,
            body.as_bytes(),
        )
        .await
    {
        SyncResponse::Reply(text) => Reply::read(String::from_utf8(text).unwrap()),
        other => panic!("{other:?}"),
    }
}

async fn enqueue(store: &dyn Store, device: DeviceId, loc_uri: &str) {
    let body = CommandBody::new(
        "raw",
        "test",
        AT,
        vec![Operation::node(Verb::Get, loc_uri, None)],
    );
    let decide =
        move |device: &modegate_core::device::Device| queue(device, body).map(|(change, _)| change);
    store.alter(device, Box::new(decide), None).await.unwrap();
}

#[tokio::test]
async fn a_list_of_what_is_withheld_that_goes_is_written_down_anew() {
    let own = tempfile::tempdir().unwrap();
    let store = open(own.path());
    let (sync, now) = sync(&store);
    let device = register(&*store, "d", AT).await;
    enqueue(&*store, device, "./Vendor/Unknown").await;
    let mut lists = Vec::new();
    for session in 1..=4 {
        if session == 4 {
            let retention = Retention {
                events_days: 10,
                ..Retention::FOREVER
            };
            let later = Timestamp(now.load(Ordering::Relaxed));
            // The first list is in the first tile, the second session behind it.
            assert_eq!(retention.apply(&*store, later).await.unwrap().events, 256);
        }
        let reply = walk(
            &sync,
            "Machine",
            &package1("d", &session.to_string(), 1, "none"),
        )
        .await;
        assert!(reply.commands.is_empty());
        let latest = store.events_before(device, u64::MAX, 1).await.unwrap();
        let exchange = latest[0].event.exchange.clone().unwrap();
        lists.push((exchange.withheld.len(), exchange.withheld_as.is_some()));
        if session == 1 {
            happen(&*store, device, vec![AT; 256]).await;
            export(&*store, AT).await;
        }
        now.fetch_add(8 * DAY, Ordering::Relaxed);
    }
    assert_eq!(lists, [(1, false), (0, true), (0, true), (1, false)]);
}

#[tokio::test]
async fn results_of_final_commands_go_and_their_states_stay() {
    let own = tempfile::tempdir().unwrap();
    let store = open(own.path());
    let (sync, now) = sync(&store);
    let device = register(&*store, "d", AT).await;
    let class = |name: &str| format!("./cimv2/{name}");
    enqueue(&*store, device, &class("Win32_BIOS")).await;
    enqueue(&*store, device, &class("Win32_Processor")).await;
    assert_eq!(session(&sync, "1", 200).await.commands.len(), 2);
    // A third is answered later, and so is young; a fourth waits.
    now.fetch_add(20 * DAY, Ordering::Relaxed);
    enqueue(&*store, device, &class("Win32_BaseBoard")).await;
    session(&sync, "2", 200).await;
    enqueue(&*store, device, "./Vendor/Unknown").await;

    let counts = async || -> Vec<(usize, usize)> {
        let commands = store.commands(device, 0, 10, u64::MAX).await.unwrap().items;
        let of = |command: &modegate_core::command::StoredCommand| {
            let results = command.parts.iter().map(|part| part.results.len()).sum();
            (command.parts.len(), results)
        };
        commands.iter().map(of).collect()
    };
    let before = counts().await;
    assert!(
        before[0].1 > 0 && before[1].1 > 0 && before[2].1 > 0,
        "{before:?}"
    );
    let applied = delete_old_results(&store, &now).await;
    assert_eq!((applied.events, applied.results), (0, 2));
    let after = counts().await;
    let kept: Vec<_> = before.iter().map(|(parts, _)| *parts).collect();
    assert_eq!(
        after.iter().map(|(parts, _)| *parts).collect::<Vec<_>>(),
        kept
    );
    assert_eq!([after[0].1, after[1].1], [0, 0]);
    assert_eq!(after[2..], before[2..]);
    let commands = store.commands(device, 0, 2, u64::MAX).await.unwrap().items;
    for command in commands {
        assert!(command.parts.last().unwrap().state.is_final());
    }
    let log = store.all_events(0, 1000).await.unwrap();
    let recorded = log
        .iter()
        .find(|s| s.event.what == EventType::RetentionApplied)
        .unwrap();
    assert_eq!(recorded.event.count, Some(2));
    assert_eq!(delete_old_results(&store, &now).await.results, 0);
}

/// Results of a command that is not final are what a decision may yet look at.
#[tokio::test]
async fn results_of_commands_under_way_stay() {
    let own = tempfile::tempdir().unwrap();
    let store = open(own.path());
    let (sync, now) = sync(&store);
    let device = register(&*store, "d", AT).await;
    enqueue(&*store, device, "./cimv2/Win32_BIOS").await;
    // 202: accepted, the outcome is open.
    session(&sync, "1", 202).await;
    let before = store.commands(device, 0, 1, u64::MAX).await.unwrap().items;
    assert!(
        before[0].parts.iter().any(|part| !part.results.is_empty()),
        "{before:?}"
    );
    now.fetch_add(20 * DAY, Ordering::Relaxed);
    let applied = delete_old_results(&store, &now).await;
    assert_eq!(applied.results, 0);
    assert_eq!(
        store.commands(device, 0, 1, u64::MAX).await.unwrap().items,
        before
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exchanges_go_on_while_much_is_deleted() {
    let own = tempfile::tempdir().unwrap();
    let store = open(own.path());
    let (sync, now) = sync(&store);
    let device = register(&*store, "old", AT).await;
    for _ in 0..20 {
        happen(&*store, device, vec![AT; 500]).await;
    }
    export(&*store, AT).await;
    now.fetch_add(20 * DAY, Ordering::Relaxed);
    let at = Timestamp(now.load(Ordering::Relaxed));
    let sweeping = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            let retention = Retention {
                events_days: 10,
                results_days: 10,
                ..Retention::FOREVER
            };
            retention.apply(&*store, at).await.unwrap()
        }
    });
    let mut exchanges = 0;
    while !sweeping.is_finished() {
        exchanges += 1;
        walk(
            &sync,
            "Machine",
            &package1("busy", &exchanges.to_string(), 1, "none"),
        )
        .await;
    }
    assert!(sweeping.await.unwrap().events > 9_000);
    assert!(exchanges >= 10, "{exchanges} exchanges in all that time");
    // What does not fill a tile stays.
    let old = store.events(device, 0, 1_000).await.unwrap();
    assert!(old.len() < 256, "{}", old.len());
}

#[tokio::test]
async fn a_store_is_sampled_and_swept_from_the_front() {
    let own = tempfile::tempdir().unwrap();
    let store = open(own.path());
    store.probe().await.unwrap();
    let a = register(&*store, "a", AT).await;
    enqueue(&*store, a, "./DevInfo/Man").await;
    enqueue(&*store, a, "./DevInfo/Mod").await;
    let found = store.survey(0, 1).await.unwrap();
    let open = found[0].device.state.open.iter();
    let queued = open.filter(|command| command.state == CommandState::Queued);
    let (queued, oldest) = (queued.count(), found[0].waits_since);
    assert_eq!((queued, oldest), (2, Some(AT)));

    // No command is final: no result is taken.
    let (taken, next) = store
        .purge_results(AT.plus_ms(1), PartPlace::default(), 100)
        .await
        .unwrap();
    assert_eq!((taken.count, next), (0, None));
}

/// A message that answers each Get of the reply with this value.
fn values(reply: &Reply, session: &str, value: &str) -> String {
    let mut body = String::new();
    for command in &reply.commands {
        body += &format!(
            "<Status><MsgRef>{0}</MsgRef><CmdRef>{1}</CmdRef><Cmd>Get</Cmd><Data>200</Data></Status>\
             <Results><MsgRef>{0}</MsgRef><CmdRef>{1}</CmdRef><Item><Data>{value}</Data></Item></Results>",
            reply.msg_id, command.cmd_id
        );
    }
    message("d", session, 2, &(body + "<Final/>"))
}

/// One session in which the device is asked for a value and gives this one.
async fn read_value(
    store: &dyn Store,
    sync: &SyncService,
    device: DeviceId,
    round: usize,
    value: &str,
) {
    enqueue(
        store,
        device,
        "./cimv2/Win32_BIOS/Win32_BIOS.Name=%22x%22/Version",
    )
    .await;
    let session = round.to_string();
    let reply = walk(sync, "Machine", &package1("d", &session, 1, "none")).await;
    assert_eq!(reply.commands.len(), 1);
    walk(sync, "Machine", &values(&reply, &session, value)).await;
}

#[tokio::test]
async fn old_inventory_changes_and_deliveries_go() {
    let own = tempfile::tempdir().unwrap();
    let store = open(own.path());
    let (sync, now) = sync(&store);
    let device = register(&*store, "d", AT).await;
    for round in 1..=6 {
        read_value(&*store, &sync, device, round, &format!("v{round}")).await;
        let at = Timestamp(now.fetch_add(10 * DAY, Ordering::Relaxed));
        let deliver = move |found: &modegate_core::device::Device| {
            let mut change = DeviceChange::new(found, found.state.clone());
            change.deliveries.push(modegate_core::change::NewDelivery {
                webhook: 1,
                due: at,
                event: "install.requested".into(),
                body: b"{}".to_vec(),
            });
            Ok(change)
        };
        store.alter(device, Box::new(deliver), None).await.unwrap();
    }
    // Rounds 1 to 6 were at days 0, 10, … 50; it is day 60. The first value is no change.
    let changes = async || {
        store
            .inventory_changes(device, u64::MAX, 100)
            .await
            .unwrap()
    };
    assert_eq!(changes().await.len(), 5);
    let retention = Retention {
        deliveries_days: 30,
        inventory_changes_days: 30,
        ..Retention::FOREVER
    };
    let at = Timestamp(now.load(Ordering::Relaxed));
    let applied = retention.apply(&*store, at).await.unwrap();
    assert_eq!((applied.inventory_changes, applied.deliveries), (2, 3));
    let left: Vec<u64> = changes()
        .await
        .into_iter()
        .map(|(number, _)| number)
        .collect();
    assert_eq!(left, [5, 4, 3]);
    let due = store.deliveries_due(1, at, 100).await.unwrap();
    assert_eq!(due.len(), 3);
    let recorded = store.all_events(0, 1_000).await.unwrap();
    let recorded = recorded
        .iter()
        .filter(|s| s.event.what == EventType::RetentionApplied);
    assert_eq!(
        recorded.map(|s| s.event.count).collect::<Vec<_>>(),
        [Some(3), Some(2)]
    );
    let again = retention.apply(&*store, at).await.unwrap();
    assert_eq!((again.inventory_changes, again.deliveries), (0, 0));
}

#[tokio::test]
async fn by_default_events_stay_and_answers_do_not() {
    let retention = Retention::default();
    assert_eq!(retention.events_days, 0, "for ever");
    assert!(retention.results_days > 0 && retention.deliveries_days > 0);
    assert!(retention.inventory_changes_days > 0);
}

#[tokio::test]
async fn beyond_a_device_s_share_its_oldest_answers_are_deleted() {
    let own = tempfile::tempdir().unwrap();
    let store = open(own.path());
    let (sync, _) = sync(&store);
    let bounds = DeviceBounds {
        device_answers: 10_000,
        ..DeviceBounds::default()
    };
    let sync = sync.with_bounds(bounds.without_rates());
    let device = register(&*store, "d", AT).await;
    for round in 1..=20 {
        read_value(
            &*store,
            &sync,
            device,
            round,
            &format!("{round:03}{}", "x".repeat(1_500)),
        )
        .await;
    }
    let commands = store
        .commands(device, 0, 100, u64::MAX)
        .await
        .unwrap()
        .items;
    let kept = |command: &modegate_core::command::StoredCommand| {
        command.parts.iter().any(|part| !part.results.is_empty())
    };
    let kept: Vec<u32> = commands
        .iter()
        .filter(|c| kept(c))
        .map(|c| c.id.seq.0)
        .collect();
    assert!((5..=6).contains(&kept.len()), "{kept:?}");
    assert_eq!(*kept.last().unwrap(), 20);
    assert!(kept.windows(2).all(|two| two[1] == two[0] + 1), "{kept:?}");
    assert!(
        commands
            .iter()
            .all(|c| c.parts.last().unwrap().state == CommandState::Succeeded)
    );
    let latest = store.events_before(device, u64::MAX, 1).await.unwrap();
    let notes = &latest[0].event.exchange.as_ref().unwrap().notes;
    assert!(notes[0].contains("at most 10000 bytes"), "{notes:?}");
}
