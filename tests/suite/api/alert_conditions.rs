//! Conditions that take minutes, days or a broken surrounding: each is raised and cleared, and
//! the list, the metric, the log and the webhook say so.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};

use modegate_server::clock::Clock;
use modegate_sim::mock_wns::MockWns;
use modegate_sim::{Tablet, Transport};
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::alerts::{PFN, counted, list, until};
use crate::api::turned::Turned;
use crate::api::webhooks::{Receiver, hook};
use crate::harness::{Server, push_profile_of, serve_command};
use crate::receiver::Received;
use crate::records::wns_app;
use crate::server::metrics;
use crate::wait::{DEADLINE, eventually, seen};

const MINUTE: i64 = 60 * 1000;
const DAY: i64 = 24 * 60 * MINUTE;

/// A webhook's receiver of all alerts.
async fn receiver_of_alerts(server: &Server) -> Receiver {
    let receiver = Receiver::start(&[]);
    hook(
        server,
        json!({"url": receiver.url, "events": ["alert.raised", "alert.cleared"]}),
    )
    .await;
    receiver
}

/// Waits until the receiver got that this alert was raised and cleared, in that order.
async fn received_both(receiver: &Receiver, cleared: &Value) {
    let of_it = |got: &[Received]| -> Vec<Value> {
        let bodies = got.iter().map(Received::json);
        let of_it = bodies.filter(|body| body["alert"]["id"] == cleared["id"]);
        of_it.map(|body| body["type"].clone()).collect()
    };
    let look = async || {
        let types = of_it(&receiver.until(2).await);
        seen(types, |types| *types == ["alert.raised", "alert.cleared"])
    };
    eventually(DEADLINE, look).await;
}

/// The types of the events about this alert, as they came.
async fn logged(server: &Server, alert: &Value) -> Vec<Value> {
    let mut of_it = Vec::new();
    for kind in ["alert.raised", "alert.cleared"] {
        let events = server.get(&format!("/events?limit=200&type={kind}")).await;
        let all = events["items"].as_array().unwrap().iter();
        of_it.extend(
            all.filter(|event| event["raised"]["id"] == alert["id"])
                .cloned(),
        );
    }
    of_it.sort_by_key(|event| event["entry"].as_u64());
    of_it.iter().map(|event| event["type"].clone()).collect()
}

/// Asks the server to look at its conditions, until it finds this.
async fn reloading(server: &Server, state: &str, kind: &str) -> Value {
    let look = async || {
        server.signal("HUP");
        let all = list(server, state).await;
        let found = all.iter().find(|alert| alert["kind"] == kind).cloned();
        found.ok_or(all)
    };
    eventually(DEADLINE, look).await
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_that_cannot_be_published_are_an_alert_until_they_can() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    let mut command = serve_command(&dir, &[]);
    command
        .env("MODEGATE_AUDIT_SEAL_SECONDS", "1")
        .env("MODEGATE_AUDIT_UNSEALED_SECONDS", "1");
    let server = Server::by(command, &dir, Vec::new());
    let (receiver, kind) = (receiver_of_alerts(&server).await, "log.unsealed");
    // Nothing is wrong, however often one looks.
    server.signal("HUP");
    assert_eq!(counted(&server, kind, "critical").await, 0.0);
    // A file is where the directory was.
    let (audit, aside) = (dir.join("audit"), own.path().join("aside"));
    std::fs::rename(&audit, &aside).unwrap();
    std::fs::write(&audit, "").unwrap();
    server.register(json!({"source": "t"})).await;
    server.logged("could not write the newest checkpoint");
    let raised = reloading(&server, "open", kind).await;
    assert_eq!(
        (&raised["severity"], &raised["subject"]),
        (&json!("critical"), &json!("server"))
    );
    let message = raised["message"].as_str().unwrap();
    assert!(message.contains("events wait for a checkpoint"), "{raised}");
    assert_eq!(counted(&server, kind, "critical").await, 1.0);
    std::fs::remove_file(&audit).unwrap();
    std::fs::rename(&aside, &audit).unwrap();
    let cleared = reloading(&server, "cleared", kind).await;
    assert_eq!(cleared["id"], raised["id"]);
    assert_eq!(counted(&server, kind, "critical").await, 0.0);
    assert_eq!(
        logged(&server, &raised).await,
        ["alert.raised", "alert.cleared"]
    );
    received_both(&receiver, &cleared).await;
}

/// What is more than any disk has.
const ALL_OF_IT: u32 = u32::MAX;

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_for_others_is_low_until_it_is_not() {
    let own = tempfile::tempdir().unwrap();
    let dir = own.path().join("data");
    let mut command = serve_command(&dir, &[]);
    command.env("MODEGATE_ALERTS_DISK_RESERVED_MIB", ALL_OF_IT.to_string());
    let mut server = Server::by(command, &dir, Vec::new());
    let (receiver, kind) = (Receiver::start(&[]), "disk.low");
    let raised = until(&server, "open", kind).await;
    assert_eq!(raised["severity"], "critical");
    let message = raised["message"].as_str().unwrap();
    assert!(message.starts_with("0 bytes are free to use"), "{raised}");
    assert_eq!(counted(&server, kind, "critical").await, 1.0);
    let events = json!(["alert.*"]);
    hook(&server, json!({"url": receiver.url, "events": events})).await;
    // Without the setting there is room.
    server.kill_and_restart();
    let cleared = until(&server, "cleared", kind).await;
    assert_eq!(cleared["id"], raised["id"]);
    assert_eq!(counted(&server, kind, "critical").await, 0.0);
    assert_eq!(
        logged(&server, &raised).await,
        ["alert.raised", "alert.cleared"]
    );
    let got = receiver.until(1).await[0].json();
    assert_eq!(
        (&got["type"], &got["alert"]["id"]),
        (&json!("alert.cleared"), &raised["id"])
    );
}

/// What the metric counts of a kind of warnings.
async fn warnings(server: &Turned, kind: &str) -> f64 {
    let url = format!("http://{}/metrics", server.running.http.unwrap());
    let text = reqwest::get(url).await.unwrap().text().await.unwrap();
    let series = format!("modegate_alerts{{kind=\"{kind}\",severity=\"warning\"}}");
    metrics::value(&text, &series)
}

#[test]
fn a_log_that_fills_its_disk_soon_is_an_alert_until_there_is_room() {
    actix_web::rt::System::new().block_on(async {
        let own = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicI64::new(Clock::default().now().0));
        let (receiver, kind) = (Receiver::start(&[]), "log.disk");
        let start = async |reserved| {
            let set = |settings: &mut modegate_server::config::Settings| {
                settings.alerts.disk_reserved_mib = reserved;
            };
            Turned::set(own.path(), Arc::clone(&now), set).await
        };
        let server = start(0).await;
        let body = json!({"url": receiver.url, "events": ["alert.*"]});
        server.admin(Method::POST, "/webhooks", body).await;
        for n in 0..20 {
            let device = json!({"source": format!("d{n}")});
            server.admin(Method::POST, "/devices", device).await;
        }
        server.running.stop().await.unwrap();
        // What it grows by is known after a day, and is little for the whole disk.
        now.fetch_add(2 * DAY, SeqCst);
        let server = start(ALL_OF_IT).await;
        let raised = server.until("open", kind).await;
        let message = raised["message"].as_str().unwrap();
        assert!(message.contains("fills the disk in 0 days"), "{raised}");
        assert_eq!(warnings(&server, kind).await, 1.0);
        server.running.stop().await.unwrap();
        let server = start(0).await;
        let cleared = server.until("cleared", kind).await;
        assert_eq!(cleared["id"], raised["id"]);
        assert_eq!(warnings(&server, kind).await, 0.0);
        received_both(&receiver, &cleared).await;
        server.running.stop().await.unwrap();
    });
}

#[test]
fn a_token_service_out_of_reach_is_an_alert_after_a_quarter_of_an_hour() {
    actix_web::rt::System::new().block_on(async {
        let own = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicI64::new(Clock::default().now().0));
        let (receiver, kind) = (Receiver::start(&[]), "push_profile.degraded");
        // Nobody listens there yet.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let server = Turned::set(own.path(), Arc::clone(&now), |settings| {
            settings.wns.token_url = Some(format!("http://{address}/accesstoken.srf"));
            settings.wns.host_suffix = Some(address.to_string());
        })
        .await;
        let body = json!({"url": receiver.url, "events": ["alert.*"]});
        server.admin(Method::POST, "/webhooks", body).await;
        let profile = push_profile_of(PFN, "app secret");
        let made = server.admin(Method::POST, "/push-profiles", profile).await;
        let path = format!("/push-profiles/{}", made["id"].as_str().unwrap());
        let health = async |is: &str| {
            let look = async || {
                let profile = server.admin(Method::GET, &path, Value::Null).await;
                seen(profile, |profile| profile["health"] == is)
            };
            eventually(DEADLINE, look).await
        };
        health("degraded").await;
        // Another profile that does no better is one more occasion to look.
        let another = async |name: &str| {
            let pfn = format!("52314Publisher.{name}_t6e9vsyjkrw9w");
            let other = push_profile_of(&pfn, "app secret");
            server.admin(Method::POST, "/push-profiles", other).await
        };
        now.fetch_add(14 * MINUTE, SeqCst);
        let other = another("One").await;
        let of_other = format!("/push-profiles/{}", other["id"].as_str().unwrap());
        let look = async || {
            let other = server.admin(Method::GET, &of_other, Value::Null).await;
            seen(other, |other| other["health"] == "degraded")
        };
        eventually(DEADLINE, look).await;
        assert_eq!(warnings(&server, kind).await, 0.0);
        now.fetch_add(MINUTE, SeqCst);
        another("Two").await;
        let raised = server.until("open", kind).await;
        let subject = format!("profile:{}", made["id"].as_str().unwrap());
        assert_eq!(raised["subject"], subject, "{raised}");
        assert_eq!(warnings(&server, kind).await, 1.0);

        let mock = MockWns::on(address, false).unwrap();
        mock.register(wns_app(PFN, "app secret"));
        let check = format!("{path}/check");
        server.admin(Method::POST, &check, Value::Null).await;
        health("healthy").await;
        let cleared = server.until("cleared", kind).await;
        assert_eq!(cleared["id"], raised["id"]);
        assert_eq!(warnings(&server, kind).await, 0.0);
        received_both(&receiver, &cleared).await;
        server.running.stop().await.unwrap();
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_wns_blocks_is_an_alert_until_it_is_checked_again() {
    let mock = Arc::new(MockWns::start().await.unwrap());
    mock.register(wns_app(PFN, "app secret"));
    let server = Server::start_with(&[
        "--accept-unknown-devices",
        "--wns-token-url",
        &mock.token_url(),
        "--wns-host-suffix",
        &mock.host_suffix(),
    ]);
    let (receiver, kind) = (receiver_of_alerts(&server).await, "push_profile.blocked");
    let profile = server
        .push_profile(push_profile_of(PFN, "app secret"))
        .await;
    let device = json!({"source": "phone", "family": "windows_phone81"});
    let device = server.register(device).await;
    let transport = Transport::new(&format!("{}/sync", server.http), None, None).unwrap();
    let mut phone = Tablet::phone("phone", "MS DM Server", transport);
    let minting = Arc::clone(&mock);
    phone.registers_with(move |family| minting.mint(family, "phone"));
    phone.poll().await.unwrap();
    let channel = server.get(&format!("/devices/{device}/channel")).await;
    assert_eq!(channel["state"], "active", "{channel}");

    mock.block(PFN, true);
    let wake = format!("/devices/{device}/wake");
    assert_eq!(server.api("POST", &wake, None).await.0, 202);
    let raised = until(&server, "open", kind).await;
    assert_eq!(raised["subject"], format!("profile:{profile}"), "{raised}");
    assert_eq!(raised["severity"], "critical");
    assert_eq!(counted(&server, kind, "critical").await, 1.0);
    mock.block(PFN, false);
    let check = format!("/push-profiles/{profile}/check");
    let (status, answer) = server.api("POST", &check, None).await;
    assert!((200..300).contains(&status), "{answer}");
    let cleared = until(&server, "cleared", kind).await;
    assert_eq!(cleared["id"], raised["id"]);
    assert_eq!(counted(&server, kind, "critical").await, 0.0);
    assert_eq!(
        logged(&server, &raised).await,
        ["alert.raised", "alert.cleared"]
    );
    received_both(&receiver, &cleared).await;
}
