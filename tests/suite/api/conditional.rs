//! Conditional requests: ETags, `If-Match` and `If-None-Match`.

use serde_json::{Value, json};

use crate::harness::{Server, package1};

#[tokio::test]
async fn tags_tell_whether_something_changed() {
    let server = Server::start();
    let device = server.register(json!({"source": "tablet"})).await;
    let path = format!("/devices/{device}");
    let tag = |headers: &reqwest::header::HeaderMap| headers["etag"].to_str().unwrap().to_owned();
    let (_, headers, _) = server.with("GET", &path, &[], Value::Null).await;
    let first = tag(&headers);
    assert!(first.starts_with('"'), "strong: {first}");
    let weak = format!("W/{first}, \"x\"");
    for same in [first.as_str(), weak.as_str(), "*"] {
        let (status, headers, body) = server
            .with("GET", &path, &[("If-None-Match", same)], Value::Null)
            .await;
        assert_eq!((status, body), (304, json!("")), "{same}");
        assert_eq!(tag(&headers), first);
    }

    let stale = [("If-Match", "\"other\"")];
    let current = [("If-Match", first.as_str())];
    let (status, _, _) = server
        .with("PATCH", &path, &stale, json!({"user": "ann"}))
        .await;
    assert_eq!(status, 412);
    let (status, _, _) = server.with("DELETE", &path, &stale, Value::Null).await;
    assert_eq!(status, 412);
    assert_eq!(server.get(&path).await["user"], Value::Null);
    let (status, headers, _) = server
        .with("PATCH", &path, &current, json!({"user": "ann"}))
        .await;
    assert_eq!(status, 200);
    let second = tag(&headers);
    assert_ne!(first, second);
    let (status, _, _) = server
        .with("PATCH", &path, &current, json!({"user": "bob"}))
        .await;
    assert_eq!(status, 412, "the tag is an old one by now");
    let (status, _, _) = server
        .with("GET", &path, &[("If-None-Match", &first)], Value::Null)
        .await;
    assert_eq!(status, 200);

    // Queueing changes the device's page, an exchange its command's.
    let command = server.queue(&device, json!({"type": "inventory"})).await;
    let (_, headers, _) = server.with("GET", &path, &[], Value::Null).await;
    assert_ne!(tag(&headers), second);
    let command = format!("/commands/{command}");
    let (_, headers, _) = server.with("GET", &command, &[], Value::Null).await;
    let queued = tag(&headers);
    server
        .sync("Machine", &package1("tablet", "1", 1, "none"))
        .await;
    let (_, headers, _) = server
        .with("GET", &command, &[("If-None-Match", &queued)], Value::Null)
        .await;
    assert_ne!(tag(&headers), queued);
    let (status, _, _) = server
        .with("DELETE", &command, &[("If-Match", &queued)], Value::Null)
        .await;
    assert_eq!(status, 412);
    let now = tag(&headers);
    let (status, _, answer) = server
        .with("DELETE", &command, &[("If-Match", &now)], Value::Null)
        .await;
    assert_eq!((status, &answer["state"]), (200, &json!("cancelled")));
    let (status, _, _) = server
        .with("DELETE", &path, &[("If-Match", "*")], Value::Null)
        .await;
    assert_eq!(status, 204);
}

/// RFC 9110, 13.1.1: what `If-Match` asks for is never so where there is no ETag.
#[tokio::test]
async fn what_has_no_tag_matches_none() {
    let server = Server::start();
    let device = server.register(json!({"source": "tablet"})).await;
    let commands = format!("/devices/{device}/commands");
    let lock = json!({"type": "lock_workstation"});
    for (wanted, expected) in [("\"1.1\"", 412), ("*", 201)] {
        let (status, _, answer) = server
            .with("POST", &commands, &[("If-Match", wanted)], lock.clone())
            .await;
        assert_eq!(status, expected, "{answer}");
    }
    let open = server.get(&format!("/devices/{device}")).await["open_commands"].clone();
    assert_eq!(open, 1);
}
