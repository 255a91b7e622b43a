//! What every store does, whatever stands behind it: written against the
//! trait; a store joins by one line at the end.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use modegate_core::change::{DeviceChange, Loaded, NewDelivery, Refusal};
use modegate_core::command::{CommandBody, CommandState, NodeResult, Operation, Part};
use modegate_core::context::Family;
use modegate_core::device::{Credentials, Device, DeviceRecord, DeviceState};
use modegate_core::event::{Event, EventType};
use modegate_core::ids::{CommandId, CommandSeq, DeviceId, Source};
use modegate_core::inventory::{
    self, Address, Inventory, InventoryUpdate, PARTS, Reading, Taken, Value,
};
use modegate_core::secret::Secret;
use modegate_core::session::queue::queue;
use modegate_core::session::{ReadPlan, Snapshot};
use modegate_core::time::Timestamp;
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use modegate_store::{Store, StoreError};
use modegate_wire::auth::PasswordDigest;
use modegate_wire::message::Verb;
use uuid::Uuid;

use super::enrollments::{
    a_device_that_gave_its_certificate_up_has_ended_its_enrollment,
    a_record_goes_to_a_later_enrollment_whole, a_token_is_used_once_whoever_comes,
    enrollments_are_listed_by_what_is_known_of_them, enrollments_go_with_their_device,
    the_first_session_names_the_device_once, tokens_are_found_withdrawn_and_deleted,
};
use super::proof::{
    a_log_is_sealed_in_steps_that_no_other_took, a_redacted_entry_keeps_its_leaf_and_nothing_else,
    an_epoch_begins_once_and_keeps_the_last_checkpoint, an_event_too_long_for_an_entry_is_refused,
    checkpoints_of_each_hour_and_those_that_left_stay, cosignatures_join_their_checkpoint,
    entries_are_salted_events_and_come_in_bounds,
    only_whole_tiles_that_are_sealed_and_exported_are_deleted,
    the_last_event_stays_though_its_tile_could_go,
};

pub const AT: Timestamp = Timestamp(1_790_000_000_000);

fn record(source: &str) -> DeviceRecord {
    DeviceRecord {
        groups: vec!["g".into()],
        credentials: Some(Credentials {
            username: "u".into(),
            digest: PasswordDigest::new("u", "p"),
        }),
        ..DeviceRecord::new(Source(source.into()), Family::Windows81, AT)
    }
}

fn body(data: &str) -> CommandBody {
    CommandBody::new(
        "raw",
        "test",
        AT,
        vec![Operation::node(
            Verb::Get,
            "./DevInfo/DevId",
            Some(Secret::new(data)),
        )],
    )
}

fn event(device: DeviceId) -> Event {
    Event::new(AT, "test", Some(device), EventType::DeviceChanged)
}

pub async fn register(store: &dyn Store, source: &str) -> DeviceId {
    let id = DeviceId(Uuid::now_v7());
    store
        .register(id, record(source), event(id), None)
        .await
        .unwrap();
    id
}

async fn enqueue(store: &dyn Store, device: DeviceId, data: &str) {
    let body = body(data);
    store
        .alter(
            device,
            Box::new(move |device| queue(device, body).map(|(change, _)| change)),
            None,
        )
        .await
        .unwrap();
}

async fn load(store: &dyn Store, source: &str) -> Snapshot {
    let choose = |device: &Device| ReadPlan {
        bodies: device
            .state
            .open
            .iter()
            .map(|command| command.seq)
            .collect(),
        reply: true,
        inventory: true,
    };
    store
        .load(&Source(source.into()), &choose)
        .await
        .unwrap()
        .unwrap()
}

/// An exchange on what was loaded that changes nothing but what is said.
fn commit(snapshot: &Snapshot, reply: &str) -> DeviceChange {
    let device = &snapshot.device;
    let state = DeviceState {
        sessions: device.state.sessions + 1,
        ..device.state.clone()
    };
    DeviceChange {
        loaded: Some(Loaded {
            revision: device.state.revision,
            next_command: device.state.next_command,
        }),
        events: vec![event(device.id)],
        reply: Some(reply.as_bytes().to_owned()),
        ..DeviceChange::new(device, state)
    }
}

async fn devices_are_found_by_source_and_id(store: Arc<dyn Store>) {
    let id = register(&*store, "a").await;
    assert!(matches!(
        store.register(DeviceId(Uuid::now_v7()), record("a"), event(id), None).await,
        Err(StoreError::SourceTaken(taken)) if taken == id
    ));
    assert!(
        store
            .load(&Source("b".into()), &|_| ReadPlan::default())
            .await
            .unwrap()
            .is_none()
    );
    let snapshot = load(&*store, "a").await;
    assert_eq!(
        (snapshot.device.id, &snapshot.device.record),
        (id, &record("a"))
    );
    register(&*store, "b").await;
    let first = store.devices(0, 1).await.unwrap();
    let second = store.devices(first[0].number, 5).await.unwrap();
    assert_eq!((first.len(), second.len()), (1, 1));
    assert!(
        store
            .device(DeviceId(Uuid::now_v7()))
            .await
            .unwrap()
            .is_none()
    );
}

async fn an_exchange_is_whole_and_its_reply_kept(store: Arc<dyn Store>) {
    let id = register(&*store, "a").await;
    enqueue(&*store, id, "x").await;
    let snapshot = load(&*store, "a").await;
    assert_eq!(snapshot.bodies.len(), 1);
    let mut exchange = commit(&snapshot, "<reply/>");
    let result = NodeResult {
        status: 200,
        data: Some(Secret::new("v")),
        ..NodeResult::of_node("./x".into())
    };
    exchange.state.open.clear();
    exchange.parts.push(Part {
        seq: CommandSeq(1),
        part: 1,
        state: CommandState::Succeeded,
        at: AT,
        reason: None,
        results: vec![result.clone()],
    });
    store.commit(exchange).await.unwrap();
    let after = load(&*store, "a").await;
    assert_eq!(
        (after.device.state.sessions, after.reply.as_deref()),
        (1, Some(&b"<reply/>"[..]))
    );
    let command = store
        .command(CommandId {
            device: id,
            seq: CommandSeq(1),
        })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (command.body, command.parts[0].results[0].clone()),
        (body("x"), result)
    );
}

async fn what_changed_since_load_is_told_and_a_queued_command_is_no_change(store: Arc<dyn Store>) {
    let id = register(&*store, "a").await;
    let snapshot = load(&*store, "a").await;
    enqueue(&*store, id, "meanwhile").await;
    store.commit(commit(&snapshot, "one")).await.unwrap();
    let after = load(&*store, "a").await;
    assert_eq!(
        after.device.state.open.len(),
        1,
        "the command queued meanwhile is there"
    );
    let touched = |device: &Device| Ok(DeviceChange::new(device, device.state.clone()));
    store.alter(id, Box::new(touched), None).await.unwrap();
    assert!(matches!(
        store.commit(commit(&after, "two")).await,
        Err(StoreError::Changed)
    ));
    assert_eq!(load(&*store, "a").await.reply.as_deref(), Some(&b"one"[..]));
}

async fn one_that_is_refused_never_fails_its_neighbours(store: Arc<dyn Store>) {
    let mut ids = Vec::new();
    for n in 0..32 {
        ids.push(register(&*store, &format!("d{n}")).await);
    }
    let mut together = tokio::task::JoinSet::new();
    for (n, id) in ids.into_iter().enumerate() {
        let store = Arc::clone(&store);
        together.spawn(async move {
            let body = body("x");
            let decide = move |device: &Device| match n % 3 {
                0 => Err(Refusal::Conflict("no".into())),
                1 => panic!("a fault in a decision"),
                _ => queue(device, body).map(|(change, _)| change),
            };
            (
                n,
                store
                    .alter(id, Box::new(decide), None)
                    .await
                    .map(|device| device.state.open.len()),
            )
        });
    }
    while let Some(done) = together.join_next().await {
        match done.unwrap() {
            (n, Ok(open)) => assert!(n % 3 == 2 && open == 1),
            (n, Err(StoreError::Refused(_))) => assert_eq!(n % 3, 0),
            (n, Err(StoreError::Failed(_))) => assert_eq!(n % 3, 1),
            (n, Err(other)) => panic!("{n}: {other}"),
        }
    }
}

async fn events_are_numbered_without_gaps_however_many(store: Arc<dyn Store>) {
    let (id, other) = (register(&*store, "a").await, register(&*store, "b").await);
    for n in 0..300 {
        let snapshot = load(&*store, if n % 3 == 0 { "b" } else { "a" }).await;
        store.commit(commit(&snapshot, "")).await.unwrap();
    }
    let seqs = |events: Vec<modegate_core::event::StoredEvent>| {
        events.iter().map(|e| e.event.seq).collect::<Vec<_>>()
    };
    assert_eq!(
        seqs(store.events(id, 0, 1000).await.unwrap()),
        (1..=201).collect::<Vec<u64>>()
    );
    assert_eq!(
        seqs(store.events(id, 63, 4).await.unwrap()),
        [64, 65, 66, 67]
    );
    assert_eq!(seqs(store.events(id, 5, 2).await.unwrap()), [6, 7]);
    assert_eq!(
        seqs(store.events_before(id, 130, 3).await.unwrap()),
        [129, 128, 127]
    );
    assert_eq!(seqs(store.events(other, 99, 10).await.unwrap()), [100, 101]);
    assert!(store.events(id, 201, 10).await.unwrap().is_empty());
    let (mut place, mut all) = (0, 0);
    loop {
        let page = store.all_events(place, 64).await.unwrap();
        all += page.len();
        match page.last() {
            Some(last) => place = last.place,
            None => break,
        }
    }
    assert_eq!(all, 302);
}

async fn a_retired_device_is_gone_and_its_log_stays(store: Arc<dyn Store>) {
    let id = register(&*store, "a").await;
    enqueue(&*store, id, "x").await;
    let snapshot = load(&*store, "a").await;
    store
        .retire(id, Box::new(|_| Ok(())), event(id), None)
        .await
        .unwrap();
    assert!(matches!(
        store.commit(commit(&snapshot, "")).await,
        Err(StoreError::Changed)
    ));
    assert!(store.device(id).await.unwrap().is_none());
    assert_eq!(store.events(id, 0, 10).await.unwrap().len(), 3);
    let again = register(&*store, "a").await;
    assert_eq!(store.events(again, 0, 10).await.unwrap().len(), 1);
    assert!(
        store
            .commands(again, 0, 10, u64::MAX)
            .await
            .unwrap()
            .items
            .is_empty()
    );
}

async fn an_exchange_brings_commands_of_its_own_a_record_and_an_inventory(store: Arc<dyn Store>) {
    let id = register(&*store, "a").await;
    let snapshot = load(&*store, "a").await;
    assert_eq!(snapshot.inventory, None);
    let address = Address::from_loc_uri(&"./DevDetail/SwV".into()).unwrap();
    let mut known = Inventory::default();
    let reading = Reading {
        address: &address,
        status: 200,
        format: None,
        data: Some("6.3"),
        command: CommandSeq(1),
        whole: true,
    };
    known.take(&reading, AT, &mut Taken::default());
    let change = |seq: u32| inventory::Change {
        at: AT,
        address: address.clone(),
        before: None,
        after: Some(Value::Integer(seq.into())),
        command: CommandSeq(seq),
    };
    let mut first = commit(&snapshot, "r");
    first.state.next_command += 1;
    first.queued = vec![(CommandSeq(1), body("d"))];
    first.record = Some(DeviceRecord {
        device_client_id: "learned".into(),
        ..record("a")
    });
    first.inventory = Some(InventoryUpdate {
        inventory: known.clone(),
        touched: (1..=PARTS).collect(),
    });
    first.inventory_changes = vec![change(1), change(2)];
    store.commit(first).await.unwrap();

    let after = load(&*store, "a").await;
    assert_eq!(after.device.record.device_client_id, "learned");
    assert_eq!(after.device.state.next_command, 2);
    assert_eq!(after.inventory.as_ref(), Some(&known));
    assert_eq!(store.inventory(id).await.unwrap(), Some(known));
    assert_eq!(
        store
            .commands(id, 0, 9, u64::MAX)
            .await
            .unwrap()
            .items
            .len(),
        1
    );
    let changes = store.inventory_changes(id, u64::MAX, 1).await.unwrap();
    assert_eq!(changes, [(2, change(2))]);
    let older = store.inventory_changes(id, 2, 9).await.unwrap();
    assert_eq!(older, [(1, change(1))]);
    assert_eq!(store.inventories(0, 9).await.unwrap().len(), 1);

    // Numbers that somebody else's command took meanwhile are taken.
    let mut late = commit(&after, "r");
    late.state.next_command += 1;
    late.queued = vec![(CommandSeq(2), body("d"))];
    enqueue(&*store, id, "quicker").await;
    assert!(matches!(store.commit(late).await, Err(StoreError::Changed)));

    store
        .retire(id, Box::new(|_| Ok(())), event(id), None)
        .await
        .unwrap();
    assert_eq!(store.inventory(id).await.unwrap(), None);
    assert!(store.inventories(0, 9).await.unwrap().is_empty());
}

async fn what_a_change_entails_is_written_with_it_or_not_at_all(store: Arc<dyn Store>) {
    let id = register(&*store, "a").await;
    let snapshot = load(&*store, "a").await;
    let told = |body: &str| NewDelivery {
        webhook: 1,
        due: AT,
        event: "install.requested".into(),
        body: body.into(),
    };
    let with = |body: &str, due| DeviceChange {
        channel_uri: Some(Some(Secret::new(body))),
        wake_due: Some(Some(due)),
        deliveries: vec![told(body)],
        ..commit(&snapshot, "r")
    };
    store.commit(with("one", AT)).await.unwrap();
    // Loaded before the first: nothing of it is written.
    let late = store.commit(with("two", AT.plus_ms(9))).await;
    assert!(matches!(late, Err(StoreError::Changed)), "{late:?}");
    let kept = store.channel_uri(id).await.unwrap();
    assert_eq!(kept, Some(Secret::new("one")));
    assert_eq!(store.wakes_due(AT, 9).await.unwrap(), [(id, AT)]);
    let waiting = store.deliveries_due(1, AT, 9).await.unwrap();
    let bodies: Vec<_> = waiting.into_iter().map(|one| one.body).collect();
    assert_eq!(bodies, [b"one"]);

    let nothing_due = |device: &Device| {
        let change = DeviceChange::new(device, device.state.clone());
        Ok(DeviceChange {
            channel_uri: Some(None),
            wake_due: Some(None),
            ..change
        })
    };
    store.alter(id, Box::new(nothing_due), None).await.unwrap();
    assert_eq!(store.channel_uri(id).await.unwrap(), None);
    assert!(
        store
            .wakes_due(Timestamp(i64::MAX), 9)
            .await
            .unwrap()
            .is_empty()
    );
    // The kept reply is the exchange's: another change leaves it.
    assert_eq!(load(&*store, "a").await.reply.as_deref(), Some(&b"r"[..]));
}

async fn the_log_and_policy_sets_are_kept(store: Arc<dyn Store>) {
    store
        .log(vec![Event::new(
            AT,
            "server",
            None,
            EventType::ServerStarted,
        )])
        .await
        .unwrap();
    store.log(Vec::new()).await.unwrap();
    let files = vec![("a.toml".to_owned(), "text".to_owned())];
    store.keep_policy_set("d1", files.clone()).await.unwrap();
    store.keep_policy_set("d1", files.clone()).await.unwrap();
    assert_eq!(store.policy_set("d1").await.unwrap(), Some(files));
    assert_eq!(store.policy_set("d2").await.unwrap(), None);
    assert_eq!(store.all_events(0, 10).await.unwrap().len(), 1);
}

/// Runs one behaviour on a new store of a kind.
fn on<F: Future<Output = ()>>(
    open: fn(&Path) -> Arc<dyn Store>,
    behaviour: fn(Arc<dyn Store>) -> F,
) {
    let dir = tempfile::tempdir().unwrap();
    tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(behaviour(open(dir.path())));
}

macro_rules! conforms {
    ($store:ident, $open:expr, $($behaviour:ident),+ $(,)?) => {
        mod $store {
            $(#[test] fn $behaviour() { super::on($open, super::$behaviour); })+
        }
    };
}

fn sqlite(dir: &Path) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(&dir.join("m.db"), Keys::from_bytes(&[1; 32]).unwrap()).unwrap())
}

conforms!(
    on_sqlite,
    super::sqlite,
    devices_are_found_by_source_and_id,
    an_exchange_is_whole_and_its_reply_kept,
    what_changed_since_load_is_told_and_a_queued_command_is_no_change,
    one_that_is_refused_never_fails_its_neighbours,
    events_are_numbered_without_gaps_however_many,
    a_retired_device_is_gone_and_its_log_stays,
    an_exchange_brings_commands_of_its_own_a_record_and_an_inventory,
    what_a_change_entails_is_written_with_it_or_not_at_all,
    the_log_and_policy_sets_are_kept,
    a_token_is_used_once_whoever_comes,
    tokens_are_found_withdrawn_and_deleted,
    the_first_session_names_the_device_once,
    a_record_goes_to_a_later_enrollment_whole,
    a_device_that_gave_its_certificate_up_has_ended_its_enrollment,
    enrollments_are_listed_by_what_is_known_of_them,
    enrollments_go_with_their_device,
    entries_are_salted_events_and_come_in_bounds,
    an_event_too_long_for_an_entry_is_refused,
    a_log_is_sealed_in_steps_that_no_other_took,
    checkpoints_of_each_hour_and_those_that_left_stay,
    cosignatures_join_their_checkpoint,
    an_epoch_begins_once_and_keeps_the_last_checkpoint,
    a_redacted_entry_keeps_its_leaf_and_nothing_else,
    only_whole_tiles_that_are_sealed_and_exported_are_deleted,
    the_last_event_stays_though_its_tile_could_go,
);

#[tokio::test]
async fn sqlite_survives_and_keeps_its_secrets() {
    let dir = tempfile::tempdir().unwrap();
    let store = sqlite(dir.path());
    let id = register(&*store, "a").await;
    enqueue(&*store, id, "Distinct-S3cret-Data").await;
    let snapshot = load(&*store, "a").await;
    store
        .commit(commit(&snapshot, "Distinct-S3cret-Reply"))
        .await
        .unwrap();
    // As `kill -9` would leave it: the files as they lie now, elsewhere.
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for secret in [
            b"Distinct-S3cret".as_slice(),
            &PasswordDigest::new("u", "p").0,
        ] {
            assert!(
                !bytes.windows(secret.len()).any(|window| window == secret),
                "{}",
                path.display()
            );
        }
        if !path.to_string_lossy().ends_with("-shm") {
            std::fs::write(copy.path().join(path.file_name().unwrap()), bytes).unwrap();
        }
    }
    let copied = sqlite(copy.path());
    assert_eq!(
        load(&*copied, "a").await.reply.as_deref(),
        Some(&b"Distinct-S3cret-Reply"[..])
    );
    drop(copied);
    let other_key = Keys::from_bytes(&[2; 32]).unwrap();
    let refused = SqliteStore::open(&copy.path().join("m.db"), other_key)
        .err()
        .unwrap();
    assert!(
        refused.to_string().contains("the key is not the one"),
        "{refused}"
    );
}
