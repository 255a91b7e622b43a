//! Who is told of which step, and with which change.
#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use serde_json::{Value, json};

use super::deliveries::deliveries;
use super::*;
use crate::alert::{Alert, AlertId, AlertKind, Finding, Subject};
use crate::catalogue::{App, Release, Version};
use crate::change::NewDelivery;
use crate::fixtures::{NOW, body, device};
use crate::installs::request::{Request, Written, cancel, request};

fn webhook(number: u64, events: &[&str], groups: &[&str]) -> Webhook {
    let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
    Webhook {
        number,
        id: WebhookId(Uuid::from_u128(number.into())),
        url: Secret::new("https://a.test/hook"),
        events: owned(events),
        groups: owned(groups),
        secret: Secret::new("0123456789abcdef"),
        created_by: "test".into(),
        previous_secret: None,
        created_at: NOW,
    }
}

fn asked(app: &App, of: &crate::device::Device) -> Written {
    let asked = Request {
        release: app.release(None).unwrap().clone(),
        app: app.clone(),
        command: body(),
        job_id: "job".into(),
        warnings: Vec::new(),
        again: false,
        person: None,
    };
    request(of, &[], 1, asked).unwrap()
}

fn app() -> App {
    let release = Release {
        version: Version::parse("1").unwrap(),
        package_full_name: None,
        urls: Vec::new(),
        dependencies: Vec::new(),
        licence: None,
        action: "install".into(),
        options: 0,
        job_data: Some(Secret::new("<Job/>")),
    };
    App {
        id: "erp".into(),
        name: "ERP".into(),
        description: None,
        groups: Vec::new(),
        releases: vec![release],
        created_at: NOW,
        changed_at: NOW,
        requires: None,
    }
}

#[test]
fn each_new_step_is_sent_to_whoever_wants_it() {
    let mut device = device(1, &["g"]);
    let all = [
        webhook(1, &["install.*"], &[]),
        webhook(2, &["install.cancelled"], &["g", "h"]),
        webhook(3, &["install.*"], &["h"]),
    ];
    let mut made = asked(&app(), &device);
    let read = || Ok::<_, Infallible>(all.to_vec());
    announce(&mut made, &device, &[], read).unwrap();
    let sent = |written: &Written| {
        let deliveries = &written.change.as_ref().unwrap().deliveries;
        let each = deliveries
            .iter()
            .map(|one| (one.webhook, one.event.clone()));
        each.collect::<Vec<_>>()
    };
    assert_eq!(sent(&made), [(1, "install.requested".to_owned())]);

    device.state = made.change.unwrap().state;
    let install = made.answer.unwrap();
    let seen = [install.clone()];
    let later = NOW.plus_ms(5);
    let mut taken_back = cancel(&device, &install, "test", later).unwrap();
    announce(&mut taken_back, &device, &seen, read).unwrap();
    let cancelled = "install.cancelled".to_owned();
    assert_eq!(sent(&taken_back), [(1, cancelled.clone()), (2, cancelled)]);
    let first = &taken_back.change.as_ref().unwrap().deliveries[0];
    assert_eq!(first.due, later);
    let body: Value = serde_json::from_slice(&first.body).unwrap();
    let id = format!("{}-i1-1", device.id);
    assert_eq!(
        (&body["id"], &body["type"]),
        (&json!(id), &json!("install.cancelled"))
    );
    assert_eq!(body["install"]["state"], "cancelled");
}

#[test]
fn webhooks_are_read_only_where_there_is_something_to_tell() {
    let device = device(1, &[]);
    let made = asked(&app(), &device);
    let install = made.answer.unwrap();
    // Read again, without a step: nobody is told.
    let mut same = Written {
        change: None,
        installs: vec![install.clone()],
        answer: None,
        created: false,
    };
    let never = || -> Result<Vec<Webhook>, &str> { Err("asked for the webhooks") };
    announce(&mut same, &device, std::slice::from_ref(&install), never).unwrap();
    assert!(same.change.is_none());
    assert!(deliveries(&[], &device, &install, 0).is_empty());
}

#[test]
fn there_may_be_so_many_webhooks() {
    check_room(WEBHOOKS - 1).unwrap();
    assert!(matches!(check_room(WEBHOOKS), Err(Refusal::Conflict(_))));
}

#[test]
fn pauses_grow_and_end() {
    let now = Timestamp(0);
    let waits: Vec<i64> = (1..ATTEMPTS).map(|n| again(n, now).unwrap().0).collect();
    assert_eq!(waits[..3], [5_000, 10_000, 20_000]);
    assert!(waits.is_sorted() && *waits.last().unwrap() == PAUSE_MOST_MS);
    assert_eq!(again(ATTEMPTS, now), None);
}

#[test]
fn a_webhook_wants_what_it_names() {
    let sales = ["sales".to_owned()];
    let wants = |events: &[&str], groups: &[&str], event: &str, of: &[String]| {
        webhook(1, events, groups).wants(event, of)
    };
    assert!(wants(&[EVERY], &[], "install.woken", &[]));
    assert!(wants(
        &["install.failed"],
        &["sales"],
        "install.failed",
        &sales
    ));
    assert!(!wants(&["install.failed"], &[], "install.woken", &sales));
    assert!(!wants(&[EVERY], &["other"], "install.woken", &sales));
    assert!(!format!("{:?}", webhook(1, &[], &[])).contains("a.test"));
}

#[test]
fn an_alert_is_sent_to_whoever_wants_it_and_one_of_a_device_within_its_groups() {
    let device = device(1, &["g"]);
    let all = [
        webhook(1, &["alert.*"], &[]),
        webhook(2, &["alert.cleared"], &[]),
        webhook(3, &["install.*"], &[]),
        webhook(4, &["alert.*"], &["g"]),
        webhook(5, &["alert.raised"], &["h"]),
    ];
    let of = |subject| {
        let finding = Finding::new(AlertKind::DeviceByHand, subject, "for 3 days");
        Alert::raised(AlertId(Uuid::from_u128(7)), finding, NOW)
    };
    let numbers = |sent: &[NewDelivery]| sent.iter().map(|one| one.webhook).collect::<Vec<_>>();
    let of_device = of(Subject::Device(device.id));
    assert_eq!(numbers(&of_alert(&all, &of_device, Some(&device))), [1, 4]);
    let mut of_server = of(Subject::Server);
    assert_eq!(numbers(&of_alert(&all, &of_server, None)), [1]);
    of_server.cleared_at = Some(NOW.plus_ms(9));
    let sent = of_alert(&all, &of_server, None);
    assert_eq!(numbers(&sent), [1, 2]);
    assert_eq!(sent[0].due, NOW.plus_ms(9));
    let body: Value = serde_json::from_slice(&sent[0].body).unwrap();
    assert_eq!(body["id"], "00000000000000000000000000000007-cleared");
    assert_eq!(body["type"], "alert.cleared");
    assert_eq!(body["alert"]["cleared_at"], NOW.plus_ms(9).to_string());
    assert_eq!(body["alert"]["action"], AlertKind::DeviceByHand.action());
}
