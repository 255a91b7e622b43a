//! What a store does for sessions of people in a browser.

use modegate_core::change::Refusal;
use modegate_core::event::{Event, EventType};
use modegate_core::ids::DeviceId;
use modegate_core::time::Timestamp;
use modegate_core::tokens::person::Person;
use modegate_core::tokens::{Role, Token, TokenDigest, TokenId};
use modegate_core::web_session::{
    SESSIONS, SESSIONS_OF_SUBJECT, SessionDigest, Subject, Surface, WebSession, WebSessionId,
};
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use modegate_store::web::WebStore;
use modegate_store::{Store, StoreError};
use uuid::Uuid;

const NOW: Timestamp = Timestamp(1_790_000_000_000);
const MINUTE: i64 = 60_000;

fn token_subject(id: u128) -> Subject {
    Subject::Token(TokenId(Uuid::from_u128(id)))
}

/// A session for an hour, or for half of one without use, whose key is its number.
fn session(id: u128, subject: Subject) -> WebSession {
    WebSession {
        id: WebSessionId(Uuid::from_u128(id)),
        key: SessionDigest::from_key(&id.to_string()),
        surface: Surface::Console,
        subject,
        name: "Ann Planted-Name".into(),
        role: Role::Operator,
        groups: Some(vec!["north".into()]),
        person: None,
        language: Some("de".into()),
        made_at: NOW,
        seen_at: NOW,
        ends_at: NOW.plus_ms(60 * MINUTE),
        idle_ms: 30 * MINUTE,
    }
}

async fn put(store: &dyn Store, session: &WebSession, now: Timestamp) -> Result<(), StoreError> {
    store.put_web_session(session.clone(), None, now).await
}

async fn listed(store: &dyn Store, of: Option<Subject>) -> Vec<WebSession> {
    let all = store.web_sessions(of, u64::MAX, 100).await.unwrap();
    all.into_iter().map(|(_, session)| session).collect()
}

async fn it_is_found_by_its_key_and_changed_by_its_id(store: &dyn Store) {
    let person = Person {
        user: "ann".into(),
        devices: vec![DeviceId(Uuid::from_u128(3))],
    };
    let first = session(1, token_subject(1));
    let second = WebSession {
        surface: Surface::Portal,
        person: Some(person.clone()),
        ..session(2, Subject::Person(person.id()))
    };
    for session in [&first, &second] {
        put(store, session, NOW).await.unwrap();
        let found = store.web_session(session.key).await.unwrap();
        assert_eq!(found.as_ref(), Some(session));
    }
    let nobody = SessionDigest::from_key("nobody");
    assert_eq!(store.web_session(nobody).await.unwrap(), None);

    let changed = WebSession {
        language: None,
        ..first.clone()
    };
    put(store, &changed, NOW).await.unwrap();
    assert_eq!(listed(store, None).await, [second.clone(), changed.clone()]);
    let of_person = listed(store, Some(second.subject)).await;
    assert_eq!(of_person, std::slice::from_ref(&second));
    let all = store.web_sessions(None, u64::MAX, 1).await.unwrap();
    let rest = store.web_sessions(None, all[0].0, 5).await.unwrap();
    assert_eq!(rest[0].1, changed);
}

async fn use_is_written_down_and_never_goes_back(store: &dyn Store) {
    let session = session(1, token_subject(1));
    put(store, &session, NOW).await.unwrap();
    let (early, later) = (NOW.plus_ms(MINUTE), NOW.plus_ms(20 * MINUTE));
    for at in [later, early] {
        store.web_session_seen(session.id, at).await.unwrap();
    }
    let found = store.web_session(session.key).await.unwrap().unwrap();
    assert_eq!(found.seen_at, later);
    // What was used lives on past the time at which it would have ended.
    let purged = store.purge_web_sessions(NOW.plus_ms(31 * MINUTE), 10).await;
    assert_eq!(purged.unwrap().count, 0);
    let nobody = WebSessionId(Uuid::max());
    store.web_session_seen(nobody, later).await.unwrap();
}

async fn it_ends_alone_with_its_subject_or_with_its_token(store: &dyn Store) {
    let token = Token {
        id: TokenId(Uuid::from_u128(7)),
        name: "bob".into(),
        role: Role::Operator,
        groups: None,
        digest: TokenDigest::from_text("text"),
        created_at: NOW,
        created_by: "test".into(),
        expires_at: None,
        person: None,
    };
    let event = |what| Event::new(NOW, "test", None, what);
    let made = store.create_token(token.clone(), event(EventType::TokenCreated), None);
    made.await.unwrap();
    let of_token = [1, 2].map(|id| session(id, Subject::Token(token.id)));
    let others = [3, 4, 5].map(|id| session(id, token_subject(8)));
    for session in of_token.iter().chain(&others) {
        put(store, session, NOW).await.unwrap();
    }
    let place = store.last_place().await.unwrap();
    let ended = store.end_web_session(others[0].id, Some(event(EventType::TokenRevoked)));
    assert_eq!(ended.await.unwrap().as_ref(), Some(&others[0]));
    let logged = store.all_events(place, 10).await.unwrap();
    assert_eq!(logged.len(), 1);
    let again = store.end_web_session(others[0].id, Some(event(EventType::TokenRevoked)));
    assert_eq!(again.await.unwrap(), None);
    assert_eq!(store.last_place().await.unwrap(), place + 1);

    let revoked = store.revoke_token(token.id, event(EventType::TokenRevoked), None);
    revoked.await.unwrap();
    assert!(
        listed(store, Some(Subject::Token(token.id)))
            .await
            .is_empty()
    );
    assert_eq!(listed(store, None).await.len(), 2);
    let ended = async || {
        let event = event(EventType::SessionEnded).detail("sessions of a token");
        let ended = store.end_web_sessions_of(token_subject(8), Some(event));
        ended.await.unwrap()
    };
    let place = store.last_place().await.unwrap();
    assert_eq!(ended().await, 2);
    assert!(listed(store, None).await.is_empty());
    // What nobody was signed in to is not on record.
    assert_eq!(ended().await, 0);
    let logged = store.all_events(place, 10).await.unwrap();
    let details: Vec<_> = logged.iter().map(|one| &one.event.detail).collect();
    assert_eq!(details, [&Some("2 sessions of a token".to_owned())]);
}

async fn what_has_ended_is_deleted(store: &dyn Store) {
    let idle = session(1, token_subject(1));
    let busy = WebSession {
        seen_at: NOW.plus_ms(29 * MINUTE),
        ..session(2, token_subject(1))
    };
    for session in [&idle, &busy] {
        put(store, session, NOW).await.unwrap();
    }
    let purge = async |minutes: i64, most| {
        let at = NOW.plus_ms(minutes * MINUTE);
        store.purge_web_sessions(at, most).await.unwrap().count
    };
    assert_eq!(purge(29, 10).await, 0);
    assert_eq!(purge(30, 10).await, 1);
    assert_eq!(listed(store, None).await, [busy]);
    assert_eq!(purge(59, 10).await, 1);
}

async fn one_subject_has_so_many_and_the_least_used_goes(store: &dyn Store) {
    let other = session(9_999, token_subject(2));
    put(store, &other, NOW).await.unwrap();
    for n in 0..=SESSIONS_OF_SUBJECT {
        let session = WebSession {
            // The third is the one that was used longest ago.
            seen_at: NOW.plus_ms(if n == 2 { -1 } else { n as i64 }),
            ..session(u128::from(n), token_subject(1))
        };
        put(store, &session, NOW).await.unwrap();
    }
    let left = listed(store, Some(token_subject(1))).await;
    assert_eq!(left.len() as u64, SESSIONS_OF_SUBJECT);
    assert!(left.iter().all(|session| session.id.0.as_u128() != 2));
    assert_eq!(listed(store, Some(other.subject)).await.len(), 1);
}

fn open(dir: &std::path::Path) -> SqliteStore {
    let keys = Keys::from_bytes(&[1; 32]).unwrap();
    SqliteStore::open(&dir.join("db"), keys).unwrap()
}

#[tokio::test]
async fn sqlite_keeps_sessions() {
    let own = tempfile::tempdir().unwrap();
    for at in 0..5 {
        let dir = own.path().join(at.to_string());
        std::fs::create_dir(&dir).unwrap();
        let store = open(&dir);
        match at {
            0 => it_is_found_by_its_key_and_changed_by_its_id(&store).await,
            1 => use_is_written_down_and_never_goes_back(&store).await,
            2 => it_ends_alone_with_its_subject_or_with_its_token(&store).await,
            3 => what_has_ended_is_deleted(&store).await,
            _ => one_subject_has_so_many_and_the_least_used_goes(&store).await,
        }
    }
}

#[tokio::test]
async fn a_session_outlives_a_restart_and_its_name_is_in_no_file() {
    let own = tempfile::tempdir().unwrap();
    let store = open(own.path());
    let session = session(1, token_subject(1));
    put(&store, &session, NOW).await.unwrap();
    store.close().await;
    drop(store);
    for path in crate::files::files(own.path()) {
        let bytes = std::fs::read(&path).unwrap();
        let mut windows = bytes.windows(12);
        assert!(!windows.any(|window| window == b"Planted-Name"));
    }
    let store = open(own.path());
    let found = store.web_session(session.key).await.unwrap();
    assert_eq!(found, Some(session));
}

#[tokio::test]
async fn there_are_so_many_in_all_and_those_that_ended_make_room() {
    let own = tempfile::tempdir().unwrap();
    let store = std::sync::Arc::new(open(own.path()));
    let subject = |n: u64| token_subject(u128::from(n / SESSIONS_OF_SUBJECT));
    for from in (0..SESSIONS).step_by(500) {
        let writes = (from..from + 500).map(|n| {
            let (store, session) = (store.clone(), session(u128::from(n), subject(n)));
            tokio::spawn(async move { put(&*store, &session, NOW).await })
        });
        for write in writes.collect::<Vec<_>>() {
            write.await.unwrap().unwrap();
        }
    }
    let one_more = session(u128::from(SESSIONS), subject(SESSIONS));
    let refused = put(&*store, &one_more, NOW).await;
    let Err(StoreError::Refused(Refusal::Conflict(why))) = refused else {
        panic!("{refused:?}");
    };
    assert!(why.contains("10000 people are signed in"), "{why}");
    let later = NOW.plus_ms(30 * MINUTE);
    put(&*store, &one_more, later).await.unwrap();
    assert_eq!(listed(&*store, None).await.len(), 1);
}
