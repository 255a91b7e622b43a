//! One wish is one notification, also when the server dies in between.

use std::net::SocketAddr;
use std::sync::Arc;

use modegate_core::secret::Secret;
use modegate_sim::mock_wns::{MockWns, Reply as WnsReply};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::harness::{Reply, Server, message, package1, push_profile_of};
use crate::push::world::PFN;
use crate::records::wns_app;
use crate::syncml::{header_status, results, status};
use crate::wait::{DEADLINE, eventually, seen};

const DEVICES: usize = 12;
/// Fewer than there are workers.
const HELD: usize = 5;

/// A server on a mock, its devices with a channel each.
async fn pushing(dir: &std::path::Path, mock: &MockWns) -> (Server, Vec<String>) {
    mock.register(wns_app(PFN, "app secret"));
    let (token, host) = (mock.token_url(), mock.host_suffix());
    let arguments = [
        "--accept-unknown-devices",
        "--wns-token-url",
        &token,
        "--wns-host-suffix",
        &host,
    ];
    let server = Server::in_dir(dir, &arguments);
    server
        .push_profile(push_profile_of(PFN, "app secret"))
        .await;
    let mut devices = Vec::new();
    for n in 0..DEVICES {
        let source = format!("d{n}");
        let device = json!({"source": source, "family": "windows81"});
        devices.push(server.register(device).await);
        let uri = Secret::new(mock.mint(PFN, &source));
        tell(&server, &source, uri.reveal()).await;
        let channel = server
            .get(&format!("/devices/{}/channel", devices[n]))
            .await;
        assert_eq!(channel["state"], "active", "{channel}");
    }
    (server, devices)
}

/// A session in Maintenance that tells the URI when it is asked for it.
async fn tell(server: &Server, source: &str, uri: &str) {
    let mut next = package1(source, "1", 1, "user");
    for number in 2.. {
        let reply = server.sync("Maintenance", &next).await;
        if reply.commands.is_empty() {
            return;
        }
        next = message(source, "1", number, &channel_results(&reply, uri));
    }
}

fn channel_results(reply: &Reply, uri: &str) -> String {
    let mut body = header_status(reply.msg_id);
    for (nth, command) in reply.commands.iter().enumerate() {
        let (id, of, cmd_ref) = (2 * nth + 2, reply.msg_id, command.cmd_id);
        body += &status(id, of, cmd_ref, &command.verb, 200);
        if command.loc_uri.ends_with("/Channel") {
            body += &results(id + 1, of, cmd_ref, "", &uri.replace('&', "&amp;"));
        }
    }
    body + "<Final/>"
}

async fn until(mut so: impl AsyncFnMut() -> bool) {
    eventually(DEADLINE, async || seen(so().await, |so| *so)).await;
}

/// Whether each wish was tried; none is tried twice.
async fn all_tried(server: &Server, devices: &[String]) -> bool {
    let mut all = true;
    for device in devices {
        let channel = server.get(&format!("/devices/{device}/channel")).await;
        let tried = channel["wake"]["attempts"].as_u64().unwrap();
        assert!(tried <= 1, "{channel}");
        all &= tried == 1;
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_device_is_woken_twice_for_one_wish_over_kills() {
    let own = tempfile::tempdir().unwrap();
    let address: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let mock = MockWns::on(address, false).unwrap();
    let (mut server, devices) = pushing(&own.path().join("data"), &mock).await;
    // WNS holds the first ones back: the server dies with requests out.
    let gate = Arc::new(Semaphore::new(0));
    for _ in 0..HELD {
        mock.next_push(WnsReply::Held(Arc::clone(&gate)));
    }
    for device in &devices {
        let path = format!("/devices/{device}/wake");
        let (status, wake) = server.api("POST", &path, None).await;
        assert_eq!((status, &wake["wishes"]), (202, &json!(1)), "{wake}");
    }
    for _ in 0..3 {
        let before = mock.requests().len();
        until(async || mock.requests().len() > before || all_tried(&server, &devices).await).await;
        server.kill_and_restart();
    }
    gate.add_permits(DEVICES);
    // Every wish is sent, or counts as sent, in the end.
    until(async || all_tried(&server, &devices).await).await;
    let mut woken: Vec<String> = mock
        .requests()
        .iter()
        .map(|r| r.target.reveal().to_owned())
        .collect();
    let all = woken.len();
    woken.sort();
    woken.dedup();
    assert_eq!(woken.len(), all, "a channel was sent to twice for one wish");
}

#[tokio::test]
async fn a_wish_that_was_not_sent_is_sent_after_a_kill() {
    let own = tempfile::tempdir().unwrap();
    let mock = MockWns::start().await.unwrap();
    let (mut server, devices) = pushing(&own.path().join("data"), &mock).await;
    // WNS refuses the token, and the service that gives another hangs up.
    mock.next_push(WnsReply::code(401));
    mock.next_token(WnsReply::HangsUp);
    mock.next_token(WnsReply::HangsUp);
    let path = format!("/devices/{}", devices[0]);
    server.api("POST", &format!("{path}/wake"), None).await;
    until(async || {
        let channel = server.get(&format!("{path}/channel")).await;
        channel["wake"]["state"] == "wanted" && channel["wake"]["attempts"] == 1
    })
    .await;
    server.kill_and_restart();
    until(async || {
        let channel = server.get(&format!("{path}/channel")).await;
        channel["wake"]["state"] == "accepted"
    })
    .await;
    assert_eq!(mock.requests().len(), 2);
    let shown = server.get(&format!("{path}/channel")).await.to_string();
    let secret = mock.requests()[0].target.reveal().to_owned();
    assert!(!shown.contains(secret.trim_start_matches("/?token=")));
    for file in std::fs::read_dir(own.path().join("data")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
        let mark = secret.trim_start_matches("/?token=").as_bytes();
        assert!(!bytes.windows(mark.len()).any(|window| window == mark));
    }
}

#[tokio::test]
async fn a_wake_without_an_answer_is_unconfirmed_and_not_sent_again() {
    let own = tempfile::tempdir().unwrap();
    let mock = MockWns::start().await.unwrap();
    let (server, devices) = pushing(&own.path().join("data"), &mock).await;
    // WNS may have taken it: after one repetition on a connection of its own it is left at that.
    mock.next_push(WnsReply::HangsUp);
    mock.next_push(WnsReply::HangsUp);
    let path = format!("/devices/{}", devices[0]);
    server.api("POST", &format!("{path}/wake"), None).await;
    until(async || {
        let channel = server.get(&format!("{path}/channel")).await;
        channel["wake"]["state"] == "unconfirmed"
    })
    .await;
    assert_eq!(mock.requests().len(), 2);
    let events = server.get(&format!("{path}/events?limit=500")).await;
    let events = events["items"].as_array().unwrap();
    let of = |what| events.iter().filter(|event| event["type"] == what).count();
    assert_eq!(
        (of("wake.sent"), of("wake.not_taken")),
        (0, 1),
        "{events:?}"
    );
}
