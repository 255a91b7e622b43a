//! Who a device is: certificates by their SHA-256, SyncML credentials with nonces.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use modegate_sim::{ClientIdentity, Credentials, Tablet, Transport, Trigger};
use serde_json::json;

use crate::harness::{SYNCML, Server, message_with, package1};

fn ca(server: &Server) -> Vec<u8> {
    std::fs::read(server.dir.join("ca.pem")).unwrap()
}

fn url(server: &Server) -> String {
    format!("{}/sync", server.https.replace("127.0.0.1", "localhost"))
}

#[tokio::test]
async fn the_bound_certificate_is_the_device_and_no_other_is() {
    let server = Server::start_with(&[]);
    let (own, other) = (
        ClientIdentity::generate("a").unwrap(),
        ClientIdentity::generate("a").unwrap(),
    );
    let device = server
        .register(json!({"source": "a", "certificate_sha256": [own.sha256()]}))
        .await;
    server
        .register(json!({"source": "b", "certificate_sha256": [other.sha256()]}))
        .await;
    let command = server.queue(&device, json!({"type": "inventory"})).await;
    for (identity, expected) in [
        (None, Some(403)),
        (Some(&other), Some(403)),
        (Some(&own), None),
    ] {
        let transport = Transport::new(&url(&server), Some(&ca(&server)), identity).unwrap();
        let report = Tablet::new("a", transport)
            .trigger(Trigger::Reboot)
            .await
            .unwrap();
        assert_eq!(report.http_status, expected);
        assert!(report.violations.is_empty(), "{:?}", report.violations);
    }
    let read = server.get(&format!("/commands/{command}")).await;
    assert_ne!(read["state"], "queued");
    // One proves to be 'a' and calls itself 'b'.
    let transport = Transport::new(&url(&server), Some(&ca(&server)), Some(&own)).unwrap();
    assert_eq!(
        Tablet::new("b", transport)
            .trigger(Trigger::Reboot)
            .await
            .unwrap()
            .http_status,
        Some(403)
    );
}

#[tokio::test]
async fn credentials_are_challenged_and_heal_inside_the_session() {
    let server = Server::start_with(&[]);
    for (source, md5) in [("with-md5", true), ("with-basic", false)] {
        let device = server
            .register(json!({"source": source, "credentials": {"username": "u", "password": "p-distinct"}}))
            .await;
        let command = server.queue_read(&device, "Win32_BIOS").await;
        let transport = Transport::new(&format!("{}/sync", server.http), None, None).unwrap();
        let credentials = Credentials {
            username: "u".into(),
            password: "p-distinct".into(),
            md5,
        };
        let mut tablet = Tablet::new(source, transport).with_credentials(credentials);
        for _ in 0..3 {
            let report = tablet.trigger(Trigger::Reboot).await.unwrap();
            assert!(report.violations.is_empty(), "{:?}", report.violations);
        }
        assert_eq!(server.state(&command).await, "succeeded");
        let shown = server.get(&format!("/devices/{device}")).await;
        assert!(!shown.to_string().contains("p-distinct"));
    }
}

#[tokio::test]
async fn without_the_right_credentials_nothing_opens_or_replays() {
    let server = Server::start_with(&[]);
    let device = server
        .register(json!({"source": "d", "credentials": {"username": "u", "password": "p"}}))
        .await;
    server.queue(&device, json!({"type": "inventory"})).await;
    let missing = server.begin("Machine", "d", "1").await;
    assert!(
        missing.statuses.iter().all(|status| status.2 == 407),
        "{}",
        missing.text
    );
    assert!(missing.nonce.is_some() && missing.commands.is_empty() && missing.is_final);
    let cred = |data: &str| {
        format!(
            "<Cred><Meta><Type xmlns=\"syncml:metinf\">syncml:auth-basic</Type></Meta><Data>{}</Data></Cred>",
            STANDARD.encode(data)
        )
    };
    let body = "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Final/>";
    let wrong = server
        .sync("Machine", &message_with("d", "1", 1, &cred("u:no"), body))
        .await;
    assert_eq!(wrong.statuses[0].2, 401);
    let right = message_with("d", "1", 1, &cred("u:p"), body);
    let reply = server.sync("Machine", &right).await;
    assert!(!reply.commands.is_empty());
    // The next message must prove itself again.
    let second = crate::harness::message("d", "1", 2, "<Final/>");
    assert_eq!(server.sync("Machine", &second).await.statuses[0].2, 407);
    let events = server.get(&format!("/devices/{device}/events")).await;
    let exchanges = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["type"] == "exchange")
        .count();
    assert_eq!(exchanges, 1, "strangers leave no exchange");
}

/// Bodies and kept replies that cannot be read show who is read for: the device
/// gets 503, a stranger is challenged as ever.
#[tokio::test]
async fn nothing_is_read_for_a_caller_that_proved_nothing() {
    let server = Server::start_with(&[]);
    let device = server
        .register(json!({"source": "d", "credentials": {"username": "u", "password": "p"}}))
        .await;
    for _ in 0..100 {
        server.queue(&device, json!({"type": "inventory"})).await;
    }
    let cred = |password: &str| {
        format!(
            "<Cred><Meta><Type xmlns=\"syncml:metinf\">syncml:auth-basic</Type></Meta><Data>{}</Data></Cred>",
            STANDARD.encode(format!("u:{password}"))
        )
    };
    let body = "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Final/>";
    let from = |session: &str, cred: &str| message_with("d", session, 1, cred, body);
    let sent = from("1", &cred("p"));
    let reply = server.sync("Machine", &sent).await;
    assert!(!reply.commands.is_empty());
    let db = rusqlite::Connection::open(server.dir.join("modegate.db")).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    let bodies = db.execute("UPDATE command SET body = x'00' WHERE part = 0", []);
    assert_eq!(bodies.unwrap(), 100);
    // What is read is seen to fail.
    let query = "mode=Machine&Platform=WoA";
    let (status, _, _) = server
        .post(query, SYNCML, from("2", &cred("p")).into())
        .await;
    assert_eq!(status, 503);
    for header in ["", &cred("no")] {
        let reply = server.sync("Machine", &from("2", header)).await;
        assert!(matches!(reply.statuses[0].2, 401 | 407), "{}", reply.text);
    }
    // The device's own latest message is its own however it asks; once other
    // credentials are recorded it is nobody's.
    assert_eq!(server.sync("Machine", &sent).await.text, reply.text);
    let other = json!({"credentials": {"username": "u", "password": "another"}});
    let path = format!("/devices/{device}");
    let (status, told) = server.api("PATCH", &path, Some(other)).await;
    assert_eq!(status, 200, "{told}");
    assert_eq!(server.sync("Machine", &sent).await.statuses[0].2, 401);
}

#[tokio::test]
async fn a_digest_is_good_once() {
    let server = Server::start_with(&[]);
    let device = server
        .register(json!({"source": "d", "credentials": {"username": "u", "password": "p"}}))
        .await;
    server.queue(&device, json!({"type": "inventory"})).await;
    let nonce = server.begin("Machine", "d", "1").await.nonce.unwrap();
    let digest = modegate_wire::auth::PasswordDigest::new("u", "p");
    let cred = modegate_wire::auth::md5_cred(&digest, &STANDARD.decode(nonce).unwrap());
    let header = format!(
        "<Cred><Meta><Type xmlns=\"syncml:metinf\">syncml:auth-md5</Type></Meta><Data>{cred}</Data></Cred>"
    );
    let body = "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Final/>";
    let first = server
        .sync("Machine", &message_with("d", "1", 2, &header, body))
        .await;
    assert_eq!(first.statuses[0].2, 200);
    // The same digest under another SessionID is a replay by somebody else.
    let replay = server
        .sync("Machine", &message_with("d", "9", 2, &header, body))
        .await;
    assert_eq!(replay.statuses[0].2, 401);
    let (status, _, _) = server
        .post(
            "mode=Machine",
            SYNCML,
            package1("x", "1", 1, "none").into_bytes(),
        )
        .await;
    assert_eq!(status, 403);
}

fn md5_header(nonce: &[u8]) -> String {
    let digest = modegate_wire::auth::PasswordDigest::new("u", "p");
    let cred = modegate_wire::auth::md5_cred(&digest, nonce);
    // Format and padding are not always what the book says.
    let cred = cred.trim_end_matches('=');
    format!(
        "<Cred><Meta><Type xmlns=\"syncml:metinf\">syncml:auth-md5</Type></Meta><Data>{cred}</Data></Cred>"
    )
}

#[tokio::test]
async fn a_session_heals_from_any_nonce() {
    let body = "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Final/>";
    let server = Server::start_with(&[]);
    for (nth, stale) in [&b""[..], b"nonce", &[0xf0, 0, 0xff]]
        .into_iter()
        .enumerate()
    {
        let source = format!("d{nth}");
        let device = server
            .register(json!({"source": source, "credentials": {"username": "u", "password": "p"}}))
            .await;
        let command = server.queue_read(&device, "Win32_BIOS").await;
        let say = async |msg_id: u32, nonce: &[u8], body: &str| {
            server
                .sync(
                    "Machine",
                    &message_with(&source, "1", msg_id, &md5_header(nonce), body),
                )
                .await
        };
        let decode = |nonce: Option<String>| STANDARD.decode(nonce.unwrap()).unwrap();
        let refused = say(1, stale, body).await;
        assert_eq!((refused.statuses[0].2, refused.commands.len()), (401, 0));
        let nonce = decode(refused.nonce);
        let accepted = say(2, &nonce, body).await;
        assert_eq!(accepted.statuses[0].2, 200);
        assert_eq!(accepted.commands.len(), 1);
        // The same nonce twice: refused, and the answers are taken with the next one.
        let told = crate::harness::answers(&accepted, 200);
        let twice = say(3, &nonce, &told).await;
        assert_eq!(twice.statuses[0].2, 401);
        assert_eq!(
            twice.nonce, accepted.nonce,
            "the one that 200 handed out stays good"
        );
        let last = say(4, &decode(twice.nonce), &told).await;
        assert_eq!(last.statuses[0].2, 200);
        assert_eq!(server.state(&command).await, "succeeded");
        let sessions = server.get(&format!("/devices/{device}")).await["sessions"].clone();
        assert_eq!(sessions, 1, "one session throughout");
    }
}

/// What a session of the device `d` with this certificate is refused with, if it is.
async fn refused(server: &Server, identity: &ClientIdentity) -> Option<u16> {
    let transport = Transport::new(&url(server), Some(&ca(server)), Some(identity)).unwrap();
    let mut tablet = Tablet::new("d", transport);
    tablet.trigger(Trigger::Reboot).await.unwrap().http_status
}

/// A server with the device `d`, bound to the first of these certificates, and the path of it.
async fn bound_to_the_first() -> (Server, [ClientIdentity; 2], String) {
    let server = Server::start_with(&[]);
    let identities = ["d", "d"].map(|name| ClientIdentity::generate(name).unwrap());
    let device = server
        .register(json!({"source": "d", "certificate_sha256": [identities[0].sha256()]}))
        .await;
    (server, identities, format!("/devices/{device}"))
}

#[tokio::test]
async fn a_certificate_is_replaced_by_the_next_side_by_side() {
    let (server, [old, new], device) = bound_to_the_first().await;
    let path = format!("{device}/certificates");
    assert_eq!(refused(&server, &old).await, None);
    assert_eq!(refused(&server, &new).await, Some(403));
    // The new one is bound ahead of its time, then for now, as a whole.
    let later = json!({"sha256": new.sha256(), "not_before": "2999-01-01T00:00:00Z"});
    let (status, bound) = server.api("POST", &path, Some(later)).await;
    assert_eq!(
        (status, bound["not_before"].as_str()),
        (201, Some("2999-01-01T00:00:00.000Z")),
        "{bound}"
    );
    assert_eq!(refused(&server, &new).await, Some(403));
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        STANDARD.encode(new.certificate())
    );
    let (status, bound) = server
        .api(
            "POST",
            &path,
            Some(json!({"pem": pem, "note": "renewal of 2026"})),
        )
        .await;
    assert_eq!(
        (status, bound["sha256"].as_str()),
        (201, Some(new.sha256().as_str()))
    );
    let shown = server.get(&device).await;
    assert!(
        shown["certificates"][0]["last_used_at"].is_string(),
        "{shown}"
    );
    assert!(
        shown["certificates"][1]["last_used_at"].is_null(),
        "{shown}"
    );
    assert_eq!(shown["certificates"][1]["note"], "renewal of 2026");
    for identity in [&old, &new] {
        assert_eq!(refused(&server, identity).await, None, "side by side");
    }
    let (status, _) = server
        .api("DELETE", &format!("{path}/{}", old.sha256()), None)
        .await;
    assert_eq!(status, 204);
    assert_eq!(refused(&server, &old).await, Some(403));
    assert_eq!(refused(&server, &new).await, None);
}

#[tokio::test]
async fn a_revoked_certificate_stays_revoked_however_it_is_asked_for() {
    let (server, [old, new], device) = bound_to_the_first().await;
    let path = format!("{device}/certificates");
    let next = json!({"sha256": new.sha256()});
    assert_eq!(server.api("POST", &path, Some(next)).await.0, 201);
    let (status, _) = server
        .api("DELETE", &format!("{path}/{}", old.sha256()), None)
        .await;
    assert_eq!(status, 204);
    let again = json!({"sha256": old.sha256()});
    assert_eq!(server.api("POST", &path, Some(again)).await.0, 409);
    let list = json!({"certificate_sha256": [old.sha256(), new.sha256()]});
    let (status, why) = server.api("PATCH", &device, Some(list)).await;
    assert!(status == 422 || status == 400, "{why}");
    assert!(why.to_string().contains("revoked"), "{why}");
    let import = json!({"devices": [{"source": "d", "certificate_sha256": [old.sha256()]}], "on_conflict": "update"});
    let (status, why) = server.api("POST", "/devices/import", Some(import)).await;
    assert!(
        status >= 400 && why.to_string().contains("revoked"),
        "{why}"
    );
    let shown = server.get(&device).await;
    assert_eq!(shown["certificates"].as_array().unwrap().len(), 1);
    assert_eq!(shown["revoked_certificate_sha256"], json!([old.sha256()]));
    let events = server.get(&format!("{device}/events")).await.to_string();
    assert!(events.contains(&format!("certificate {} revoked", old.sha256())));
}

#[tokio::test]
async fn what_is_no_certificate_is_refused() {
    let (server, [_, new], device) = bound_to_the_first().await;
    let path = format!("{device}/certificates");
    for wrong in [
        json!({}),
        json!({"sha256": "ab"}),
        json!({"sha256": new.sha256(), "pem": "x"}),
        json!({"pem": "x"}),
    ] {
        let (status, why) = server.api("POST", &path, Some(wrong)).await;
        assert!((400..500).contains(&status), "{why}");
    }
    assert_eq!(
        server.api("DELETE", &format!("{path}/zz"), None).await.0 / 100,
        4
    );
}
