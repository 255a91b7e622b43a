//! Who was refused can be found: on the record of the device that was named, and by what
//! strangers call themselves in a list for those who may see everything.

use modegate_sim::ClientIdentity;
use serde_json::{Value, json};

use crate::harness::{SYNCML, Server, message_with, package1};

const HEADER: &str = "x-ssl-client-cert";

fn behind_a_proxy() -> Server {
    let text = format!("trusted_proxies = ['127.0.0.0/8']\nproxy_header = '{HEADER}'\n");
    Server::configured(&text, &[])
}

/// What a proxy hands on for a tablet with this certificate at this address.
async fn sync(
    server: &Server,
    source: &str,
    identity: Option<&ClientIdentity>,
    address: &str,
) -> u16 {
    use base64::Engine as _;
    let pem = identity.map(|identity| {
        let base64 = base64::engine::general_purpose::STANDARD.encode(identity.certificate());
        let pem = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
        percent_encoding::utf8_percent_encode(&pem, percent_encoding::NON_ALPHANUMERIC).to_string()
    });
    let mut headers = vec![("content-type", SYNCML), ("x-forwarded-for", address)];
    headers.extend(pem.as_deref().map(|pem| (HEADER, pem)));
    let body = package1(source, "1", 1, "none").into_bytes();
    let query = "mode=Machine&Platform=WoA";
    server.post_with(query, &headers, body).await.0
}

async fn refused(server: &Server, query: &str) -> Vec<Value> {
    let list = server.get(&format!("/refused-devices{query}")).await;
    assert_eq!(list["next"], Value::Null);
    list["items"].as_array().unwrap().clone()
}

async fn events(server: &Server, device: &str) -> Vec<Value> {
    let events = server
        .get(&format!("/devices/{device}/events?limit=200"))
        .await;
    let events = events["items"].as_array().unwrap().clone();
    let of = events
        .into_iter()
        .filter(|event| event["type"] == "device.refused");
    of.collect()
}

#[tokio::test]
async fn a_tablet_whose_certificate_was_renewed_is_found_and_let_in() {
    let server = behind_a_proxy();
    let (old, new) = (
        ClientIdentity::generate("tablet").unwrap(),
        ClientIdentity::generate("tablet").unwrap(),
    );
    let registered = json!({"source": "tablet", "certificate_sha256": [old.sha256()]});
    let device = server.register(registered).await;
    assert_eq!(sync(&server, "tablet", Some(&old), "192.0.2.1").await, 200);
    assert_eq!(
        server.get(&format!("/devices/{device}")).await["refused"],
        Value::Null
    );
    for _ in 0..3 {
        assert_eq!(sync(&server, "tablet", Some(&new), "192.0.2.1").await, 403);
    }
    let found = events(&server, &device).await;
    assert_eq!(found.len(), 1, "at most once an hour: {found:?}");
    let expected = json!([{"reason": "other", "certificate_sha256": new.sha256(), "count": 1}]);
    assert_eq!(found[0]["refusals"], expected);
    assert!(!found[0].to_string().contains("192.0.2.1"), "{}", found[0]);
    let shown = &server.get(&format!("/devices/{device}")).await["refused"];
    assert_eq!(
        (&shown["refusals"], &shown["at"]),
        (&expected, &found[0]["at"])
    );
    let listed = refused(&server, "").await;
    assert_eq!(listed.len(), 1);
    let entry = &listed[0];
    assert_eq!(
        (&entry["source"], &entry["count"]),
        (&json!("tablet"), &json!(3))
    );
    assert_eq!(
        (&entry["device"], &entry["reason"]),
        (&json!(device), &json!("other"))
    );
    assert_eq!(entry["address"], "192.0.2.1");
    assert_eq!(entry["certificate_sha256"], new.sha256());
    let bind = json!({"sha256": new.sha256()});
    let (status, _) = server
        .api(
            "POST",
            &format!("/devices/{device}/certificates"),
            Some(bind),
        )
        .await;
    assert_eq!(status, 201);
    assert_eq!(sync(&server, "tablet", Some(&new), "192.0.2.1").await, 200);
}

#[tokio::test]
async fn strangers_are_found_by_each_of_what_they_show() {
    let server = behind_a_proxy();
    let own = ClientIdentity::generate("one").unwrap();
    assert_eq!(sync(&server, "one", Some(&own), "192.0.2.1").await, 403);
    assert_eq!(sync(&server, "two", None, "2001:db8::2").await, 403);
    assert_eq!(sync(&server, "one", Some(&own), "192.0.2.1").await, 403);
    let sources = async |query: &str| {
        let found = refused(&server, query).await;
        let of = found
            .iter()
            .map(|one| one["source"].as_str().unwrap().to_owned());
        of.collect::<Vec<_>>()
    };
    assert_eq!(sources("").await, ["one", "two"], "the latest first");
    assert_eq!(sources("?source=two").await, ["two"]);
    assert_eq!(sources("?address=2001:db8:0::2").await, ["two"]);
    assert_eq!(
        sources(&format!("?certificate_sha256={}", own.sha256())).await,
        ["one"]
    );
    assert_eq!(sources("?reason=unknown").await, ["one", "two"]);
    assert!(sources("?reason=other").await.is_empty());
    assert_eq!(refused(&server, "?source=one").await[0]["count"], 2);
    for query in ["?address=here", "?certificate_sha256=ab", "?reason=none"] {
        let (status, problem) = server
            .api("GET", &format!("/refused-devices{query}"), None)
            .await;
        assert_eq!(status, 422, "{query}: {problem}");
    }
    // Of no one's devices: a token with groups does not see them.
    let scoped = json!({"name": "scoped", "role": "operator", "groups": ["g"]});
    let (_, token) = server.make_token(scoped).await;
    let answer = server
        .call(&token, "GET", "/refused-devices", &[], None)
        .await;
    assert_eq!(answer.unwrap().0, 403);
    // Names and addresses of strangers are in no event.
    let log = server.get("/events?limit=200").await.to_string();
    for secret in ["192.0.2.1", "2001:db8", "\"one\"", "\"two\""] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[tokio::test]
async fn a_first_challenge_is_no_refusal_and_one_in_vain_is() {
    let server = Server::start_with(&[]);
    let credentials = json!({"username": "u", "password": "p"});
    let device = server
        .register(json!({"source": "d", "credentials": credentials}))
        .await;
    let cred = |text: &str| {
        use base64::Engine as _;
        let data = base64::engine::general_purpose::STANDARD.encode(text);
        format!(
            "<Cred><Meta><Type xmlns=\"syncml:metinf\">syncml:auth-basic</Type></Meta><Data>{data}</Data></Cred>"
        )
    };
    let body = "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Final/>";
    let say = async |msg_id, header: &str| {
        let message = message_with("d", "1", msg_id, header, body);
        server.sync("Machine", &message).await.statuses[0].2
    };
    for _ in 0..3 {
        assert_eq!(say(1, "").await, 407);
        assert_eq!(say(2, &cred("u:p")).await, 200);
    }
    assert!(events(&server, &device).await.is_empty());
    assert!(refused(&server, "").await.is_empty());
    assert_eq!(say(1, "").await, 407);
    assert_eq!(say(2, &cred("u:wrong")).await, 401);
    let found = events(&server, &device).await;
    assert_eq!(found.len(), 1);
    let expected = json!([{"reason": "unproven", "certificate_sha256": null, "count": 1}]);
    assert_eq!(found[0]["refusals"], expected);
    assert_eq!(refused(&server, "?source=d&reason=unproven").await.len(), 1);
    assert_eq!(say(1, &cred("u:p")).await, 200);
}

#[tokio::test]
async fn a_stranger_learns_nothing_of_a_device_by_being_challenged() {
    let server = Server::start_with(&[]);
    let credentials = json!({"username": "u", "password": "p"});
    let device = server
        .register(json!({"source": "d", "credentials": credentials}))
        .await;
    let challenge = async || {
        server
            .sync("Machine", &package1("d", "7", 1, "none"))
            .await
            .text
    };
    let before = challenge().await;
    let data = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode("u:p")
    };
    let cred = format!(
        "<Cred><Meta><Type xmlns=\"syncml:metinf\">syncml:auth-basic</Type></Meta><Data>{data}</Data></Cred>"
    );
    for session in 1..=8 {
        server
            .queue(
                &device,
                json!({"type": "inventory", "classes": ["Win32_BIOS"]}),
            )
            .await;
        let body = "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Final/>";
        let message = message_with("d", &session.to_string(), 1, &cred, body);
        assert!(!server.sync("Machine", &message).await.commands.is_empty());
    }
    assert_eq!(challenge().await, before);
    // However much it says, little comes back.
    let many: String = (1..3_000)
        .map(|id| format!("<Alert><CmdID>{id}</CmdID><Data>1201</Data></Alert>"))
        .collect();
    let long = message_with("d", "7", 1, "", &(many + "<Final/>"));
    let reply = server.sync("Machine", &long).await;
    assert_eq!(reply.statuses[0].2, 407);
    assert!(reply.text.len() < 5_000, "{}", reply.text.len());
}

#[tokio::test]
async fn strangers_fill_neither_the_log_nor_the_log_lines() {
    let server = Server::start_with(&[]);
    for n in 0..200 {
        let body = package1(&format!("made-up-{n}"), "1", 1, "none");
        let query = "mode=Machine&Platform=WoA";
        assert_eq!(server.post(query, SYNCML, body.into_bytes()).await.0, 403);
    }
    let log = server.log();
    let lines = log
        .lines()
        .filter(|line| line.contains("refused a sync request"));
    let lines = lines.count();
    assert!((1..=120).contains(&lines), "{lines}: {log}");
    assert_eq!(refused(&server, "").await.len(), 128, "of one address");
    let events = server.get("/events?limit=200").await;
    let events = events["items"].as_array().unwrap();
    let of = events
        .iter()
        .filter(|event| event["type"] == "stranger.refused");
    assert!(of.count() <= 1);
}
