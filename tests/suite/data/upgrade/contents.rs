//! What is there, as it was: lists, sealed values, tokens, answers to named writes.

use serde_json::{Value, json};

use super::{Old, all, data_of, says_the_same, session};
use crate::program::program;

#[tokio::test]
async fn everything_is_there_as_it_was() {
    let old = Old::copied();
    let mut server = old.serve();
    says_the_same(&old, &server).await;
    for (path, table) in [
        ("/devices", "device"),
        ("/apps", "app"),
        ("/push-profiles", "push_profile"),
        ("/tokens", "token"),
        ("/webhooks", "webhook"),
        ("/batches", "batch"),
    ] {
        assert_eq!(all(&server, path).await.len(), old.rows(table), "{path}");
    }
    let mut installs = 0;
    for id in old.recorded["devices"].as_object().unwrap().values() {
        let path = format!("/devices/{}/installs", id.as_str().unwrap());
        // One device is no more.
        if let (200, page) = server.api("GET", &path, None).await {
            installs += page["items"].as_array().unwrap().len();
        }
    }
    assert_eq!(installs, old.rows("install"));
    let events = all(&server, "/events").await;
    assert!(
        events.len() > old.rows("event"),
        "the log goes on behind what was: {}",
        events.len()
    );
    let started = |event: &Value| (event["type"].clone(), event["detail"].clone());
    assert_eq!(
        started(&events[0]),
        (json!("server.started"), json!("modegate 0.1.0"))
    );
    // Once more, after a start without a change of anything.
    server.kill_and_restart();
    says_the_same(&old, &server).await;
}

#[tokio::test]
async fn everything_sealed_can_be_sealed_anew() {
    let old = Old::copied();
    let rotated = program()
        .args(["key", "rotate", "--data"])
        .arg(old.dir())
        .output()
        .unwrap();
    assert!(rotated.status.success(), "{rotated:?}");
    let server = old.serve();
    says_the_same(&old, &server).await;
    let sent = session(&server, "Maintenance", "withheld", "3", 200).await;
    assert_eq!(
        data_of(&sent, "Exec=CreateJob"),
        "JobData=<Job>withheld</Job>"
    );
}

#[tokio::test]
async fn tokens_and_answers_to_named_writes_are_known() {
    let old = Old::copied();
    let server = old.serve();
    let seen = async |name: &str, path: &str| {
        let answer = server.call(old.token(name), "GET", path, &[], None).await;
        let (status, _, body) = answer.unwrap();
        (status, body)
    };
    assert_eq!(seen("eye", "/events").await.0, 200);
    assert_eq!(seen("eye", "/tokens").await.0, 403);
    for name in ["revoked", "expired"] {
        assert_eq!(seen(name, "/devices").await.0, 401, "{name}");
    }
    for (name, sources) in [
        ("helpdesk", ["once", "open-session", "history"].as_slice()),
        ("once", &[]),
    ] {
        let (status, page) = seen(name, "/devices?limit=200").await;
        assert_eq!(status, 200);
        let seen = page["items"].as_array().unwrap();
        if sources.is_empty() {
            assert_eq!(seen.len(), old.rows("device"), "no groups, no bounds");
        } else {
            let seen: Vec<&str> = seen
                .iter()
                .map(|device| device["source"].as_str().unwrap())
                .collect();
            assert_eq!(seen, sources, "{name}");
        }
    }
    // Written down under a clock that is ahead, so that a day has not gone by.
    let once = async |path: &str, key: &str, body: &str| {
        let headers = [("idempotency-key", key)];
        let body = Some(body.as_bytes().to_vec());
        let answer = server
            .call(&server.token, "POST", path, &headers, body)
            .await;
        let (status, headers, answer) = answer.unwrap();
        let replayed = headers.get("idempotency-replayed").is_some();
        (status, replayed, answer)
    };
    let device = r#"{"source":"once","groups":["north"]}"#;
    let answer = once("/devices", "device of 0.1.0", device).await;
    assert_eq!(answer, (201, true, old.recorded["once"].clone()));
    let token = r#"{"name":"once","role":"auditor"}"#;
    let (status, replayed, answer) = once("/tokens", "token of 0.1.0", token).await;
    assert_eq!((status, replayed), (201, true));
    assert_eq!(answer["token"], old.token("once"));
    assert_eq!(once("/devices", "device of 0.1.0", "{}").await.0, 422);
    // More than a day ago: it is done again, and the device is there already.
    let lapsed = once("/devices", "lapsed", r#"{"source":"once-long-ago"}"#).await;
    assert_eq!(lapsed.0, 409, "{lapsed:?}");
}

#[tokio::test]
async fn every_device_is_found_by_what_is_on_record_of_it() {
    let old = Old::copied();
    let server = old.serve();
    let mut by_group = 0;
    for device in all(&server, "/devices").await {
        let mut queries = vec![format!("prefix={}", device["source"].as_str().unwrap())];
        queries.extend(device["user"].as_str().map(|user| format!("user={user}")));
        let groups = device["groups"].as_array().unwrap().iter();
        queries.extend(groups.map(|group| format!("group={}", group.as_str().unwrap())));
        by_group += queries.len();
        for query in queries {
            let page = server.get(&format!("/devices?limit=200&{query}")).await;
            let mut items = page["items"].as_array().unwrap().iter();
            assert!(items.any(|item| item["id"] == device["id"]), "{query}");
        }
    }
    assert!(by_group > old.rows("device"), "some are in groups");
}
