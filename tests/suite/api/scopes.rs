//! What a token that is bound to groups learns of the others: nothing.

use serde_json::{Value, json};

use crate::harness::{Server, catalogue_app, push_profile, silent_tokens};

/// A word that stands for a group of others, wherever it may be.
const FOREIGN: &str = "foreign-group";

#[tokio::test]
async fn a_scoped_token_sees_no_foreign_profile_group_or_count() {
    let (_silent, arguments) = silent_tokens();
    let server = Server::start_with(&arguments.each_ref().map(String::as_str));
    let profile = |groups: Value| {
        let mut body = push_profile();
        body["groups"] = groups;
        body
    };
    let foreign = server.push_profile(profile(json!([FOREIGN]))).await;
    let shared = server
        .push_profile(profile(json!(["north", FOREIGN])))
        .await;
    let ours = server
        .register(json!({"source": "ours", "groups": ["north", FOREIGN]}))
        .await;
    let theirs = server
        .register(json!({"source": "theirs", "groups": [FOREIGN]}))
        .await;
    for (id, groups) in [
        ("both", json!(["north", FOREIGN])),
        ("other", json!([FOREIGN])),
    ] {
        let mut app = catalogue_app(id);
        app["groups"] = groups;
        server.catalogue(app).await;
    }
    server.queue(&ours, json!({"type": "inventory"})).await;
    server.queue(&theirs, json!({"type": "inventory"})).await;
    let batch = json!({"to": {"groups": [FOREIGN]}, "command": {"type": "lock_workstation"}});
    let (status, batch) = server.api("POST", "/commands", Some(batch)).await;
    assert_eq!(status, 202);
    let batch = batch["id"].as_str().unwrap();
    let (_, token) = server
        .make_token(json!({"name": "north", "role": "operator", "groups": ["north"]}))
        .await;
    let ask = async |method: &str, path: &str, body: Value| {
        let body = (!body.is_null()).then(|| body.to_string().into_bytes());
        let (status, headers, answer) = server.call(&token, method, path, &[], body).await.unwrap();
        let told = format!("{headers:?} {answer}");
        for word in [FOREIGN, &theirs, &foreign, batch, "\"other\""] {
            assert!(!told.contains(word), "{method} {path} tells {word}: {told}");
        }
        (status, answer)
    };

    // Every list and every read that there is of what is within its scope.
    for path in [
        "/devices",
        "/devices?user=nobody",
        "/devices?source=theirs",
        &format!("/devices/{ours}"),
        &format!("/devices/{ours}/commands"),
        &format!("/devices/{ours}/events"),
        &format!("/devices/{ours}/sessions"),
        &format!("/devices/{ours}/channel"),
        &format!("/devices/{ours}/inventory"),
        &format!("/devices/{ours}/installs"),
        &format!("/devices/{ours}/preview?mode=Machine"),
        "/inventory?where=Win32_BIOS.Version=1",
        "/events",
        "/batches",
        "/apps",
        "/apps/both",
        "/push-profiles",
        &format!("/push-profiles/{shared}"),
        "/policies",
    ] {
        let (status, answer) = ask("GET", path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {answer}");
    }
    let (_, profiles) = ask("GET", "/push-profiles", Value::Null).await;
    assert_eq!(profiles["items"].as_array().unwrap().len(), 1);
    assert_eq!(profiles["items"][0]["groups"], json!(["north"]));
    let (_, device) = ask("GET", &format!("/devices/{ours}"), Value::Null).await;
    assert_eq!(device["groups"], json!(["north"]));

    // Whether a device is in a foreign group cannot be asked either.
    let (_, found) = server
        .call(
            &token,
            "GET",
            &format!("/devices?group={FOREIGN}"),
            &[],
            None,
        )
        .await
        .map(|(status, _, answer)| (status, answer))
        .unwrap();
    assert_eq!(found["items"], json!([]));
    for group in [FOREIGN, "no-such-group"] {
        let body = json!({"groups": ["north", group]}).to_string().into_bytes();
        let path = format!("/devices/{ours}");
        let answer = server.call(&token, "PATCH", &path, &[], Some(body)).await;
        assert_eq!(answer.unwrap().0, 422, "{group}");
    }
    // And a change of its own groups takes no foreign one away.
    let (status, _) = ask(
        "PATCH",
        &format!("/devices/{ours}"),
        json!({"groups": ["north"]}),
    )
    .await;
    assert_eq!(status, 200);
    let device = server.get(&format!("/devices/{ours}")).await;
    assert_eq!(device["groups"], json!([FOREIGN, "north"]));

    for (method, path) in [
        ("GET", format!("/push-profiles/{foreign}")),
        ("GET", format!("/batches/{batch}")),
        ("GET", "/apps/other".to_owned()),
    ] {
        let (status, answer) = server
            .call(&token, method, &path, &[], None)
            .await
            .map(|(status, _, answer)| (status, answer))
            .unwrap();
        assert_eq!(status, 404, "{path}: {answer}");
    }
    // The app is for its group, the device in its scope: what stands between is not told.
    let (status, _) = ask(
        "POST",
        &format!("/devices/{ours}/installs"),
        json!({"app": "other"}),
    )
    .await;
    assert_eq!(status, 422);
}

/// What events say of a device's groups, and the proof of such an event.
#[tokio::test]
async fn a_scoped_token_reads_of_its_own_groups_alone_in_events() {
    let server = Server::start();
    let device = json!({"source": "ours", "groups": ["north", FOREIGN]});
    let ours = server.register(device).await;
    let path = format!("/devices/{ours}");
    for groups in [json!(["north"]), json!(["north", FOREIGN, "east"])] {
        let body = json!({"groups": groups});
        let (status, answer) = server.api("PATCH", &path, Some(body)).await;
        assert_eq!(status, 200, "{answer}");
    }
    let (_, token) = server
        .make_token(json!({"name": "north", "role": "auditor", "groups": ["north", "east"]}))
        .await;
    let get = async |path: &str| {
        let (status, _, answer) = server.call(&token, "GET", path, &[], None).await.unwrap();
        assert!(!answer.to_string().contains(FOREIGN), "{path}: {answer}");
        (status, answer)
    };
    let (_, events) = get(&format!("{path}/events")).await;
    let events = events["items"].as_array().unwrap();
    assert_eq!(events.len(), 3);
    assert_eq!(events[0]["change"]["groups"], json!(["north"]));
    // That the foreign group was taken away is not told; that its own was added is.
    assert_eq!(events[1]["change"]["groups"], json!(null));
    assert_eq!(events[1]["change"]["fields"], json!([]));
    assert_eq!(events[2]["change"]["groups_were"], json!(["north"]));
    assert_eq!(events[2]["change"]["groups"], json!(["north", "east"]));
    let (_, all) = get("/events").await;
    assert_eq!(all["items"], json!(events));
    // A proof carries the whole text of the event.
    for event in events {
        let (status, _) = get(&format!("/audit/proof?event={}", event["entry"])).await;
        assert_eq!(status, 403, "{event}");
    }
}
