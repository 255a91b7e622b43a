//! WBXML through the real server: asked in it, answered in it, by a tablet with
//! a codec of its own.

use modegate_sim::{Tablet, Transport, Trigger};
use modegate_wire::encoding::Encoding;
use serde_json::json;

use crate::harness::{SYNCML, Server, demo_queue, message, package1};
use crate::syncml::header_status;

const WBXML: &str = "application/vnd.syncml.dm+wbxml";

fn tablet(server: &Server) -> Tablet {
    let url = format!("{}/sync", server.http);
    Tablet::new("t", Transport::new(&url, None, None).unwrap())
}

/// One XML message as WBXML, by the server's codec.
fn binary(xml: &str) -> Vec<u8> {
    Encoding::Wbxml.encode(&Encoding::Xml.decode(xml.as_bytes()).unwrap())
}

/// What one raw request is answered: status, Content-Type, bytes.
async fn ask(server: &Server, kind: &str, body: Vec<u8>) -> (u16, String, Vec<u8>) {
    let answer = reqwest::Client::new()
        .post(format!(
            "{}/sync?mode=Maintenance&Platform=WoA",
            server.http
        ))
        .header("content-type", kind)
        .body(body)
        .send()
        .await
        .unwrap();
    let media_type = answer.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    let status = answer.status().as_u16();
    (status, media_type, answer.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn the_whole_demo_queue_goes_by_wbxml() {
    let server = Server::start();
    let (_, commands) = demo_queue(&server, "t").await;
    let mut tablet = tablet(&server);
    tablet.speaks_wbxml(true);
    tablet.retransmit(u32::MAX);
    let by_mode = [Trigger::Reboot, Trigger::Logon];
    for (trigger, expected) in by_mode.into_iter().zip([2, 2]) {
        let report = tablet.trigger(trigger).await.unwrap();
        assert_eq!(report.violations, [], "{trigger:?}");
        assert_eq!(report.http_status, None);
        assert!(report.retransmitted > 0);
        assert!(report.received.len() >= expected, "{:?}", report.received);
    }
    for command in &commands {
        assert_eq!(server.state(command).await, "succeeded");
    }
    assert_eq!((tablet.password_resets(), tablet.has_channel()), (1, true));
}

#[tokio::test]
async fn encodings_change_between_sessions_and_messages() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "t", "family": "windows81"}))
        .await;
    let mut tablet = tablet(&server);
    for (nth, wbxml) in [true, false, true].into_iter().enumerate() {
        let read = json!({"type": "raw", "verb": "Get", "loc_uri": "./DevDetail/SwV"});
        let command = server.queue(&device, read).await;
        tablet.speaks_wbxml(wbxml);
        let report = tablet.trigger(Trigger::Logon).await.unwrap();
        assert_eq!(report.violations, []);
        assert_eq!(server.state(&command).await, "succeeded", "session {nth}");
    }
    // One session that turns from one to the other.
    let read = json!({"type": "raw", "verb": "Get", "loc_uri": "./DevDetail/SwV"});
    server.queue(&device, read).await;
    let (status, media_type, bytes) =
        ask(&server, WBXML, binary(&package1("t", "77", 1, "user"))).await;
    assert_eq!((status, media_type.as_str()), (200, WBXML));
    let reply = Encoding::Wbxml.decode(&bytes).unwrap();
    assert_eq!(reply.header.session_id.0, "77");
    let body = header_status(reply.header.msg_id) + "<Final/>";
    let next = message("t", "77", 2, &body);
    let (status, media_type, bytes) = ask(&server, SYNCML, next.into_bytes()).await;
    assert_eq!((status, media_type.split(';').next()), (200, Some(SYNCML)));
    assert!(Encoding::Xml.decode(&bytes).is_ok());
}

#[tokio::test]
async fn a_retransmission_gets_the_same_bytes_and_another_encoding_is_another_message() {
    let server = Server::start();
    let (_, _) = demo_queue(&server, "t").await;
    let first = binary(&package1("t", "5", 1, "user"));
    let once = ask(&server, WBXML, first.clone()).await;
    assert_eq!(once, ask(&server, WBXML, first).await);
    // The same message in XML is no retransmission: a session begins anew, in XML.
    let xml = package1("t", "5", 1, "user").into_bytes();
    let (status, media_type, bytes) = ask(&server, SYNCML, xml).await;
    assert_eq!((status, media_type.split(';').next()), (200, Some(SYNCML)));
    assert!(Encoding::Xml.decode(&bytes).is_ok());
}

#[tokio::test]
async fn bad_wbxml_is_400_or_413_and_changes_nothing() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "t", "family": "windows81"}))
        .await;
    let good = binary(&package1("t", "5", 1, "user"));
    let mut cases: Vec<Vec<u8>> = (0..good.len())
        .step_by(7)
        .map(|end| good[..end].to_vec())
        .collect();
    cases.push([&good[..], &[0]].concat());
    cases.push(package1("t", "5", 1, "user").into_bytes());
    for wrong in [0x40_u8, 0x43, 0x84, 0xc0] {
        let mut bytes = good.clone();
        bytes[5] = wrong;
        cases.push(bytes);
    }
    for bytes in cases {
        let (status, media_type, text) = ask(&server, WBXML, bytes.clone()).await;
        assert_eq!(
            status,
            400,
            "{bytes:02x?}: {}",
            String::from_utf8_lossy(&text)
        );
        assert_eq!(media_type, "application/problem+json");
    }
    // Nesting without end.
    let deep = [&good[..5], &[0x48; 5000][..]].concat();
    let (status, _, _) = ask(&server, WBXML, deep).await;
    assert!(matches!(status, 400 | 413), "{status}");
    // WBXML said to be XML.
    assert_eq!(ask(&server, SYNCML, good).await.0, 400);
    let sessions = server.get(&format!("/devices/{device}/sessions")).await;
    assert_eq!(sessions["items"].as_array().unwrap().len(), 0);
}
