//! What a store does for alerts: one is open for each kind and subject, and each change is
//! one with its event and with what webhooks are to be sent.

use modegate_core::alert::{Alert, AlertId, AlertKind, CLEARED, Finding, Subject};
use modegate_core::event::{Event, EventType};
use modegate_core::secret::Secret;
use modegate_core::time::Timestamp;
use modegate_core::webhooks::{Webhook, WebhookId};
use modegate_store::Store;
use modegate_store::seal::Keys;
use modegate_store::sqlite::SqliteStore;
use uuid::Uuid;

use crate::store::conformance::register;

const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn alert(kind: AlertKind, subject: Subject) -> Alert {
    let finding = Finding::new(kind, subject, "as a test says");
    Alert::raised(AlertId(Uuid::now_v7()), finding, NOW)
}

async fn webhook(store: &dyn Store) -> WebhookId {
    let id = WebhookId(Uuid::now_v7());
    let webhook = Webhook {
        number: 0,
        id,
        url: Secret::new("https://a.test/hook"),
        events: vec!["alert.*".into()],
        groups: Vec::new(),
        secret: Secret::new("0123456789abcdef"),
        created_by: "test".into(),
        created_at: NOW,
        previous_secret: None,
    };
    let event = Event::new(NOW, "test", None, EventType::WebhookCreated);
    store.create_webhook(webhook, event, None).await.unwrap();
    id
}

/// The types of all events of alerts, in order.
async fn logged(store: &dyn Store) -> Vec<EventType> {
    let events = store.all_events(0, 10_000).await.unwrap().into_iter();
    let of_alerts = events.filter(|stored| stored.event.raised.is_some());
    of_alerts.map(|stored| stored.event.what).collect()
}

async fn one_is_open_for_each_kind_and_subject(store: &dyn Store) {
    let hook = webhook(store).await;
    let (kind, subject) = (AlertKind::LogDisk, Subject::Server);
    let first = alert(kind, subject.clone());
    assert!(store.raise_alert(first.clone()).await.unwrap());
    let again = alert(kind, subject.clone());
    assert!(!store.raise_alert(again).await.unwrap());
    let other = alert(kind, Subject::Worker("wakes".into()));
    assert!(store.raise_alert(other.clone()).await.unwrap());
    let open = [first.clone(), other.clone()];
    assert_eq!(store.open_alerts().await.unwrap(), open);

    let later = NOW.plus_ms(5);
    let cleared = store.clear_alert(kind, subject.clone(), later).await;
    let cleared = cleared.unwrap().expect("it was open");
    let expected = Alert {
        cleared_at: Some(later),
        ..first.clone()
    };
    assert_eq!(cleared, expected);
    let nothing = store.clear_alert(kind, subject.clone(), later).await;
    assert_eq!(nothing.unwrap(), None);
    let anew = alert(kind, subject);
    assert!(store.raise_alert(anew.clone()).await.unwrap());
    assert_eq!(
        store.open_alerts().await.unwrap(),
        [other.clone(), anew.clone()]
    );

    let all = store.alerts(u64::MAX, 10).await.unwrap();
    let listed: Vec<Alert> = all.iter().map(|(_, alert)| alert.clone()).collect();
    assert_eq!(listed, [anew, other, expected]);
    let rest = store.alerts(all[0].0, 1).await.unwrap();
    assert_eq!(rest, [all[1].clone()]);

    let (raised, cleared) = (EventType::AlertRaised, EventType::AlertCleared);
    assert_eq!(logged(store).await, [raised, raised, cleared, raised]);
    let sent = store.webhook_deliveries(hook, u64::MAX, 10).await.unwrap();
    let sent: Vec<&str> = sent.iter().rev().map(|one| one.event.as_str()).collect();
    let names = [raised, raised, cleared, raised].map(EventType::name);
    assert_eq!(sent, names);
}

async fn one_of_a_device_is_in_its_log(store: &dyn Store) {
    let device = register(store, "d").await;
    let before = store.device(device).await.unwrap().unwrap();
    let (kind, subject) = (AlertKind::DeviceByHand, Subject::Device(device));
    assert!(
        store
            .raise_alert(alert(kind, subject.clone()))
            .await
            .unwrap()
    );
    let after = store.device(device).await.unwrap().unwrap();
    assert_eq!(after.state.revision, before.state.revision);
    let own = store.events(device, 0, 10).await.unwrap();
    let latest = &own.last().unwrap().event;
    assert_eq!(
        (latest.what, latest.device),
        (EventType::AlertRaised, Some(device))
    );
    // It can be cleared when the device is gone.
    let event = Event::new(NOW, "test", Some(device), EventType::DeviceRetired);
    let retired = store.retire(device, Box::new(|_| Ok(())), event, None);
    retired.await.unwrap();
    let cleared = store.clear_alert(kind, subject, NOW).await.unwrap();
    assert!(cleared.is_some());
}

async fn cleared_ones_are_kept_up_to_a_bound(store: &dyn Store) {
    let stays = alert(AlertKind::LogDisk, Subject::Server);
    store.raise_alert(stays.clone()).await.unwrap();
    for at in 0..CLEARED + 3 {
        let (kind, subject) = (AlertKind::WorkerDown, Subject::Worker(at.to_string()));
        store
            .raise_alert(alert(kind, subject.clone()))
            .await
            .unwrap();
        store.clear_alert(kind, subject, NOW).await.unwrap();
    }
    let all = store.alerts(u64::MAX, 10_000).await.unwrap();
    assert_eq!(all.len() as u64, CLEARED + 1);
    assert_eq!(all.last().unwrap().1, stays);
    let oldest = &all[all.len() - 2].1.finding.subject;
    assert_eq!(*oldest, Subject::Worker("3".into()));
}

#[tokio::test]
async fn sqlite_keeps_alerts() {
    let own = tempfile::tempdir().unwrap();
    let open = |name: &str| {
        let keys = Keys::from_bytes(&[3; 32]).unwrap();
        SqliteStore::open(&own.path().join(name), keys).unwrap()
    };
    one_is_open_for_each_kind_and_subject(&open("a")).await;
    one_of_a_device_is_in_its_log(&open("b")).await;
    cleared_ones_are_kept_up_to_a_bound(&open("c")).await;
}
