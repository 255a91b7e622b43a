//! What a store does for one-time links to the portal: each is taken once, whoever comes.

use std::sync::Arc;

use modegate_core::change::{DeviceChange, Refusal};
use modegate_core::context::Family;
use modegate_core::device::{Device, DeviceRecord};
use modegate_core::event::{Event, EventType};
use modegate_core::ids::{DeviceId, Source};
use modegate_core::portal_link::{
    self, Drawn, LINKS, LinkDigest, LinkFault, LinkProof, OPEN_LINKS, PortalLink, PortalLinkId,
    ShortCode, VALID_MS, WRONG_CODES,
};
use modegate_core::time::Timestamp;
use modegate_store::api::WriteStore;
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use modegate_store::web::WebStore;
use modegate_store::{Store, StoreError};
use uuid::Uuid;

const NOW: Timestamp = Timestamp(1_790_000_000_000);

/// Registers the device of a user.
async fn register(store: &dyn Store, source: &str) -> DeviceId {
    let id = DeviceId(Uuid::now_v7());
    let record = DeviceRecord {
        user: Some("Planted-User".into()),
        ..DeviceRecord::new(Source(source.into()), Family::Windows81, NOW)
    };
    let event = Event::new(NOW, "test", Some(id), EventType::DeviceRegistered);
    store.register(id, record, event, None).await.unwrap();
    id
}

/// A code that only this number has.
fn code(n: u64) -> ShortCode {
    let bytes = n.to_be_bytes();
    ShortCode::from_random([bytes[7], bytes[6], bytes[5], 1, 2])
}

fn text(n: u64) -> LinkProof {
    LinkProof::Text(LinkDigest::from_text(&n.to_string()))
}

async fn make(
    store: &dyn Store,
    device: DeviceId,
    n: u64,
    now: Timestamp,
) -> Result<PortalLink, StoreError> {
    let drawn = Drawn {
        id: PortalLinkId(Uuid::from_u128(u128::from(n))),
        text: LinkDigest::from_text(&n.to_string()),
        code: code(n),
    };
    let make = move |device: &Device| PortalLink::new(device, drawn, "api:bob".into(), now);
    store.create_portal_link(device, Box::new(make), None).await
}

async fn take(
    store: &dyn Store,
    proof: LinkProof,
    now: Timestamp,
) -> Result<PortalLink, LinkFault> {
    let decide = move |found: &[(PortalLink, Device)]| portal_link::take(found, &proof, now);
    let presented = store.present_portal_link(proof, Box::new(decide)).await;
    presented.unwrap().outcome
}

/// The types and details of the events of a device's links.
async fn logged(store: &dyn Store, device: DeviceId) -> Vec<(EventType, String)> {
    let events = store.events(device, 0, 1_000).await.unwrap().into_iter();
    let of_links = events.filter(|stored| stored.event.what.name().starts_with("portal_link."));
    of_links
        .map(|stored| (stored.event.what, stored.event.detail.unwrap()))
        .collect()
}

async fn change(store: &dyn Store, device: DeviceId, user: Option<&str>) {
    let user = user.map(str::to_owned);
    let decide = move |device: &Device| {
        let record = DeviceRecord {
            user,
            ..device.record.clone()
        };
        Ok(DeviceChange::new(device, device.state.clone()).with_record(record))
    };
    store.alter(device, Box::new(decide), None).await.unwrap();
}

fn open(dir: &std::path::Path) -> SqliteStore {
    let keys = Keys::from_bytes(&[1; 32]).unwrap();
    SqliteStore::open(&dir.join("db"), keys).unwrap()
}

#[tokio::test]
async fn of_eight_who_come_at_once_one_gets_in() {
    let own = tempfile::tempdir().unwrap();
    let store = Arc::new(open(own.path()));
    let device = register(&*store, "a").await;
    for (n, proof) in [(1, text(1)), (2, LinkProof::Code(code(2)))] {
        let link = make(&*store, device, n, NOW).await.unwrap();
        let takers = (0..8).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { take(&*store, proof, NOW).await })
        });
        let mut outcomes = Vec::new();
        for taker in takers.collect::<Vec<_>>() {
            outcomes.push(taker.await.unwrap());
        }
        let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        let won = won.into_iter().next().unwrap().unwrap();
        assert_eq!((won.id, won.person()), (link.id, link.person()));
        assert_eq!(lost, [const { Err(LinkFault::Used) }; 7]);
        let log = logged(&*store, device).await;
        let used = log.iter().filter(|(what, detail)| {
            *what == EventType::PortalLinkUsed && *detail == link.id.to_string()
        });
        assert_eq!(used.count(), 1);
    }
}

#[tokio::test]
async fn a_link_outlives_a_restart_and_is_taken_once_over_it() {
    let own = tempfile::tempdir().unwrap();
    let store = open(own.path());
    let device = register(&store, "a").await;
    let link = make(&store, device, 1, NOW).await.unwrap();
    store.close().await;
    drop(store);
    for path in crate::files::files(own.path()) {
        let bytes = std::fs::read(&path).unwrap();
        let mut windows = bytes.windows(12);
        assert!(!windows.any(|window| window == b"Planted-User"));
    }
    let store = open(own.path());
    let found = store.find_portal_links(&text(1)).await.unwrap();
    assert_eq!(found[0].0, link);
    assert_eq!(found[0].1.id, device);
    assert!(take(&store, text(1), NOW).await.is_ok());
    store.close().await;
    drop(store);
    let store = open(own.path());
    assert_eq!(take(&store, text(1), NOW).await, Err(LinkFault::Used));
    let code = LinkProof::Code(code(1));
    assert_eq!(take(&store, code, NOW).await, Err(LinkFault::Used));
}

#[tokio::test]
async fn wrong_codes_are_counted_and_the_tenth_ends_the_link() {
    let own = tempfile::tempdir().unwrap();
    let store = open(own.path());
    let device = register(&store, "a").await;
    let link = make(&store, device, 1, NOW).await.unwrap();
    let shown = code(1).reveal();
    let wrong = LinkProof::Code(ShortCode::parse(&format!("{}-ZZZZ", &shown[..4])).unwrap());
    let elsewhere = LinkProof::Code(ShortCode::parse("ZZZZ-ZZZZ").unwrap());
    for tries in 0..WRONG_CODES {
        for proof in [elsewhere, wrong] {
            assert_eq!(take(&store, proof, NOW).await, Err(LinkFault::Unknown));
        }
        let kept = store.portal_links(device).await.unwrap();
        assert_eq!(kept[0].wrong_codes, tries + 1);
    }
    for proof in [LinkProof::Code(code(1)), text(1)] {
        assert_eq!(take(&store, proof, NOW).await, Err(LinkFault::TooManyTries));
    }
    let log = logged(&store, device).await;
    assert_eq!(log[0], (EventType::PortalLinkCreated, link.id.to_string()));
    let ended = format!("{}: too many wrong codes were tried", link.id);
    assert_eq!(log[1..], [(EventType::PortalLinkEnded, ended)]);
}

#[tokio::test]
async fn it_is_for_the_user_that_the_device_had_and_goes_with_the_device() {
    let own = tempfile::tempdir().unwrap();
    let store = open(own.path());
    let device = register(&store, "a").await;
    make(&store, device, 1, NOW).await.unwrap();
    for user in [Some("bob"), None] {
        change(&store, device, user).await;
        assert_eq!(take(&store, text(1), NOW).await, Err(LinkFault::OtherUser));
    }
    let refused = make(&store, device, 2, NOW).await;
    let Err(StoreError::Refused(Refusal::Conflict(why))) = refused else {
        panic!("{refused:?}");
    };
    assert!(why.contains("no user"), "{why}");
    let event = Event::new(NOW, "test", Some(device), EventType::DeviceRetired);
    let retired = store.retire(device, Box::new(|_| Ok(())), event, None);
    retired.await.unwrap();
    assert_eq!(take(&store, text(1), NOW).await, Err(LinkFault::Unknown));
    assert!(store.portal_links(device).await.unwrap().is_empty());
    let refused = make(&store, device, 3, NOW).await;
    assert!(matches!(refused, Err(StoreError::NoDevice)), "{refused:?}");
}

#[tokio::test]
async fn a_link_is_ended_by_its_device_and_id() {
    let own = tempfile::tempdir().unwrap();
    let store = open(own.path());
    let (device, other) = (register(&store, "a").await, register(&store, "b").await);
    let link = make(&store, device, 1, NOW).await.unwrap();
    let end = async |device| {
        let end = |_: &Device, link| portal_link::end(link, "api:bob".into(), NOW);
        store
            .end_portal_link(device, link.id, Box::new(end), None)
            .await
    };
    for (device, is_there) in [(other, false), (device, true)] {
        assert_eq!(end(device).await.is_ok(), is_there);
    }
    assert_eq!(take(&store, text(1), NOW).await, Err(LinkFault::Ended));
    let again = end(device).await;
    assert!(
        matches!(again, Err(StoreError::Refused(Refusal::Conflict(_)))),
        "{again:?}"
    );
}

#[tokio::test]
async fn a_device_has_so_many_and_those_that_expired_go() {
    let own = tempfile::tempdir().unwrap();
    let store = open(own.path());
    let (device, other) = (register(&store, "a").await, register(&store, "b").await);
    let most = OPEN_LINKS as u64;
    for n in 0..most {
        make(&store, device, n, NOW).await.unwrap();
    }
    let refused = make(&store, device, most, NOW).await;
    assert!(
        matches!(refused, Err(StoreError::Refused(Refusal::Conflict(_)))),
        "{refused:?}"
    );
    make(&store, other, most, NOW).await.unwrap();
    take(&store, text(0), NOW).await.unwrap();
    make(&store, device, most + 1, NOW).await.unwrap();
    let expired = NOW.plus_ms(VALID_MS);
    assert_eq!(
        take(&store, text(1), expired).await,
        Err(LinkFault::Expired)
    );
    let purge = async |before| store.purge_portal_links(before, 3).await.unwrap();
    assert_eq!(purge(expired).await.count, 0);
    let first = purge(expired.plus_ms(1)).await;
    assert!(first.count == 3 && first.more);
    while purge(expired.plus_ms(1)).await.more {}
    assert!(store.portal_links(device).await.unwrap().is_empty());
    assert_eq!(
        take(&store, text(1), expired).await,
        Err(LinkFault::Unknown)
    );
}

#[tokio::test]
async fn there_are_so_many_in_all_and_those_that_expired_make_room() {
    let own = tempfile::tempdir().unwrap();
    let store = Arc::new(open(own.path()));
    let each = OPEN_LINKS as u64;
    let mut devices = Vec::new();
    for n in 0..=LINKS / each {
        devices.push(register(&*store, &format!("d{n}")).await);
    }
    let devices = Arc::new(devices);
    let device = |n: u64| devices[(n / each) as usize];
    for from in (0..LINKS).step_by(500) {
        let makes = (from..from + 500).map(|n| {
            let (store, device) = (store.clone(), device(n));
            tokio::spawn(async move { make(&*store, device, n, NOW).await })
        });
        for made in makes.collect::<Vec<_>>() {
            made.await.unwrap().unwrap();
        }
    }
    let refused = make(&*store, device(LINKS), LINKS, NOW).await;
    let Err(StoreError::Refused(Refusal::Conflict(why))) = refused else {
        panic!("{refused:?}");
    };
    assert!(why.contains("10000 links"), "{why}");
    let later = NOW.plus_ms(VALID_MS);
    make(&*store, device(LINKS), LINKS, later).await.unwrap();
}
