//! Writes of the API as every store must do them: with their answer, once, and
//! all or nothing.

use std::path::Path;
use std::sync::Arc;

use modegate_core::change::Refusal;
use modegate_core::context::Family;
use modegate_core::device::{Device, DeviceRecord};
use modegate_core::event::{Event, EventType};
use modegate_core::fields::FieldError;
use modegate_core::ids::{DeviceId, Source};
use modegate_core::time::Timestamp;
use modegate_core::tokens::{Role, Token, TokenDigest, TokenId};
use modegate_store::api::{IdempotencyKey, ImportStep, Imported, Keep, RESPONSE_KEPT_MS};
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use modegate_store::{Store, StoreError};
use uuid::Uuid;

const AT: Timestamp = Timestamp(1_790_000_000_000);

fn record(source: &str) -> DeviceRecord {
    DeviceRecord::new(Source(source.into()), Family::Windows81, AT)
}

fn event(what: EventType) -> Event {
    Event::new(AT, "test", None, what)
}

fn new_id() -> DeviceId {
    DeviceId(Uuid::now_v7())
}

/// Registers a device of that source, under that name if one is given.
async fn register(
    store: &dyn Store,
    source: &str,
    key: Option<IdempotencyKey>,
) -> Result<Device, StoreError> {
    let id = new_id();
    let event = Event::new(AT, "test", Some(id), EventType::DeviceRegistered);
    let keep = key.map(|key| Keep {
        key,
        render: Box::new(|device: &Device| device.id.to_string().into_bytes()),
    });
    store.register(id, record(source), event, keep).await
}

fn once(key: &str, digest: u8, at: Timestamp) -> IdempotencyKey {
    IdempotencyKey {
        scope: "s".into(),
        key: key.into(),
        digest: [digest; 32],
        at,
    }
}

fn token(name: &str) -> Token {
    Token {
        id: TokenId(Uuid::now_v7()),
        name: name.into(),
        role: Role::Portal,
        groups: Some(vec!["g".into()]),
        digest: TokenDigest::from_text(name),
        created_at: AT,
        created_by: "test".into(),
        person: None,
        expires_at: None,
    }
}

async fn a_named_write_is_done_once_and_its_answer_kept_for_a_day(store: Arc<dyn Store>) {
    let named = once("k", 1, AT);
    assert_eq!(store.stored_response(&named).await.unwrap(), None);
    let device = register(&*store, "a", Some(named.clone())).await.unwrap();
    let kept = store.stored_response(&named).await.unwrap().unwrap();
    assert_eq!(
        (kept.digest, &kept.answer),
        ([1; 32], &device.id.to_string().into_bytes())
    );
    // Whatever it asks for now, the name is taken; the caller compares digests.
    let second = register(&*store, "b", Some(once("k", 2, AT))).await;
    assert!(matches!(second, Err(StoreError::Done)), "{second:?}");
    assert_eq!(store.devices(0, 10).await.unwrap().len(), 1);

    // What is refused keeps nothing.
    let refused = register(&*store, "a", Some(once("r", 1, AT))).await;
    assert!(matches!(refused, Err(StoreError::SourceTaken(_))));
    assert_eq!(
        store.stored_response(&once("r", 1, AT)).await.unwrap(),
        None
    );

    let other = IdempotencyKey {
        scope: "sk".into(),
        key: "".into(),
        ..named.clone()
    };
    assert_eq!(
        store.stored_response(&other).await.unwrap(),
        None,
        "another scope"
    );
    let later = AT.plus_ms(RESPONSE_KEPT_MS);
    assert_eq!(
        store.stored_response(&once("k", 1, later)).await.unwrap(),
        None
    );
    let again = register(&*store, "b", Some(once("k", 3, later))).await;
    again.unwrap();
    assert_eq!(store.devices(0, 10).await.unwrap().len(), 2);
}

async fn many_are_imported_or_none(store: Arc<dyn Store>) {
    let sources: Vec<Source> = ["x", "a", "y"].map(|name| Source(name.into())).to_vec();
    register(&*store, "a", None).await.unwrap();
    for refuse in [true, false] {
        let plan = move |at: usize, there: Option<&Device>| match (there, refuse) {
            (None, _) => {
                let id = new_id();
                let event = Event::new(AT, "test", Some(id), EventType::DeviceRegistered);
                let name = ["x", "a", "y"][at];
                ImportStep::Register(id, Box::new(record(name)), Box::new(event))
            }
            (Some(_), true) => ImportStep::Conflict(FieldError::new("f", "a", "b")),
            (Some(_), false) => ImportStep::Skip,
        };
        let before = store.last_place().await.unwrap();
        let done = store.import(sources.clone(), Box::new(plan), None).await;
        if refuse {
            let Err(StoreError::Refused(Refusal::Conflicts(faults))) = done else {
                panic!("{done:?}");
            };
            assert_eq!(faults.len(), 1);
            assert_eq!(store.devices(0, 10).await.unwrap().len(), 1);
            assert_eq!(store.last_place().await.unwrap(), before);
        } else {
            let words = done.unwrap().into_iter().map(|one| match one {
                Imported::Created(_) => "c",
                Imported::Updated(_) => "u",
                Imported::Skipped(_) => "s",
            });
            assert_eq!(words.collect::<String>(), "csc");
            assert_eq!(store.devices(0, 10).await.unwrap().len(), 3);
            assert_eq!(store.last_place().await.unwrap(), before + 2);
        }
    }
}

async fn tokens_are_made_and_revoked_on_record(store: Arc<dyn Store>) {
    let create = |token: Token| store.create_token(token, event(EventType::TokenCreated), None);
    let first = token("first");
    assert_eq!(create(first.clone()).await.unwrap(), first);
    let taken = create(token("first")).await;
    let Err(StoreError::Refused(Refusal::Conflicts(faults))) = taken else {
        panic!("{taken:?}");
    };
    assert_eq!(faults[0].conflicts_with, Some(first.id.to_string()));
    assert_eq!(store.tokens().await.unwrap(), vec![first.clone()]);
    let revoke = || store.revoke_token(first.id, event(EventType::TokenRevoked), None);
    revoke().await.unwrap();
    let gone = revoke().await;
    assert!(matches!(
        gone,
        Err(StoreError::Refused(Refusal::Missing(_)))
    ));
    assert!(store.tokens().await.unwrap().is_empty());
    let events = store.all_events(0, 10).await.unwrap();
    let types: Vec<EventType> = events.iter().map(|stored| stored.event.what).collect();
    assert_eq!(types, [EventType::TokenCreated, EventType::TokenRevoked]);
    assert_eq!(
        events[1].event.detail.as_deref(),
        Some("first (portal, bound to groups)")
    );
}

async fn who_waits_is_woken_by_a_commit(store: Arc<dyn Store>) {
    let mut commits = store.commits();
    commits.borrow_and_update();
    register(&*store, "a", None).await.unwrap();
    commits.changed().await.unwrap();
    let events = store.all_events(0, 10).await.unwrap();
    assert_eq!(
        events.last().unwrap().place,
        store.last_place().await.unwrap()
    );
}

fn sqlite(dir: &Path) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(&dir.join("m.db"), Keys::from_bytes(&[1; 32]).unwrap()).unwrap())
}

macro_rules! conforms {
    ($store:ident, $open:expr, $($behaviour:ident),+ $(,)?) => {
        mod $store {
            $(#[tokio::test] async fn $behaviour() {
                let dir = tempfile::tempdir().unwrap();
                super::$behaviour($open(dir.path())).await;
            })+
        }
    };
}

conforms!(
    on_sqlite,
    super::sqlite,
    a_named_write_is_done_once_and_its_answer_kept_for_a_day,
    many_are_imported_or_none,
    tokens_are_made_and_revoked_on_record,
    who_waits_is_woken_by_a_commit,
);
