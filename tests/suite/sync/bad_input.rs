//! What bad input gets: a clear error, nothing changed, nobody else disturbed.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;

use crate::harness::{SYNCML, Server, package1};
use crate::wait::DEADLINE;

#[tokio::test]
async fn what_is_not_syncml_is_refused_with_a_problem_document() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "tablet", "family": "windows81"}))
        .await;
    let whole = package1("tablet", "1", 1, "none");
    let bomb = format!(
        "<!DOCTYPE x [<!ENTITY a \"{}\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;\">]>{}",
        "lol".repeat(100),
        whole.replace("1201", "&b;")
    );
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let utf16: Vec<u8> = whole.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: Vec<(&str, Vec<u8>, u16)> = vec![
        ("empty", Vec::new(), 400),
        ("json", b"{}".to_vec(), 400),
        ("html", b"<html/>".to_vec(), 400),
        (
            "truncated",
            whole.as_bytes()[..whole.len() / 2].to_vec(),
            400,
        ),
        ("two roots", format!("{whole}{whole}").into_bytes(), 400),
        ("trailing text", format!("{whole}more").into_bytes(), 400),
        ("an entity bomb", bomb.into_bytes(), 400),
        ("too deep", deep.into_bytes(), 413),
        (
            "too large",
            vec![b' '; modegate_wire::limits::REQUEST_BYTES + 1],
            413,
        ),
        ("UTF-16", utf16, 400),
        (
            "latin-1",
            whole
                .replace("tablet", "t\u{fc}")
                .chars()
                .map(|c| c as u8)
                .collect(),
            400,
        ),
        ("NUL", whole.replace("tablet", "tab\0let").into_bytes(), 400),
        ("no header", b"<SyncML><SyncBody/></SyncML>".to_vec(), 400),
        (
            "no MsgID",
            whole.replace("<MsgID>1</MsgID>", "").into_bytes(),
            400,
        ),
    ];
    for (name, body, expected) in cases {
        let (status, headers, text) = server.post("mode=Machine&Platform=WoA", SYNCML, body).await;
        let allowed = [expected, if name == "too deep" { 400 } else { expected }];
        assert!(allowed.contains(&status), "{name}: {status} {text}");
        assert_eq!(
            headers["content-type"], "application/problem+json",
            "{name}: {text}"
        );
        assert!(
            text.len() < 2_000,
            "{name}: an answer of {} bytes",
            text.len()
        );
    }
    let events = server.get(&format!("/devices/{device}/events")).await;
    assert!(
        events["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|event| event["type"] != "exchange")
    );
}

#[tokio::test]
async fn the_wrong_content_type_is_415_and_another_method_405() {
    let server = Server::start();
    let body = package1("tablet", "1", 1, "none").into_bytes();
    for content_type in [
        "text/plain",
        "application/json",
        "application/vnd.syncml+wbxml",
    ] {
        let (status, _, text) = server
            .post("mode=Machine&Platform=WoA", content_type, body.clone())
            .await;
        assert_eq!(status, 415, "{content_type}: {text}");
    }
    let (status, _, _) = server
        .post(
            "mode=Machine",
            "Application/VND.syncml.DM+xml; charset=\"utf-8\"",
            body,
        )
        .await;
    assert_eq!(status, 200);
    let answer = reqwest::get(format!("{}/sync?mode=Machine", server.http))
        .await
        .unwrap();
    assert_eq!(answer.status(), 405);
    assert_eq!(answer.headers()["allow"], "POST");
}

#[tokio::test]
async fn a_stranger_is_403_and_leaves_no_record() {
    let server = Server::start_with(&[]);
    let body = package1("stranger", "1", 1, "none").into_bytes();
    let (status, _, _) = server.post("mode=Machine&Platform=WoA", SYNCML, body).await;
    assert_eq!(status, 403);
    let devices = server.get("/devices").await;
    assert_eq!(devices["items"], json!([]));
}

#[tokio::test]
async fn the_api_wants_its_token() {
    let server = Server::start();
    let answer = reqwest::get(format!("{}/api/v1/devices", server.http))
        .await
        .unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn wrong_fields_are_named_and_change_nothing() {
    let server = Server::start();
    let device = server
        .register(json!({"source": "tablet", "family": "windows81"}))
        .await;
    let path = format!("/devices/{device}/commands");
    for body in [
        json!({"type": "nothing"}),
        json!({}),
        json!({"type": 7}),
        json!({"type": "reset_user_password", "user": "a;b", "password": "p"}),
        json!({"type": "reset_user_password", "user": "a", "password": 5}),
        json!({"type": "raw", "verb": "Explode", "loc_uri": "./x"}),
        json!({"type": "raw", "verb": "Get", "loc_uri": "x\u{0}y"}),
        json!({"type": "inventory", "classes": "Win32_BIOS"}),
        json!({"type": "inventory", "classes": ["a b"]}),
        json!({"type": "atomic", "commands": []}),
        json!({"type": "inventory", "priority": "high"}),
        json!({"type": "inventory", "not_before": "tomorrow"}),
    ] {
        let (status, answer) = server.api("POST", &path, Some(body.clone())).await;
        assert!((400..500).contains(&status), "{body}: {status} {answer}");
        assert!(answer["detail"].is_string(), "{answer}");
    }
    assert_eq!(server.get(&path).await["items"], json!([]));
    let (status, _) = server
        .api(
            "POST",
            "/devices",
            Some(json!({"source": "tablet", "family": "windows81"})),
        )
        .await;
    assert_eq!(status, 409);
}

#[test]
fn a_slow_client_is_cut_off_and_disturbs_nobody() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = Server::start();
    let address = server.http.trim_start_matches("http://").to_owned();
    let mut slow: Vec<TcpStream> = (0..50)
        .map(|_| {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream.write_all(b"POST /sync?mode=Machine HTTP/1.1\r\nHost: x\r\nContent-Type: application/vnd.syncml.dm+xml\r\nContent-Length: 1000\r\n\r\n<").unwrap();
            stream.set_read_timeout(Some(2 * DEADLINE)).unwrap();
            stream
        })
        .collect();
    let reply = runtime.block_on(server.sync("Machine", &package1("tablet", "1", 1, "none")));
    assert_eq!(reply.statuses[0].2, 200);
    // The server ends it, by an answer or by closing; it does not wait for the rest.
    let mut rest = Vec::new();
    let _ = slow[0].read_to_end(&mut rest);
    assert!(
        rest.is_empty() || rest.starts_with(b"HTTP/1.1 4"),
        "{}",
        String::from_utf8_lossy(&rest)
    );
}
